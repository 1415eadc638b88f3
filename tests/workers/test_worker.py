"""The inference process in memory: its frames, its errors, its end."""

import io
import struct
from pathlib import Path

import clips
import pytest
from fakes import FakeEngine
from msgspec.structs import replace
from worker_frames import SETUP, SOUND, audio, read_reply

from hwaja.engines.ctranslate2.fallback import MOVED_SECONDS
from hwaja.engines.interface import EngineError, Samples, Utterance
from hwaja.engines.recognition import Candidate, Effort, Hypothesis
from hwaja.protocol.values import Token
from hwaja.workers.inference import worker
from hwaja.workers.inference.child import audio_of
from hwaja.workers.transport import frames, wire


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine()
    monkeypatch.setattr(worker, "_load", lambda _: (fake, worker.VoiceEngines(fake, fake)))
    return fake


def serve(*requests: wire.Request) -> list[wire.Reply]:
    """Have a worker answer `requests`, then let its input end."""
    replies = io.BytesIO()
    worker.serve(io.BytesIO(b"".join(frames.encode(request) for request in requests)), replies)
    replies.seek(0)
    return list(iter(lambda: read_reply(replies), None))


READY = wire.Ready(FakeEngine.abilities)


def test_requests_are_answered_in_order_with_their_job_id(engine: FakeEngine) -> None:
    replies = serve(SETUP, wire.Recognise(7, audio(SOUND), 1.0), wire.Embed(3, audio(SOUND[:2])))
    assert [type(reply) for reply in replies] == [wire.Ready, wire.Recognised, wire.Embedded]
    assert replies[1] == wire.Recognised(7, Hypothesis("hello"))
    assert (replies[2].job_id, bytes(replies[2].vectors)) == (3, struct.pack("<4f", 3, 4, 1, 2))
    assert bytes(replies[2].overlap) == struct.pack("<f", 0.5)
    assert engine.heard == [SOUND.tolist(), SOUND[:2].tolist()]


def test_a_job_that_the_engine_refuses_fails_alone_and_the_worker_continues(
    engine: FakeEngine,
) -> None:
    replies = serve(
        SETUP,
        wire.Recognise(1, audio(SOUND[:1]), 1.0),
        wire.Embed(2, audio(SOUND[:0])),
        wire.Recognise(3, audio(SOUND), 1.0),
    )
    assert replies == [
        READY,
        wire.Failed(1),
        wire.Failed(2),
        wire.Recognised(3, Hypothesis("hello")),
    ]


def test_the_texts_of_a_batch_are_recognised_in_one_call_and_its_voices_after_them(
    engine: FakeEngine,
) -> None:
    engine.texts = ["one", "two", "three"]
    replies = serve(
        SETUP,
        wire.Batch(
            [
                wire.Recognise(1, audio(SOUND), 1.0),
                wire.Embed(2, audio(SOUND)),
                wire.Recognise(3, audio(SOUND[:2]), 1.0),
            ]
        ),
        wire.Recognise(4, audio(SOUND), 1.0),
    )
    assert [type(reply) for reply in replies[1:]] == [
        wire.Recognised,
        wire.Recognised,
        wire.Embedded,
        wire.Recognised,
    ]
    assert [reply.hypothesis.text for reply in replies if isinstance(reply, wire.Recognised)] == [
        "one",
        "two",
        "three",
    ]
    assert [reply.job_id for reply in replies[1:]] == [1, 3, 2, 4]
    assert engine.batches == [2]
    assert engine.heard[:2] == [SOUND.tolist(), SOUND[:2].tolist()]


def test_a_job_of_a_batch_that_the_engine_refuses_fails_alone(engine: FakeEngine) -> None:
    jobs = [wire.Recognise(k, audio(SOUND[:n]), 1.0) for k, n in ((1, 3), (2, 1), (3, 3))]
    replies = serve(SETUP, wire.Batch([*jobs, wire.Embed(4, audio(SOUND[:0]))]))
    assert replies[1:] == [
        wire.Recognised(1, Hypothesis("hello")),
        wire.Failed(2),
        wire.Recognised(3, Hypothesis("hello")),
        wire.Failed(4),
    ]


@pytest.mark.parametrize("shift", range(4))
def test_audio_is_read_at_any_address_in_its_frame(shift: int, engine: FakeEngine) -> None:
    """A frame puts its bytes at any address; unaligned floats once killed the worker."""
    place = bytearray(bytes(shift) + bytes(audio(SOUND)))
    request = wire.Recognise(1, memoryview(place)[shift:], 1.0)
    with audio_of(request.samples) as samples:
        engine.embed(samples)
    assert engine.heard == [SOUND.tolist()]
    assert not any(place[shift:]), "the audio in the frame is overwritten"


def test_a_voice_is_overwritten_after_it_was_sent(engine: FakeEngine) -> None:
    (_, reply) = serve(SETUP, wire.Embed(1, audio(SOUND)))
    assert bytes(reply.vectors) == struct.pack("<4f", 3, 4, 1, 2)
    assert not engine.voices.any()


class Doubling:
    """Extracts a voice by doubling the audio. Keeps the arrays that it was given or made."""

    def __init__(self) -> None:
        self.arrays: list[Samples] = []

    def extract(self, samples: Samples, voice: Samples) -> Samples:
        if len(voice) < 2:
            raise EngineError("too little of the voice")
        self.arrays += [samples, voice, 2 * samples]
        return self.arrays[-1]


def test_a_voice_is_extracted_before_its_words_are_recognised(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor = Doubling()
    engines = worker.VoiceEngines(engine, engine, extractor)
    monkeypatch.setattr(worker, "_load", lambda _: (engine, engines))
    replies = serve(
        SETUP,
        wire.Recognise(1, audio(SOUND), 1.0, voice=audio(SOUND)),
        wire.Recognise(2, audio(SOUND), 1.0, voice=audio(SOUND[:1])),
        wire.Recognise(3, audio(SOUND), 1.0),
    )
    assert replies[1:] == [
        wire.Recognised(1, Hypothesis("hello")),
        wire.Failed(2),
        wire.Recognised(3, Hypothesis("hello")),
    ]
    assert engine.heard == [(2 * SOUND).tolist(), SOUND.tolist()]
    assert not any(array.any() for array in extractor.arrays)


def test_a_worker_without_an_extractor_fails_the_job_alone(engine: FakeEngine) -> None:
    replies = serve(SETUP, wire.Recognise(1, audio(SOUND), 1.0, voice=audio(SOUND)))
    assert replies[1:] == [wire.Failed(1)]


@pytest.mark.parametrize("usable", [True, False])
def test_every_copy_of_the_audio_is_overwritten_after_the_reply(
    usable: bool, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the engine could use it or not."""
    bodies: list[memoryview] = []
    read = frames.read_request

    def keeping(stream: io.BufferedIOBase) -> wire.Request | None:
        request = read(stream)
        for job in request.jobs if isinstance(request, wire.Batch) else (request,):
            if isinstance(job, wire.Recognise | wire.Embed):
                assert bytes(job.samples) == bytes(audio(SOUND))
                bodies.append(job.samples)
        return request

    def refuse(utterance: Utterance) -> Hypothesis:
        engine.given.append(utterance.samples)
        raise EngineError("cannot")

    monkeypatch.setattr(frames, "read_request", keeping)
    if not usable:
        monkeypatch.setattr(engine, "recognise", refuse)
    batch = wire.Batch([wire.Recognise(job_id, audio(SOUND), 1.0) for job_id in (3, 4)])
    serve(SETUP, wire.Recognise(1, audio(SOUND), 1.0), wire.Embed(2, audio(SOUND)), batch)
    assert [bytes(body) for body in bodies] == [bytes(6)] * 4
    assert len(engine.given) >= 4
    assert not any(samples.any() for samples in engine.given)


LOOP = " ".join(["again and"] * 12)


def test_a_text_that_loops_is_decoded_again_behind_a_silence_that_is_overwritten(
    engine: FakeEngine,
) -> None:
    engine.texts = [LOOP, "again"]
    replies = serve(SETUP, wire.Recognise(1, audio(SOUND), 1.0))
    assert replies[1:] == [wire.Recognised(1, Hypothesis("again", attempts=2))]
    silence = round(MOVED_SECONDS * 16_000)
    assert engine.heard == [SOUND.tolist(), [0.0] * silence + SOUND.tolist()]
    assert not any(samples.any() for samples in engine.given)


CANDIDATES = [Candidate("가면", -1.0, 3), Candidate("하면", -2.0, 3)]


def test_the_server_chooses_among_the_candidates_that_the_recogniser_offers(
    engine: FakeEngine,
) -> None:
    engine.texts = ["가면|하면"]
    request = wire.Recognise(4, audio(SOUND), 1.0, offers=True)
    replies = serve(SETUP, request, wire.Choose(4, 1), wire.Recognise(5, audio(SOUND), 1.0))
    assert replies[1:] == [
        wire.Candidates(4, CANDIDATES, "ko"),
        wire.Recognised(4, Hypothesis("하면")),
        wire.Recognised(5, Hypothesis("가면")),
    ]


def test_for_each_utterance_of_a_batch_the_server_chooses(engine: FakeEngine) -> None:
    engine.texts = ["가면|하면", "가면|하면", "하나"]
    jobs = [wire.Recognise(k, audio(SOUND), 1.0, offers=True) for k in (4, 5, 6)]
    replies = serve(SETUP, wire.Batch(jobs), wire.Choose(4, 1), wire.Choose(5, 0))
    assert replies[1:] == [
        wire.Candidates(4, CANDIDATES, "ko"),
        wire.Candidates(5, CANDIDATES, "ko"),
        wire.Recognised(4, Hypothesis("하면")),
        wire.Recognised(5, Hypothesis("가면")),
        wire.Recognised(6, Hypothesis("하나")),
    ]


@pytest.mark.parametrize(
    "answer",
    [wire.Choose(4, 2), wire.Choose(4, -1), wire.Choose(3, 0), wire.Embed(4, audio(SOUND))],
)
def test_a_choice_that_was_not_offered_ends_the_worker(
    answer: wire.Request, engine: FakeEngine
) -> None:
    engine.texts = ["가면|하면"]
    with pytest.raises(frames.WireError):
        serve(SETUP, wire.Recognise(4, audio(SOUND), 1.0, offers=True), answer)


def test_a_recogniser_is_given_the_effort_that_the_server_asks_for(engine: FakeEngine) -> None:
    thorough = Effort(beam_size=8, context_seconds=15.0)
    serve(SETUP, wire.Recognise(1, audio(SOUND), 1.0, effort=thorough))
    assert engine.efforts == [thorough]


def test_times_of_text_decoded_after_added_silence_leave_the_silence_out(
    engine: FakeEngine,
) -> None:
    """Times count from the first sample of the utterance in both cases."""
    engine.texts, engine.tokens = [LOOP, "on and on"], (Token("on", 0.1), Token(" and on", 0.9))
    (_, looked_twice) = serve(SETUP, wire.Recognise(1, audio(SOUND), 1.0))
    engine.texts = ["on and on"]
    (_, looked_once) = serve(SETUP, wire.Recognise(1, audio(SOUND), 1.0))
    later = 0.9 - MOVED_SECONDS
    for reply, starts in ((looked_twice, [0, pytest.approx(later)]), (looked_once, [0.1, 0.9])):
        assert isinstance(reply, wire.Recognised)
        assert [token.start_seconds for token in reply.hypothesis.tokens] == starts


def test_text_that_nobody_can_have_spoken_is_not_sent(engine: FakeEngine) -> None:
    engine.texts = ["(music)"]
    assert serve(SETUP, wire.Recognise(1, audio(SOUND), 1.0))[1:] == [
        wire.Recognised(1, Hypothesis("", is_noise=True))
    ]


@pytest.mark.parametrize(("score", "text"), [(-0.5, "감사합니다."), (-2.7, "")])
def test_a_caption_is_sent_if_the_recogniser_is_certain(
    score: float, text: str, engine: FakeEngine
) -> None:
    engine.texts, engine.score = ["감사합니다."], score
    (_, reply) = serve(SETUP, wire.Recognise(1, audio(SOUND), 1.0))
    assert isinstance(reply, wire.Recognised)
    assert reply.hypothesis.text == text


def test_a_worker_of_idle_priority_loads_its_models_before_it_yields(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a busy machine would never have loaded them, and a change of the model would fail."""
    done: list[str] = []
    load = worker._load
    monkeypatch.setattr(worker, "_load", lambda setup: (done.append("load"), load(setup))[1])
    monkeypatch.setattr(worker, "set_idle_priority", lambda: done.append("yield"))
    assert serve(replace(SETUP, low_priority=True)) == [READY]
    assert serve(SETUP) == [READY]
    assert done == ["load", "yield", "load"]


def test_a_worker_without_setup_answers_nothing(engine: FakeEngine) -> None:
    assert serve(wire.Recognise(1, audio(SOUND), 1.0), SETUP) == []
    assert serve() == []
    assert engine.given == []


def test_a_second_setup_is_an_error(engine: FakeEngine) -> None:
    with pytest.raises(frames.WireError):
        serve(SETUP, SETUP)


@pytest.mark.models
def test_models_that_cannot_be_loaded_are_reported_in_one_sentence(
    english: wire.Setup, tmp_path: Path
) -> None:
    absent = tmp_path / "absent"
    (no_recogniser,) = serve(wire.Setup(str(absent), english.voices, "en"))
    assert no_recogniser == wire.Unusable(f"The model folder {absent} does not exist.")
    (no_voices,) = serve(
        wire.Setup(english.recogniser_dir, wire.VoiceModels(str(absent), "/segments.onnx"), "en")
    )
    assert no_voices == wire.Unusable(f"The model file {absent} does not exist.")


@pytest.mark.models
def test_real_models_read_audio_at_any_address(english: wire.Setup) -> None:
    """The sizes of the job ids move the audio to each alignment within its frame."""
    sound = clips.samples(clips.part("beckett", 6.2, 9.5))
    job_ids = [1, 200, 70_000, 2**33]
    ready, *replies = serve(
        english,
        *(wire.Recognise(job_id, audio(sound), 3.0) for job_id in job_ids),
        wire.Embed(5, audio(sound[:500])),
        *(wire.Embed(job_id, audio(sound)) for job_id in job_ids),
    )
    assert isinstance(ready, wire.Ready)
    assert [reply.job_id for reply in replies] == [*job_ids, 5, *job_ids]
    assert "better" in replies[0].hypothesis.text.lower()
    assert {reply.hypothesis for reply in replies[:4]} == {replies[0].hypothesis}
    assert replies[4] == wire.Failed(5)
    assert len(replies[5].vectors) == 4 * 192 * (1 + len(replies[5].overlap) // 4)
    assert {bytes(reply.vectors) for reply in replies[5:]} == {bytes(replies[5].vectors)}

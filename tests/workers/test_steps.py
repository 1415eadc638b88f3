"""The streams of a worker, with the real streaming recogniser and the tone model."""

from collections.abc import Iterator, Sequence

import clips
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwaja.engines.interface import Samples, StreamingRecognizer
from hwaja.engines.loading import load_recogniser
from hwaja.engines.recognition import Hypothesis
from hwaja.engines.sherpa.online import OnlineRecognizer, OnlineStream
from hwaja.engines.texts import hallucination_filter
from hwaja.models.conversion.tones import Spoken, spoken, write_tone_model
from hwaja.protocol.values import Options, Token
from hwaja.text.numbers import NumberStyle
from hwaja.workers.inference import steps
from hwaja.workers.inference.child import finished
from hwaja.workers.inference.steps import Streams
from hwaja.workers.transport import wire


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory: pytest.TempPathFactory) -> OnlineRecognizer:
    folder = tmp_path_factory.mktemp("tones")
    write_tone_model(folder)
    loaded = load_recogniser(folder, "ko")
    assert isinstance(loaded, OnlineRecognizer)
    return loaded


class WorkerStreams:
    """A worker's streams, and what they sent."""

    def __init__(self, recogniser: StreamingRecognizer[OnlineStream]) -> None:
        self.sent: list[wire.Reply] = []
        self.streams: Streams[OnlineStream] = Streams(recogniser, self.sent.append, wire.Writing())

    def open(
        self,
        stream_id: int,
        *,
        interims: bool = False,
        suspect: bool = False,
        is_ahead: bool = False,
    ) -> None:
        self.streams.take(wire.Open(stream_id, Options(), interims, suspect, is_ahead))

    def feed(self, stream_id: int, samples: Samples) -> None:
        if len(samples):
            self.streams.take(wire.Feed(stream_id, clips.pcm16(samples).data.cast("B")))

    def finish(self, stream_id: int) -> None:
        self.streams.take(wire.Finish(stream_id, 5.0))

    def settle(self) -> None:
        while self.streams.has_work:
            self.streams.step()

    def heard(self) -> Iterator[wire.StreamResult]:
        for reply in self.sent:
            if isinstance(reply, wire.Stepped):
                yield from reply.results

    def finals(self) -> dict[int, str | None]:
        return {
            h.stream_id: None if h.hypothesis is None else h.hypothesis.text
            for h in self.heard()
            if h.is_final
        }

    def interims(self, stream_id: int) -> list[str]:
        return [
            h.hypothesis.text
            for h in self.heard()
            if not h.is_final and h.stream_id == stream_id and h.hypothesis is not None
        ]


@pytest.fixture
def worker(recogniser: OnlineRecognizer) -> WorkerStreams:
    return WorkerStreams(recogniser)


def hear(worker: WorkerStreams, stream_id: int, said: Spoken, piece_samples: int = 4096) -> None:
    """A whole utterance, a piece at a time."""
    worker.open(stream_id)
    for start in range(0, len(said.samples), piece_samples):
        worker.feed(stream_id, said.samples[start : start + piece_samples])
        worker.streams.step()
    worker.finish(stream_id)
    worker.settle()


def test_an_utterance_fed_in_pieces_gives_its_text(worker: WorkerStreams) -> None:
    said = spoken([0, 1, 2])
    hear(worker, 7, said)
    assert worker.finals() == {7: said.text}
    assert not worker.streams.has_work


def test_the_next_utterance_keeps_nothing_of_the_one_before(worker: WorkerStreams) -> None:
    """The tone model counts its tones: a count that stayed would change the vowels."""
    said = spoken([3])
    for stream_id in (1, 2, 3):
        hear(worker, stream_id, said)
    assert worker.finals() == dict.fromkeys((1, 2, 3), said.text)


def test_interim_texts_grow_and_are_sent_only_if_requested(worker: WorkerStreams) -> None:
    said = spoken([0, 1, 2, 3])
    worker.open(1, interims=True)
    worker.open(2)
    for start in range(0, len(said.samples), 4096):
        for stream_id in (1, 2):
            worker.feed(stream_id, said.samples[start : start + 4096])
        worker.streams.step()
    for stream_id in (1, 2):
        worker.finish(stream_id)
    worker.settle()
    grown = worker.interims(1)
    assert grown == sorted(set(grown), key=len), "each is told once"
    assert all(said.text.startswith(text) for text in grown)
    assert len(grown) >= 2
    assert worker.interims(2) == []
    assert worker.finals() == {1: said.text, 2: said.text}


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(st.integers(0, 7), min_size=1, max_size=4), st.integers(300, 9000)),
        min_size=2,
        max_size=5,
    ),
    st.randoms(use_true_random=False),
)
def test_simultaneous_streams_give_the_texts_of_single_ones(
    recogniser: OnlineRecognizer, talks: list[tuple[list[int], int]], random: object
) -> None:
    """Whatever the sizes of their pieces, and in whatever order these come."""
    worker = WorkerStreams(recogniser)
    said = [spoken(tones) for tones, _ in talks]
    pieces = [
        [s.samples[at : at + step] for at in range(0, len(s.samples), step)]
        for s, (_, step) in zip(said, talks, strict=True)
    ]
    for stream_id in range(len(talks)):
        worker.open(stream_id)
    while any(pieces):
        stream_id = random.choice([k for k, left in enumerate(pieces) if left])  # type: ignore[attr-defined]
        worker.feed(stream_id, pieces[stream_id].pop(0))
        if not pieces[stream_id]:
            worker.finish(stream_id)
        worker.streams.step()
    worker.settle()
    assert worker.finals() == {k: s.text for k, s in enumerate(said)}


class Counted:
    """The recogniser, and the batches that it decoded."""

    def __init__(self, recogniser: OnlineRecognizer) -> None:
        self._recogniser = recogniser
        self.abilities = recogniser.abilities
        self.opened: list[OnlineStream] = []
        self.batches: list[list[int]] = []

    def open(self, options: Options) -> OnlineStream:
        self.opened.append(self._recogniser.open(options))
        return self.opened[-1]

    def decode(self, streams: Sequence[OnlineStream]) -> None:
        self.batches.append([self.opened.index(stream) for stream in streams])
        self._recogniser.decode(streams)


def test_one_step_decodes_one_chunk_of_every_ready_stream(
    recogniser: OnlineRecognizer,
) -> None:
    counted = Counted(recogniser)
    worker = WorkerStreams(counted)
    for stream_id in range(3):
        worker.open(stream_id)
        worker.feed(stream_id, spoken([stream_id]).samples[: 4096 * stream_id])
    worker.streams.step()
    assert counted.batches == [[2]], "only the last has a whole chunk"
    worker.feed(0, spoken([0, 1]).samples)
    worker.feed(1, spoken([0, 1]).samples)
    worker.streams.step()
    assert sorted(counted.batches[1]) == [0, 1]


def test_the_longest_waiting_stream_is_in_the_next_full_batch(
    recogniser: OnlineRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "MAX_BATCH", 2)
    counted = Counted(recogniser)
    worker = WorkerStreams(counted)
    for stream_id in range(3):
        worker.open(stream_id)
        worker.feed(stream_id, spoken([0, 1, 2]).samples)
    for _ in range(3):
        worker.streams.step()
    assert counted.batches == [[0, 1], [2, 0], [1, 2]]


def test_streams_ahead_of_real_time_are_decoded_only_if_no_other_has_a_chunk(
    recogniser: OnlineRecognizer,
) -> None:
    counted = Counted(recogniser)
    worker = WorkerStreams(counted)
    for stream_id in range(4):
        worker.open(stream_id, is_ahead=stream_id < 2)
        worker.feed(stream_id, spoken([0, 1]).samples)
    worker.settle()
    steps_taken = len(counted.batches) // 2
    assert counted.batches == [[2, 3]] * steps_taken + [[0, 1]] * steps_taken
    assert steps_taken > 0


def test_a_suspect_is_announced_before_it_is_processed_and_decoded_alone(
    recogniser: OnlineRecognizer,
) -> None:
    counted = Counted(recogniser)
    worker = WorkerStreams(counted)
    said = spoken([0, 1])
    worker.open(1)
    worker.open(2, suspect=True)
    for stream_id in (1, 2):
        worker.feed(stream_id, said.samples)
        worker.finish(stream_id)
    worker.settle()
    assert worker.finals() == {1: said.text, 2: said.text}
    assert all(len(batch) == 1 for batch in counted.batches)
    tried = [reply.item_id for reply in worker.sent if isinstance(reply, wire.SuspectNotice)]
    assert tried == [2, None] * (len(tried) // 2)
    assert len(tried) // 2 == 3 + counted.batches.count([1]), "opened, fed, finished, each step"


def test_a_dropped_stream_is_not_decoded_any_more(worker: WorkerStreams) -> None:
    said = spoken([0, 1])
    worker.open(1, interims=True)
    worker.feed(1, said.samples)
    worker.streams.take(wire.Drop(1))
    worker.feed(1, said.samples)
    worker.finish(1)
    worker.settle()
    assert worker.sent == []


def test_a_stream_that_the_engine_refuses_fails_alone(worker: WorkerStreams) -> None:
    said = spoken([5])
    worker.open(1)
    worker.open(2)
    worker.streams.take(wire.Open(3, Options("no such language"), interims=True))
    worker.finish(1)
    worker.feed(1, said.samples)  # after its end
    worker.feed(2, said.samples)
    worker.finish(2)
    worker.settle()
    assert worker.finals() == {1: None, 3: None, 2: said.text}


def test_audio_is_overwritten_once_it_is_fed(worker: WorkerStreams) -> None:
    request = wire.Feed(1, bytearray_of(spoken([1]).samples))
    worker.open(1)
    worker.streams.take(request)
    assert not any(request.samples)


def bytearray_of(samples: Samples) -> memoryview:
    return memoryview(bytearray(clips.pcm16(samples).tobytes()))


def test_text_that_nobody_can_have_spoken_is_not_sent(
    worker: WorkerStreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hallucination_filter, "plausible_text", lambda *_: "")
    hear(worker, 1, spoken([0]))
    assert worker.finals() == {1: ""}


def test_a_step_without_work_sends_nothing(worker: WorkerStreams) -> None:
    worker.streams.step()
    worker.open(1)
    worker.streams.step()
    assert worker.sent == []
    assert not worker.streams.has_work


def test_a_text_leaves_the_worker_as_the_options_say_with_the_times_of_its_tokens() -> None:
    pieces = [" 공일공", " 일이삼사", " 오육칠팔", " 세", " 시에요"]
    tokens = tuple(Token(piece, float(second)) for second, piece in enumerate(pieces))
    heard = Hypothesis("".join(pieces).strip(), tokens)
    for writing, text in (
        (wire.Writing(masks=True), "***-****-**** 3시에요"),
        (wire.Writing(), "010-1234-5678 3시에요"),
        (wire.Writing(NumberStyle.WORDS), "공일공 일이삼사 오육칠팔 세 시에요"),
    ):
        said = finished(heard, writing)
        assert said.text == text
        assert "".join(token.text for token in said.tokens).strip() == text
        assert said.tokens[-1].start_seconds == 4.0

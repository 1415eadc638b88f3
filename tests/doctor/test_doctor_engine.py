"""The checks of `hwaja doctor` with real workers: self-test, recogniser, capacity."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from doctor_says import advice, sentence
from fakes import FakePool
from pools import running

from hwaja.doctor import capacity, detector, machine, recogniser, self_test
from hwaja.doctor.babble import PEAK, babble
from hwaja.doctor.capacity import SAFETY_SHARE, Throughput, throughput, typical
from hwaja.doctor.provider import judge as judge_provider
from hwaja.doctor.speaking import longest
from hwaja.engines.interface import EngineError, Pcm16
from hwaja.engines.providers import Provider
from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.models.conversion.tones import spoken, write_tone_model
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Token
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire

pytestmark = pytest.mark.models


def ignore(_: str) -> None:
    """Ignore the progress."""


# Generated speech -----------------------------------------------------------------------------


def test_generated_speech_depends_on_the_seed_alone() -> None:
    first = babble(1.0, seed=1)
    assert len(first) == SAMPLE_RATE
    assert np.abs(first).max() == pytest.approx(PEAK)
    assert np.array_equal(first, babble(1.0, seed=1))
    assert not np.array_equal(first, babble(1.0, seed=2))


# Detector, provider and self-test -------------------------------------------------------------


def test_the_detector_finds_speech_in_generated_speech_and_none_in_silence() -> None:
    found = detector.detector()
    assert found.state == "ok"
    assert found.facts["in_silence"] == 0


@pytest.mark.parametrize(("in_speech", "in_silence"), [(0.4, 0.0), (0.9, 0.6), (0.0, 1.0)])
def test_a_detector_that_confuses_speech_and_silence_is_a_failure(
    in_speech: float, in_silence: float
) -> None:
    assert detector.judge(in_speech, in_silence).state == "failure"


def test_the_provider_is_reported_with_the_reason_why_it_is_not_cuda() -> None:
    found = judge_provider(Provider("auto", "cpu", None, "There is no GPU."))
    assert (found.state, found.facts["running"]) == ("ok", "cpu")
    assert "There is no GPU." in sentence(found)


def test_the_report_says_that_the_gpu_computes_only_if_that_was_measured() -> None:
    assert "confirmed" in sentence(judge_provider(Provider("cuda", "cuda", "1.31.1", "")))
    assert "confirmed" not in sentence(judge_provider(Provider("cpu", "cpu", None, "")))


def test_a_worker_recognises_the_test_tones_with_their_times() -> None:
    found = self_test.self_test("cpu")
    assert (found.state, advice(found)) == ("ok", "")
    assert found.facts["text_as_expected"] is True


def heard(text: str, starts: tuple[float, ...]) -> Hypothesis:
    return Hypothesis(text, tuple(Token(*pair) for pair in zip(text, starts, strict=True)))


@pytest.mark.parametrize(
    "changed",
    [
        lambda said: heard(said.text[::-1], said.start_seconds),
        lambda said: heard(said.text[1:], said.start_seconds[1:]),
        lambda said: heard(said.text, tuple(at + 0.32 for at in said.start_seconds)),
        lambda said: Hypothesis(said.text),
        lambda said: Hypothesis(""),
    ],
    ids=["other text", "first tone lost", "a chunk late", "no times", "nothing"],
)
def test_a_self_test_with_another_result_is_a_failure(changed: Callable[..., object]) -> None:
    said = spoken(self_test.TONES)
    found = self_test.judge(said, changed(said), "cpu")  # type: ignore[arg-type]
    assert found.state == "failure"
    assert said.text not in sentence(found)


# The recogniser -------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer_seconds", "state"), [(2.9, "ok"), (3.1, "warning")])
def test_a_recogniser_slower_than_speech_is_a_warning(answer_seconds: float, state: str) -> None:
    setup = wire.Setup("/models/mine", None, "ko")
    found = recogniser.judge(setup, Abilities(), 1.0, answer_seconds)
    assert found.state == state
    assert found.facts["name"] == "mine"


async def test_a_folder_without_a_model_is_refused_with_the_missing_file(tmp_path: Path) -> None:
    setup = wire.Setup(str(tmp_path), None, "en")
    pool = Pool(setup, workers=1)
    with pytest.raises(EngineError, match=r"no file named \*\.onnx"):
        await recogniser.recogniser(pool, setup)
    await pool.close()


# Memory ---------------------------------------------------------------------------------------


async def test_a_worker_needs_the_most_memory_for_the_longest_utterance(
    english: wire.Setup,
) -> None:
    """The memory check uses it, since the utterances of the measurement may be shorter."""

    def peak_bytes(pool: Pool) -> int:
        return machine.peak_bytes(pool.processes[0].pid) or 0

    async with running(english) as pool:
        await recogniser.recogniser(pool, english)
        before = peak_bytes(pool)
        await longest(pool, workers=1)
        assert peak_bytes(pool) > 1.05 * before


async def test_the_longest_utterance_is_recognised_once_and_embedded_by_all() -> None:
    """Whisper loops in it. On a busy machine, one text for each worker reached the time limit."""
    pool = FakePool()
    await longest(pool, workers=4)
    assert len(pool.heard) == 1
    assert len(pool.embedded) >= 4


# Capacity -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("audio_seconds", "streams"), [(0, 0), (600, 7), (10 / SAFETY_SHARE * 60 + 1, 10)]
)
def test_streams_are_a_share_of_the_throughput_rounded_down(
    audio_seconds: float, streams: int
) -> None:
    assert Throughput(audio_seconds, wall_seconds=60).streams == streams


def test_fewer_streams_than_clients_is_a_warning_with_a_number_that_fits() -> None:
    done = Throughput(600, wall_seconds=60)
    assert capacity.judge(done, max_connections=7).state == "ok"
    found = capacity.judge(done, max_connections=8)
    assert found.state == "warning"
    assert "about 7 conversations at the same time, or 4 if" in sentence(found)
    assert "--max-connections 7" in advice(found)


def test_a_machine_that_is_too_slow_for_one_speaker_is_reported_as_such() -> None:
    found = capacity.judge(Throughput(60, wall_seconds=60), max_connections=1)
    assert found.state == "warning"
    assert "less than one conversation" in sentence(found)


@pytest.mark.asyncio(loop_scope="session")
async def test_the_measurement_counts_only_whole_utterances(pool: Pool) -> None:
    told: list[str] = []
    done = await throughput(pool, [babble(1.0, 1), babble(1.0, 2)], 2, 2, told.append)
    # Every one that was begun is counted, and no piece of one.
    assert done.audio_seconds == len(told) >= 4
    assert done.wall_seconds >= 2


async def test_a_streaming_recogniser_is_measured_too(english: wire.Setup, tmp_path: Path) -> None:
    write_tone_model(tmp_path)
    told: list[str] = []
    pool = Pool(wire.Setup(str(tmp_path), english.voices, "ko"), workers=1)
    await pool.start()
    try:
        done = await throughput(pool, [spoken((1, 2)).samples], 1, 0.1, told.append)
    finally:
        await pool.close()
    assert done.audio_seconds == pytest.approx(1.2 * len(told))
    assert len(told) >= 2


@pytest.mark.asyncio(loop_scope="session")
async def test_an_engine_failure_ends_the_measurement(english: wire.Setup) -> None:
    closed = Pool(english, workers=1)
    await closed.close()
    with pytest.raises(EngineError):
        await throughput(closed, [babble(1.0, 1)], 1, 60, ignore)


@pytest.mark.parametrize(
    ("abilities", "utterances"),
    [(Abilities(), 4), (Abilities(batch_size=16), 64), (Abilities(streaming=True), 16)],
)
def test_each_worker_has_another_batch_waiting_while_its_throughput_is_measured(
    abilities: Abilities, utterances: int
) -> None:
    assert capacity.utterances_in_work(abilities, workers=2) == utterances


class ScriptedPool(FakePool):
    """A pool whose recogniser returns the text that belongs to an utterance's first sample.

    Without a text, the recogniser fails, as it does where it would only repeat itself.
    """

    def __init__(self, texts: dict[float, str | None]) -> None:
        super().__init__()
        self._texts = texts

    async def recognise(self, _owner: object, read: Callable[[], Pcm16], *_: object) -> Hypothesis:
        text = self._texts[read()[0] / 32768]
        if text is None:
            raise EngineError("the text is longer than the speech")
        return Hypothesis(text)


LOOP = "아이고 " * 9


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        ({0.0: "", 0.25: "words", 0.5: LOOP}, {0.25}),
        ({0.0: None, 0.25: "words"}, {0.25}),
        ({0.0: "", 0.25: "", 0.5: None}, {0.0, 0.25}),  # nothing better is to be had
    ],
)
async def test_utterances_without_words_are_excluded_from_the_measurement(
    texts: dict[float, str | None], kept: set[float]
) -> None:
    candidates = [np.full(SAMPLE_RATE, mark, np.float32) for mark in texts]
    chosen = await typical(ScriptedPool(texts), candidates)
    assert {float(samples[0]) for samples in chosen} == kept


async def test_an_engine_that_fails_on_every_utterance_is_reported() -> None:
    with pytest.raises(EngineError):
        await typical(ScriptedPool({0.5: None}), [np.full(8, 0.5, np.float32)])


async def test_utterances_of_medium_cost_are_used_for_the_measurement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each utterance costs as many seconds as its mark, by a fake clock."""
    marks = [0.875, 0.125, 0.5, 0.375]
    ticks = iter([at for mark in marks for at in (0.0, mark)])
    monkeypatch.setattr(capacity, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    candidates = [np.full(8, mark, np.float32) for mark in marks]
    chosen = await typical(ScriptedPool(dict.fromkeys(marks, "words")), candidates)
    assert [float(samples[0]) for samples in chosen] == [0.375, 0.5]

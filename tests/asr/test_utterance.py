"""The handles of a session's utterances, for offline and for streaming recognisers."""

import asyncio

import numpy as np
import pytest
from fakes import FakePool, one_generation
from gating import segment
from recognitions import RecordedRecognition, settle

from hwaja._pcm import RingBuffer
from hwaja.asr.interims import FIRST_INTERIM_SECONDS, INTERIM_STEP_SECONDS
from hwaja.engines.interface import EngineError
from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.workers.overload import BEGINS_AT_SECONDS, CALM_SECONDS, DegradationLevel

START = 1600
FIRST = START + round(FIRST_INTERIM_SECONDS * SAMPLE_RATE)
STEP = round(INTERIM_STEP_SECONDS * SAMPLE_RATE)


@pytest.fixture
def ring() -> RingBuffer:
    ring = RingBuffer(8 * SAMPLE_RATE)
    ring.push(np.arange(8 * SAMPLE_RATE, dtype="<u2").tobytes())
    return ring


# Whole utterances -----------------------------------------------------------------------------


class WholeRecognition(RecordedRecognition):
    """A recognition by an offline recogniser with fake workers."""

    def __init__(self, ring: RingBuffer) -> None:
        self.pool, self.interim_worker = FakePool(), FakePool()
        super().__init__(ring, one_generation(self.pool, self.interim_worker))

    def begin(self) -> None:
        self.recognition.begin(Options("ko"), interims=True)

    @property
    def interim_of(self) -> list[int]:
        """Number of samples of each interim recognition."""
        return [len(samples) for samples in self.interim_worker.heard]


@pytest.fixture
def whole(ring: RingBuffer) -> WholeRecognition:
    return WholeRecognition(ring)


async def test_an_open_utterance_gets_an_interim_text_for_each_step_of_new_audio(
    whole: WholeRecognition,
) -> None:
    whole.begin()
    for stop in (FIRST - 1, FIRST, FIRST + STEP - 1, FIRST + STEP):
        whole.recognition.extend(4, START, stop)
        await settle()
    assert whole.interim_of == [FIRST - START, FIRST + STEP - START]
    assert whole.interims == [(4, "a"), (4, "b")]
    assert whole.pool.heard == [], "the workers for final texts have no part in this"


async def test_no_interim_text_is_made_unless_the_client_asked(whole: WholeRecognition) -> None:
    whole.recognition.begin(Options(), interims=False)
    whole.recognition.extend(0, START, FIRST + STEP)
    await settle()
    assert whole.interim_of == []


async def test_interim_texts_stop_under_overload_and_resume_afterwards(
    whole: WholeRecognition,
) -> None:
    whole.begin()
    whole.overload.observe(BEGINS_AT_SECONDS[DegradationLevel.INTERIMS], 0)
    whole.recognition.extend(4, START, FIRST)
    await settle()
    assert whole.interim_of == []
    whole.overload.observe(0, 0)
    whole.overload.observe(0, CALM_SECONDS)
    whole.recognition.extend(4, START, FIRST + 1)
    await settle()
    assert whole.interim_of == [FIRST + 1 - START]


async def test_an_interim_text_covers_all_audio_that_is_there_when_the_worker_is_free(
    whole: WholeRecognition,
) -> None:
    whole.begin()
    whole.interim_worker.working.clear()
    whole.recognition.extend(0, START, FIRST)
    await settle()
    whole.recognition.extend(0, START, FIRST + 10 * STEP)
    await settle()
    whole.interim_worker.working.set()
    await settle()
    assert whole.interim_of == [FIRST + 10 * STEP - START]


async def test_an_interim_text_of_a_finished_utterance_is_not_reported(
    whole: WholeRecognition,
) -> None:
    whole.begin()
    whole.interim_worker.working.clear()
    whole.recognition.extend(0, START, FIRST)
    await settle()
    text = asyncio.create_task(whole.finish(0, START, FIRST, FIRST - START))
    await settle()
    whole.interim_worker.working.set()
    await settle()
    assert await text == "a"
    assert whole.interims == []


async def test_a_failed_interim_text_does_not_prevent_the_next_one(whole: WholeRecognition) -> None:
    whole.begin()
    whole.interim_worker.failures = [EngineError("no")]
    whole.recognition.extend(0, START, FIRST)
    await settle()
    whole.recognition.extend(0, START, FIRST + STEP)
    await settle()
    assert whole.interims == [(0, "b")]


async def test_each_segment_has_its_own_interim_texts(whole: WholeRecognition) -> None:
    whole.begin()
    whole.recognition.extend(0, START, FIRST)
    await settle()
    await whole.finish(0, START, FIRST, 1)
    whole.recognition.extend(1, FIRST + STEP, FIRST + STEP + FIRST - START)
    await settle()
    assert whole.interims == [(0, "a"), (1, "b")]


async def test_an_utterance_left_open_by_one_transcription_is_not_continued_in_the_next(
    whole: WholeRecognition,
) -> None:
    """The rest after a split was a pause, so it has no text. Segment ids start at 0 again."""
    whole.begin()
    whole.recognition.extend(0, START, FIRST)
    await settle()
    whole.begin()
    whole.recognition.extend(0, START + STEP, FIRST + STEP)
    await settle()
    assert whole.interim_of == [FIRST - START, FIRST - START]
    np.testing.assert_array_equal(
        whole.interim_worker.heard[1][: len(whole.interim_worker.heard[0]) - STEP],
        whole.interim_worker.heard[0][STEP:],
    )


async def test_closing_cancels_interim_texts_and_early_work(whole: WholeRecognition) -> None:
    whole.begin()
    for pool in (whole.pool, whole.interim_worker):
        pool.working.clear()
    whole.recognition.extend(0, START, FIRST)
    whole.recognition.speculate(0, segment(START, FIRST, 1))
    await settle()
    whole.recognition.end()
    whole.work.forget()
    for pool in (whole.pool, whole.interim_worker):
        pool.working.set()
    await settle()
    assert (whole.interims, whole.pool.heard) == ([], [])


async def test_recognition_of_a_part_disturbs_neither_interim_texts_nor_early_work(
    whole: WholeRecognition,
) -> None:
    """The next utterance is open, or may be over, while the previous one is divided."""
    whole.begin()
    whole.recognition.extend(1, FIRST, FIRST + FIRST - START)
    whole.recognition.speculate(1, segment(FIRST, FIRST + STEP, STEP))
    await settle()
    part = asyncio.create_task(whole.finish(2, START, START + STEP, STEP))
    await settle()
    whole.recognition.extend(1, FIRST, FIRST + FIRST - START + STEP - 1)
    await settle()
    assert whole.interims == [(1, "a")], "there is too little new for another draft"
    assert await part == "b"
    assert await whole.finish(1, FIRST, FIRST + STEP, STEP) == "a", "it was there"
    assert [len(heard) for heard in whole.pool.heard] == [STEP, STEP]


async def test_a_part_that_the_engine_fails_on_has_no_text_and_the_next_part_has_one(
    whole: WholeRecognition,
) -> None:
    whole.begin()
    whole.pool.failures = [EngineError("no")]
    assert await whole.finish(4, START, FIRST, 1) is None
    assert await whole.finish(4, START, FIRST, 1) == "b"


SPAN = (1000, 17_000, 12_000)
"""Start, stop and speech samples of an utterance."""


async def test_the_recogniser_gets_exactly_the_samples_of_the_utterance(
    whole: WholeRecognition,
) -> None:
    assert await whole.finish(0, *SPAN) == "a"
    np.testing.assert_array_equal(whole.pool.heard[0], np.arange(1000, 17_000))


async def test_an_utterance_with_early_work_is_recognised_only_once(
    whole: WholeRecognition,
) -> None:
    whole.recognition.speculate(0, segment(*SPAN))
    await whole.pool.asked.wait()
    assert await whole.finish(0, *SPAN) == "a"
    assert len(whole.pool.heard) == 1


async def test_early_work_on_other_samples_is_never_used_as_the_answer(
    whole: WholeRecognition,
) -> None:
    whole.recognition.speculate(0, segment(1000, 9000, 8000))
    await whole.pool.asked.wait()
    assert await whole.finish(0, *SPAN) is not None
    assert len(whole.pool.heard[-1]) == 16_000


async def test_early_work_that_has_not_begun_is_cancelled_when_the_segment_changes(
    whole: WholeRecognition,
) -> None:
    whole.pool.working.clear()
    whole.recognition.speculate(0, segment(1000, 9000, 8000))
    await whole.pool.asked.wait()
    whole.recognition.speculate(0, segment(*SPAN))
    text = asyncio.create_task(whole.finish(0, *SPAN))
    await settle()
    whole.pool.working.set()
    assert await text == "a"
    assert [len(samples) for samples in whole.pool.heard] == [16_000]


async def test_early_work_takes_no_worker_that_others_wait_for(whole: WholeRecognition) -> None:
    whole.pool.idle_workers = 0
    whole.recognition.speculate(0, segment(*SPAN))
    await settle()
    assert not whole.pool.asked.is_set()
    assert await whole.finish(0, *SPAN) == "a"


# While they are spoken ------------------------------------------------------------------------


@pytest.fixture
def live_pool() -> FakePool:
    return FakePool(Abilities(streaming=True))


@pytest.fixture
def live(live_pool: FakePool, ring: RingBuffer) -> RecordedRecognition:
    return RecordedRecognition(ring, one_generation(live_pool))


async def test_a_stream_that_was_extended_while_somebody_spoke_is_finished(
    live: RecordedRecognition, live_pool: FakePool
) -> None:
    live.recognition.begin(Options("ko"), interims=False)
    live.recognition.extend(0, 100, 500)
    live.recognition.extend(0, 100, 900)
    assert await live.finish(0, 100, 1000, 800) == "100-1000"
    assert live_pool.extended == [(100, 500), (100, 900), (100, 1000)]
    (utterance,) = live_pool.streams
    assert (utterance.owner, utterance.options) == ("session", Options("ko"))
    assert live_pool.dropped == []


async def test_an_utterance_split_before_the_end_of_its_stream_is_decoded_again(
    live: RecordedRecognition, live_pool: FakePool
) -> None:
    live.recognition.extend(0, 100, 900)
    assert await live.finish(0, 100, 700, 600) == "100-700"
    live.recognition.extend(1, 700, 900)
    assert await live.finish(1, 700, 1200, 500) == "700-1200"
    assert live_pool.dropped == [100]
    assert len(live_pool.streams) == 3


async def test_an_utterance_that_was_never_extended_is_decoded_at_its_end(
    live: RecordedRecognition,
) -> None:
    assert await live.finish(0, 100, 700, 600) == "100-700"


async def test_a_stream_with_another_start_is_dropped(
    live: RecordedRecognition, live_pool: FakePool
) -> None:
    """The rest after a split was a pause, so the next utterance begins later."""
    live.recognition.extend(1, 100, 300)
    live.recognition.extend(1, 600, 800)
    live.recognition.end()
    assert live_pool.dropped == [100, 600]


async def test_a_transcription_begins_without_open_streams(
    live: RecordedRecognition, live_pool: FakePool
) -> None:
    live.recognition.begin(Options("en"), interims=False)
    live.recognition.extend(0, 100, 300)
    live.recognition.begin(Options("ko"), interims=False)
    live.recognition.extend(0, 100, 300)
    assert live_pool.dropped == [100]
    assert [utterance.options.language for utterance in live_pool.streams] == ["en", "ko"]


async def test_interim_texts_are_reported_with_their_segment_only_if_requested(
    live: RecordedRecognition, live_pool: FakePool
) -> None:
    live.recognition.begin(Options(), interims=True)
    live.recognition.extend(3, 100, 300)
    await live.finish(3, 100, 300, 200)
    live.recognition.extend(4, 600, 800)
    for utterance, text in zip(live_pool.streams, ("가", "나"), strict=True):
        utterance.take(Hypothesis(text), is_final=False)
    live.recognition.begin(Options(), interims=False)
    live.recognition.extend(5, 900, 1000)
    assert live.interims == [(3, "가"), (4, "나")]
    assert live_pool.streams[-1].on_interim is None


async def test_a_part_is_decoded_again_while_the_next_utterance_goes_on(
    live: RecordedRecognition, live_pool: FakePool
) -> None:
    live.recognition.begin(Options("ko"), interims=True)
    live.recognition.extend(1, 2000, 2500)
    assert await live.finish(5, 100, 700, 600) == "100-700"
    live.recognition.extend(1, 2000, 2900)
    assert await live.finish(1, 2000, 3000, 900) == "2000-3000"
    assert live_pool.dropped == []
    following, part = live_pool.streams
    assert (part.options, part.on_interim) == (Options("ko"), None)
    assert (following.start, live.interims) == (2000, [])

"""How a session's texts are found: of whole utterances with drafts, or while they are spoken."""

import asyncio
from typing import cast

import numpy as np
import pytest
from fakes import FakePool

from hwaja._pcm import RingBuffer
from hwaja.asr.recognition_strategy import (
    FIRST_INTERIM_SECONDS,
    INTERIM_STEP_SECONDS,
    StreamedUtterances,
    Text,
    WholeUtterances,
)
from hwaja.engines.interface import EngineError
from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.live import LiveUtterance
from hwaja.workers.overload import BEGINS_AT_SECONDS, CALM_SECONDS, DegradationLevel, Overload
from hwaja.workers.pool import Pool

START = 1600
FIRST = START + round(FIRST_INTERIM_SECONDS * SAMPLE_RATE)
STEP = round(INTERIM_STEP_SECONDS * SAMPLE_RATE)


@pytest.fixture
def ring() -> RingBuffer:
    ring = RingBuffer(8 * SAMPLE_RATE)
    ring.push(np.arange(8 * SAMPLE_RATE, dtype="<u2").tobytes())
    return ring


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def text_of(text: Text) -> str | None:
    heard = await text
    return None if heard is None else heard.text


# Whole utterances -----------------------------------------------------------------------------


class Whole:
    """A hearing of whole utterances with fake workers, and the interims that it told."""

    def __init__(self, ring: RingBuffer) -> None:
        self.pool, self.interim_worker = FakePool(), FakePool()
        self.overload = Overload()
        self.told: list[tuple[int, str]] = []
        self.hearing = WholeUtterances(
            "session",
            cast(Pool, self.pool),
            cast(InterimWorker, self.interim_worker),
            ring,
            self.overload,
        )

    def begin(self) -> None:
        self.hearing.begin(Options("ko"), lambda *interim: self.told.append(interim))

    @property
    def interim_of(self) -> list[int]:
        """Samples in each draft."""
        return [len(samples) for samples in self.interim_worker.heard]


@pytest.fixture
def whole(ring: RingBuffer) -> Whole:
    return Whole(ring)


async def test_an_open_utterance_is_drafted_as_it_grows_and_each_draft_is_told(
    whole: Whole,
) -> None:
    whole.begin()
    for stop in (FIRST - 1, FIRST, FIRST + STEP - 1, FIRST + STEP):
        whole.hearing.follow(4, START, stop)
        await settle()
    assert whole.interim_of == [FIRST - START, FIRST + STEP - START]
    assert whole.told == [(4, "a"), (4, "b")]
    assert whole.pool.heard == [], "the workers for final texts have no part in this"


async def test_nothing_is_drafted_where_nobody_asked(whole: Whole) -> None:
    whole.hearing.begin(Options(), None)
    whole.hearing.follow(0, START, FIRST + STEP)
    await settle()
    assert whole.interim_of == []


async def test_nothing_is_drafted_under_overload_and_it_goes_on_once_that_is_over(
    whole: Whole,
) -> None:
    whole.begin()
    whole.overload.observe(BEGINS_AT_SECONDS[DegradationLevel.INTERIMS], 0)
    whole.hearing.follow(4, START, FIRST)
    await settle()
    assert whole.interim_of == []
    whole.overload.observe(0, 0)
    whole.overload.observe(0, CALM_SECONDS)
    whole.hearing.follow(4, START, FIRST + 1)
    await settle()
    assert whole.interim_of == [FIRST + 1 - START]


async def test_a_draft_takes_what_there_is_when_its_turn_comes(whole: Whole) -> None:
    whole.begin()
    whole.interim_worker.working.clear()
    whole.hearing.follow(0, START, FIRST)
    await settle()
    whole.hearing.follow(0, START, FIRST + 10 * STEP)
    await settle()
    whole.interim_worker.working.set()
    await settle()
    assert whole.interim_of == [FIRST + 10 * STEP - START]


async def test_a_draft_of_an_utterance_that_is_over_is_not_told(whole: Whole) -> None:
    whole.begin()
    whole.interim_worker.working.clear()
    whole.hearing.follow(0, START, FIRST)
    await settle()
    text = whole.hearing.text(START, FIRST, FIRST - START)
    whole.interim_worker.working.set()
    await settle()
    assert await text_of(text) == "a"
    assert whole.told == []


async def test_a_draft_that_fails_ends_no_later_one(whole: Whole) -> None:
    whole.begin()
    whole.interim_worker.failures = [EngineError("no")]
    whole.hearing.follow(0, START, FIRST)
    await settle()
    whole.hearing.follow(0, START, FIRST + STEP)
    await settle()
    assert whole.told == [(0, "b")]


async def test_each_segment_is_drafted_for_itself(whole: Whole) -> None:
    whole.begin()
    whole.hearing.follow(0, START, FIRST)
    await settle()
    whole.hearing.text(START, FIRST, 1)
    whole.hearing.follow(1, FIRST + STEP, FIRST + STEP + FIRST - START)
    await settle()
    assert whole.told == [(0, "a"), (1, "b")]


async def test_what_was_open_when_a_transcription_ended_is_not_mistaken_for_a_later_one(
    whole: Whole,
) -> None:
    """A pause that a split left over ends without a text, and numbers begin anew."""
    whole.begin()
    whole.hearing.follow(0, START, FIRST)
    await settle()
    whole.begin()
    whole.hearing.follow(0, START + STEP, FIRST + STEP)
    await settle()
    assert whole.interim_of == [FIRST - START, FIRST - START]
    np.testing.assert_array_equal(
        whole.interim_worker.heard[1][: len(whole.interim_worker.heard[0]) - STEP],
        whole.interim_worker.heard[0][STEP:],
    )


async def test_closing_ends_drafts_and_early_work(whole: Whole) -> None:
    whole.begin()
    for pool in (whole.pool, whole.interim_worker):
        pool.working.clear()
    whole.hearing.follow(0, START, FIRST)
    whole.hearing.speculate(START, FIRST, 1)
    await settle()
    whole.hearing.close()
    for pool in (whole.pool, whole.interim_worker):
        pool.working.set()
    await settle()
    assert (whole.told, whole.pool.heard) == ([], [])


async def test_a_part_of_what_was_heard_disturbs_neither_drafts_nor_early_work(
    whole: Whole,
) -> None:
    """The next utterance is being spoken, or may be over, while the one before is divided."""
    whole.begin()
    whole.hearing.follow(1, FIRST, FIRST + FIRST - START)
    whole.hearing.speculate(FIRST, FIRST + STEP, STEP)
    await settle()
    part = whole.hearing.part(START, START + STEP, STEP)
    whole.hearing.follow(1, FIRST, FIRST + FIRST - START + STEP - 1)
    await settle()
    assert whole.told == [(1, "a")], "there is too little new for another draft"
    assert await text_of(part) == "b"
    assert await text_of(whole.hearing.text(FIRST, FIRST + STEP, STEP)) == "a", "it was there"
    assert [len(heard) for heard in whole.pool.heard] == [STEP, STEP]


async def test_a_part_that_the_engine_fails_has_no_text_and_the_next_has(whole: Whole) -> None:
    whole.begin()
    whole.pool.failures = [EngineError("no")]
    assert await text_of(whole.hearing.part(START, FIRST, 1)) is None
    assert await text_of(whole.hearing.part(START, FIRST, 1)) == "b"


# While they are spoken ------------------------------------------------------------------------


class FakeLivePool:
    """Keeps what it was asked for; an utterance becomes "start-stop"."""

    def __init__(self) -> None:
        self.extended: list[tuple[int, int]] = []
        self.dropped: list[int] = []
        self.utterances: list[LiveUtterance] = []

    def extend(self, utterance: LiveUtterance, stop: int) -> None:
        if utterance not in self.utterances:
            self.utterances.append(utterance)
        utterance.stop = utterance.sent = stop
        self.extended.append((utterance.start, stop))

    async def finish(
        self, utterance: LiveUtterance, stop: int, speech_seconds: float
    ) -> Hypothesis:
        assert utterance.sent <= stop, "more was heard than belongs to it"
        self.extend(utterance, stop)
        return Hypothesis(f"{utterance.start}-{stop}")

    def drop(self, utterance: LiveUtterance) -> None:
        self.dropped.append(utterance.start)


@pytest.fixture
def live_pool() -> FakeLivePool:
    return FakeLivePool()


@pytest.fixture
def live(live_pool: FakeLivePool, ring: RingBuffer) -> StreamedUtterances:
    return StreamedUtterances("session", cast(Pool, live_pool), ring)


async def test_what_was_heard_while_it_was_spoken_is_finished(
    live: StreamedUtterances, live_pool: FakeLivePool
) -> None:
    live.begin(Options("ko"), None)
    live.follow(0, 100, 500)
    live.follow(0, 100, 900)
    assert await text_of(live.text(100, 1000, 800)) == "100-1000"
    assert live_pool.extended == [(100, 500), (100, 900), (100, 1000)]
    (utterance,) = live_pool.utterances
    assert (utterance.owner, utterance.options) == ("session", Options("ko"))
    assert live_pool.dropped == []


async def test_what_was_split_before_the_end_of_what_was_heard_is_heard_again(
    live: StreamedUtterances, live_pool: FakeLivePool
) -> None:
    live.follow(0, 100, 900)
    assert await text_of(live.text(100, 700, 600)) == "100-700"
    live.follow(1, 700, 900)
    assert await text_of(live.text(700, 1200, 500)) == "700-1200"
    assert live_pool.dropped == [100]
    assert len(live_pool.utterances) == 3


async def test_an_utterance_that_nobody_followed_is_heard_at_once(live: StreamedUtterances) -> None:
    assert await text_of(live.text(100, 700, 600)) == "100-700"


async def test_what_began_elsewhere_is_dropped(
    live: StreamedUtterances, live_pool: FakeLivePool
) -> None:
    """What a split left over was a pause; the next utterance begins later."""
    live.follow(1, 100, 300)
    live.follow(1, 600, 800)
    live.close()
    assert live_pool.dropped == [100, 600]


async def test_a_transcription_begins_with_nothing_open(
    live: StreamedUtterances, live_pool: FakeLivePool
) -> None:
    live.begin(Options("en"), None)
    live.follow(0, 100, 300)
    live.begin(Options("ko"), None)
    live.follow(0, 100, 300)
    assert live_pool.dropped == [100]
    assert [utterance.options.language for utterance in live_pool.utterances] == ["en", "ko"]


async def test_texts_so_far_are_told_with_their_segment_to_who_asked(
    live: StreamedUtterances, live_pool: FakeLivePool
) -> None:
    told: list[tuple[int, str]] = []
    live.begin(Options(), lambda *interim: told.append(interim))
    live.follow(3, 100, 300)
    live.text(100, 300, 200)
    live.follow(4, 600, 800)
    for utterance, text in zip(live_pool.utterances, ("가", "나"), strict=True):
        utterance.take(Hypothesis(text), is_final=False)
    live.begin(Options(), None)
    live.follow(5, 900, 1000)
    assert told == [(3, "가"), (4, "나")]
    assert live_pool.utterances[-1].on_interim is None


async def test_a_part_of_what_was_heard_is_heard_anew_while_the_next_is_spoken(
    live: StreamedUtterances, live_pool: FakeLivePool
) -> None:
    told: list[tuple[int, str]] = []
    live.begin(Options("ko"), lambda *interim: told.append(interim))
    live.follow(1, 2000, 2500)
    assert await text_of(live.part(100, 700, 600)) == "100-700"
    live.follow(1, 2000, 2900)
    assert await text_of(live.text(2000, 3000, 900)) == "2000-3000"
    assert live_pool.dropped == []
    following, part = live_pool.utterances
    assert (part.options, part.on_interim) == (Options("ko"), None)
    assert (following.start, told) == (2000, [])

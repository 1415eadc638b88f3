"""Work on utterances, begun early."""

import asyncio
from typing import cast

import numpy as np
import pytest

from fakes import FakePool, no_cohort
from hwaja._pcm import RingBuffer
from hwaja.analysis import Analysis, Analyst
from hwaja.attribution.parts import Label
from hwaja.attribution.voices import Voices
from hwaja.engine import EngineError
from hwaja.gate import SAMPLE_RATE
from hwaja.hearing import WholeHearing
from hwaja.workers.drafts import Drafts
from hwaja.workers.pool import Pool

SPAN = (1000, 17_000, 12_000)
"""Start, stop and speech samples of an utterance."""


@pytest.fixture
def pool() -> FakePool:
    return FakePool()


def analyst_of(pool: FakePool, ring: RingBuffer, voices: Voices) -> Analyst:
    as_pool, as_drafts = cast(Pool, pool), cast(Drafts, pool)
    hearing = WholeHearing("owner", as_pool, as_drafts, ring)
    return Analyst("owner", as_pool, ring, voices, hearing)


async def text_of(analysis: Analysis) -> str | None:
    heard = await analysis.text
    return None if heard is None else heard.text


@pytest.fixture
def analyst(pool: FakePool) -> Analyst:
    ring = RingBuffer(2 * SAMPLE_RATE)
    ring.push(np.arange(2 * SAMPLE_RATE, dtype="<i2").tobytes())
    voices = Voices(no_cohort())
    voices.enrol(0, np.array([0, 1], np.float32))
    voices.enrol(1, np.array([1, 0], np.float32))
    return analyst_of(pool, ring, voices)


async def test_an_utterance_is_recognised_and_attributed(analyst: Analyst, pool: FakePool) -> None:
    analysis = analyst.analyse(*SPAN)
    parts = await analysis.parts
    assert await text_of(analysis) == "a"
    assert parts is not None
    (part,) = parts
    assert (part.start, part.stop, part.speaker_ids) == (1000, 17_000, (0, 1))
    assert part.cosines == pytest.approx((1.0, 0.0))
    assert (part.nearest, part.label) == (0, Label.SURE)
    expected = np.arange(1000, 17_000, dtype=np.float32) / 32768
    np.testing.assert_array_equal(pool.heard[0], expected)


async def test_an_utterance_that_was_foreseen_is_worked_on_once(
    analyst: Analyst, pool: FakePool
) -> None:
    analyst.foresee(*SPAN)
    await pool.asked.wait()
    assert await text_of(analyst.analyse(*SPAN)) == "a"
    assert len(pool.heard) == 1


async def test_what_was_foreseen_wrongly_never_answers_for_other_samples(
    analyst: Analyst, pool: FakePool
) -> None:
    analyst.foresee(1000, 9000, 8000)
    await pool.asked.wait()
    analysis = analyst.analyse(*SPAN)
    assert await text_of(analysis) is not None
    assert len(pool.heard[-1]) == 16_000


async def test_early_work_that_did_not_begin_yet_is_given_up_with_what_it_was_for(
    analyst: Analyst, pool: FakePool
) -> None:
    pool.working.clear()
    analyst.foresee(1000, 9000, 8000)
    await pool.asked.wait()
    analyst.foresee(*SPAN)
    analysis = analyst.analyse(*SPAN)
    pool.working.set()
    assert await text_of(analysis) == "a"
    assert [len(samples) for samples in pool.heard] == [16_000]


async def test_no_early_work_takes_a_worker_that_others_wait_for(
    analyst: Analyst, pool: FakePool
) -> None:
    pool.idle_workers = 0
    analyst.foresee(*SPAN)
    await asyncio.sleep(0)
    assert not pool.asked.is_set()
    assert await text_of(analyst.analyse(*SPAN)) == "a"


async def test_a_failing_engine_gives_no_text_and_the_next_utterance_one(
    analyst: Analyst, pool: FakePool
) -> None:
    pool.failures.append(EngineError("the engine ended on this audio"))
    assert await text_of(analyst.analyse(*SPAN)) is None
    assert await text_of(analyst.analyse(*SPAN)) == "b"


async def test_forgetting_ends_early_work(analyst: Analyst, pool: FakePool) -> None:
    pool.working.clear()
    analyst.foresee(*SPAN)
    await pool.asked.wait()
    analyst.close()
    pool.working.set()
    assert await text_of(analyst.analyse(*SPAN)) == "a"
    assert len(pool.heard) == 1

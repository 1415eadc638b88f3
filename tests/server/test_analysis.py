"""Work on utterances, begun early."""

import asyncio
from typing import cast

import numpy as np
import pytest
from fakes import FakePool, no_cohort

from hwaja._pcm import RingBuffer
from hwaja.asr.recognition_strategy import WholeUtterances
from hwaja.engines.interface import EngineError
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Label
from hwaja.server.analysis import Analysis, Analyst
from hwaja.speakers.voices import Voices
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.overload import Overload
from hwaja.workers.pool import Pool

SPAN = (1000, 17_000, 12_000)
"""Start, stop and speech samples of an utterance."""


@pytest.fixture
def pool() -> FakePool:
    return FakePool()


def analyst_of(
    pool: FakePool, ring: RingBuffer, voices: Voices, overload: Overload | None = None
) -> Analyst:
    as_pool, as_drafts = cast(Pool, pool), cast(InterimWorker, pool)
    overload = overload or Overload()
    hearing = WholeUtterances("owner", as_pool, as_drafts, ring, overload)
    return Analyst("owner", as_pool, ring, voices, hearing, overload)


async def text_of(analysis: Analysis) -> str | None:
    heard = await analysis.text
    return None if heard is None else heard.text


@pytest.fixture
def ring() -> RingBuffer:
    ring = RingBuffer(2 * SAMPLE_RATE)
    ring.push(np.arange(2 * SAMPLE_RATE, dtype="<i2").tobytes())
    return ring


@pytest.fixture
def voices() -> Voices:
    voices = Voices(no_cohort())
    voices.enrol(0, np.array([0, 1], np.float32))
    voices.enrol(1, np.array([1, 0], np.float32))
    return voices


@pytest.fixture
def analyst(pool: FakePool, ring: RingBuffer, voices: Voices) -> Analyst:
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
    analyst.speculate(*SPAN)
    await pool.asked.wait()
    assert await text_of(analyst.analyse(*SPAN)) == "a"
    assert len(pool.heard) == 1


async def test_what_was_foreseen_wrongly_never_answers_for_other_samples(
    analyst: Analyst, pool: FakePool
) -> None:
    analyst.speculate(1000, 9000, 8000)
    await pool.asked.wait()
    analysis = analyst.analyse(*SPAN)
    assert await text_of(analysis) is not None
    assert len(pool.heard[-1]) == 16_000


async def test_early_work_that_did_not_begin_yet_is_given_up_with_what_it_was_for(
    analyst: Analyst, pool: FakePool
) -> None:
    pool.working.clear()
    analyst.speculate(1000, 9000, 8000)
    await pool.asked.wait()
    analyst.speculate(*SPAN)
    analysis = analyst.analyse(*SPAN)
    pool.working.set()
    assert await text_of(analysis) == "a"
    assert [len(samples) for samples in pool.heard] == [16_000]


async def test_no_early_work_takes_a_worker_that_others_wait_for(
    analyst: Analyst, pool: FakePool
) -> None:
    pool.idle_workers = 0
    analyst.speculate(*SPAN)
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
    analyst.speculate(*SPAN)
    await pool.asked.wait()
    analyst.close()
    pool.working.set()
    assert await text_of(analyst.analyse(*SPAN)) == "a"
    assert len(pool.heard) == 1


async def test_under_overload_an_utterance_has_one_speaker_from_its_middle(
    pool: FakePool, voices: Voices
) -> None:
    """Who speaks in the midst of it, and where two do, is not looked for."""
    ring = RingBuffer(10 * SAMPLE_RATE)
    ring.push(bytes(2 * 10 * SAMPLE_RATE))
    overload = Overload()
    overload.observe(60, 0)
    analysis = analyst_of(pool, ring, voices, overload).analyse(1000, 100_001, 90_000)
    parts = await analysis.parts
    assert parts is not None
    (part,) = parts
    assert (part.start, part.stop) == (1000, 100_001)
    ((samples, overlaps),) = pool.embedded
    assert samples == pytest.approx(3 * SAMPLE_RATE, abs=1)
    assert not overlaps
    assert await text_of(analysis) == "a"
    assert len(pool.heard[0]) == 99_001, "its text is that of all of it"


async def test_what_is_too_short_to_embed_is_told_as_such_without_a_job(
    analyst: Analyst, pool: FakePool
) -> None:
    pool.voice_failures.append(EngineError("nobody asks for this"))
    parts = await analyst.analyse(1000, 9000, 1599).parts
    assert parts is not None
    assert [(part.start, part.stop, part.label) for part in parts] == [(1000, 9000, Label.SHORT)]
    assert len(pool.voice_failures) == 1


async def test_a_short_answer_has_its_speaker_by_its_voice(analyst: Analyst) -> None:
    parts = await analyst.analyse(1000, 9000, 4000).parts
    assert parts is not None
    assert [(part.nearest, part.cosines) for part in parts] == [(0, pytest.approx((1.0, 0.0)))]


async def test_a_failing_embedder_names_nobody_and_the_next_utterance_has_its_speaker(
    analyst: Analyst, pool: FakePool
) -> None:
    pool.voice_failures.append(EngineError("the engine ended on this audio"))
    assert await analyst.analyse(*SPAN).parts is None
    assert await analyst.analyse(*SPAN).parts is not None


async def likeness(analyst: Analyst) -> float:
    """How like the voice of speaker 2 the voice in every utterance is."""
    parts = await analyst.analyse(16_000, 32_000, 12_000).parts
    assert parts is not None
    return parts[0].cosines[-1]


@pytest.fixture
def taught(analyst: Analyst, voices: Voices) -> Analyst:
    """One whose session has a third voice, which is a little like all that is said."""
    voices.enrol(2, np.array([1, 1], np.float32))
    return analyst


async def test_a_voice_learns_from_audio_even_if_that_is_released_at_once(
    taught: Analyst, ring: RingBuffer
) -> None:
    before = await likeness(taught)
    lesson = taught.learn(2, 0, 8000)
    ring.release(8000)
    await lesson
    assert await likeness(taught) > before


async def test_a_lesson_that_fails_changes_no_voice_and_disturbs_nothing(
    taught: Analyst, pool: FakePool
) -> None:
    before = await likeness(taught)
    pool.voice_failures.append(EngineError("the engine ended on this audio"))
    await taught.learn(2, 0, 8000)
    assert await likeness(taught) == before


async def test_what_voices_learned_is_taken_back_with_the_lessons_under_way(
    taught: Analyst, pool: FakePool
) -> None:
    """The last answer of a transcription may be a lesson when the next one begins."""
    before = await likeness(taught)
    await taught.learn(2, 0, 8000)
    pool.working.clear()
    lesson = taught.learn(2, 8000, 16_000)
    await asyncio.sleep(0)
    taught.unlearn()
    pool.working.set()
    await asyncio.wait([lesson])
    assert await likeness(taught) == before


async def test_closing_ends_lessons(taught: Analyst, pool: FakePool) -> None:
    pool.working.clear()
    lesson = taught.learn(2, 0, 8000)
    await asyncio.sleep(0)
    taught.close()
    await asyncio.wait([lesson])
    assert lesson.cancelled()

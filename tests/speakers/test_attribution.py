"""Attribution of utterances: early, under overload, in an open utterance; learning of voices."""

import asyncio
from collections.abc import Callable, Hashable

import numpy as np
import pytest
from fakes import FakePool, no_cohort, one_generation
from gating import segment

from hwaja._pcm import RingBuffer
from hwaja.engines.interface import HOP_SAMPLES, EngineError, Samples, VoiceTrack
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Label
from hwaja.speakers.attribution import Attribution
from hwaja.speakers.parts import Part
from hwaja.speakers.voices import Voices
from hwaja.speakers.voices import pool as pooled
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.workers.overload import Overload
from hwaja.workers.session_work import SessionWork

SPAN = (1000, 17_000, 12_000)
"""Start, stop and speech samples of an utterance."""

SHORT_SAMPLES = 3 * FRAME_SAMPLES
"""Too little speech to embed."""

PROBED = (SAMPLE_RATE, 4 * SAMPLE_RATE)
A, B = np.eye(2, dtype=np.float32)


class Attributed:
    """A session's attribution, with its reported results."""

    def __init__(
        self,
        pool: FakePool,
        ring: RingBuffer,
        voices: Voices,
        overload: Overload | None = None,
    ) -> None:
        self.parts: asyncio.Queue[tuple[int, tuple[Part, ...] | None]] = asyncio.Queue()
        self.turns: asyncio.Queue[tuple[int, int | None]] = asyncio.Queue()
        self.attribution = Attribution(
            SessionWork("owner", one_generation(pool), ring, overload or Overload()),
            voices,
            report_voices=lambda *found: self.parts.put_nowait(found[:2]),
            report_turn=lambda *found: self.turns.put_nowait(found),
        )

    async def finish(self, *span: int) -> tuple[Part, ...] | None:
        """Finish an utterance. Return its reported parts."""
        self.attribution.finish(0, segment(*span))
        async with asyncio.timeout(5):
            segment_id, parts = await self.parts.get()
        assert segment_id == 0
        return parts


@pytest.fixture
def pool() -> FakePool:
    return FakePool()


@pytest.fixture
def ring() -> RingBuffer:
    ring = RingBuffer(2 * SAMPLE_RATE)
    ring.push(np.arange(2 * SAMPLE_RATE, dtype="<i2").tobytes())
    return ring


@pytest.fixture
def voices() -> Voices:
    voices = Voices(no_cohort())
    voices.enrol(0, pooled(None, np.array([0, 1], np.float32), 1.0))
    voices.enrol(1, pooled(None, np.array([1, 0], np.float32), 1.0))
    return voices


@pytest.fixture
def attributed(pool: FakePool, ring: RingBuffer, voices: Voices) -> Attributed:
    return Attributed(pool, ring, voices)


async def test_an_utterance_gets_the_nearest_voice(attributed: Attributed) -> None:
    parts = await attributed.finish(*SPAN)
    assert parts is not None
    (part,) = parts
    assert (part.start, part.stop, part.speaker_ids) == (1000, 17_000, (0, 1))
    assert part.cosines == pytest.approx((1.0, 0.0))
    assert (part.nearest, part.label) == (0, Label.SURE)


async def test_an_utterance_with_early_work_is_embedded_once(
    attributed: Attributed, pool: FakePool
) -> None:
    attributed.attribution.speculate(0, segment(*SPAN))
    await asyncio.sleep(0)
    assert await attributed.finish(*SPAN) is not None
    assert len(pool.embedded) == 1


async def test_early_work_on_other_samples_is_never_used(
    attributed: Attributed, pool: FakePool
) -> None:
    attributed.attribution.speculate(0, segment(1000, 9000, 8000))
    await asyncio.sleep(0)
    parts = await attributed.finish(*SPAN)
    assert parts is not None
    assert (parts[0].start, parts[-1].stop) == SPAN[:2]


async def test_under_overload_an_utterance_has_one_speaker_from_its_middle(
    pool: FakePool, voices: Voices
) -> None:
    """Attribution then finds neither changes of speaker nor overlaps."""
    ring = RingBuffer(10 * SAMPLE_RATE)
    ring.push(bytes(2 * 10 * SAMPLE_RATE))
    overload = Overload()
    overload.observe(60, 0)
    parts = await Attributed(pool, ring, voices, overload).finish(1000, 100_001, 90_000)
    assert parts is not None
    (part,) = parts
    assert (part.start, part.stop) == (1000, 100_001)
    ((samples, overlaps),) = pool.embedded
    assert samples == pytest.approx(3 * SAMPLE_RATE, abs=1)
    assert not overlaps


async def test_an_utterance_too_short_to_embed_is_labelled_short_without_a_job(
    attributed: Attributed, pool: FakePool
) -> None:
    pool.voice_failures.append(EngineError("nobody asks for this"))
    parts = await attributed.finish(1000, 9000, SHORT_SAMPLES)
    assert parts is not None
    assert [(part.start, part.stop, part.label) for part in parts] == [(1000, 9000, Label.SHORT)]
    assert len(pool.voice_failures) == 1


async def test_a_short_answer_gets_its_speaker_by_its_voice(attributed: Attributed) -> None:
    parts = await attributed.finish(1000, 9000, 4000)
    assert parts is not None
    assert [(part.nearest, part.cosines) for part in parts] == [(0, pytest.approx((1.0, 0.0)))]


async def test_a_failed_embedding_gives_no_speaker_and_the_next_utterance_has_one(
    attributed: Attributed, pool: FakePool
) -> None:
    pool.voice_failures.append(EngineError("the engine ended on this audio"))
    assert await attributed.finish(*SPAN) is None
    assert await attributed.finish(*SPAN) is not None


# Learning


async def similarity(attributed: Attributed) -> float:
    """Return the cosine of the fake pool's only voice to the voice of speaker 2."""
    parts = await attributed.finish(16_000, 32_000, 12_000)
    assert parts is not None
    return parts[0].cosines[-1]


def lesson(attributed: Attributed, start: int, stop: int) -> "asyncio.Task[None]":
    task = attributed.attribution.learn(2, segment(start, stop, stop - start))
    assert task is not None
    return task


@pytest.fixture
def taught(attributed: Attributed, voices: Voices) -> Attributed:
    """An attribution with a third voice, which is somewhat like every utterance."""
    voices.enrol(2, pooled(None, np.array([1, 1], np.float32), 1.0))
    return attributed


async def test_a_voice_learns_from_audio_even_if_it_is_released_at_once(
    taught: Attributed, ring: RingBuffer
) -> None:
    before = await similarity(taught)
    learning = lesson(taught, 0, 8000)
    ring.release(8000)
    await learning
    assert await similarity(taught) > before


async def test_under_overload_voices_do_not_learn(
    pool: FakePool, ring: RingBuffer, voices: Voices
) -> None:
    overload = Overload()
    overload.observe(60, 0)
    attribution = Attributed(pool, ring, voices, overload).attribution
    assert attribution.learn(0, segment(*SPAN)) is None
    assert pool.embedded == []


async def test_failed_learning_changes_no_voice(taught: Attributed, pool: FakePool) -> None:
    before = await similarity(taught)
    pool.voice_failures.append(EngineError("the engine ended on this audio"))
    await lesson(taught, 0, 8000)
    assert await similarity(taught) == before


async def test_a_new_transcription_undoes_what_voices_learned_and_cancels_learning(
    taught: Attributed, pool: FakePool
) -> None:
    """A voice may still be learning from the last answer when the next transcription begins."""
    before = await similarity(taught)
    await lesson(taught, 0, 8000)
    pool.working.clear()
    learning = lesson(taught, 8000, 16_000)
    await asyncio.sleep(0)
    taught.attribution.begin(adapt=False)
    pool.working.set()
    await asyncio.wait([learning])
    assert await similarity(taught) == before


async def test_voices_keep_what_they_learned_if_they_may_adapt(taught: Attributed) -> None:
    before = await similarity(taught)
    await lesson(taught, 0, 8000)
    taught.attribution.begin(adapt=True)
    assert await similarity(taught) > before


async def test_closing_cancels_learning_and_reports_nothing_more(
    taught: Attributed, pool: FakePool
) -> None:
    pool.working.clear()
    learning = lesson(taught, 0, 8000)
    taught.attribution.finish(0, segment(*SPAN))
    await asyncio.sleep(0)
    taught.attribution.close()
    await asyncio.wait([learning])
    assert learning.cancelled()
    pool.working.set()
    for _ in range(10):  # every task runs until it waits
        await asyncio.sleep(0)
    assert taught.parts.empty()


# Another voice in an open utterance


class TwoVoices(FakePool):
    """A pool whose embeddings change from speaker 0 to speaker 1 at sample `change`."""

    def __init__(self, change: int) -> None:
        super().__init__()
        self.change = change
        self.tracks: list[VoiceTrack] = []

    async def embed(
        self, owner: Hashable, read: Callable[[], Samples], samples: int, *, overlaps: bool
    ) -> VoiceTrack:
        whole = await super().embed(owner, read, samples, overlaps=overlaps)
        starts = PROBED[0] + np.arange(len(whole.windows)) * HOP_SAMPLES
        windows = np.where((starts < self.change)[:, None], A, B)
        self.tracks.append(VoiceTrack(windows.mean(axis=0), windows, whole.overlap))
        return self.tracks[-1]


def watching(pool: FakePool) -> Attributed:
    ring = RingBuffer(5 * SAMPLE_RATE)
    ring.push(np.ones(5 * SAMPLE_RATE, "<i2").tobytes())
    voices = Voices(no_cohort())
    voices.enrol(0, pooled(None, A, 1.0))
    voices.enrol(1, pooled(None, B, 1.0))
    return Attributed(pool, ring, voices)


async def found(watch: Attributed) -> int | None:
    watch.attribution.probe(7, *PROBED)
    async with asyncio.timeout(5):
        segment_id, turn_at = await watch.turns.get()
    assert segment_id == 7
    return turn_at


async def test_a_change_of_voice_is_found_where_it_begins() -> None:
    change = 3 * SAMPLE_RATE
    pool = TwoVoices(change)
    at = await found(watching(pool))
    assert at is not None
    assert abs(at - change) <= HOP_SAMPLES
    assert pool.embedded == [(PROBED[1] - PROBED[0], False)]


async def test_no_change_is_found_while_one_voice_continues() -> None:
    assert await found(watching(TwoVoices(PROBED[1]))) is None


async def test_embeddings_of_a_probe_are_overwritten() -> None:
    pool = TwoVoices(3 * SAMPLE_RATE)
    await found(watching(pool))
    (track,) = pool.tracks
    assert not track.whole.any()
    assert not track.windows.any()


async def test_a_probe_is_cancelled_with_its_utterance_and_another_one_can_begin() -> None:
    """The ring may drop the utterance's samples after that."""
    pool = TwoVoices(3 * SAMPLE_RATE)
    pool.working.clear()
    watch = watching(pool)
    watch.attribution.probe(7, *PROBED)
    await asyncio.sleep(0)
    watch.attribution.finish(7, segment(*PROBED, SHORT_SAMPLES))
    await watch.parts.get()
    pool.working.set()
    assert await found(watch) is not None
    assert len(pool.embedded) == 1
    assert watch.turns.empty()


async def test_a_failed_probe_finds_nothing_and_another_one_can_begin() -> None:
    pool = TwoVoices(3 * SAMPLE_RATE)
    pool.voice_failures = [EngineError("embedding failed")]
    watch = watching(pool)
    assert await found(watch) is None
    assert await found(watch) is not None

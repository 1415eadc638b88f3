"""Looking for the next voice while an utterance goes on."""

import asyncio
from collections.abc import Callable, Hashable
from typing import cast

import numpy as np
import pytest
from fakes import FakePool, no_cohort

from hwaja._pcm import RingBuffer
from hwaja.engines.interface import HOP_SAMPLES, EngineError, Samples, VoiceTrack
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.speakers.change_probe import SpeakerChangeProbe
from hwaja.speakers.voices import Voices
from hwaja.workers.pool import Pool

SPAN = (SAMPLE_RATE, 4 * SAMPLE_RATE)
A, B = np.eye(2, dtype=np.float32)


class TwoVoices(FakePool):
    """Hears speaker 0 until a sample of the session, and speaker 1 from there on."""

    def __init__(self, change: int) -> None:
        super().__init__()
        self.change = change
        self.tracks: list[VoiceTrack] = []

    async def embed(
        self, owner: Hashable, read: Callable[[], Samples], samples: int, *, overlaps: bool
    ) -> VoiceTrack:
        whole = await super().embed(owner, read, samples, overlaps=overlaps)
        starts = SPAN[0] + np.arange(len(whole.windows)) * HOP_SAMPLES
        windows = np.where((starts < self.change)[:, None], A, B)
        self.tracks.append(VoiceTrack(windows.mean(axis=0), windows, whole.overlap))
        return self.tracks[-1]


def watching(pool: FakePool) -> SpeakerChangeProbe:
    ring = RingBuffer(5 * SAMPLE_RATE)
    ring.push(np.ones(5 * SAMPLE_RATE, "<i2").tobytes())
    voices = Voices(no_cohort())
    voices.enrol(0, A)
    voices.enrol(1, B)
    return SpeakerChangeProbe("owner", cast(Pool, pool), ring, voices)


async def found(watch: SpeakerChangeProbe) -> int | None:
    return await watch.look(*SPAN)


async def test_another_voice_is_found_where_it_begins() -> None:
    change = 3 * SAMPLE_RATE
    pool = TwoVoices(change)
    at = await found(watching(pool))
    assert at is not None
    assert abs(at - change) <= HOP_SAMPLES
    assert pool.embedded == [(SPAN[1] - SPAN[0], False)]


async def test_where_one_voice_goes_on_nothing_is_found() -> None:
    assert await found(watching(TwoVoices(SPAN[1]))) is None


async def test_what_was_heard_of_the_voices_is_overwritten() -> None:
    pool = TwoVoices(3 * SAMPLE_RATE)
    await found(watching(pool))
    (track,) = pool.tracks
    assert not track.whole.any()
    assert not track.windows.any()


async def test_a_look_is_given_up_with_the_utterance_and_the_next_one_can_begin() -> None:
    """Its samples may be forgotten from then on."""
    pool = TwoVoices(3 * SAMPLE_RATE)
    pool.working.clear()
    watch = watching(pool)
    look = watch.look(*SPAN)
    watch.close()
    with pytest.raises(asyncio.CancelledError):
        await look
    pool.working.set()
    assert await found(watch) is not None
    assert len(pool.embedded) == 1


async def test_an_engine_that_fails_finds_nothing_and_the_next_look_is_free() -> None:
    pool = TwoVoices(3 * SAMPLE_RATE)
    pool.voice_failures = [EngineError("embedding failed")]
    watch = watching(pool)
    assert await found(watch) is None
    assert await found(watch) is not None

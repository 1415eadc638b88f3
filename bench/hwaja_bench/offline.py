"""Processes audio as the server does, without socket and session: VAD and workers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np

from hwaja._pcm import RingBuffer
from hwaja.client.sound_files import to_pcm16
from hwaja.engines.interface import Pcm16, Recognizer, Samples
from hwaja.engines.loading import load_recogniser
from hwaja.engines.recognition import Hypothesis
from hwaja.engines.sherpa.online import OnlineRecognizer
from hwaja.models import locate
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.server.application import detector_file, worker_setup
from hwaja.server.config import Config
from hwaja.vad.gate import GateSettings, Segment, SpeechGate
from hwaja.vad.silero import SileroDetector, frames_to_detect
from hwaja.workers.pool import Pool
from hwaja_bench.errors import BenchmarkError
from hwaja_bench.speech.acoustics import Signal

PIECE_FRAMES = 16  # as a session takes a long message


@dataclass(frozen=True)
class RecognisedSegment:
    """An utterance and its hypothesis."""

    segment: Segment
    hypothesis: Hypothesis


def ring_of(sound: Signal | Samples) -> RingBuffer:
    """Return a ring buffer that holds all of a sound."""
    ring = RingBuffer(len(sound))
    ring.push(to_pcm16(sound))
    return ring


def cut(detector: SileroDetector, ring: RingBuffer) -> list[Segment]:
    """Return the utterances in a ring buffer; the detector gets pieces as from a session."""
    frames, levels_dbfs = frames_to_detect(ring, start=0, origin=0)
    state, gate = detector.new_state(), SpeechGate(GateSettings(), 0)
    found: list[Segment] = []
    for start in range(0, len(frames), PIECE_FRAMES):
        piece = slice(start, start + PIECE_FRAMES)
        (probabilities,) = detector.detect([(state, frames[piece])])
        found += gate.feed(probabilities, levels_dbfs[piece])
    return found + gate.flush()


class Offline:
    """Segments audio into utterances and recognises them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._detector = SileroDetector(detector_file())

    async def heard(self, sound: Signal) -> list[RecognisedSegment]:
        """Return the utterances in `sound` with the workers' results."""
        ring = ring_of(sound)
        return [await self._recognise(each, ring) for each in cut(self._detector, ring)]

    async def _recognise(self, segment: Segment, ring: RingBuffer) -> RecognisedSegment:
        def read() -> Pcm16:
            return ring.read(segment.start, segment.stop)

        length, speech_seconds = segment.stop - segment.start, segment.speech_samples / SAMPLE_RATE
        heard = await self._pool.recognise(self, read, length, Options(), speech_seconds)
        return RecognisedSegment(segment, heard)


@asynccontextmanager
async def offline() -> AsyncIterator[Offline]:
    """Yield an `Offline` with a started worker."""
    pool = Pool(worker_setup(Config(), "cpu"), workers=1)
    await pool.start()
    try:
        yield Offline(pool)
    finally:
        await pool.close()


def whole_recogniser(model: str) -> Recognizer:
    """Return an offline recogniser for Korean.

    Raises:
        BenchmarkError: where the model is a streaming model.

    """
    found = load_recogniser(locate(model), "ko")
    if isinstance(found, OnlineRecognizer):
        raise BenchmarkError(f"{model} is a model that streams.")
    return found


def silence(seconds: float) -> Signal:
    return np.zeros(round(seconds * SAMPLE_RATE))

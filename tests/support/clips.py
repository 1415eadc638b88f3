"""English speech that comes with the models for tests, as PCM16 and as samples."""

from functools import cache

import numpy as np
import soxr

from hwaja.client.sound_files import load_pcm16, to_pcm16
from hwaja.engines.interface import Pcm16, Samples
from hwaja.models import locate
from hwaja.protocol.audio import SAMPLE_RATE


@cache
def clip(name: str) -> bytes:
    """A whole clip: "beckett" (10 s) or "two_cities" (44 s)."""
    return load_pcm16(locate("english-clips") / f"{name}.wav")


def part(name: str, start_seconds: float, stop_seconds: float) -> bytes:
    """Some seconds of a clip."""
    start, stop = (2 * round(seconds * SAMPLE_RATE) for seconds in (start_seconds, stop_seconds))
    return clip(name)[start:stop]


def deepened(pcm: bytes) -> bytes:
    """The same at nine tenths of its speed, like another voice.

    The speaker model takes both clips for one person (cosine 0.63); so it is 0.33.
    """
    return to_pcm16(soxr.resample(samples(pcm), 9, 10))


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * SAMPLE_RATE))


def samples(pcm: bytes) -> Samples:
    """PCM16 as the engine takes it."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)


def pcm16(samples: Samples) -> Pcm16:
    """Samples as PCM16. Those outside [-1, 1) are clipped."""
    return np.frombuffer(to_pcm16(samples), "<i2").copy()


def voices() -> tuple[bytes, bytes]:
    """The enrolment audio of speaker 0 and speaker 1, 4 s each."""
    return part("beckett", 0, 4.5), deepened(part("two_cities", 1, 5))


def conversation() -> bytes:
    """Speaker 0: "Try again. Fail again. Fail better."; speaker 1: "It was the season of ..."."""
    first, second = part("beckett", 4.4, 9.9), deepened(part("two_cities", 17, 21))
    return silence(0.5) + first + silence(1) + second + silence(1)

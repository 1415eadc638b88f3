"""Audio files as the PCM16 that the protocol carries, and its pace."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwaja.protocol.audio import CHUNK_SAMPLES, SAMPLE_RATE


class AudioError(Exception):
    """Audio cannot be read or captured. Says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A sound file as the protocol carries it, and what it was before."""

    pcm: bytes
    """PCM16 little endian, 16 kHz, mono."""
    rate: int
    """Samples per second of the file."""
    channels: int


def load_pcm16(file: Path) -> bytes:
    """Return a sound file as PCM16; see `load_recording`."""
    return load_recording(file).pcm


def load_recording(file: Path) -> Recording:
    """Read a sound file. Any rate is resampled, several channels are averaged.

    Raises:
        AudioError: where the file is none that libsndfile reads, or the extra is not installed.

    """
    try:
        import soundfile
        import soxr
    except ImportError:
        raise AudioError("Reading sound files needs: pip install 'hwaja[client]'.") from None
    try:
        samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        reason = "does not exist" if not file.exists() else "is not a sound file that can be read"
        raise AudioError(f"{file} {reason}.") from error
    # A file of floats may hold what is no number; a resampler would spread it.
    mono = np.nan_to_num(samples, posinf=1, neginf=-1).mean(axis=1)
    if rate != SAMPLE_RATE:
        mono = soxr.resample(mono, rate, SAMPLE_RATE, quality="VHQ")
    return Recording(to_pcm16(mono), rate, samples.shape[1])


def to_pcm16(samples: NDArray[np.floating[Any]]) -> bytes:
    """Return samples, shape (n,) in [-1, 1], as PCM16 little endian; louder ones are clipped."""
    scaled = np.clip(np.rint(samples * 32768), -32768, 32767)
    return bytes(scaled.astype("<i2").tobytes())


def mixed_down(pcm: bytes, channels: int) -> bytes:
    """Return interleaved PCM16 as one channel, their mean."""
    if channels == 1:
        return pcm
    mean = np.frombuffer(pcm, "<i2").reshape(-1, channels).mean(axis=1)
    return bytes(np.rint(mean).astype("<i2").tobytes())


async def paced(
    pcm: bytes, speed: float, chunk_samples: int = CHUNK_SAMPLES
) -> AsyncIterator[bytes]:
    """Yield `pcm` in chunks, each when its last sample would have been captured.

    Args:
        pcm: PCM16, 16 kHz, mono.
        speed: times real time; 0 yields without waiting.
        chunk_samples: samples in each chunk but the last.

    """
    began = time.monotonic()
    for offset in range(0, len(pcm), 2 * chunk_samples):
        chunk = pcm[offset : offset + 2 * chunk_samples]
        if speed > 0:
            captured_seconds = (offset + len(chunk)) / 2 / SAMPLE_RATE / speed
            await asyncio.sleep(max(0.0, began + captured_seconds - time.monotonic()))
        yield chunk

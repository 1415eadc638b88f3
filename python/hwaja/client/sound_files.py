"""Reads sound files as the protocol's PCM16, and yields PCM16 at real-time pace."""

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
    """Audio cannot be read or captured. The text says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A sound file as PCM16, with the file's own rate and channels."""

    pcm: bytes
    """PCM16 little endian, 16 kHz, mono."""
    rate: int
    """Sample rate of the file, in Hz."""
    channels: int


def load_pcm16(file: Path) -> bytes:
    """Read a sound file as PCM16, 16 kHz, mono; see `load_recording` for the errors."""
    return load_recording(file).pcm


def load_recording(file: Path) -> Recording:
    """Read a sound file. Resample it to 16 kHz and average its channels.

    Raises:
        AudioError: if libsndfile cannot read the file, or the `client` extra is not installed.

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
    # A float file may contain NaN or infinity, which a resampler would spread.
    mono = np.nan_to_num(samples, posinf=1, neginf=-1).mean(axis=1)
    if rate != SAMPLE_RATE:
        mono = soxr.resample(mono, rate, SAMPLE_RATE, quality="VHQ")
    return Recording(to_pcm16(mono), rate, samples.shape[1])


def to_pcm16(samples: NDArray[np.floating[Any]]) -> bytes:
    """Convert floats, shape (n,) in [-1, 1], to little-endian PCM16. Louder samples are clipped."""
    scaled = np.clip(np.rint(samples * 32768), -32768, 32767)
    return bytes(scaled.astype("<i2").tobytes())


def mixed_down(pcm: bytes, channels: int) -> bytes:
    """Return the mean of the channels of interleaved PCM16, as PCM16 mono."""
    if channels == 1:
        return pcm
    mean = np.frombuffer(pcm, "<i2").reshape(-1, channels).mean(axis=1)
    return bytes(np.rint(mean).astype("<i2").tobytes())


async def paced(
    pcm: bytes, speed: float, chunk_samples: int = CHUNK_SAMPLES
) -> AsyncIterator[bytes]:
    """Yield `pcm` in chunks, each when a microphone would have captured its last sample.

    Args:
        pcm: PCM16, 16 kHz, mono.
        speed: multiple of real time; 0 yields without waiting.
        chunk_samples: samples in each chunk but the last.

    """
    began = time.monotonic()
    for offset in range(0, len(pcm), 2 * chunk_samples):
        chunk = pcm[offset : offset + 2 * chunk_samples]
        if speed > 0:
            captured_seconds = (offset + len(chunk)) / 2 / SAMPLE_RATE / speed
            await asyncio.sleep(max(0.0, began + captured_seconds - time.monotonic()))
        yield chunk

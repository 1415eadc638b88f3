"""Reads sound files as the protocol's PCM16, and yields PCM16 at real-time pace."""

import asyncio
import time
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

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


def load_pcm16(file: Path | BinaryIO, channels: int = 1) -> bytes:
    """Read a sound file as PCM16, 16 kHz. Its channels are averaged, or interleaved.

    Args:
        file: the sound file, or its content.
        channels: 1: their average; otherwise the file must have as many.

    Raises:
        AudioError: as `load_recording`, or if the file has another number of channels.

    """
    if channels == 1:
        return load_recording(file).pcm
    samples, rate = _samples_of(file)
    if samples.shape[1] != channels:
        raise AudioError(
            f"{_name_of(file)} does not have {channels} channels, but {samples.shape[1]}."
        )
    return to_pcm16(_resampled(samples, rate).reshape(-1))


def load_recording(file: Path | BinaryIO) -> Recording:
    """Read a sound file. Resample it to 16 kHz and average its channels.

    Raises:
        AudioError: if libsndfile cannot read the file. Without the `client` extra, if it is no
            WAV file of PCM16 at 16 kHz.

    """
    samples, rate = _samples_of(file)
    return Recording(to_pcm16(_resampled(samples.mean(axis=1), rate)), rate, samples.shape[1])


def _name_of(file: Path | BinaryIO) -> str:
    return str(file) if isinstance(file, Path) else "The audio"


def _samples_of(file: Path | BinaryIO) -> tuple[NDArray[np.float32], int]:
    """Return the samples of a file, shape (n, channels), and its rate."""
    if isinstance(file, Path) and not file.exists():
        raise AudioError(f"{file} does not exist.")
    try:
        import soundfile
        import soxr  # noqa: F401  # `_resampled` needs it
    except ImportError:
        return _plain_samples_of(file), SAMPLE_RATE
    try:
        samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        name = _name_of(file)
        raise AudioError(f"{name} is not a sound file that can be read.") from error
    # A float file may contain NaN or infinity, which a resampler would spread.
    return np.nan_to_num(samples, posinf=1, neginf=-1), rate


def _plain_samples_of(file: Path | BinaryIO) -> NDArray[np.float32]:
    """Return the samples of a WAV file that needs no library: of PCM16 at 16 kHz."""
    try:
        with wave.open(str(file) if isinstance(file, Path) else file, "rb") as stream:
            if (stream.getsampwidth(), stream.getframerate()) == (2, SAMPLE_RATE):
                data, channels = stream.readframes(stream.getnframes()), stream.getnchannels()
                samples: NDArray[np.float32] = np.frombuffer(data, "<i2").astype(np.float32)
                return samples.reshape(-1, channels) / np.float32(32768)
    except (OSError, EOFError, wave.Error):
        pass
    raise AudioError(
        "Reading sound files other than WAV of 16-bit samples at 16 kHz needs: "
        "pip install 'hwaja[client]'."
    )


def _resampled(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Return samples, shape (n,) or (n, channels), at 16 kHz."""
    if rate == SAMPLE_RATE:
        return samples
    import soxr

    resampled: NDArray[np.float32] = soxr.resample(samples, rate, SAMPLE_RATE, quality="VHQ")
    return resampled


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
    pcm: bytes, speed: float, chunk_samples: int = CHUNK_SAMPLES, channels: int = 1
) -> AsyncIterator[bytes]:
    """Yield `pcm` in chunks, each when a microphone would have captured its last sample.

    Args:
        pcm: PCM16, 16 kHz, interleaved.
        speed: multiple of real time; 0 yields without waiting.
        chunk_samples: samples of each channel in each chunk but the last.
        channels: how many there are.

    """
    began, frame_bytes = time.monotonic(), 2 * channels
    for offset in range(0, len(pcm), frame_bytes * chunk_samples):
        chunk = pcm[offset : offset + frame_bytes * chunk_samples]
        if speed > 0:
            captured_seconds = (offset + len(chunk)) / frame_bytes / SAMPLE_RATE / speed
            await asyncio.sleep(max(0.0, began + captured_seconds - time.monotonic()))
        yield chunk

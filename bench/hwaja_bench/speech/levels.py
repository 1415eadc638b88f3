"""Where the speech of a clip is, by level alone, so that no detector judges itself."""

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE

FRAME_SAMPLES = 320
"""Samples of one frame: 20 ms."""

RANGE_DB = 25.0
"""Quieter than the loud frames by more than this is no speech (bench/RESULTS.md)."""

SPEECH_DBFS = -28.0
"""Level that the speech of every clip is brought to: 10 dB of noise and two voices at once clip
nothing, and the SNR of a conversation holds for each clip of it."""

BRIDGED_SECONDS = 0.3
"""Shorter pauses belong to the speech around them, as in NIST's Rich Transcription evaluations."""


def loud_frames(samples: Samples) -> NDArray[np.bool_]:
    """Return which whole frames are speech, shape (len(samples) // FRAME_SAMPLES,)."""
    levels_db = frame_levels_db(samples)
    if not len(levels_db) or levels_db.max() <= -100:
        return np.zeros(len(levels_db), np.bool_)
    return np.asarray(levels_db >= np.percentile(levels_db, 90) - RANGE_DB)


def frame_levels_db(samples: Samples) -> NDArray[np.float64]:
    """Return the RMS level of each whole frame in dBFS, -120 at the lowest."""
    whole = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES]
    squares = whole.reshape(-1, FRAME_SAMPLES).astype(np.float64) ** 2
    return np.asarray(10 * np.log10(squares.mean(axis=1) + 1e-12))


def speech_seconds(samples: Samples) -> float:
    """Return how long is spoken, pauses not counted."""
    return float(loud_frames(samples).sum()) * FRAME_SAMPLES / SAMPLE_RATE


def trimmed(samples: Samples) -> Samples:
    """Return what lies between the first and the last loud frame; empty without speech."""
    loud = np.flatnonzero(loud_frames(samples))
    if not len(loud):
        return samples[:0]
    return samples[loud[0] * FRAME_SAMPLES : (loud[-1] + 1) * FRAME_SAMPLES]


def speech_rms(samples: Samples) -> float:
    """Return the RMS of the loud frames; 0 without speech."""
    loud = np.repeat(loud_frames(samples), FRAME_SAMPLES)
    spoken = samples[: len(loud)][loud].astype(np.float64)
    return float(np.sqrt(np.mean(spoken**2))) if len(spoken) else 0.0


def levelled(samples: Samples) -> Samples:
    """Return samples that hold speech, with that speech at SPEECH_DBFS."""
    gain = amplitude(SPEECH_DBFS) / speech_rms(samples)
    return (samples * gain).astype(np.float32)


def amplitude(level_db: float) -> float:
    """Return the RMS of a level in dBFS."""
    return float(10 ** (level_db / 20))


def stretches(samples: Samples) -> list[tuple[float, float]]:
    """Return from when to when is spoken, in seconds; pauses under BRIDGED_SECONDS are bridged."""
    frame_seconds = FRAME_SAMPLES / SAMPLE_RATE
    found: list[tuple[float, float]] = []
    for frame in np.flatnonzero(loud_frames(samples)).tolist():
        start, stop = frame * frame_seconds, (frame + 1) * frame_seconds
        if found and start - found[-1][1] < BRIDGED_SECONDS:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return found

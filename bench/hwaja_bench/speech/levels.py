"""Finds speech in a clip by level only, so that no detector judges itself."""

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE

FRAME_SAMPLES = 320
"""Samples of one frame: 20 ms."""

RANGE_DB = 25.0
"""Frames quieter than the loud ones by more than this are no speech (bench/RESULTS.md)."""

SPEECH_DBFS = -28.0
"""Speech level that every clip is normalised to.

At this level, noise at 10 dB and two voices at once do not clip. And the SNR of a conversation
is valid for each of its clips.
"""

BRIDGED_SECONDS = 0.3
"""Shorter pauses count as speech, as in NIST's Rich Transcription evaluations."""


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
    """Return the duration of speech without pauses."""
    return float(loud_frames(samples).sum()) * FRAME_SAMPLES / SAMPLE_RATE


def trimmed(samples: Samples) -> Samples:
    """Return the samples from the first to the last loud frame; empty without speech."""
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
    """Return samples with their speech at SPEECH_DBFS; they must contain speech."""
    gain = amplitude(SPEECH_DBFS) / speech_rms(samples)
    return (samples * gain).astype(np.float32)


def amplitude(level_db: float) -> float:
    """Return the RMS of a level in dBFS."""
    return float(10 ** (level_db / 20))


def stretches(samples: Samples) -> list[tuple[float, float]]:
    """Return start and end of each stretch of speech in seconds, with short pauses bridged."""
    frame_seconds = FRAME_SAMPLES / SAMPLE_RATE
    found: list[tuple[float, float]] = []
    for frame in np.flatnonzero(loud_frames(samples)).tolist():
        start, stop = frame * frame_seconds, (frame + 1) * frame_seconds
        if found and start - found[-1][1] < BRIDGED_SECONDS:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return found

"""Whisper's spectrogram, compared with its definition, and its properties."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hwaja.engines.ctranslate2.mel import HOP_SAMPLES, SILENCE_BELOW_PEAK, log_mel
from hwaja.protocol.audio import SAMPLE_RATE

Array = NDArray[np.float64]


def noise(samples: int) -> NDArray[np.float32]:
    return np.random.default_rng(samples).uniform(-0.5, 0.5, samples).astype(np.float32)


def tone(hz: float) -> NDArray[np.float32]:
    seconds = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    return (0.5 * np.sin(2 * np.pi * hz * seconds)).astype(np.float32)


def hz_of(mel: float) -> float:
    """Slaney's scale, by its two formulas."""
    return mel * 200 / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)


def plainly(samples: NDArray[np.float32], frames: int, mels: int) -> Array:
    """The spectrogram by the formulas of the Fourier transform and of triangles, bin by bin."""
    behind = np.zeros(frames * HOP_SAMPLES + 400)
    heard = np.concatenate([samples[200:0:-1], samples, behind]).astype(np.float64)
    top = 15 + 27 * np.log(8) / np.log(6.4)
    edges = [hz_of(top * k / (mels + 1)) for k in range(mels + 2)]
    turns = np.outer(np.arange(201), np.arange(400)) / 400
    window = np.sin(np.pi * np.arange(400) / 400) ** 2
    bands = np.zeros((mels, frames))
    for frame in range(frames):
        cut = heard[frame * HOP_SAMPLES :][:400] * window
        power = np.abs(np.exp(-2j * np.pi * turns) @ cut) ** 2
        for band in range(mels):
            low, centre, high = edges[band : band + 3]
            for index, strength in enumerate(power):
                hz = index * 40
                if low < hz < high:
                    slope = (hz - low) / (centre - low), (high - hz) / (high - centre)
                    bands[band, frame] += strength * min(slope) * 2 / (high - low)
    log = np.log10(np.maximum(bands, 1e-10))
    return (np.maximum(log, log.max() - 8) + 4) / 4


@pytest.mark.parametrize("mels", [80, 128])
def test_the_spectrogram_equals_whispers_definition(mels: int) -> None:
    found = log_mel(noise(1234), mels)
    np.testing.assert_allclose(found, plainly(noise(1234), found.shape[1], mels), atol=1e-3)


@pytest.mark.parametrize("samples", [400, 1000, 1159, 1160, 1161, 16_000])
def test_the_last_frame_is_the_last_one_that_contains_audio(samples: int) -> None:
    frames = log_mel(noise(samples), 80).shape[1]
    last_begins = (frames - 1) * HOP_SAMPLES - 200
    assert last_begins < samples <= last_begins + HOP_SAMPLES


def test_a_higher_tone_is_in_a_higher_band() -> None:
    bands = [int(log_mel(tone(hz), 80)[:, 50].argmax()) for hz in (200, 400, 1000, 2000, 6000)]
    assert bands == sorted(set(bands))


def test_silence_is_limited_below_the_peak_as_in_training() -> None:
    half = np.concatenate([tone(440)[:8000], np.zeros(8000, np.float32)])
    mel = log_mel(half, 80)
    np.testing.assert_allclose(mel[:, -10:], mel.max() - SILENCE_BELOW_PEAK, atol=1e-5)


def test_digital_silence_has_a_finite_spectrogram() -> None:
    assert np.ptp(log_mel(np.zeros(1600, np.float32), 80)) == 0

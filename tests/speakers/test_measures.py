"""Measurements of a take without a model."""

import math

import clips
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwaja.engines.interface import Embeddings
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.speakers.measures import agreement, clipped_share, snr_db

TONE = 0.5 * np.sin(np.arange(SAMPLE_RATE, dtype=np.float32) * 0.3)


@pytest.mark.parametrize(("noise_dbfs", "expected"), [(-60.0, 30.0), (-40.0, 9.5)])
def test_the_signal_to_noise_ratio_leaves_the_noise_out_of_the_speech(
    noise_dbfs: float, expected: float
) -> None:
    """The frames of speech at -30 dBFS contain the noise as well."""
    assert snr_db([noise_dbfs] * 10 + [-30.0] * 90, -30.0) == pytest.approx(expected, abs=0.1)


def test_the_signal_to_noise_ratio_of_a_take_as_loud_in_its_pauses_is_at_most_0_db() -> None:
    assert snr_db([-30.0] * 50, -30.0) <= 0


def test_the_clipped_share_counts_full_scale_samples() -> None:
    clipped = clips.pcm16(4 * TONE)
    assert clipped_share(clips.pcm16(TONE)) == 0
    assert clipped_share(clipped) == pytest.approx(2 / 3, abs=0.01)  # a sine beyond 30 degrees


def windows_of(*voices: int, noise: float, seed: int = 0) -> Embeddings:
    """Return windows, shape (n, 64): one of 64 voices in each, plus noise.

    Neighbouring windows share two thirds of their audio, and thus of their noise.
    """
    fresh = np.random.default_rng(seed).standard_normal((len(voices) + 2, 64)) / 8
    shared = (fresh[:-2] + fresh[1:-1] + fresh[2:]) / math.sqrt(3)
    return (np.eye(64)[list(voices)] + noise * shared).astype(np.float32)


@settings(deadline=None)
@given(st.integers(16, 190), st.floats(0.2, 1.2), st.integers(0, 10))
def test_one_voice_agrees_with_itself_at_any_length_and_noise(
    count: int, noise: float, seed: int
) -> None:
    """The minimum of many cosines falls with their number. The agreement does not."""
    assert agreement(windows_of(*[0] * count, noise=noise, seed=seed)) > 0.6


@settings(deadline=None)
@given(
    st.integers(40, 190),
    st.sampled_from([(0.6,), (0.35,), (0.3, 0.7), (0.2, 0.45, 0.75)]),
    st.floats(0.2, 1.2),
)
def test_another_voice_in_a_third_of_the_take_lowers_the_agreement(
    count: int, changes: tuple[float, ...], noise: float
) -> None:
    """The other voice speaks after the first one, in the middle of it, or in turns."""
    voices = [sum(k >= share * count for share in changes) % 2 for k in range(count)]
    assert agreement(windows_of(*voices, noise=noise)) < 0.65


def test_windows_of_noise_do_not_count_as_another_voice() -> None:
    """They are between the windows of the voice, and their embeddings have a small norm."""
    windows = windows_of(*[0] * 30, *[0, 5] * 15, noise=0.4)
    assert agreement(windows) < 0.75
    windows[31::2] *= 0.3
    assert agreement(windows) > 0.9


def test_the_parts_of_a_short_take_are_not_less_alike_by_chance() -> None:
    def mean_agreement(count: int) -> float:
        takes = (windows_of(*[0] * count, noise=1.2, seed=seed) for seed in range(40))
        return float(np.mean([agreement(take) for take in takes]))

    assert mean_agreement(18) >= mean_agreement(32)


@pytest.mark.parametrize("norm", [1e-12, 1.0, 1e12])
def test_embeddings_of_very_unequal_norms_have_an_agreement(norm: float) -> None:
    windows = windows_of(*[0] * 20, noise=0.6)
    windows[:10] *= norm
    assert 0.5 < agreement(windows) <= 1


@pytest.mark.parametrize("count", [1, 2, 5, 15])
def test_a_take_too_short_for_two_parts_has_full_agreement(count: int) -> None:
    assert agreement(windows_of(*range(count), noise=0.5)) == 1

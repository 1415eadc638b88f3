"""What is measured of a take without a model."""

import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st

import clips
from hwaja.engine import Samples
from hwaja.enrolment.measures import (
    MAX_PARTS,
    PART_SECONDS,
    clipped_share,
    is_format_suspect,
    parts,
    snr_db,
)
from hwaja.gate import SAMPLE_RATE

TONE = 0.5 * np.sin(np.arange(SAMPLE_RATE, dtype=np.float32) * 0.3)


@pytest.mark.parametrize(("noise_dbfs", "expected"), [(-60.0, 30.0), (-40.0, 9.5)])
def test_speech_stands_out_of_the_pauses_by_its_own_power(
    noise_dbfs: float, expected: float
) -> None:
    """Loud frames at -30 dBFS hold the noise as well."""
    assert snr_db([noise_dbfs] * 10 + [-30.0] * 90, -30.0) == pytest.approx(expected, abs=0.1)


def test_a_take_that_is_as_loud_in_its_pauses_has_no_signal_to_speak_of() -> None:
    assert snr_db([-30.0] * 50, -30.0) <= 0


def test_the_share_of_full_scale_samples_is_what_was_clipped() -> None:
    clipped = np.clip(TONE * 4, -1, 32767 / 32768).astype(np.float32)
    assert clipped_share(TONE) == 0
    assert clipped_share(clipped) == pytest.approx(2 / 3, abs=0.01)  # of a sine, beyond 30 degrees


@given(st.integers(1, 30 * SAMPLE_RATE))
def test_the_parts_of_a_take_reach_from_its_first_sample_to_its_last(samples: int) -> None:
    found = parts(samples)
    assert (found[0][0], found[-1][1]) == (0, samples)
    assert 1 <= len(found) <= MAX_PARTS
    assert {stop - start for start, stop in found} == {
        min(samples, round(PART_SECONDS * SAMPLE_RATE))
    }


def at(rate: int, speech: Samples) -> Samples:
    """Speech as a client sends it that captures at `rate` and does not resample."""
    return soxr.resample(speech, SAMPLE_RATE, rate).astype(np.float32)


@pytest.mark.models
@pytest.mark.parametrize("name", ["beckett", "two_cities"])
def test_another_rate_and_two_channels_are_suspected_and_real_speech_is_not(name: str) -> None:
    speech = clips.samples(clips.part(name, 0, 6))
    telephone = soxr.resample(at(8000, speech), 8000, SAMPLE_RATE).astype(np.float32)
    assert [is_format_suspect(at(rate, speech)) for rate in (44_100, 48_000)] == [True, True]
    assert is_format_suspect(np.repeat(speech, 2))
    assert not is_format_suspect(speech)
    assert not is_format_suspect(telephone)


@pytest.mark.parametrize("samples", [0, 1, 100, 2000])
def test_silence_and_almost_nothing_is_no_other_format(samples: int) -> None:
    assert not is_format_suspect(np.zeros(samples, np.float32))

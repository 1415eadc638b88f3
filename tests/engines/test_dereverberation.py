"""Late reverberation is removed from an utterance, and little else."""

import clips
import numpy as np
import pytest
import rooms

from hwaja.engines.dereverberation import without_reverberation
from hwaja.engines.interface import Samples


def power(samples: Samples) -> float:
    return float(np.mean(samples.astype(np.float64) ** 2))


@pytest.mark.parametrize("seed", range(3))
def test_speech_in_a_bare_room_loses_a_third_of_its_reverberation(seed: int) -> None:
    dry = clips.samples(clips.part("two_cities", 1, 6))
    wet = rooms.reverberant(dry, seed)
    assert power(without_reverberation(wet) - dry) < 0.67 * power(wet - dry)


@pytest.mark.parametrize("clip", ["two_cities", "beckett"])
def test_speech_without_reverberation_stays_as_it_is_but_for_a_thirtieth(clip: str) -> None:
    dry = clips.samples(clips.part(clip, 0, 5))
    assert power(without_reverberation(dry) - dry) < power(dry) / 30


@pytest.mark.parametrize("count", [1, 127, 512, 513, 16_001])
def test_the_audio_keeps_its_length_and_silence_stays_silent(count: int) -> None:
    silence = np.zeros(count, np.float32)
    found = without_reverberation(silence)
    assert found.shape == silence.shape
    assert found.dtype == np.float32
    assert not found.any()
    assert np.isfinite(without_reverberation(np.ones(count, np.float32))).all()


def test_the_audio_it_is_given_is_not_changed_and_not_returned() -> None:
    speech = clips.samples(clips.part("two_cities", 1, 3))
    before = speech.copy()
    assert not np.shares_memory(without_reverberation(speech), speech)
    np.testing.assert_array_equal(speech, before)

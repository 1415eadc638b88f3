"""Audio in another format is named, and PCM16 never is."""

from collections.abc import Callable

import numpy as np
import pytest
import soxr
from scipy.signal import lfilter

from hwaja.doctor.babble import babble
from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import AudioFormat
from hwaja.vad.audio_format import EXAMINED_SAMPLES, Words, format_of_take, suspected_format
from hwaja_bench.speech.wrong_formats import SENDERS, at_rate, pcm16

SPEECH = [babble(8, seed) for seed in range(3)]


def words_of(data: bytes) -> Words:
    """Audio as the server takes it, without its first half second."""
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2")[8000:][:EXAMINED_SAMPLES]


@pytest.mark.parametrize("name", SENDERS)
def test_each_wrong_format_is_detected(name: str) -> None:
    expected, send = SENDERS[name]
    assert {suspected_format(words_of(send(speech))) for speech in SPEECH} == {expected}


def taken(data: bytes) -> Words:
    """A take as the server reads it."""
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2")


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_voice_at_a_much_higher_rate_is_detected(rate: int) -> None:
    for speech in SPEECH:
        assert format_of_take(taken(at_rate(rate)(speech))) is AudioFormat.HIGHER_RATE


@pytest.mark.parametrize("name", ["float32", "unsigned 16 bit", "stereo, both the same"])
def test_a_wrong_format_is_detected_wherever_in_the_take_somebody_speaks(name: str) -> None:
    expected, send = SENDERS[name]
    take = np.zeros(12 * SAMPLE_RATE, np.float32)
    take[5 * SAMPLE_RATE : 9 * SAMPLE_RATE] = SPEECH[0][8000:][: 4 * SAMPLE_RATE]
    assert format_of_take(taken(send(take))) is expected


def noise(count: int) -> Samples:
    return np.random.default_rng(0).standard_normal(count).astype(np.float32)


def telephone(speech: Samples) -> Samples:
    return np.asarray(soxr.resample(soxr.resample(speech, SAMPLE_RATE, 8000), 8000, SAMPLE_RATE))


REAL: dict[str, Callable[[Samples], Samples]] = {
    "as it is": lambda speech: speech,
    "very quiet": lambda speech: speech * 0.003,
    "telephone": telephone,
    "in noise": lambda speech: speech + 0.05 * noise(len(speech)),
    "clipped": lambda speech: np.clip(speech * 30, -1, 1),
    "clipped beyond recognition": lambda speech: np.clip(speech * 1e5, -1, 1),
    "on an offset": lambda speech: speech + 0.3,
    "thin": lambda speech: np.append(np.diff(speech), np.float32(0)),
    "noise": lambda speech: 0.1 * noise(len(speech)),
    "a cymbal": lambda speech: lfilter([1, -2, 1], [1, 1.2, 0.5], 0.05 * noise(len(speech))),
    "a deep tone": lambda speech: 0.3 * np.sin(np.arange(len(speech)) * 0.05),
    "a whistle": lambda speech: 0.3 * np.sin(np.arange(len(speech)) * 3.1),
    "speech and a whistle": lambda speech: speech + 0.2 * np.sin(np.arange(len(speech)) * 3.1),
    "next to nothing": lambda speech: noise(len(speech)) / 32768,
    "nothing": np.zeros_like,
}


@pytest.mark.parametrize("name", REAL)
def test_pcm16_is_never_reported_as_another_format(name: str) -> None:
    for speech in SPEECH:
        assert suspected_format(words_of(pcm16(REAL[name](speech)).tobytes())) is None


def test_values_that_are_almost_all_zero_do_not_count_as_sound() -> None:
    """So real speech on an offset of 0.3 or 0.4 of full scale has been read once in 172 takes."""
    reals = 1e-9 * noise(EXAMINED_SAMPLES // 2)
    reals[:3000] = 0.3 * np.sin(np.arange(3000) * 0.05)
    assert suspected_format(reals.astype("<f4").view(np.int16)) is None


@pytest.mark.parametrize("name", ["as it is", "telephone", "in noise", "thin", "next to nothing"])
def test_a_take_at_16_khz_is_not_reported_as_another_rate(name: str) -> None:
    for speech in SPEECH:
        assert format_of_take(taken(pcm16(REAL[name](speech)).tobytes())) is None


@pytest.mark.parametrize("samples", [0, 1, 2, 100, 4000, EXAMINED_SAMPLES, 2 * EXAMINED_SAMPLES])
def test_near_silence_and_silence_are_no_other_format(samples: int) -> None:
    assert suspected_format(np.zeros(samples, np.int16)) is None
    assert format_of_take(np.zeros(samples, np.int16)) is None

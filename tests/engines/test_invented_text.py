"""The default recogniser, with fallback and filter, gives texts of speech and none of sounds."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import clips
import numpy as np
import pytest
from scipy.signal import lfilter
from speech_texts import SPEECH

from hwaja.client.sound_files import load_pcm16
from hwaja.doctor.babble import babble
from hwaja.engines.ctranslate2 import fallback
from hwaja.engines.ctranslate2.whisper import WhisperRecognizer
from hwaja.engines.interface import Samples, Utterance, to_float32
from hwaja.engines.texts.hallucination_filter import ROLLS_SECONDS
from hwaja.engines.texts.repeats import may_count
from hwaja.models import locate
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options

pytestmark = pytest.mark.models

ESPEAK = shutil.which("espeak-ng")


@pytest.fixture(scope="module")
def ours() -> WhisperRecognizer:
    return WhisperRecognizer(locate("whisper-base"), "ko")


def text_of(ours: WhisperRecognizer, sound: Samples, language: str = "ko") -> str:
    """The text of a sound that VAD takes for speech from end to end."""
    roll = np.zeros(round(ROLLS_SECONDS / 2 * SAMPLE_RATE), np.float32)
    utterance = np.concatenate([roll, sound, roll]).astype(np.float32)
    seconds = len(sound) / SAMPLE_RATE
    return fallback.recognise(ours, Utterance(utterance, Options(language)), seconds).text


def at_level(sound: Samples, dbfs: float) -> Samples:
    return np.asarray(sound * 10 ** (dbfs / 20) / np.std(sound), np.float32)


def times(seconds: float) -> Samples:
    return np.arange(round(seconds * SAMPLE_RATE), dtype=np.float32) / SAMPLE_RATE


def resonant(sound: Samples, hertz: float, width_hertz: float = 120) -> Samples:
    radius, angle = np.exp(-np.pi * width_hertz / SAMPLE_RATE), 2 * np.pi * hertz / SAMPLE_RATE
    return np.asarray(lfilter([1], [1, -2 * radius * np.cos(angle), radius**2], sound))


def chord(seconds: float) -> Samples:
    tones = [
        np.sin(2 * np.pi * k * hertz * times(seconds)) / k
        for hertz in (220.0, 174.6, 261.6)
        for k in range(1, 13)
    ]
    return np.asarray(sum(tones) * 10 ** -times(seconds))


def breath(seconds: float) -> Samples:
    air = np.random.default_rng(1).standard_normal(len(times(seconds)))
    return np.asarray(resonant(resonant(air, 600), 1500) * np.hanning(len(air)))


def hum(seconds: float) -> Samples:
    buzz = 2 * (120 * times(seconds) % 1) - 1
    return np.asarray(resonant(resonant(buzz, 500), 1400) * np.hanning(len(buzz)) ** 0.5)


def crowd(seconds: float, seeds: Iterable[int] = range(5)) -> Samples:
    return np.asarray(sum(babble(seconds, seed).astype(np.float64) for seed in seeds))


@pytest.mark.parametrize("dbfs", [-45, -20])
@pytest.mark.parametrize("sound", [chord(0.6), chord(3), breath(0.4), hum(0.3), hum(1.5), crowd(5)])
def test_a_sound_gives_no_text(sound: Samples, dbfs: float, ours: WhisperRecognizer) -> None:
    assert text_of(ours, at_level(sound, dbfs)) == ""


@pytest.mark.parametrize("first_seed", [44, 60, 112])
def test_of_babble_no_numbers_are_written(first_seed: int, ours: WhisperRecognizer) -> None:
    text = text_of(ours, at_level(crowd(5, range(first_seed, first_seed + 4)), -20))
    assert not may_count(text)


@pytest.mark.skipif(ESPEAK is None, reason="espeak-ng is not installed here")
def test_numbers_that_are_counted_aloud_are_written(
    ours: WhisperRecognizer, tmp_path: Path
) -> None:
    counted = tmp_path / "counted.wav"
    said = "one, two, three, four, five, six, seven, eight, nine, ten"
    subprocess.run([str(ESPEAK), "-v", "en", "-s", "130", "-w", counted, said], check=True)
    aloud = to_float32(np.frombuffer(load_pcm16(counted), np.int16))
    assert may_count(text_of(ours, aloud, "en"))


@pytest.mark.parametrize("start_seconds", [1.0, 17.0, 21.0])
def test_speech_in_noise_of_5_db_gives_text(start_seconds: float, ours: WhisperRecognizer) -> None:
    speech = clips.samples(clips.part("two_cities", start_seconds, start_seconds + 2.5))
    noise = np.random.default_rng(0).standard_normal(len(speech))
    noisy = speech + at_level(noise, 20 * np.log10(np.std(speech)) - 5)
    assert text_of(ours, noisy, "en") != ""


def test_a_word_from_afar_gives_text(ours: WhisperRecognizer) -> None:
    word = clips.samples(clips.part("two_cities", 1.0, 1.7))
    assert text_of(ours, at_level(word, -45), "en") != ""


def test_words_said_three_times_are_written_three_times(ours: WhisperRecognizer) -> None:
    words = clips.samples(clips.part("beckett", 4.4, 5.9))
    pause = np.zeros(round(0.2 * SAMPLE_RATE), np.float32)
    text = text_of(ours, np.concatenate([words, pause] * 3), "en").lower()
    once = text_of(ours, words, "en").lower().strip(" .!?,")
    assert text.count(once) == 3


def test_a_sentence_that_a_beam_writes_twice_is_in_the_text_as_often_as_it_was_said(
    ours: WhisperRecognizer,
) -> None:
    clip = SPEECH / "emotiontts" / "pmd" / "pmd00005.flac"
    if not clip.is_file():
        pytest.skip(f"needs {clip}")
    sentence = to_float32(np.frombuffer(load_pcm16(clip), np.int16))
    pause = np.zeros(SAMPLE_RATE // 4, np.float32)
    for times_said in (1, 2):
        audio = np.concatenate([sentence, pause] * times_said)
        found = fallback.recognise(ours, Utterance(audio), len(audio) / SAMPLE_RATE)
        assert found.text.count("언제") == times_said

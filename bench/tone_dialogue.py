"""A dialogue that the tone model understands: its text and the time of each word are known."""

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from corpus import PAUSE_SECONDS, Pcm
from hwaja.client.sound_files import load_pcm16, to_pcm16
from hwaja.models import locate
from hwaja.models.tones import TONE_SECONDS, spoken
from hwaja.protocol.audio import SAMPLE_RATE

BACKGROUND = 0.3
"""Level of the English clip behind the tones, so that the detector hears somebody speak."""

_SPEECH_SECONDS = (1.2, 4.8)  # of the clip, without a pause


@dataclass(frozen=True)
class Sentence:
    """One utterance."""

    pcm: Pcm
    text: str
    word_ends_seconds: tuple[float, ...]
    """When each tone ends, from the first sample of the stream."""


def sentences(count: int, seed: int, words: tuple[int, int] = (4, 9)) -> list[Sentence]:
    """Return utterances of random tones, one after the other with pauses behind them."""
    random = np.random.default_rng(seed)
    made = []
    at_seconds = 0.0
    for _ in range(count):
        said = spoken(random.integers(0, 8, random.integers(*words)).tolist())
        mixed = said.samples + BACKGROUND * np.resize(_speech(*_SPEECH_SECONDS), len(said.samples))
        whole = np.concatenate([mixed, np.zeros(round(PAUSE_SECONDS * SAMPLE_RATE))])
        ends = tuple(at_seconds + start + TONE_SECONDS for start in said.start_seconds)
        made.append(Sentence((whole * 32767).astype(np.int16), said.text, ends))
        at_seconds += len(whole) / SAMPLE_RATE
    return made


def voices() -> tuple[bytes, bytes]:
    """Return two voices to enrol; the second is made deeper, as the clips are one person's."""
    first = load_pcm16(locate("english-clips") / "beckett.wav")
    second = to_pcm16(soxr.resample(_speech(1, 5), 9, 10))
    seconds = 2 * SAMPLE_RATE  # bytes in one
    return first[: 4 * seconds], second


def _speech(*span_seconds: float) -> NDArray[np.float64]:
    clip = np.frombuffer(load_pcm16(locate("english-clips") / "two_cities.wav"), "<i2")
    start, stop = (round(seconds * SAMPLE_RATE) for seconds in span_seconds)
    return clip[start:stop] / 32768

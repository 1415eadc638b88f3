"""Synthesises random syllables that cost a recogniser as much as real speech.

The synthesis follows speech production: a buzz with a melody, filtered by resonances that glide
from vowel to vowel (Klatt's cascade, computed for each harmonic), with stops, fricatives and nasals
between. So recognisers find words in it. For noise they write nothing, and for plain tones one
endless word. Neither costs as much as speech.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE

PEAK = 0.3
"""Level of the loudest sample, as in close speech."""

_Track = NDArray[np.float64]

_SYLLABLE_SECONDS = (0.15, 0.24)  # five syllables a second, as in calm speech
_PITCH_HZ = 200.0
_PAUSE_SECONDS = 0.25  # silence at either end

_VOWELS_HZ = np.array(
    [
        (800, 1300, 2500),  # ㅏ
        (300, 2300, 3000),  # ㅣ
        (330, 900, 2300),  # ㅜ
        (400, 800, 2500),  # ㅗ
        (500, 1900, 2600),  # ㅔ
        (600, 1000, 2500),  # ㅓ
        (350, 1400, 2400),  # ㅡ
    ]
)
"""The first three formants of each vowel, rounded from textbooks, not from a person's voice."""

_HIGH_FORMANTS_HZ = (3600, 4600)  # the same for all vowels
_WIDTHS_HZ = (70, 90, 140, 220, 300)
_HIGHEST_HARMONIC_HZ = 7000


@dataclass(frozen=True, slots=True)
class _Speech:
    """Articulation for each sample."""

    formants_hz: _Track
    """Formant frequencies, shape (n, 3)."""
    voicing: _Track
    """Amplitude of the voice, shape (n,)."""
    friction: _Track
    """Amplitude of consonant noise, shape (n,)."""


def babble(seconds: float, seed: int) -> Samples:
    """Return `seconds` of syllables. The seed determines the syllables."""
    random = np.random.default_rng(seed)
    pause = np.zeros(round(_PAUSE_SECONDS * SAMPLE_RATE))
    length = round(seconds * SAMPLE_RATE) - 2 * len(pause)
    speech = _articulated(length, random)
    noise = np.diff(random.normal(size=length + 1)) / 3  # brighter than white noise
    sound = _voice(speech.formants_hz) * speech.voicing + 0.3 * noise * speech.friction
    at_seconds = np.arange(length) / SAMPLE_RATE
    sound *= np.clip(np.minimum(at_seconds, at_seconds[::-1]) / 0.05, 0, 1)
    padded = np.concatenate([pause, sound, pause])
    padded += 0.0005 * random.normal(size=len(padded))  # background noise of a room
    return np.asarray(PEAK * padded / np.abs(padded).max(), np.float32)


def _articulated(length: int, random: np.random.Generator) -> _Speech:
    """Return the articulation of consecutive syllables: an optional consonant, then a vowel."""
    voicing, friction = np.ones(length), np.zeros(length)
    moments: list[float] = []
    targets: list[_Track] = []
    start = 0
    while start < length:
        span = round(random.uniform(*_SYLLABLE_SECONDS) * SAMPLE_RATE)
        vowel = _VOWELS_HZ[random.integers(len(_VOWELS_HZ))]
        moments += [start + 0.35 * span, start + 0.8 * span]
        targets += [vowel, vowel]
        stop = min(start + span, length)
        share = np.arange(stop - start) / span
        match random.integers(4):
            case 0:  # a stop: silence, then a burst
                voicing[start:stop] = np.clip((share - 0.28) / 0.08, 0, 1)
                friction[start:stop] = 0.5 * np.exp(-(((share - 0.26) / 0.04) ** 2))
            case 1:  # a fricative
                voicing[start:stop] = np.clip((share - 0.35) / 0.12, 0, 1)
                friction[start:stop] = 0.35 * np.exp(-(((share - 0.17) / 0.12) ** 2))
            case 2:  # a nasal
                voicing[start:stop] = 0.3 + 0.7 * np.clip((share - 0.25) / 0.1, 0, 1)
        start = stop
    at = np.arange(length)
    formants = [np.interp(at, moments, [target[k] for target in targets]) for k in range(3)]
    return _Speech(np.stack(formants, axis=1), voicing, friction)


def _voice(formants_hz: _Track) -> _Track:
    """Return the voice: a buzz with falling pitch, as in a statement, through the resonances."""
    at_seconds = np.arange(len(formants_hz)) / SAMPLE_RATE
    fall = 1.15 - 0.3 * np.linspace(0, 1, len(at_seconds))
    pitch_hz = _PITCH_HZ * fall * (1 + 0.05 * np.sin(2 * np.pi * 2.3 * at_seconds))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
    resonances_hz = [*formants_hz.T, *_HIGH_FORMANTS_HZ]
    sound = np.zeros(len(at_seconds))
    for harmonic in range(1, int(_HIGHEST_HARMONIC_HZ / _PITCH_HZ)):
        hertz = harmonic * pitch_hz
        power = np.full(len(hertz), 1 / harmonic**2)
        for centre_hz, width_hz in zip(resonances_hz, _WIDTHS_HZ, strict=True):
            power /= (1 - (hertz / centre_hz) ** 2) ** 2 + (hertz * width_hz / centre_hz**2) ** 2
        sound += np.sqrt(power) * np.sin(harmonic * phase)
    sound /= np.abs(sound).max()
    return sound

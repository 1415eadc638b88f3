"""Guesses the format of audio that should be PCM16, mono, at 16 kHz.

Bytes read in the wrong format give noise: neighbouring samples are not correlated. Bytes read in
the right format give a smooth signal. So this module reads the audio in each format that clients
send by mistake. It names a format if the steps between its samples are far smaller than those of
PCM16. A wrong reading never makes PCM16 audio smoother. bench/RESULTS.md lists the formats that
are detected, and the formats that were never reported for a real recording.
"""

import math
from collections.abc import Iterator

import numpy as np
import numpy.fft  # NumPy itself would load it during an enrolment
from numpy.typing import NDArray

from hwaja.audio.g711 import A_LAW, MU_LAW
from hwaja.engines.interface import Pcm16
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import AudioFormat

Words = Pcm16
"""Audio as received. It may have another format than PCM16."""

_Reals = NDArray[np.float64]

EXAMINED_SAMPLES = 2 * SAMPLE_RATE
"""How much audio is examined. All audio of a client has one format, so more audio would show the
same."""

_GAIN_DB = 10.0
"""A reading counts if its steps are smaller than those of PCM16 by at least this much. In PCM16
audio, no reading has steps that are more than 4 dB smaller."""
_SMOOTHNESS = 0.3
"""From this correlation of neighbouring samples on, a reading is sound. Below, it is noise."""
_LEVEL_DBFS = -50.0
"""Quieter audio is not judged."""
_LEAST_SAMPLES = 3200
"""Shorter audio (0.2 s) is not judged."""
_MOST_PARTS = 5
"""At most this many evenly spread parts of an enrolment are examined: a part without speech does
not show the format."""
_FAINTEST, _FAINT_SHARE = 2.0**-24, 0.3
"""In a float reading that is sound, less than the share `_FAINT_SHARE` of the samples is fainter
than `_FAINTEST` times the loudest sample."""
_CLIPPED_SHARE = 0.05
"""Audio is not judged if this share of its samples lies at each end of the scale. A few values read
as bytes can look like any format."""

_UNLIKE_POWERS = 1.5
"""Ratio of the powers of even and odd words above which one of them is a silent channel or half a
sample. It is at most 1.2 in PCM16 audio."""
_LIKE_STEPS = 0.6
"""Ratio of the even and odd steps below which every other step lies between two channels. It is at
least 0.8 in PCM16 audio, and 0 if both channels are equal."""
_CHANNEL_GAIN_DB = 5.0
"""Steps within a channel are this much smaller than those between channels. In PCM16 audio they are
at most 2 dB smaller."""
_FOLD_DB = 6.0
"""The spectrum of two nearly independent channels differs by less than this from its mirror image
about 4 kHz. Spectra of voices differ by 5 dB and more, most by 20."""

_VOICE_BAND_HZ = (100.0, 2600.0)
_UPPER_BAND_HZ = (3000.0, 7500.0)
_EMPTY_BAND_DB = 44.0
"""The rate is higher if the upper band lies this far below the voice band. The difference is at
most 29 dB in 280 real enrolments, at most 37 dB in the same enrolments as a telephone would carry
them, and at least 55 dB if they were sent at 44.1 or 48 kHz."""


def format_of_take(words: Words) -> AudioFormat | None:
    """Return the format, or the higher rate, that the audio of an enrolment seems to have.

    Args:
        words: the audio, read as PCM16 at 16 kHz.

    Returns:
        None: it seems to be PCM16, mono, at 16 kHz, or is too short or too quiet to judge.

    """
    if len(words) < _LEAST_SAMPLES:
        return None
    spare = max(0, len(words) - EXAMINED_SAMPLES)
    starts = np.linspace(0, spare, min(_MOST_PARTS, 1 + math.ceil(spare / EXAMINED_SAMPLES)))
    parts = [words[start : start + EXAMINED_SAMPLES] for start in starts.astype(int)]
    found = (suspected_format(part) for part in parts)
    named = next(filter(None, found), None)
    return named or _suspected_rate(max(parts, key=lambda part: _Reading(part).power))


def is_loud(words: Words) -> bool:
    """Return whether audio of any format is loud enough to judge."""
    return _Reading(words).is_loud


def suspected_format(words: Words) -> AudioFormat | None:
    """Return the format that about 2 s of audio seem to have.

    None: it may be PCM16, mono. Rates are not judged here, see `format_of_take`.
    """
    if len(words) < _LEAST_SAMPLES or _is_clipped(words):
        return None
    plain = _Reading(words)
    with np.errstate(all="ignore"):  # bytes that are no floats may give any value
        found = [(plain.gain_db(_Reading(samples)), name) for name, samples in _readings(words)]
    gain_db, name = max(found)
    return name if gain_db >= _GAIN_DB else _suspected_pairs(words, plain)


class _Reading:
    """Measures how smooth at least two samples are."""

    def __init__(self, samples: NDArray[np.generic]) -> None:
        reals = samples.astype(np.float64)
        self.power = float(np.var(reals))
        self.steps = float(np.mean(np.diff(reals) ** 2))

    @property
    def is_loud(self) -> bool:
        return self.power >= 32768**2 * 10 ** (_LEVEL_DBFS / 10)

    @property
    def is_sound(self) -> bool:
        return self.is_loud and 1 - self.steps / self.power / 2 >= _SMOOTHNESS

    def gain_db(self, other: "_Reading") -> float:
        """Return by how many dB the steps of `other` are smaller; minus infinity if it is noise."""
        return 10 * float(np.log10(self.steps / other.steps)) if other.is_sound else -np.inf


def _is_clipped(words: Words) -> bool:
    shares = [np.mean(words == end) for end in (-32768, 32767)]
    return bool(min(shares) >= _CLIPPED_SHARE)


def _readings(words: Words) -> Iterator[tuple[AudioFormat, NDArray[np.generic]]]:
    """Yield the audio as read in each format, on the scale of PCM16."""
    data = words.view(np.uint8)
    yield AudioFormat.BIG_ENDIAN, words.byteswap()
    yield AudioFormat.SHIFTED, data[1:-1].copy().view(np.int16)
    yield AudioFormat.UINT16, words ^ np.int16(-32768)
    yield AudioFormat.UINT8, (data.astype(np.float64) - 128) * 256
    yield AudioFormat.MU_LAW, MU_LAW[data]
    yield AudioFormat.A_LAW, A_LAW[data]
    for place in range(3):  # the upper two bytes of every other sample form one word
        yield AudioFormat.INT24, words[place::3]
    for name, kind in ((AudioFormat.FLOAT32, np.float32), (AudioFormat.FLOAT64, np.float64)):
        size = np.dtype(kind).itemsize // 2
        for place in range(size):
            count = (len(words) - place) // size * size
            reals = words[place : place + count].copy().view(kind).astype(np.float64)
            sizes = np.abs(reals)
            loudest = sizes.max(initial=0)
            is_faint = (sizes > 0) & (sizes < loudest * _FAINTEST)
            if loudest <= 2**20 and np.mean(is_faint) < _FAINT_SHARE:  # false for NaN
                yield name, reals if loudest > 64 else reals * 32768  # some scale to 16 bits


def _suspected_rate(words: Words) -> AudioFormat | None:
    """Return `HIGHER_RATE` if a voice seems to be recorded at 44.1 or 48 kHz.

    The part of the voice up to 8 kHz then lies below 3 kHz, with little above it. Music may have
    such a spectrum as well.
    """
    if not is_loud(words):
        return None
    powers = _spectrum(words)
    low, high = (_band(powers, *band) for band in (_VOICE_BAND_HZ, _UPPER_BAND_HZ))
    return AudioFormat.HIGHER_RATE if high < low * 10 ** (-_EMPTY_BAND_DB / 10) else None


def _suspected_pairs(words: Words, plain: _Reading) -> AudioFormat | None:
    """Return the format if two words form one sample: halves of 32 bits, or two channels."""
    pairs = words[: len(words) // 2 * 2].reshape(-1, 2)
    even, odd = (_Reading(column) for column in pairs.T)
    gains_db = plain.gain_db(even), plain.gain_db(odd)
    if odd.is_sound and not even.is_sound and (even.power == 0 or gains_db[1] >= _GAIN_DB):
        return AudioFormat.INT32
    if even.is_sound and np.array_equal(pairs[:, 1], pairs[:, 0] >> 15):
        return AudioFormat.INT32  # 16-bit values, not scaled up: the upper word is only the sign
    weaker, stronger = sorted((even, odd), key=lambda reading: reading.power)
    is_unlike = stronger.is_sound and stronger.power > _UNLIKE_POWERS * weaker.power
    is_mixed = min(gains_db) >= _CHANNEL_GAIN_DB and _fold_db(words) < _FOLD_DB
    return AudioFormat.STEREO if is_unlike or is_mixed or _is_repeated(words) else None


def _is_repeated(words: Words) -> bool:
    """Return whether every other step between samples is small."""
    steps = np.diff(words.astype(np.float64)) ** 2
    means = steps[0::2].mean(), steps[1::2].mean()
    return bool(min(means) < _LIKE_STEPS * max(means))


def _fold_db(words: Words) -> float:
    """Return the mean difference, in dB, of the spectrum and its mirror image about 4 kHz."""
    bands_db = 10 * np.log10(_spectrum(words)[:256].reshape(32, 8).mean(axis=1) + 1)
    return float(np.mean(np.abs(bands_db - bands_db[::-1])))


def _spectrum(words: Words) -> _Reals:
    """Return the mean power of each of 257 bands, shape (257,), float64."""
    frames = words[: len(words) // 512 * 512].reshape(-1, 512) * np.hanning(512)
    return np.asarray(np.mean(np.abs(np.fft.rfft(frames, axis=1)) ** 2, axis=0))


def _band(powers: _Reals, low_hz: float, high_hz: float) -> float:
    bins = slice(*(round(hz * 512 / SAMPLE_RATE) for hz in (low_hz, high_hz)))
    return float(powers[bins].sum())


MAX_EXAMINATIONS = 10
"""How many windows of 2 s of loud audio are examined. After those, the audio has the right format,
or its format cannot be determined."""


class FormatWatch:
    """Names the wrong format of the audio of a transcription, at most once."""

    def __init__(self) -> None:
        self._words = np.zeros(EXAMINED_SAMPLES, np.int16)
        self._filled = 0
        self._examinations_left = 0

    def begin(self) -> None:
        """Overwrite earlier audio; examine the audio that follows."""
        self.forget()
        self._examinations_left = MAX_EXAMINATIONS

    def add(self, pcm: memoryview) -> AudioFormat | None:
        """Take the next audio; return the wrong format that it seems to have, if any.

        Args:
            pcm: int16 little-endian, in whole samples.

        """
        words = np.frombuffer(pcm, "<i2")
        while self._examinations_left and len(words):
            taken = words[: EXAMINED_SAMPLES - self._filled]
            self._words[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            words = words[len(taken) :]
            if self._filled == EXAMINED_SAMPLES:
                found = self._examine()
                if found is not None:
                    self._examinations_left = 0
                    return found
        return None

    def forget(self) -> None:
        """Overwrite earlier audio; examine no more."""
        self._words.fill(0)
        self._filled = self._examinations_left = 0

    def _examine(self) -> AudioFormat | None:
        found = suspected_format(self._words)
        self._examinations_left -= is_loud(self._words)
        self._words.fill(0)
        self._filled = 0
        return found

"""Which format audio seems to have that should be PCM16, mono, of 16 kHz.

Bytes that are read as what they are not give noise, in which neighbouring samples have nothing to
do with each other; read as what they are, they give a smooth sound. So audio is read in each of the
formats that clients send by mistake, and one is named where the steps between its samples are far
smaller than PCM16's. No sound that is PCM16 gets smoother by a wrong reading: bench/RESULTS.md has
what is told, and what was never told of a real recording.
"""

import math
from collections.abc import Iterator

import numpy as np
import numpy.fft  # NumPy itself would load it in the midst of a take
from numpy.typing import NDArray

from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import AudioFormat

Words = NDArray[np.int16]
"""Audio as it came, shape (n,), int16."""

_Reals = NDArray[np.float64]

EXAMINED_SAMPLES = 2 * SAMPLE_RATE
"""How much is looked at: all of it is in the format, so more would say the same."""

_GAIN_DB = 10.0
"""By how much the steps of another reading are smaller: 4 dB at most in what is PCM16."""
_SMOOTHNESS = 0.3
"""Correlation of neighbouring samples from which on a reading is a sound, not noise."""
_LEVEL_DBFS = -50.0
"""What is quieter is not judged."""
_LEAST_SAMPLES = 3200
"""0.2 s; less is not judged."""
_MOST_PARTS = 5
"""At parts of a take, evenly spread: where nobody speaks nothing can be told."""
_FAINTEST, _FAINT_SHARE = 2.0**-24, 0.3
"""Of real numbers that are sound few are fainter than this share of the loudest."""
_CLIPPED_SHARE = 0.05
"""Of samples at either end of the scale. A few values read as bytes can look like anything."""

_UNLIKE_POWERS = 1.5
"""Ratio of the powers of even and odd words, of which one is a channel without sound or half a
sample: 1.2 at most in what is PCM16."""
_LIKE_STEPS = 0.6
"""Ratio of every other step, of which one is between two channels: 0.8 at least in what is PCM16, 0
where both channels hold the same."""
_CHANNEL_GAIN_DB = 5.0
"""By how much the steps inside a channel are smaller than those across: 2 dB at most in PCM16."""
_FOLD_DB = 6.0
"""How far two channels that have little to do with each other differ from the mirror image, about 4
kHz, of their spectrum; voices differ by 5 dB and more, most by 20."""

_VOICE_BAND_HZ = (100.0, 2600.0)
_UPPER_BAND_HZ = (3000.0, 7500.0)
_EMPTY_BAND_DB = 44.0
"""How far the upper band lies below the voice: 29 dB at most in 280 real takes, 37 dB at most in
the same as a telephone would carry them, 55 dB at least where they were sent at 44.1 or 48 kHz."""


def format_of_take(samples: Samples) -> AudioFormat | None:
    """Return which format a take to enrol, shape (n,) as PCM16 gives it, seems to have, or rate."""
    if len(samples) < _LEAST_SAMPLES:
        return None
    words = (samples * 32768).astype(np.int16)
    spare = max(0, len(words) - EXAMINED_SAMPLES)
    starts = np.linspace(0, spare, min(_MOST_PARTS, 1 + math.ceil(spare / EXAMINED_SAMPLES)))
    parts = [words[start : start + EXAMINED_SAMPLES] for start in starts.astype(int)]
    try:
        found = (suspected_format(part) for part in parts)
        named = next(filter(None, found), None)
        return named or _suspected_rate(max(parts, key=lambda part: _Reading(part).power))
    finally:
        words.fill(0)


def is_loud(words: Words) -> bool:
    """Return whether there is sound in audio, whatever its format is."""
    return _Reading(words).is_loud


def suspected_format(words: Words) -> AudioFormat | None:
    """Return which format audio of about 2 s seems to have.

    None: nothing speaks against PCM16, mono. Rates are not told, see `format_of_take`.
    """
    if len(words) < _LEAST_SAMPLES or _is_clipped(words):
        return None
    plain = _Reading(words)
    with np.errstate(all="ignore"):  # what is no float may be any
        found = [(plain.gain_db(_Reading(samples)), name) for name, samples in _readings(words)]
    gain_db, name = max(found)
    return name if gain_db >= _GAIN_DB else _suspected_pairs(words, plain)


class _Reading:
    """How smooth samples are, at least two."""

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
        """Return by how much the steps of another reading are smaller; minus infinity for noise."""
        return 10 * float(np.log10(self.steps / other.steps)) if other.is_sound else -np.inf


def _is_clipped(words: Words) -> bool:
    shares = [np.mean(words == end) for end in (-32768, 32767)]
    return bool(min(shares) >= _CLIPPED_SHARE)


def _readings(words: Words) -> Iterator[tuple[AudioFormat, NDArray[np.generic]]]:
    """Yield audio as each of the formats reads it, on the scale of PCM16."""
    data = words.view(np.uint8)
    yield AudioFormat.BIG_ENDIAN, words.byteswap()
    yield AudioFormat.SHIFTED, data[1:-1].copy().view(np.int16)
    yield AudioFormat.UINT16, words ^ np.int16(-32768)
    yield AudioFormat.UINT8, (data.astype(np.float64) - 128) * 256
    yield AudioFormat.MU_LAW, MU_LAW[data]
    yield AudioFormat.A_LAW, A_LAW[data]
    for place in range(3):  # the upper two bytes of every other sample lie together
        yield AudioFormat.INT24, words[place::3]
    for name, kind in ((AudioFormat.FLOAT32, np.float32), (AudioFormat.FLOAT64, np.float64)):
        size = np.dtype(kind).itemsize // 2
        for place in range(size):
            count = (len(words) - place) // size * size
            reals = words[place : place + count].copy().view(kind).astype(np.float64)
            sizes = np.abs(reals)
            loudest = sizes.max(initial=0)
            is_faint = (sizes > 0) & (sizes < loudest * _FAINTEST)
            if loudest <= 2**20 and np.mean(is_faint) < _FAINT_SHARE:  # false for what is no number
                yield name, reals if loudest > 64 else reals * 32768  # some scale to 16 bits


def _suspected_rate(words: Words) -> AudioFormat | None:
    """Return whether a voice sounds like one that was recorded at 44.1 or 48 kHz.

    What it has up to 8 kHz then ends below 3 kHz, and little follows. Music may sound so as well.
    """
    if not is_loud(words):
        return None
    powers = _spectrum(words)
    low, high = (_band(powers, *band) for band in (_VOICE_BAND_HZ, _UPPER_BAND_HZ))
    return AudioFormat.HIGHER_RATE if high < low * 10 ** (-_EMPTY_BAND_DB / 10) else None


def _suspected_pairs(words: Words, plain: _Reading) -> AudioFormat | None:
    """Return what speaks for two words to a sample: the halves of 32 bits, or two channels."""
    pairs = words[: len(words) // 2 * 2].reshape(-1, 2)
    even, odd = (_Reading(column) for column in pairs.T)
    gains_db = plain.gain_db(even), plain.gain_db(odd)
    if odd.is_sound and not even.is_sound and (even.power == 0 or gains_db[1] >= _GAIN_DB):
        return AudioFormat.INT32
    if even.is_sound and np.array_equal(pairs[:, 1], pairs[:, 0] >> 15):
        return AudioFormat.INT32  # of 16 bits, not scaled up: above them there is only the sign
    weaker, stronger = sorted((even, odd), key=lambda reading: reading.power)
    is_unlike = stronger.is_sound and stronger.power > _UNLIKE_POWERS * weaker.power
    is_mixed = min(gains_db) >= _CHANNEL_GAIN_DB and _fold_db(words) < _FOLD_DB
    return AudioFormat.STEREO if is_unlike or is_mixed or _is_repeated(words) else None


def _is_repeated(words: Words) -> bool:
    """Return whether every other step is small."""
    steps = np.diff(words.astype(np.float64)) ** 2
    means = steps[0::2].mean(), steps[1::2].mean()
    return bool(min(means) < _LIKE_STEPS * max(means))


def _fold_db(words: Words) -> float:
    """Return how far the spectrum is, on average, from its mirror image about 4 kHz."""
    bands_db = 10 * np.log10(_spectrum(words)[:256].reshape(32, 8).mean(axis=1) + 1)
    return float(np.mean(np.abs(bands_db - bands_db[::-1])))


def _spectrum(words: Words) -> _Reals:
    """Return the mean power of 257 bands."""
    frames = words[: len(words) // 512 * 512].reshape(-1, 512) * np.hanning(512)
    return np.asarray(np.mean(np.abs(np.fft.rfft(frames, axis=1)) ** 2, axis=0))


def _band(powers: _Reals, low_hz: float, high_hz: float) -> float:
    bins = slice(*(round(hz * 512 / SAMPLE_RATE) for hz in (low_hz, high_hz)))
    return float(powers[bins].sum())


def _mu_law() -> _Reals:
    """Return what each byte stands for (ITU-T G.711, mu-law)."""
    bits = ~np.arange(256) & 0xFF
    magnitudes = (((bits & 15) << 3) + 132 << (bits >> 4 & 7)) - 132
    return np.where(bits & 0x80, -magnitudes, magnitudes).astype(np.float64)


def _a_law() -> _Reals:
    """Return what each byte stands for (ITU-T G.711, A-law)."""
    bits = np.arange(256) ^ 0x55
    exponents, mantissas = bits >> 4 & 7, (bits & 15) << 4
    scaled = mantissas + 264 << np.maximum(exponents, 1) - 1
    magnitudes = np.where(exponents == 0, mantissas + 8, scaled)
    return np.where(bits & 0x80, magnitudes, -magnitudes).astype(np.float64)


MU_LAW, A_LAW = _mu_law(), _a_law()
"""What each byte stands for, on the scale of PCM16, shape (256,)."""


MOST_LOOKS = 10
"""At 2 s of sound each: who has been heard for so long sends what is wanted, or cannot be told."""


class FormatWatch:
    """Names the format that a transcription seems to be sent in, at most once."""

    def __init__(self) -> None:
        self._words = np.zeros(EXAMINED_SAMPLES, np.int16)
        self._filled = 0
        self._looks = 0

    def begin(self) -> None:
        """Forget what was heard, and look at what comes."""
        self.forget()
        self._looks = MOST_LOOKS

    def hear(self, pcm: memoryview) -> AudioFormat | None:
        """Take the next audio, whole words; return the format that it seems to be in, if any."""
        words = np.frombuffer(pcm, "<i2")
        while self._looks and len(words):
            taken = words[: EXAMINED_SAMPLES - self._filled]
            self._words[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            words = words[len(taken) :]
            if self._filled == EXAMINED_SAMPLES:
                found = self._look()
                if found is not None:
                    self._looks = 0
                    return found
        return None

    def forget(self) -> None:
        """Overwrite what was heard; nothing more is looked at."""
        self._words.fill(0)
        self._filled = self._looks = 0

    def _look(self) -> AudioFormat | None:
        found = suspected_format(self._words)
        self._looks -= is_loud(self._words)
        self._words.fill(0)
        self._filled = 0
        return found

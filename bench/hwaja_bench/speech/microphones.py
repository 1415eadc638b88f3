"""Odd microphones, places and voices, as changes to ordinary speech."""

from collections.abc import Callable

import numpy as np
from scipy.linalg import solve_toeplitz
from scipy.signal import butter, lfilter, sosfilt
from soxr import resample

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.speech.acoustics import Signal, impulse_response, noise, reverberant
from hwaja_bench.speech.levels import SPEECH_DBFS, amplitude
from hwaja_bench.speech.people import telephone

Random = np.random.Generator
Change = Callable[[Signal, Random], Signal]
"""Changes speech with its level at `SPEECH_DBFS`; the length stays the same."""

_PINK = 1 / np.maximum(np.linspace(0, SAMPLE_RATE / 2, 257), 50)

_LPC_ORDER = 18
_FRAME_SAMPLES, _STEP_SAMPLES = 480, 240


def gain(level_db: float) -> Change:
    """Return a change of level."""
    return lambda speech, _: speech * amplitude(level_db)


def narrow(speech: Signal, _random: Random) -> Signal:
    """Return speech after a telephone: 300 to 3400 Hz, sampled at 8 kHz, 8 bits of mu-law."""
    band = butter(4, (300, 3400), "bandpass", fs=SAMPLE_RATE, output="sos")
    loud = telephone(np.asarray(sosfilt(band, speech), np.float32)) * amplitude(10)
    coded = np.sign(loud) * np.log1p(255 * np.minimum(1, abs(loud))) / np.log(256)
    coded = np.round(coded * 127) / 127
    decoded = np.sign(coded) * np.expm1(abs(coded) * np.log(256)) / 255
    return np.asarray(decoded / amplitude(10), np.float64)


def far(speech: Signal, random: Random) -> Signal:
    """Return speech from a distance of 3 m: fainter, mostly reverberation, noise 20 dB below it."""
    away = reverberant(speech, impulse_response(0.6, random, direct_db=-3)) * amplitude(-18)
    return away + amplitude(SPEECH_DBFS - 18 - 20) * noise(_PINK, len(speech), random)


def clipped(speech: Signal, _random: Random) -> Signal:
    """Return speech that is 24 dB too loud: 2 to 10 % of it are at full scale."""
    return np.clip(speech * amplitude(24), -1, 1)


def offset(speech: Signal, _random: Random) -> Signal:
    """Return speech with an offset of a tenth of full scale."""
    return speech + 0.1


def hum(speech: Signal, _random: Random) -> Signal:
    """Return speech with hum of the mains, 60 Hz and its harmonics, 3 dB below the speech."""
    seconds = np.arange(len(speech)) / SAMPLE_RATE
    tones = sum(np.sin(2 * np.pi * 60 * k * seconds) / k for k in range(1, 8))
    return np.asarray(speech + tones * amplitude(SPEECH_DBFS - 3) / np.std(tones))


def pitched(factor: float) -> Change:
    """Return a change of pitch and formants by a factor; what becomes too long is cut."""

    def change(speech: Signal, _random: Random) -> Signal:
        changed = resample(speech, SAMPLE_RATE, SAMPLE_RATE / factor)[: len(speech)]
        return np.pad(changed, (0, len(speech) - len(changed)))

    return change


def cold(speech: Signal, random: Random) -> Signal:
    """Return a line as with a cold: 4 % lower, with less above 2 kHz."""
    low = butter(1, 2000, fs=SAMPLE_RATE, output="sos")
    return np.asarray(sosfilt(low, pitched(0.96)(speech, random)))


def shout(speech: Signal, random: Random) -> Signal:
    """Return a line as shouted: 12 % higher, 6 dB more above 1 kHz, 24 dB louder and clipped."""
    high = butter(1, 1000, "highpass", fs=SAMPLE_RATE, output="sos")
    raised = pitched(1.12)(speech, random)
    return clipped(raised + np.asarray(sosfilt(high, raised)), random)


def whisper(speech: Signal, random: Random) -> Signal:
    """Return speech as whispered: noise through the filter of each frame (linear prediction)."""
    window = np.hanning(_FRAME_SAMPLES)
    whispered = np.zeros(len(speech))
    for start in range(0, len(speech) - _FRAME_SAMPLES, _STEP_SAMPLES):
        frame = speech[start : start + _FRAME_SAMPLES] * window
        lags = np.correlate(frame, frame, "full")[_FRAME_SAMPLES - 1 :][: _LPC_ORDER + 1]
        if lags[0] <= 0:
            continue
        lags[0] *= 1 + 1e-4
        filter_ = solve_toeplitz(lags[:-1], lags[1:])
        power = max(0.0, lags[0] - filter_ @ lags[1:]) / _FRAME_SAMPLES
        excitation = random.standard_normal(_FRAME_SAMPLES) * np.sqrt(power)
        voice = lfilter([1], [1, *-filter_], excitation)
        whispered[start : start + _FRAME_SAMPLES] += voice * window
    return whispered


def chain(*changes: Change) -> Change:
    """Return several changes, one after the other."""

    def change(speech: Signal, random: Random) -> Signal:
        for each in changes:
            speech = each(speech, random)
        return speech

    return change

"""Encodes speech in wrong formats, to test whether the server detects them."""

from collections.abc import Callable, Mapping

import numpy as np
import soxr
from numpy.typing import NDArray

from hwaja.audio.g711 import A_LAW, MU_LAW
from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import AudioFormat

Sender = Callable[[Samples], bytes]
"""Encodes speech in [-1, 1) at 16 kHz as bytes."""


def pcm16(speech: Samples) -> NDArray[np.int16]:
    """Return speech in the correct format."""
    return np.clip(np.rint(speech * 32768), -32768, 32767).astype("<i2")


def _fine(speech: Samples, bits: int) -> NDArray[np.int32]:
    """Return speech as integers of `bits` bits, with a device's noise in the lowest bits."""
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, len(speech)) / 32768
    return np.asarray(np.clip(speech + noise, -1, 1 - 2**-20) * 2.0 ** (bits - 1), "<i4")


def _int24(fine: NDArray[np.int32]) -> bytes:
    return fine.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def g711(table: NDArray[np.int16]) -> Sender:
    """Return what encodes speech by the nearest byte of a table."""
    order = np.argsort(table, kind="stable")
    values = table[order].astype(np.float64)
    middles = (values[1:] + values[:-1]) / 2
    return lambda speech: order[np.searchsorted(middles, pcm16(speech))].astype(np.uint8).tobytes()


def _stereo(first: float, second: float, delay_samples: int) -> Sender:
    def send(speech: Samples) -> bytes:
        channels = [first * speech, second * np.roll(speech, delay_samples)]
        return pcm16(np.stack(channels, axis=1)).tobytes()

    return send


def at_rate(rate: int) -> Sender:
    """Return a sender that records at `rate` and sends without resampling.

    It records nothing above 8 kHz, like the microphones of headsets and telephones.
    """
    return lambda speech: pcm16(soxr.resample(speech, SAMPLE_RATE, rate, quality="VHQ")).tobytes()


SENDERS: Mapping[str, tuple[AudioFormat, Sender]] = {
    "float32": (
        AudioFormat.FLOAT32,
        lambda speech: (_fine(speech, 31) / 2.0**30).astype("<f4").tobytes(),
    ),
    "float32, of 16 bits": (
        AudioFormat.FLOAT32,
        lambda speech: (pcm16(speech) / 32768).astype("<f4").tobytes(),
    ),
    "float32, up to 32767": (
        AudioFormat.FLOAT32,
        lambda speech: (_fine(speech, 31) / 2.0**15).astype("<f4").tobytes(),
    ),
    "float64": (
        AudioFormat.FLOAT64,
        lambda speech: (_fine(speech, 31) / 2.0**30).astype("<f8").tobytes(),
    ),
    "int32": (AudioFormat.INT32, lambda speech: _fine(speech, 32).tobytes()),
    "int32, of 16 bits": (
        AudioFormat.INT32,
        lambda speech: (pcm16(speech).astype("<i4") << 16).tobytes(),
    ),
    "int32, up to 32767": (
        AudioFormat.INT32,
        lambda speech: pcm16(speech).astype("<i4").tobytes(),
    ),
    "int24": (AudioFormat.INT24, lambda speech: _int24(_fine(speech, 24))),
    "int24, of 16 bits": (
        AudioFormat.INT24,
        lambda speech: _int24(pcm16(speech).astype("<i4") << 8),
    ),
    "big-endian": (AudioFormat.BIG_ENDIAN, lambda speech: pcm16(speech).astype(">i2").tobytes()),
    "unsigned 16 bit": (
        AudioFormat.UINT16,
        lambda speech: (pcm16(speech) ^ np.int16(-32768)).tobytes(),
    ),
    "unsigned 8 bit": (
        AudioFormat.UINT8,
        lambda speech: (np.clip(np.rint(speech * 128), -128, 127) + 128).astype("u1").tobytes(),
    ),
    "mu-law": (AudioFormat.MU_LAW, g711(MU_LAW)),
    "A-law": (AudioFormat.A_LAW, g711(A_LAW)),
    "mu-law at 8 kHz": (
        AudioFormat.MU_LAW,
        lambda speech: g711(MU_LAW)(soxr.resample(speech, SAMPLE_RATE, 8000)),
    ),
    "shifted by a byte": (AudioFormat.SHIFTED, lambda speech: pcm16(speech).tobytes()[1:-1]),
    "stereo, both the same": (AudioFormat.STEREO, _stereo(1, 1, 0)),
    "stereo, second silent": (AudioFormat.STEREO, _stereo(1, 0, 0)),
    "stereo, first silent": (AudioFormat.INT32, _stereo(0, 1, 0)),
    "stereo, second fainter and 0.2 ms late": (AudioFormat.STEREO, _stereo(1, 0.6, 3)),
    "stereo, two people": (AudioFormat.STEREO, _stereo(1, 1, 3 * SAMPLE_RATE)),
}
"""By name: the format that the server should detect, and the sender."""

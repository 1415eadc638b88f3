"""The values of G.711, the encoding of telephony."""

import numpy as np
from numpy.typing import NDArray


def _mu_law() -> NDArray[np.int16]:
    bits = ~np.arange(256) & 0xFF
    magnitudes = (((bits & 15) << 3) + 132 << (bits >> 4 & 7)) - 132
    return np.where(bits & 0x80, -magnitudes, magnitudes).astype(np.int16)


def _a_law() -> NDArray[np.int16]:
    bits = np.arange(256) ^ 0x55
    exponents, mantissas = bits >> 4 & 7, (bits & 15) << 4
    scaled = mantissas + 264 << np.maximum(exponents, 1) - 1
    magnitudes = np.where(exponents == 0, mantissas + 8, scaled)
    return np.where(bits & 0x80, magnitudes, -magnitudes).astype(np.int16)


MU_LAW, A_LAW = _mu_law(), _a_law()
"""Sample value of each byte (ITU-T G.711), on the scale of PCM16, shape (256,), int16."""

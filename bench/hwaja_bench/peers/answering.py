"""The loop of a process that hears one utterance after the other: PCM16 in, a line of JSON out."""

import json
import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def answer(hear: Callable[[NDArray[np.float32]], str]) -> None:
    """Say that the model is loaded; then answer text and seconds until the input ends.

    An utterance is its length in bytes, as four bytes little endian, and its samples.
    """
    print("ready", flush=True)
    while size_bytes := int.from_bytes(sys.stdin.buffer.read(4), "little"):
        pcm = np.frombuffer(sys.stdin.buffer.read(size_bytes), "<i2")
        began = time.perf_counter()
        text = hear(pcm.astype(np.float32) / np.float32(32768))
        print(json.dumps([text, time.perf_counter() - began]), flush=True)

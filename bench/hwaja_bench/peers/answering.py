"""The loop of a peer's process: reads an utterance as PCM16, writes a line of JSON."""

import json
import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def answer(hear: Callable[[NDArray[np.float32]], str]) -> None:
    """Report that the model is loaded, then answer each utterance with text and seconds.

    The loop ends with the input. An utterance is its length in bytes, as four bytes little endian,
    and its samples.
    """
    print("ready", flush=True)
    while size_bytes := int.from_bytes(sys.stdin.buffer.read(4), "little"):
        pcm = np.frombuffer(sys.stdin.buffer.read(size_bytes), "<i2")
        began = time.perf_counter()
        text = hear(pcm.astype(np.float32) / np.float32(32768))
        print(json.dumps([text, time.perf_counter() - began]), flush=True)

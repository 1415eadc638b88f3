"""Playing audio to a streaming recogniser as sessions do."""

from collections.abc import Iterable, Sequence

import numpy as np

from hwaja.engines.interface import Samples
from hwaja.engines.recognition import Hypothesis
from hwaja.engines.sherpa.online import OnlineRecognizer, OnlineStream
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def noise(seconds: float, amplitude: float = 0.1) -> Samples:
    random = np.random.default_rng(0)
    return random.uniform(-amplitude, amplitude, round(seconds * SAMPLE_RATE)).astype(np.float32)


def drain(recogniser: OnlineRecognizer, streams: Sequence[OnlineStream]) -> None:
    """Decode all that is there, one chunk of each stream in one call."""
    while ready := [stream for stream in streams if stream.ready]:
        recogniser.decode(ready)


def pieces(samples: Samples, splits: Iterable[int]) -> list[Samples]:
    """Cut audio at sample indices; no piece is empty."""
    cut = np.split(samples, sorted(set(splits) - {0, len(samples)}))
    return [piece for piece in cut if len(piece)]


def hear(
    recogniser: OnlineRecognizer,
    samples: Samples,
    options: Options | None = None,
    splits: Iterable[int] = (),
) -> Hypothesis:
    """What is made of an utterance that comes in pieces, each decoded when it is there."""
    stream = recogniser.open(options or Options())
    for piece in pieces(samples, splits):
        stream.feed(piece)
        drain(recogniser, [stream])
    stream.finish()
    drain(recogniser, [stream])
    return stream.hypothesis

"""What hwaja asks of an engine: recognition, speaker embedding, speech detection."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Audio, shape (n,), float32 in [-1, 1), 16 kHz mono."""

Embedding = NDArray[np.float32]
"""A voice, shape (dim,), float32, not normalised."""


class EngineError(Exception):
    """An engine cannot do what it was asked for. Says why, never quotes audio or text."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a recogniser made of an utterance."""

    text: str


class Recognizer(Protocol):
    """Turns an utterance into text."""

    def recognise(self, samples: Samples) -> Hypothesis:
        """Return the text of `samples`; empty text where no words were heard.

        Raises:
            EngineError: where the audio cannot be decoded; the recogniser stays usable.

        """


class Embedder(Protocol):
    """Turns speech into a vector that is close for the same voice."""

    def embed(self, samples: Samples) -> Embedding:
        """Return the embedding of the voice in `samples`.

        Raises:
            EngineError: where there is too little audio; the embedder stays usable.

        """


class DetectorState(Protocol):
    """What a detector remembers of one stream between calls."""

    def reset(self) -> None:
        """Forget everything heard."""


State = TypeVar("State", bound=DetectorState)


class SpeechDetector(Protocol[State]):
    """Gives the probability of speech of each frame, for many streams in one call."""

    def new_state(self) -> State:
        """Return the state of a stream of which nothing was heard."""

    def detect(self, streams: Sequence[tuple[State, Samples]]) -> list[tuple[float, ...]]:
        """Return one probability per frame, for each stream.

        Args:
            streams: per stream its state, which is advanced, and its next frames,
                shape (n, 512), float32. A state may occur once.

        """

"""What hwaja asks of an engine: recognition, speaker embedding, speech detection."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.protocol.values import Options

Samples = NDArray[np.float32]
"""Audio, shape (n,), float32 in [-1, 1), 16 kHz mono."""

Embedding = NDArray[np.float32]
"""A voice, shape (dim,), float32, not normalised."""

Embeddings = NDArray[np.float32]
"""Several voices, shape (n, dim), float32, not normalised."""

WINDOW_SAMPLES = 7_680
"""Length of the windows that an embedder embeds, 0.48 s: that of `models.campplus`."""

HOP_SAMPLES = 2_560
"""From one window to the next, 0.16 s. The middle of window k is sample `(k + 0.5) * HOP_SAMPLES`;
there are as many as hops, and the last hop may be short."""


@dataclass(frozen=True, slots=True)
class VoiceTrack:
    """The voice in a stretch of audio, and how it sounds on the way."""

    whole: Embedding
    """Of all of the audio."""
    windows: Embeddings
    """Of each window."""
    overlap: NDArray[np.float32]
    """How much of each hop two voices share, shape (n,), in [0, 1]."""

    def erase(self) -> None:
        """Overwrite the voice."""
        self.whole.fill(0)
        self.windows.fill(0)


class EngineError(Exception):
    """An engine cannot do what it was asked for. Says why, never quotes audio or text."""


@runtime_checkable
class Recognizer(Protocol):
    """Turns whole utterances into text."""

    abilities: Abilities

    def recognise(self, samples: Samples, options: Options) -> Hypothesis:
        """Return the text of `samples`; empty text where no words were heard.

        Raises:
            EngineError: where the audio cannot be decoded; the recogniser stays usable.

        """


class Stream(Protocol):
    """One utterance that a streaming recogniser is hearing. One thread at a time."""

    @property
    def ready(self) -> bool:
        """Whether a chunk of audio is there that was not decoded."""

    @property
    def hypothesis(self) -> Hypothesis:
        """What was decoded so far; the whole utterance once it is finished and not ready."""

    def feed(self, samples: Samples) -> None:
        """Add the next samples.

        Raises:
            EngineError: for no valid audio, or after `finish`; nothing was added.

        """

    def finish(self) -> None:
        """Say that the utterance is over: what was fed last becomes decodable too."""


Heard = TypeVar("Heard", bound=Stream)


class StreamingRecognizer(Protocol[Heard]):
    """Turns utterances into text while they are spoken, many in one call."""

    abilities: Abilities

    def open(self, options: Options) -> Heard:
        """Return the stream of a new utterance; it knows nothing of any other.

        Raises:
            EngineError: where `options` go beyond the abilities.

        """

    def decode(self, streams: Sequence[Heard]) -> None:
        """Decode one chunk of each of `streams`, which are ready and occur once.

        Raises:
            EngineError: where that is not so; no stream has moved.

        """


class Embedder(Protocol):
    """Turns speech into vectors that are close for the same voice."""

    def embed(self, samples: Samples) -> Embeddings:
        """Return the embeddings of the voice in all of `samples`, and in each window of them.

        Raises:
            EngineError: where there is too little audio; the embedder stays usable.

        """


class OverlapDetector(Protocol):
    """Tells where two speak at once."""

    def overlap(self, samples: Samples) -> NDArray[np.float32]:
        """Return how much of each hop two voices share, shape (hops,), in [0, 1].

        Raises:
            EngineError: where there is no valid audio; the detector stays usable.

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

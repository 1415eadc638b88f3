"""Interfaces of the engines: recognition, speaker embedding, overlap and speech detection."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.recognition import NORMAL, Abilities, Choose, Effort, Hypothesis, first
from hwaja.protocol.values import Options

Samples = NDArray[np.float32]
"""Audio, shape (n,), float32 in [-1, 1), 16 kHz mono."""

Pcm16 = NDArray[np.int16]
"""Audio as received from the client and as sent to a worker, shape (n,), int16, 16 kHz mono."""

Embedding = NDArray[np.float32]
"""A speaker embedding, shape (dim,), float32, not normalised."""

Embeddings = NDArray[np.float32]
"""Several speaker embeddings, shape (n, dim), float32, not normalised."""

WINDOW_SAMPLES = 7_680
"""Length of an embedder's windows, 0.48 s: the window of `models.campplus`."""

HOP_SAMPLES = 2_560
"""Distance of two windows, 0.16 s.

The middle of window k is sample `(k + 0.5) * HOP_SAMPLES`. Each hop has one window. The last hop
may be short.
"""


@dataclass(frozen=True, slots=True)
class VoiceTrack:
    """The speaker embeddings of a piece of audio: of all of it, and of each window."""

    whole: Embedding
    """Embedding of all of the audio."""
    windows: Embeddings
    """Embeddings of the windows."""
    overlap: NDArray[np.float32]
    """Overlap of two speakers in each hop, shape (n,), in [0, 1]."""

    def erase(self) -> None:
        """Overwrite the embeddings in memory."""
        self.whole.fill(0)
        self.windows.fill(0)


def to_float32(pcm: Pcm16) -> Samples:
    """Return audio as the engines take it. The conversion is exact: the scale is a power of 2."""
    samples = pcm.astype(np.float32)
    samples /= 32768
    return samples


class EngineError(Exception):
    """An engine failed. The message gives the reason; it never quotes audio or text."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """An utterance to recognise."""

    samples: Samples
    options: Options = Options()
    """What the session asks for."""
    effort: Effort = NORMAL
    """Followed if the abilities of the recogniser say so."""
    choose: Choose = first
    """Called with the candidates, if the recogniser found several."""


@runtime_checkable
class Recognizer(Protocol):
    """Turns whole utterances into text."""

    abilities: Abilities

    def recognise(self, utterance: Utterance) -> Hypothesis:
        """Return the text of an utterance; empty where no words were recognised.

        Raises:
            EngineError: where the audio cannot be decoded; the recogniser stays usable.

        """


@runtime_checkable
class BatchRecognizer(Recognizer, Protocol):
    """Turns several utterances into text in one call, of different sessions, too."""

    def recognise_batch(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Return the text of each of at least one utterance, as `recognise` does.

        Raises:
            EngineError: where one of them cannot be decoded, or the call failed; then the others
                can be decoded alone, and the recogniser stays usable.

        """


class Stream(Protocol):
    """The audio and state of one utterance in a streaming recogniser. One thread at a time."""

    @property
    def ready(self) -> bool:
        """Whether the stream holds a full chunk of audio that is not decoded."""

    @property
    def hypothesis(self) -> Hypothesis:
        """The text decoded so far.

        It covers the whole utterance when the stream is finished and no longer ready.
        """

    def feed(self, samples: Samples) -> None:
        """Append the next samples.

        Raises:
            EngineError: for invalid audio, or after `finish`; the stream is unchanged.

        """

    def finish(self) -> None:
        """End the utterance, so that the last samples can be decoded too."""


AnyStream = TypeVar("AnyStream", bound=Stream)


class StreamingRecognizer(Protocol[AnyStream]):
    """Turns utterances into text while they are spoken, for many streams in one call."""

    abilities: Abilities

    def open(self, options: Options) -> AnyStream:
        """Return a stream for a new utterance. It shares no state with other streams.

        Raises:
            EngineError: where the recogniser does not support `options`.

        """

    def decode(self, streams: Sequence[AnyStream]) -> None:
        """Decode one chunk of each of `streams`. Each stream is ready and occurs once.

        Raises:
            EngineError: where a stream is not ready or occurs twice; no stream has changed.

        """


class Embedder(Protocol):
    """Turns speech into speaker embeddings, which are close for the same speaker."""

    def embed(self, samples: Samples) -> Embeddings:
        """Return the speaker embeddings of all of `samples` and of each window.

        Raises:
            EngineError: where the audio is too short; the embedder stays usable.

        """


class OverlapDetector(Protocol):
    """Detects overlapping speech of two speakers."""

    def overlap(self, samples: Samples) -> NDArray[np.float32]:
        """Return the overlap of two speakers in each hop, shape (hops,), float32, in [0, 1].

        Raises:
            EngineError: where the audio is invalid; the detector stays usable.

        """


VOICE_SAMPLES = 48_000
"""So much of a voice a `VoiceExtractor` is told, 3 s."""


class VoiceExtractor(Protocol):
    """Extracts one known voice from audio in which several speak at once."""

    def extract(self, samples: Samples, voice: Samples) -> Samples:
        """Return the audio with one voice only, as new memory of the same length.

        Args:
            samples: the audio.
            voice: `VOICE_SAMPLES` of the voice, alone.

        Raises:
            EngineError: where the audio is too short, or the model failed; the extractor stays
                usable.

        """


class DetectorState(Protocol):
    """A detector's state of one stream between two calls."""

    def reset(self) -> None:
        """Restore the state of a new stream."""


State = TypeVar("State", bound=DetectorState)


class SpeechDetector(Protocol[State]):
    """Computes the speech probability of each frame, for many streams in one call."""

    def new_state(self) -> State:
        """Return the state of a new stream."""

    def detect(self, streams: Sequence[tuple[State, Samples]]) -> list[tuple[float, ...]]:
        """Return one speech probability per frame, for each stream.

        Args:
            streams: for each stream its state, which the call updates, and its next frames, each
                after the 64 samples before it, shape (n, 576), float32. Each state occurs once.

        """

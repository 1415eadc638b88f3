"""The events that a session handles: a client message, audio, or an engine's result.

They name samples by index. The caller keeps the audio.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.client_messages import (
    ClientMessage,
    InvalidMessageError,
)
from hwaja.protocol.codes import AudioFormat, Reason
from hwaja.protocol.values import Hello, NotResumed, RequestId
from hwaja.speakers.enrolment import Enrolled
from hwaja.speakers.parts import Correction, Part

Message = TypeVar("Message", bound=ClientMessage, covariant=True)


@dataclass(frozen=True, slots=True)
class Connected:
    """The handshake is done and the models are loaded."""

    session_token: str | None = None
    """Token with which the client may resume the session. None: the client did not ask for one."""
    hello: Hello | None = None
    """What the server can do. None: the client did not ask."""
    not_resumed: NotResumed | None = None
    """Why an earlier session could not go on. None: there was none."""


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The client resumed its session on another connection, after `at` samples of audio."""

    session_token: str
    at: int
    hello: Hello | None = None


@dataclass(frozen=True, slots=True)
class LimitNear:
    """The session, or its transcription, will end in `seconds_left` for `reason`."""

    reason: Reason
    seconds_left: int


@dataclass(frozen=True, slots=True)
class LimitReached:
    """The session must end: answer the received audio, then close."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class ServerFailed:
    """A part of the server failed: answer the audio received before, then close."""


@dataclass(frozen=True, slots=True)
class Received(Generic[Message]):
    """A client message arrived after `at` samples of audio."""

    message: Message
    at: int

    @property
    def wants_details(self) -> bool:
        """Whether the message asks for details."""
        return bool(getattr(self.message, "details", False))

    @property
    def request_id(self) -> RequestId | None:
        """What the client called the message. None: nothing."""
        message: ClientMessage = self.message
        return message.request_id


@dataclass(frozen=True, slots=True)
class Refused:
    """A text message arrived that cannot be parsed."""

    error: InvalidMessageError

    @property
    def wants_details(self) -> bool:
        """Whether the message asks for details."""
        return self.error.wants_details

    @property
    def request_id(self) -> RequestId | None:
        """What the client called the message. None: nothing."""
        return self.error.request_id


@dataclass(frozen=True, slots=True)
class MalformedAudio:
    """A binary message arrived that is not encoded as agreed. All of it was dropped."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Arrival:
    """The time at which a message of audio arrived."""

    stop: int
    """Index of the first sample after the message."""
    at: float
    """When the server received the message, in seconds of a monotonic clock."""
    unix_seconds: float
    """The same instant, in seconds since the Unix epoch."""
    waited_seconds: float
    """How long the server had waited for the message, in seconds."""


@dataclass(frozen=True, slots=True)
class SuspectAudio:
    """The audio of a transcription does not look like PCM16, mono, 16 kHz."""

    looks_like: AudioFormat


@dataclass(frozen=True, slots=True)
class Audio:
    """The detector processed whole frames of a channel, which end at sample `stop`.

    Each frame has one speech probability and one level in dBFS.
    """

    stop: int
    probabilities: tuple[float, ...]
    levels_dbfs: tuple[float, ...]
    arrival: Arrival
    """Arrival of the message that contains the last of these samples."""
    channel: int = 0


@dataclass(frozen=True, slots=True)
class Ignored:
    """Audio arrived while the transcription is paused; it ends at sample `stop`."""

    stop: int
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class Lagging:
    """The oldest unanswered utterance has waited for long. 0: answers come in time again."""

    seconds: float


@dataclass(frozen=True, slots=True)
class AudioStopped:
    """No audio has arrived for some time, although the server did not pause the client.

    What arrived before ends at sample `at`.
    """

    at: int


@dataclass(frozen=True, slots=True)
class Recognised:
    """The text of a segment. None: the engine failed. Empty text: no words were recognised."""

    segment_id: int
    hypothesis: Hypothesis | None


@dataclass(frozen=True, slots=True)
class PartialText:
    """The interim text of an unfinished segment."""

    segment_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Attributed:
    """The parts of a segment, one voice each, in order, at least one. None: the engine failed."""

    segment_id: int
    parts: tuple[Part, ...] | None
    corrections: tuple[Correction, ...] = ()
    """Of parts of earlier segments, whose speakers were discovered."""


@dataclass(frozen=True, slots=True)
class VoiceKept:
    """The result of a `KeepVoice`, which it repeats."""

    speaker_id: int
    name: str
    is_known: bool
    """Whether there is such a voice."""
    request_id: RequestId | None = None


@dataclass(frozen=True, slots=True)
class SpeakerProbed:
    """The result of a `ProbeSpeaker`: whether another voice began in an open segment."""

    segment_id: int
    turn_at: int | None
    """Index of the sample at which another voice begins. None: no change of voice is certain."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Received audio has waited for the detector for some time, or waits no longer."""

    seconds: float
    """Length of the waiting audio. 0: no audio waits any more."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The server stops: answer the received audio, then close."""

    is_handover: bool = False
    """Whether another server takes over. The client sends it the audio that is not answered, so an
    utterance that is open stays in one piece."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """The server stops without waiting for answers: close now."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection is gone. No message can be sent."""


Event = (
    Connected
    | Reconnected
    | LimitNear
    | LimitReached
    | ServerFailed
    | Received[ClientMessage]
    | Refused
    | MalformedAudio
    | SuspectAudio
    | Audio
    | Ignored
    | AudioStopped
    | Lagging
    | Waiting
    | CutOff
    | Enrolled
    | Recognised
    | PartialText
    | Attributed
    | SpeakerProbed
    | VoiceKept
    | Shutdown
    | Disconnected
)

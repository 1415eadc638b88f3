"""What happens to a session (events) and what it wants done (effects).

Samples are named by index; the audio itself stays with the caller.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.codes import AudioFormat, CloseCode, Reason
from hwaja.protocol.messages import (
    ClientMessage,
    InvalidMessageError,
    ServerMessage,
    StartRegistration,
    StartTranscription,
)
from hwaja.protocol.values import Options
from hwaja.speakers.enrolment import Enrol, Enrolled
from hwaja.speakers.parts import Part
from hwaja.vad.gate import Segment

Message = TypeVar("Message", bound=ClientMessage, covariant=True)

# --- events -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connected:
    """The handshake is done and the models are loaded."""

    session_token: str | None = None
    """What the client may resume the session with; None: it did not ask."""


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The client is back on another connection, after `at` samples of audio."""

    session_token: str
    at: int


@dataclass(frozen=True, slots=True)
class TimeIsShort:
    """In `seconds_left` the session will be ended."""

    reason: Reason
    seconds_left: int


@dataclass(frozen=True, slots=True)
class TimeIsUp:
    """The session must end: answer what was heard, then close."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Broke:
    """Something of the server failed: answer what was heard before, then close."""


@dataclass(frozen=True, slots=True)
class Received(Generic[Message]):
    """A client message arrived after `at` samples of audio."""

    message: Message
    at: int

    @property
    def wants_details(self) -> bool:
        """Whether the message asks for details."""
        message: ClientMessage = self.message
        return isinstance(message, StartRegistration | StartTranscription) and message.details


@dataclass(frozen=True, slots=True)
class Refused:
    """A text message arrived that cannot be read."""

    error: InvalidMessageError

    @property
    def wants_details(self) -> bool:
        """Whether the message asks for details."""
        return self.error.wants_details


@dataclass(frozen=True, slots=True)
class BadAudio:
    """A binary message arrived that is not PCM16; none of it was taken."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a message of audio came."""

    stop: int
    """Sample behind its last."""
    at: float
    """When it was received, in seconds of a monotonic clock."""
    unix_seconds: float
    """The same instant, in seconds since the Unix epoch."""
    waited_seconds: float
    """How long the server had nothing to do for the client before it came."""


@dataclass(frozen=True, slots=True)
class OddAudio:
    """What was heard of a transcription looks like another format than PCM16, mono, of 16 kHz."""

    looks_like: AudioFormat


@dataclass(frozen=True, slots=True)
class Audio:
    """Whole frames were heard, one probability and one level each, that end at sample `stop`."""

    stop: int
    probabilities: tuple[float, ...]
    levels_dbfs: tuple[float, ...]
    arrival: Arrival
    """Of the message with the last of it."""


@dataclass(frozen=True, slots=True)
class AudioStopped:
    """The next message of audio has been due for some time, and the client may send it."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """The text of a segment; None where the engine failed. Empty: no words were heard."""

    segment_id: int
    heard: Hypothesis | None


@dataclass(frozen=True, slots=True)
class PartialText:
    """What the recogniser makes of a segment that is not over."""

    segment_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Attributed:
    """Whose voices a segment has, in order, at least one; None where the engine failed."""

    segment_id: int
    parts: tuple[Part, ...] | None


@dataclass(frozen=True, slots=True)
class SpeakerProbed:
    """What was looked for in a segment that goes on."""

    segment_id: int
    turn_at: int | None
    """From which sample on another voice speaks; None: none is sure to."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Audio of the client was received and waits to be heard, for some time already."""

    seconds: float
    """How much; 0: none does any more."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The server stops: answer what was heard, then close."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """The server stops and waits no longer: close now."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The client is gone; nothing more can be sent."""


Event = (
    Connected
    | Reconnected
    | TimeIsShort
    | TimeIsUp
    | Broke
    | Received[ClientMessage]
    | Refused
    | BadAudio
    | OddAudio
    | Audio
    | AudioStopped
    | Waiting
    | CutOff
    | Enrolled
    | Recognised
    | PartialText
    | Attributed
    | SpeakerProbed
    | Shutdown
    | Disconnected
)


# --- effects ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message; `details` as for `serialize`."""

    message: ServerMessage
    details: bool


@dataclass(frozen=True, slots=True)
class Listen:
    """Forget the detector's past: what comes next does not follow on what was heard."""


@dataclass(frozen=True, slots=True)
class Begin:
    """A transcription begins: recognise with these options; report `PartialText` if `interims`."""

    options: Options
    interims: bool
    adapt: bool
    """Whether voices may learn, until the next one begins; see `Learn`."""


@dataclass(frozen=True, slots=True)
class Extend:
    """Samples `[start, stop)` are certain to belong to an open segment."""

    segment_id: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class ProbeSpeaker:
    """Probe `[start, stop)` of an open segment for another voice; report `SpeakerProbed`."""

    segment_id: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Speculate:
    """A segment may soon be finished, so work on it may begin."""

    segment_id: int
    segment: Segment


@dataclass(frozen=True, slots=True)
class Finish:
    """A segment is over: recognise and attribute it; report `Recognised` and `Attributed`."""

    segment_id: int
    segment: Segment


@dataclass(frozen=True, slots=True)
class Recognise:
    """Recognise a segment that is a part of an utterance; report `Recognised`."""

    segment_id: int
    segment: Segment


@dataclass(frozen=True, slots=True)
class Learn:
    """A segment is of a speaker for sure: the voice may learn from it."""

    speaker_id: int
    segment: Segment


class Outcome(StrEnum):
    """What became of an utterance."""

    ANSWERED = "answered"
    EMPTY = "empty"
    """No words were heard in it; the client is told nothing."""
    FAILED = "failed"
    """The client was sent an error."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What is to be sent of an utterance, or of a part of it, was sent; nothing to be done."""

    segment: Segment
    outcome: Outcome
    ends_utterance: bool = True
    """Whether no other part of the utterance is still to be answered."""


@dataclass(frozen=True, slots=True)
class Release:
    """Audio before sample `index` is not needed again."""

    index: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection once everything sent has left."""

    code: CloseCode


Analysing = Begin | Extend | ProbeSpeaker | Speculate | Finish | Recognise | Learn
"""What is about the conversation's audio."""

Effect = Send | Listen | Enrol | Analysing | Settled | Release | Close

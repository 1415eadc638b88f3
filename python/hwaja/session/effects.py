"""The effects that a session returns: instructions that the caller carries out.

They name samples by index. The caller keeps the audio.
"""

from dataclasses import dataclass
from enum import StrEnum

from hwaja.protocol.audio import AudioConfig
from hwaja.protocol.codes import CloseCode
from hwaja.protocol.server_messages import ServerMessage
from hwaja.protocol.values import Options, RequestId
from hwaja.speakers.enrolment import Enrol, Restore
from hwaja.vad.gate import Segment


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message. `details` is the argument of `serialize`."""

    message: ServerMessage
    details: bool
    request_id: RequestId | None = None
    """Of the client's message that this answers. None: it answers none, or the client gave none."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Reset the detector: the next audio does not continue the previous audio."""


@dataclass(frozen=True, slots=True)
class Decode:
    """An enrolment or a transcription begins, whose audio is encoded as `config` says."""

    config: AudioConfig


@dataclass(frozen=True, slots=True)
class Begin:
    """A transcription begins: recognise with `options`. Report `PartialText` if `interims`."""

    options: Options
    interims: bool
    adapt: bool
    """Whether voices may learn during this transcription; see `Learn`."""
    most_speakers: int | None = None
    """Discover speakers, so that there are at most so many with the enrolled ones. None: do not."""
    by_channel: bool = False
    """Whether each channel is a speaker, so that no voice is compared."""


@dataclass(frozen=True, slots=True)
class Change:
    """From the next utterance on, recognise with `options`. See `Begin`."""

    options: Options
    interims: bool


@dataclass(frozen=True, slots=True)
class Extend:
    """Samples `[start, stop)` of a channel are certain to belong to an open segment."""

    segment_id: int
    start: int
    stop: int
    channel: int = 0


@dataclass(frozen=True, slots=True)
class ProbeSpeaker:
    """Probe `[start, stop)` of an open segment for another voice; report `SpeakerProbed`."""

    segment_id: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Speculate:
    """A segment may be over. Work on it may begin before its `Finish`."""

    segment_id: int
    segment: Segment


@dataclass(frozen=True, slots=True)
class Finish:
    """A segment is over: recognise and attribute it. Report `Recognised` and `Attributed`."""

    segment_id: int
    segment: Segment
    is_urgent: bool = False
    """Whether the client waits for the text: its turn is over."""


@dataclass(frozen=True, slots=True)
class Recognise:
    """Recognise a part of a divided utterance. Report `Recognised`."""

    segment_id: int
    segment: Segment
    options: Options = Options()
    """Those of the utterance."""
    speaker_id: int | None = None
    """Recognise only what this speaker says, whose voice is extracted. None: everything."""


@dataclass(frozen=True, slots=True)
class Learn:
    """A segment is certain to be the speaker's: the speaker's voice may learn from it."""

    speaker_id: int
    segment: Segment


@dataclass(frozen=True, slots=True)
class KeepVoice:
    """Keep the voice of a speaker, who gets a name, like an enrolled one. Report `VoiceKept`."""

    speaker_id: int
    name: str
    request_id: RequestId | None = None


@dataclass(frozen=True, slots=True)
class SealVoices:
    """Send each discovered voice that is not as it was sent last, sealed."""

    anew: bool = False
    """Whether to send all of them: the client may have lost those of before."""


@dataclass(frozen=True, slots=True)
class Share:
    """Show the session by a link, and send which; see `client_messages.ShareSession`."""

    key: str | None
    end: bool
    request_id: RequestId | None = None


class Outcome(StrEnum):
    """How an utterance was answered."""

    ANSWERED = "answered"
    EMPTY = "empty"
    """No words were recognised. The client gets no message."""
    FAILED = "failed"
    """The server sent an error."""


@dataclass(frozen=True, slots=True)
class Settled:
    """All messages of an utterance, or of one part, were sent. For metrics; needs no action."""

    segment: Segment
    outcome: Outcome
    ends_utterance: bool = True
    """Whether this is the last part of its utterance."""


@dataclass(frozen=True, slots=True)
class Release:
    """Audio before sample `index` is not needed again."""

    index: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection once all sent messages have left."""

    code: CloseCode


Analysing = (
    Begin
    | Change
    | Extend
    | ProbeSpeaker
    | Speculate
    | Finish
    | Recognise
    | Learn
    | KeepVoice
    | SealVoices
)
"""The effects that concern the audio and the voices of a transcription."""

Effect = Send | Listen | Decode | Enrol | Restore | Share | Analysing | Settled | Release | Close

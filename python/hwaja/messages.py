"""The wire messages of the specification, as frozen dataclasses.

What goes beyond the specification is sent only to a client that asked for it, see
docs/protocol.md. `parse.py` reads those of a client, `serialize.py` writes those of the server.
"""

from dataclasses import dataclass

from hwaja.attribution.parts import Label
from hwaja.codes import ErrorCode, Reason
from hwaja.quality import Quality
from hwaja.recognition import Options, Token

SPEAKERS = 2
"""The speakers of the specification, section 2.1: ids 0 and 1. A server may be told of more."""

MOST_SPEAKERS = 8
"""How many more: beyond, somebody nearly alike is likely to be among them."""

# --- client -> server -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartRegistration:
    """`start_speaker_registration`: what follows is the voice of `speaker_id`."""

    speaker_id: int
    details: bool = False
    quality: bool = False
    """Whether the answer is to say how good the voice is."""
    add: bool = False
    """Whether the voice is added to the speaker's earlier takes instead of replacing them."""


@dataclass(frozen=True, slots=True)
class CompleteRegistration:
    """`complete_speaker_registration`: the voice of `speaker_id` has been sent."""

    speaker_id: int


@dataclass(frozen=True, slots=True)
class StartTranscription:
    """`start_transcription`: what follows is the conversation."""

    details: bool = False
    interim_results: bool = False
    speaker_updates: bool = False
    """Whether to tell of a speaker that turns out to be another; see `SpeakerUpdate`."""
    adapt: bool = False
    """Whether the voices may learn from what they say for sure, until the next transcription."""
    options: Options = Options()


@dataclass(frozen=True, slots=True)
class StopTranscription:
    """`stop_transcription` (beyond the specification): answer everything heard, then say so."""


ClientMessage = StartRegistration | CompleteRegistration | StartTranscription | StopTranscription


class InvalidMessageError(ValueError):
    """A text message that cannot be acted on. Carries names only, never the message's text."""

    def __init__(self, code: ErrorCode, reason: Reason, speaker_id: int | None = None) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.speaker_id = speaker_id


# --- server -> client -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """How far a session had got when its client lost the connection."""

    state: str
    """`ready`, `enrolling`, `verifying`, `transcribing` or `draining`."""
    speaker_ids: tuple[int, ...]
    """Whose voices are enrolled."""
    received_samples: int
    """Audio that was taken since the enrolment or transcription began that goes on."""


@dataclass(frozen=True, slots=True)
class ModelLoaded:
    """`model_loaded`: first on every connection; the server is ready for enrolment."""

    session_token: str | None = None
    """What resumes the session (beyond the specification); None: the client did not ask."""
    resumed: Place | None = None
    """None: this is a new session."""


@dataclass(frozen=True, slots=True)
class RegistrationStarted:
    """`speaker_registration_started`."""

    speaker_id: int


@dataclass(frozen=True, slots=True)
class RegistrationCompleted:
    """`speaker_registration_completed`."""

    speaker_id: int
    quality: Quality | None = None
    """None: the client did not ask."""


@dataclass(frozen=True, slots=True)
class TranscriptionStarted:
    """`transcription_started`."""


@dataclass(frozen=True, slots=True)
class Details:
    """What a `transcription` carries beyond the specification when `details` was asked for."""

    start_seconds: float
    """Beginning of the utterance, from the first sample after `start_transcription`."""
    end_seconds: float
    label: Label
    """How far the speaker can be trusted."""
    probability: float
    """Of the speaker, against the other enrolled ones."""
    scores: tuple[float, ...]
    """Cosine similarity to each enrolled voice, in the order of `speaker_id`; empty if unknown."""
    margin: float | None = None
    """By how much the nearest voice is nearer than the next, normalised; None if unknown."""
    overlap_seconds: float = 0.0
    """How much of it two voices share."""
    tokens: tuple[Token, ...] = ()
    """Pieces of the text, dated like `start_seconds`; empty where the model gives no times."""
    language: str | None = None
    """What the model heard; None where it does not say."""


@dataclass(frozen=True, slots=True)
class Transcription:
    """`transcription`: one utterance."""

    speaker_id: int
    text: str
    timestamp: str
    """ISO 8601, UTC, milliseconds, `Z`: the moment the utterance began."""
    confidence: float
    """RMS level of the utterance's speech in dBFS, one decimal."""
    segment_id: int | None = None
    """Counts the utterances of one transcription from 0; None: the client did not ask."""
    details: Details | None = None


@dataclass(frozen=True, slots=True)
class Interim:
    """`interim` (beyond the specification): the text so far of an utterance that goes on."""

    segment_id: int
    text: str
    """Replaces the last one of the segment; empty: it was no speech after all."""
    stable_chars: int
    """Characters at the beginning of `text` that two hypotheses in a row agree on."""


@dataclass(frozen=True, slots=True)
class SpeakerUpdate:
    """`speaker_update` (beyond the specification): an earlier answer was another speaker's."""

    segment_id: int
    speaker_id: int


@dataclass(frozen=True, slots=True)
class SpeakerShare:
    """What one speaker said in a transcription."""

    speaker_id: int
    utterances: int
    speech_seconds: float
    """Pauses not counted."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a transcription."""

    utterances: int
    """How many `transcription` messages were sent."""
    failed: int
    """How many utterances the engine failed on."""
    audio_seconds: float
    """How much was heard."""
    speakers: tuple[SpeakerShare, ...]
    """Who spoke, in the order of the ids."""


@dataclass(frozen=True, slots=True)
class TranscriptionStopped:
    """`transcription_stopped` (beyond the specification): everything heard is answered."""

    summary: Summary
    """Since `start_transcription`."""


@dataclass(frozen=True, slots=True)
class AudioReceived:
    """`audio_received` (beyond the specification): so much need not be sent again."""

    received_samples: int
    """Since the enrolment or transcription began."""


@dataclass(frozen=True, slots=True)
class LimitWarning:
    """`limit_warning` (beyond the specification): a limit will soon be reached."""

    reason: Reason
    seconds_left: int


@dataclass(frozen=True, slots=True)
class Error:
    """`error`."""

    code: ErrorCode
    reason: Reason
    speaker_id: int | None = None
    quality: Quality | None = None
    """Of the take that was refused; None: there is none, or the client did not ask."""
    received_samples: int | None = None
    """Audio of the transcription that was taken before a limit ended it."""


ServerMessage = (
    ModelLoaded
    | RegistrationStarted
    | RegistrationCompleted
    | TranscriptionStarted
    | Transcription
    | Interim
    | SpeakerUpdate
    | TranscriptionStopped
    | AudioReceived
    | LimitWarning
    | Error
)

"""The wire messages of the specification, as frozen dataclasses.

What goes beyond the specification is sent only to a client that asked for it, see
docs/protocol.md. `parse.py` reads those of a client, `serialize.py` writes those of the server.

`make asyncapi` takes the sentences under the fields into docs/asyncapi.yaml and docs/protocol.md,
but those that begin with "None: ", which say what Python's None stands for.
"""

from dataclasses import dataclass

from hwaja.protocol.codes import AudioFormat, ErrorCode, Reason
from hwaja.protocol.quality import Quality
from hwaja.protocol.values import Label, Options, Token

SPEAKERS = 2
"""The speakers of the specification, section 2.1: ids 0 and 1. A server may be told of more."""

MOST_SPEAKERS = 8
"""How many more: beyond, somebody nearly alike is likely to be among them."""

# --- client -> server -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartRegistration:
    """`start_speaker_registration`: what follows is this speaker's voice.

    While an enrolment runs, it begins anew.
    """

    speaker_id: int
    """Who is going to speak: 0 or 1 (beyond the specification: any below `--max-speakers`)."""
    details: bool = False
    """`true` asks for the fields of **details**, for the rest of the session."""
    quality: bool = False
    """`true` asks for the `quality` object in the answer; `details` brings it too."""
    add: bool = False
    """`true` adds the take to the earlier ones of this speaker: they become one voice, each
    weighted by how long it speaks. Without it, or where there is none yet, the take replaces the
    voice."""


@dataclass(frozen=True, slots=True)
class CompleteRegistration:
    """`complete_speaker_registration`: the voice has been sent."""

    speaker_id: int
    """The speaker whose enrolment was started."""


@dataclass(frozen=True, slots=True)
class StartTranscription:
    """`start_transcription`: what follows is the conversation.

    Both voices must be enrolled (of more than two: at least two).
    """

    details: bool = False
    """`true` asks for the fields of **details**, for the rest of the session."""
    interim_results: bool = False
    """`true` asks for `interim` messages, and for `segment_id` in every `transcription`."""
    speaker_updates: bool = False
    """`true` asks for `speaker_update` messages, and for `segment_id` in every `transcription`."""
    adapt: bool = False
    """`true` lets the voices learn from what they say for sure (3 s of speech at least, nobody else
    in it); the next `start_transcription` without it begins with the voices as they were
    enrolled."""
    options: Options = Options()


@dataclass(frozen=True, slots=True)
class StopTranscription:
    """`stop_transcription` (beyond the specification): answer everything heard, then say so.

    The session can then go on, with new voices or another transcription.
    """


ClientMessage = StartRegistration | CompleteRegistration | StartTranscription | StopTranscription


class InvalidMessageError(ValueError):
    """A text message that cannot be acted on. Carries names only, never the message's text."""

    def __init__(self, code: ErrorCode, reason: Reason, speaker_id: int | None = None) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.speaker_id = speaker_id
        self.wants_details = False
        """Whether the message asks for details, which then say why it is refused."""


# --- server -> client -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """How far a session had got when its client lost the connection."""

    state: str
    """Where the session is."""
    speaker_ids: tuple[int, ...]
    """Whose voices are enrolled."""
    received_samples: int
    """How much of the audio of this enrolment or transcription was taken: send on from there."""


@dataclass(frozen=True, slots=True)
class ModelLoaded:
    """`model_loaded`: first, once on every connection; the server is ready for enrolment."""

    session_token: str | None = None
    """What resumes the session; each `model_loaded` brings a new one. None: the client did not
    ask."""
    resumed: Place | None = None
    """Whether an earlier session goes on. None: this is a new one."""


@dataclass(frozen=True, slots=True)
class RegistrationStarted:
    """`speaker_registration_started`: the audio that comes now is the speaker's voice."""

    speaker_id: int
    """Who is to speak."""


@dataclass(frozen=True, slots=True)
class RegistrationCompleted:
    """`speaker_registration_completed`: the voice was good enough and is kept."""

    speaker_id: int
    """Whose voice it is."""
    quality: Quality | None = None
    """How good the voice is. None: the client did not ask."""


@dataclass(frozen=True, slots=True)
class TranscriptionStarted:
    """`transcription_started`: the audio that comes now is the conversation."""


@dataclass(frozen=True, slots=True)
class Details:
    """What a `transcription` carries beyond the specification when `details` was asked for."""

    start_seconds: float
    """When the utterance begins, in seconds since the first audio of the transcription; time in
    which none came counts too."""
    end_seconds: float
    """When it ends, in the same time."""
    label: Label
    """How far `speaker_id` can be trusted."""
    probability: float
    """Of this speaker against the others who are enrolled, by the voice and by who spoke before;
    `sure` is 0.99 and more by the voice alone."""
    scores: tuple[float, ...]
    """Cosine similarity to each enrolled voice, in the order of the ids; empty where nothing was
    embedded."""
    margin: float | None = None
    """By how much the nearest voice is nearer than the next, normalised; absent where nothing was
    embedded."""
    overlap_seconds: float = 0.0
    """How much of it two voices share."""
    tokens: tuple[Token, ...] = ()
    """Pieces of the text, in the same time as `start_seconds`; only where the model dates them
    (Whisper as `hwaja models pull` makes it, and streaming models but Paraformer)."""
    language: str | None = None
    """What the model heard, or was told to hear; only where it knows several."""


@dataclass(frozen=True, slots=True)
class Transcription:
    """`transcription`: what one speaker said in one utterance."""

    speaker_id: int
    """The enrolled voice that is nearest: 0 or 1 (beyond the specification: any that was
    enrolled)."""
    text: str
    """What was said; never empty."""
    timestamp: str
    """When the utterance began: ISO 8601, UTC, milliseconds, `Z`. Counted in samples from the first
    audio of the transcription, so a network delay does not shift it; where no audio came for a
    while, that time is added."""
    confidence: float
    """RMS level of the utterance's speech in dBFS, one decimal, without what is below 80 Hz; 0 dBFS
    is a full-scale square wave, a full-scale sine is -3.0."""
    segment_id: int | None = None
    """No two are the same. Counts the utterances of a transcription from 0; one without words
    leaves a gap. Where several speak in an utterance, its first part has its id and the others the
    next free ones, so ids need not ascend. None: the client did not ask."""
    details: Details | None = None
    """None: the client did not ask."""


@dataclass(frozen=True, slots=True)
class Interim:
    """`interim` (beyond the specification): the text so far of an utterance that goes on."""

    segment_id: int
    """The utterance: this replaces its last interim, and the `transcription` with this id replaces
    it; none comes after that."""
    text: str
    """What was said so far. An empty one takes an interim back that no transcription follows."""
    stable_chars: int
    """How many characters at the beginning of `text` are as they were in the interim before: likely
    to stay, not sure to."""


@dataclass(frozen=True, slots=True)
class SpeakerUpdate:
    """`speaker_update` (beyond the specification): an earlier answer was another speaker's."""

    segment_id: int
    """The answer."""
    speaker_id: int
    """Whose it is more likely."""


@dataclass(frozen=True, slots=True)
class SpeakerShare:
    """What one speaker said in a transcription."""

    speaker_id: int
    """Who."""
    utterances: int
    """How many `transcription` messages were this speaker's."""
    speech_seconds: float
    """How long this speaker spoke, pauses not counted."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a transcription."""

    utterances: int
    """How many `transcription` messages were sent."""
    failed: int
    """How many utterances the engine failed on."""
    audio_seconds: float
    """How much audio was heard, pauses included; time in which none came is not counted."""
    speakers: tuple[SpeakerShare, ...]
    """Who spoke, in the order of the ids."""


@dataclass(frozen=True, slots=True)
class TranscriptionStopped:
    """`transcription_stopped` (beyond the specification): everything heard is answered."""

    summary: Summary
    """Since `start_transcription`."""


@dataclass(frozen=True, slots=True)
class AudioReceived:
    """`audio_received` (beyond the specification): so much need not be kept to be sent again."""

    received_samples: int
    """How much of the audio of this enrolment or transcription was taken."""


@dataclass(frozen=True, slots=True)
class TooFarAhead:
    """`too_far_ahead` (beyond the specification): audio comes faster than it can be heard.

    Nothing of it is lost. Who holds on has what was sent answered as soon, and it need not wait in
    the server.
    """

    waiting_seconds: float
    """How much of the audio that was sent waits to be heard."""
    hold: bool
    """Whether to hold on; `false`: what waited was taken, go on."""


@dataclass(frozen=True, slots=True)
class LimitWarning:
    """`limit_warning` (beyond the specification): a limit will soon be reached."""

    reason: Reason
    """Which limit."""
    seconds_left: int
    """How soon."""


@dataclass(frozen=True, slots=True)
class Error:
    """`error`: what was asked for failed, or the session ends."""

    code: ErrorCode
    """What failed."""
    reason: Reason
    """Why, for programs; of `INVALID_MESSAGE`, `INVALID_AUDIO`, `wrong_format` and a language or
    hotwords that cannot be had it is told without being asked."""
    speaker_id: int | None = None
    """Where it belongs to a speaker: whose, as the client named it."""
    quality: Quality | None = None
    """Of the take that was refused, where it was refused for what was measured in it. None: it was
    not, or the client did not ask."""
    looks_like: AudioFormat | None = None
    """With `wrong_format`, and without being asked: what the audio looks like."""
    received_samples: int | None = None
    """With `audio_limit` and `server_stopped`: how much of the audio since `start_transcription`
    was taken; what was sent after it was not, and can be sent again."""


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
    | TooFarAhead
    | LimitWarning
    | Error
)

PassingMessage = ModelLoaded | Interim | AudioReceived | TooFarAhead
"""What a client that comes back does not need again, and so is not numbered."""

"""The messages of the server, as frozen structs.

A field stands here once: its name on the wire, its type, its bounds and what it says. The fields of
a message are written in the order in which they stand here. A field whose value is its default is
left out. `serialize.py` writes the messages.

What goes beyond the specification is sent only to a client that asked for it.

`make asyncapi` takes the fields and the sentences under them into docs/asyncapi.yaml and
docs/protocol.md, but not the sentences that begin with "None: ", which say what Python's None
stands for.
"""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from hwaja.protocol.codes import ADVICE, AudioFormat, DropReason, ErrorCode, Reason
from hwaja.protocol.field_types import (
    RESUME,
    Count,
    Level,
    Seconds,
    Timestamp,
    asked_by,
    numeric,
    one_of,
    written_as,
)
from hwaja.protocol.texts import AHEAD
from hwaja.protocol.values import (
    MAX_ECHOED_ID,
    Details,
    Hello,
    NotResumed,
    Place,
    Quality,
    SpeakerId,
    Summary,
)


class FromServer(Struct, frozen=True, tag_field="type", omit_defaults=True):
    """A message of the server."""

    ASKED_BY: ClassVar[tuple[str, ...]] = ()
    """Of a message beyond the specification: any of these brings it."""
    BEFORE_TEXT: ClassVar[tuple[str, ...]] = ()
    """The fields before `message`; empty: there is no `message`."""
    IS_ANSWER: ClassVar = False
    """Whether it answers one message of the client, and so repeats its `request_id`."""


class ModelLoaded(FromServer, frozen=True, tag="model_loaded"):
    """First, once on every connection; the server is ready for enrolment."""

    BEFORE_TEXT = ("type",)

    session_token: Annotated[str | None, asked_by(RESUME)] = None
    """What resumes the session; each `model_loaded` brings a new one. None: the client did not
    ask."""
    resumed: Annotated[Place | None, written_as("boolean"), asked_by(RESUME)] = None
    """Whether an earlier session goes on. None: this is a new one."""
    not_resumed: Annotated[NotResumed | None, asked_by(RESUME)] = None
    """Why the presented session token led to no session. None: it led to one, or there was none."""
    hello: Hello | None = None
    """None: the client did not ask."""


class RegistrationStarted(FromServer, frozen=True, tag="speaker_registration_started"):
    """The audio that comes now is the speaker's voice."""

    IS_ANSWER = True
    BEFORE_TEXT = ("type", "speaker_id")

    speaker_id: SpeakerId
    """Who is to speak."""


class RegistrationCompleted(FromServer, frozen=True, tag="speaker_registration_completed"):
    """The voice was good enough and is kept."""

    IS_ANSWER = True
    BEFORE_TEXT = ("type", "speaker_id")

    speaker_id: SpeakerId
    """Whose voice it is."""
    quality: Annotated[Quality | None, asked_by("quality", "details")] = None
    """How good the voice is. None: the client did not ask."""
    ticket: Annotated[str | None, asked_by("ticket")] = None
    """The voice, sealed: letters, digits, `-` and `_`, less than 4096 of them. `restore_speaker`
    takes it. None: the client did not ask."""
    ticket_expires_at: Annotated[Timestamp | None, asked_by("ticket")] = None
    """Until when the ticket can be used: ISO 8601, UTC, milliseconds, `Z`. None: the client did not
    ask."""


class TranscriptionStarted(FromServer, frozen=True, tag="transcription_started"):
    """The audio that comes now is the conversation."""

    IS_ANSWER = True
    BEFORE_TEXT = ("type",)


class Transcription(FromServer, frozen=True, tag="transcription"):
    """What one speaker said in one utterance."""

    speaker_id: SpeakerId
    """The enrolled voice that is nearest: 0 or 1 (beyond the specification: any that was enrolled
    or discovered)."""
    text: Annotated[str, Meta(extra_json_schema={"minLength": 1})]
    """What was said; never empty."""
    timestamp: Timestamp
    """When the utterance began: ISO 8601, UTC, milliseconds, `Z`. Counted in samples from the first
    audio of the transcription, so a network delay does not shift it; where no audio came for a
    while, that time is added."""
    confidence: Annotated[Level, numeric()]
    """RMS level of the utterance's speech in dBFS, one decimal, without what is below 80 Hz; 0 dBFS
    is a full-scale square wave, a full-scale sine is -3.0."""
    segment_id: Annotated[
        Count | None,
        asked_by(
            "details", "interim_results", "speaker_updates", "speakers", "strangers", "events"
        ),
    ] = None
    """No two are the same. Counts the utterances of a transcription from 0; one without words
    leaves a gap. Where several speak in an utterance, its first part has its id and the others the
    next free ones, so ids need not ascend. None: the client did not ask."""
    details: Details | None = None
    """None: the client did not ask."""
    answered_samples: Annotated[Count | None, asked_by("answered_samples")] = None
    """How much of the audio of this transcription is answered with this. None: the client did not
    ask."""


class Interim(FromServer, frozen=True, tag="interim"):
    """The text so far of an utterance that goes on."""

    ASKED_BY = ("interim_results",)

    segment_id: Count
    """The utterance: this replaces its last interim, and the `transcription` with this id replaces
    it; none comes after that."""
    text: str
    """What was said so far. An empty one takes an interim back that no transcription follows."""
    stable_chars: Count
    """How many characters at the beginning of `text` are as they were in the interim before: likely
    to stay, not sure to."""


class SpeakerUpdate(FromServer, frozen=True, tag="speaker_update"):
    """An earlier answer was another speaker's."""

    ASKED_BY = ("speaker_updates", "speakers", "strangers")

    segment_id: Count
    """The answer."""
    speaker_id: SpeakerId
    """Whose it is more likely."""


class SpeakerNamed(FromServer, frozen=True, tag="speaker_named"):
    """The speaker has the name, and the voice is kept."""

    ASKED_BY = ("name_speaker",)
    IS_ANSWER = True

    speaker_id: SpeakerId
    """Who."""
    name: str
    """The name; empty: none any more."""


class VoiceSealed(FromServer, frozen=True, tag="voice_sealed"):
    """A voice that was discovered is known better than before, or no longer there.

    It replaces what was sent of this speaker before.
    """

    ASKED_BY = ("tickets",)

    speaker_id: SpeakerId
    """Who."""
    ticket: str | None = None
    """The voice, sealed, as in `speaker_registration_completed`. Absent if nobody has this id any
    more, or if the person has spoken for less than 2 s."""
    ticket_expires_at: Timestamp | None = None
    """Until when the ticket can be used, as in `speaker_registration_completed`; absent with it."""


class SessionShared(FromServer, frozen=True, tag="session_shared"):
    """The session has this link, or none any more."""

    ASKED_BY = ("share_session",)
    IS_ANSWER = True

    token: str | None = None
    """Opens the link: for those who watch. Absent where there is no link. 32 letters, digits, `-`
    and `_`."""
    key: str | None = None
    """Has another session take the link over: for the client alone. As long, and absent with it."""


class TranscriptionStopped(FromServer, frozen=True, tag="transcription_stopped"):
    """Everything heard is answered."""

    ASKED_BY = ("stop_transcription",)
    IS_ANSWER = True
    BEFORE_TEXT = ("type",)

    summary: Summary
    """Since `start_transcription`."""


class Finalized(FromServer, frozen=True, tag="finalized"):
    """Everything heard before `finalize` is answered."""

    ASKED_BY = ("finalize",)
    IS_ANSWER = True

    received_samples: Count
    """How much of the audio of this transcription was taken before it."""


class TranscriptionUpdated(FromServer, frozen=True, tag="transcription_updated"):
    """The next utterance has the new options."""

    ASKED_BY = ("update_transcription",)
    IS_ANSWER = True
    BEFORE_TEXT = ("type",)


class TranscriptionPaused(FromServer, frozen=True, tag="transcription_paused"):
    """The audio that comes now is ignored."""

    ASKED_BY = ("pause_transcription",)
    IS_ANSWER = True
    BEFORE_TEXT = ("type",)

    received_samples: Count
    """How much of the audio of this transcription came before."""


class TranscriptionResumed(FromServer, frozen=True, tag="transcription_resumed"):
    """The audio that comes now is heard again."""

    ASKED_BY = ("resume_transcription",)
    IS_ANSWER = True
    BEFORE_TEXT = ("type",)

    received_samples: Count
    """How much of the audio of this transcription came before, ignored or not."""


class SpeechStarted(FromServer, frozen=True, tag="speech_started"):
    """Somebody speaks."""

    ASKED_BY = ("events",)

    segment_id: Count
    """The utterance that begins: that of its `transcription`."""
    start_seconds: Seconds
    """When it began, in the time of **details**. Just after a time without audio, that time may
    not be counted yet."""


class SpeechEnded(FromServer, frozen=True, tag="speech_ended"):
    """The utterance is over; its text follows, or `utterance_dropped`."""

    ASKED_BY = ("events",)

    segment_id: Count
    """The utterance."""
    end_seconds: Seconds
    """When its speech ended, in the time of **details**. It is known after the pause."""


class UtteranceDropped(FromServer, frozen=True, tag="utterance_dropped"):
    """Something was heard as speech, and no text comes of it."""

    ASKED_BY = ("events",)

    segment_id: Count
    """The utterance, or the part of one."""
    reason: DropReason
    """Why."""


class Lag(FromServer, frozen=True, tag="lag"):
    """Answers come late, or no longer do."""

    ASKED_BY = ("events",)

    seconds: Annotated[Seconds, numeric(1)]
    """For how long the oldest utterance has waited for its answer; 0: answers come in time again.
    """


class AudioReceived(FromServer, frozen=True, tag="audio_received"):
    """So much need not be kept to be sent again."""

    ASKED_BY = (RESUME,)

    received_samples: Count
    """How much of the audio of this enrolment or transcription was taken."""
    answered_samples: Annotated[Count | None, asked_by("answered_samples")] = None
    """How much of the audio of this transcription is answered, or has no words. None: the client
    did not ask."""


class TooFarAhead(FromServer, frozen=True, tag="too_far_ahead"):
    """Audio comes faster than it can be heard.

    Nothing of it is lost. Who holds on has what was sent answered as soon, and it need not wait in
    the server.
    """

    ASKED_BY = ("details",)

    waiting_seconds: Annotated[Seconds, numeric(1)]
    """How much of the audio that was sent waits to be heard."""
    hold: bool
    """Whether to hold on; `false`: what waited was taken, go on."""


class LimitWarning(FromServer, frozen=True, tag="limit_warning"):
    """A limit will soon be reached."""

    ASKED_BY = ("details",)
    BEFORE_TEXT = ("type", "reason")

    reason: Annotated[Reason, one_of(*AHEAD)]
    """Which limit."""
    seconds_left: Count
    """How soon."""


_OF_ERRORS = [reason for reason in Reason if reason not in ADVICE]


class Error(FromServer, frozen=True, tag="error"):
    """What was asked for failed, or the session ends."""

    IS_ANSWER = True
    BEFORE_TEXT = ("type", "code", "speaker_id")

    code: ErrorCode
    """What failed."""
    reason: Annotated[Reason, one_of(*_OF_ERRORS), asked_by("details")]
    """Why, for programs; of `INVALID_MESSAGE`, `INVALID_AUDIO`, `SPEAKER_NAMING_FAILED`,
    `wrong_format`, a ticket that is no good, and a language, hotwords or audio that cannot be had
    it is told without being asked."""
    speaker_id: Annotated[int, numeric(minimum=-MAX_ECHOED_ID, maximum=MAX_ECHOED_ID)] | None = None
    """Where it belongs to a speaker: whose, as the client named it."""
    looks_like: Annotated[AudioFormat | None, asked_by("details")] = None
    """With `wrong_format`, and without being asked: what the audio looks like."""
    received_samples: Annotated[Count | None, asked_by("details")] = None
    """With `audio_limit` and `server_stopped`: how much of the audio since `start_transcription`
    was taken; what was sent after it was not, and can be sent again."""
    quality: Annotated[Quality | None, asked_by("quality", "details")] = None
    """Of the take that was refused, where it was refused for what was measured in it. None: it was
    not, or the client did not ask."""


ServerMessage = (
    ModelLoaded
    | RegistrationStarted
    | RegistrationCompleted
    | TranscriptionStarted
    | Transcription
    | Interim
    | SpeakerUpdate
    | SpeakerNamed
    | VoiceSealed
    | SessionShared
    | TranscriptionStopped
    | Finalized
    | TranscriptionUpdated
    | TranscriptionPaused
    | TranscriptionResumed
    | SpeechStarted
    | SpeechEnded
    | UtteranceDropped
    | Lag
    | AudioReceived
    | TooFarAhead
    | LimitWarning
    | Error
)

PassingMessage = ModelLoaded | Interim | VoiceSealed | AudioReceived | TooFarAhead
"""What a client that comes back does not need again, and so is not numbered."""

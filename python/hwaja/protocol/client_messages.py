"""The messages of a client, as frozen structs: those of the specification, and those beyond it.

A field stands here once: its name on the wire, its type, its bounds and what it says. `parse.py`
reads the messages. What goes beyond the specification may be left out.

`make asyncapi` takes the fields and the sentences under them into docs/asyncapi.yaml and
docs/protocol.md, but not the sentences that begin with "None: ", which say what Python's None
stands for.
"""

from typing import Annotated, Any, ClassVar

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from hwaja.protocol.audio import PLAIN, AudioConfig
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.field_types import Printable
from hwaja.protocol.values import (
    MAX_HOTWORDS,
    MAX_TICKET_CHARS,
    MOST_SPEAKERS,
    Event,
    Hotword,
    LinkKey,
    Options,
    RequestId,
    SpeakerId,
    SpeakerName,
    Speakers,
    Strangers,
)


class FromClient(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A message of a client. What may be left out goes beyond the specification."""

    FAILS: ClassVar = ErrorCode.INVALID_MESSAGE
    """The code of the error that answers a message of this type with a wrong field."""
    IS_BEYOND: ClassVar = False
    """Whether the message itself goes beyond the specification."""

    request_id: RequestId | None = None
    """Comes back in the answer to this message, an error or not: a string of at most 64 characters,
    or an integer. None: the client gave none."""


class StartRegistration(FromClient, frozen=True, tag="start_speaker_registration"):
    """What follows is this speaker's voice.

    While an enrolment runs, it begins anew.
    """

    FAILS = ErrorCode.SPEAKER_REGISTRATION_FAILED

    speaker_id: SpeakerId
    """Who is going to speak: 0 or 1 (beyond the specification: any below `--max-speakers`)."""
    details: bool = False
    """`true` asks for the fields of **details**, for the rest of the session."""
    quality: bool = False
    """`true` asks for the `quality` object in the answer; `details` brings it too."""
    add: bool = False
    """`true` adds the take to the earlier ones of this speaker: they become one voice, each
    weighted by how long it speaks. Without it, or where there is none yet, the take replaces the
    voice."""
    ticket: bool = False
    """`true` asks for a voice ticket in the answer, for `restore_speaker` in a later session."""
    audio: AudioConfig = PLAIN
    """How the audio of this take is encoded. Without it, as the specification says."""


class CompleteRegistration(FromClient, frozen=True, tag="complete_speaker_registration"):
    """The voice has been sent."""

    FAILS = ErrorCode.SPEAKER_REGISTRATION_FAILED

    speaker_id: SpeakerId
    """The speaker whose enrolment was started."""


class RestoreSpeaker(FromClient, frozen=True, tag="restore_speaker"):
    """Enrol the voice of a ticket, without speech.

    The answer is that of an enrolment: `speaker_registration_completed`, or an error.
    """

    FAILS = ErrorCode.SPEAKER_REGISTRATION_FAILED
    IS_BEYOND = True

    speaker_id: SpeakerId
    """Whose voice it becomes. It replaces an earlier voice of this speaker. It may be any id, as
    that of a discovered voice."""
    ticket: Annotated[str, Meta(max_length=MAX_TICKET_CHARS)]
    """What `speaker_registration_completed` or `voice_sealed` brought. It can be used again until
    it expires."""
    details: bool = False
    """`true` asks for the fields of **details**, for the rest of the session."""
    quality: bool = False
    """`true` asks for the `quality` object in the answer; `details` brings it too."""


class StartTranscription(FromClient, frozen=True, tag="start_transcription"):
    """What follows is the conversation.

    Both voices must be enrolled (of more than two: at least two), unless `speakers` says where
    else the speakers are known from.
    """

    FAILS = ErrorCode.TRANSCRIPTION_FAILED

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
    speakers: Speakers = Speakers.ENROLLED
    """`"discover"` finds the speakers by their voices, also if nobody is enrolled. A voice that is
    not enrolled gets the lowest free id when it first speaks, and keeps it for the session. It
    brings `segment_id` and `speaker_update`. `"channels"` takes each channel of the audio for one
    speaker: the first is speaker 0, the second speaker 1. `"enrolled"` is the default."""
    strangers: Strangers = Strangers.NEAREST
    """`"separate"` gives ids to people who are not enrolled, as `speakers` does, but both voices
    must be enrolled. `"nearest"`, the default, gives what they say to the nearest enrolled
    voice."""
    events: tuple[Event, ...] = ()
    """Which events are sent, each as a message of this name; they bring `segment_id` in every
    `transcription`."""
    max_speakers: Annotated[int, Meta(ge=1, le=MOST_SPEAKERS)] | None = None
    """With `speakers` or `strangers`: how many people speak at most, the enrolled ones included.
    Without it, 8."""
    answered_samples: bool = False
    """`true` asks for `answered_samples` in every `transcription` and `audio_received`: for clients
    that go on at another server if this one is gone."""
    tickets: bool = False
    """With `speakers` or `strangers`: `true` sends each voice that is discovered as a ticket, in
    `voice_sealed`: for clients that go on in another session."""
    audio: AudioConfig = PLAIN
    """How the audio of this transcription is encoded. Without it, as the specification says."""
    options: Options = Options()

    @property
    def by_channel(self) -> bool:
        """Whether each channel is a speaker."""
        return self.speakers is Speakers.CHANNELS

    @property
    def most_speakers(self) -> int | None:
        """How many people speak at most. None: speakers who are not enrolled get no id."""
        if self.by_channel:
            return None
        if self.speakers is Speakers.DISCOVER or self.strangers is Strangers.SEPARATE:
            return self.max_speakers or MOST_SPEAKERS
        return None

    @property
    def seals(self) -> bool:
        """Whether the client is sent the voices that are discovered."""
        return self.tickets and self.most_speakers is not None

    @property
    def corrects(self) -> bool:
        """Whether the client is sent corrections of earlier speakers."""
        return self.speaker_updates or self.most_speakers is not None


class StopTranscription(FromClient, frozen=True, tag="stop_transcription"):
    """Answer everything heard, then say so.

    The session can then go on, with new voices or another transcription.
    """

    FAILS = ErrorCode.TRANSCRIPTION_FAILED
    IS_BEYOND = True


class NameSpeaker(FromClient, frozen=True, tag="name_speaker"):
    """Gives a speaker a name.

    The voice is then kept like an enrolled one until the session ends, also if it was discovered.
    It may be sent at any time.
    """

    FAILS = ErrorCode.SPEAKER_NAMING_FAILED
    IS_BEYOND = True

    speaker_id: SpeakerId
    """A speaker who is enrolled or was discovered."""
    name: SpeakerName
    """The name. An empty one takes the name back, and nothing else."""


class ShareSession(FromClient, frozen=True, tag="share_session"):
    """Lets others read along by a link.

    It may be sent at any time. A session that has a link already keeps it.
    """

    IS_BEYOND = True

    key: LinkKey | None = None
    """What `session_shared` brought in an earlier session: its link goes on with this one. None:
    it is a new link."""
    end: bool = False
    """`true` ends the link instead: whoever watches is sent away."""


class Finalize(FromClient, frozen=True, tag="finalize"):
    """The turn is over: answer what was sent so far at once, then say so.

    The server does not wait for a pause. Audio that comes later belongs to another utterance.
    """

    FAILS = ErrorCode.TRANSCRIPTION_FAILED
    IS_BEYOND = True


class UpdateTranscription(FromClient, frozen=True, tag="update_transcription"):
    """Go on with other options, from the next utterance on.

    What is not named stays as it is. If one of them cannot be had, none changes.
    """

    FAILS = ErrorCode.TRANSCRIPTION_FAILED
    IS_BEYOND = True

    details: bool = False
    """`true` asks for the fields of **details**, for the rest of the session."""
    interim_results: bool | UnsetType = UNSET
    """As in `start_transcription`."""
    speaker_updates: bool | UnsetType = UNSET
    """As in `start_transcription`."""
    adapt: bool | UnsetType = UNSET
    """As in `start_transcription`; `false` keeps what the voices have learned so far."""
    events: tuple[Event, ...] | UnsetType = UNSET
    """As in `start_transcription`."""
    language: Printable | UnsetType | None = UNSET
    """As in `start_transcription`; `null`: the one that the server was started with."""
    hotwords: Annotated[tuple[Hotword, ...], Meta(max_length=MAX_HOTWORDS)] | UnsetType = UNSET
    """As in `start_transcription`; these replace all earlier ones."""

    def applied_to(self, wants: StartTranscription) -> StartTranscription:
        """Return the options of a transcription with these in place of its own."""
        options = {"language": self.language, "hotwords": self.hotwords}
        changed = {
            "interim_results": self.interim_results,
            "speaker_updates": self.speaker_updates,
            "adapt": self.adapt,
            "events": self.events,
            "options": replace(wants.options, **_named(options)),
        }
        return replace(wants, **_named(changed))


def _named(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not UNSET}


class PauseTranscription(FromClient, frozen=True, tag="pause_transcription"):
    """Ignore the audio that comes until `resume_transcription`.

    The open utterance ends, as with `finalize`. Time goes on.
    """

    FAILS = ErrorCode.TRANSCRIPTION_FAILED
    IS_BEYOND = True


class ResumeTranscription(FromClient, frozen=True, tag="resume_transcription"):
    """Listen again."""

    FAILS = ErrorCode.TRANSCRIPTION_FAILED
    IS_BEYOND = True


class KeepAlive(FromClient, frozen=True, tag="keep_alive"):
    """The client is still there, although it sends nothing else."""

    IS_BEYOND = True


ClientMessage = (
    StartRegistration
    | CompleteRegistration
    | RestoreSpeaker
    | StartTranscription
    | StopTranscription
    | Finalize
    | UpdateTranscription
    | PauseTranscription
    | ResumeTranscription
    | KeepAlive
    | NameSpeaker
    | ShareSession
)


DIVIDING = (
    CompleteRegistration | Finalize | PauseTranscription | ResumeTranscription | StopTranscription
)
"""Messages after which the audio is heard in another way than before."""


class InvalidMessageError(ValueError):
    """A text message that cannot be acted on. Carries names only, never the message's text."""

    def __init__(self, code: ErrorCode, reason: Reason, speaker_id: int | None = None) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.speaker_id = speaker_id
        self.wants_details = False
        """Whether the message asks for details, which then say why it is refused."""
        self.request_id: RequestId | None = None
        """That of the message; None: it has none, or one that is not good."""

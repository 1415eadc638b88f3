"""The values inside messages that are more than a number or a string."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from hwaja.protocol.codes import ADVICE, Reason
from hwaja.protocol.field_types import (
    HELLO,
    RESUME,
    Cosine,
    Count,
    Inlined,
    Level,
    Printable,
    Seconds,
    Share,
    always,
    asked_by,
    numeric,
    one_of,
)

SPEAKERS = 2
"""The speakers of the specification, section 2.1: ids 0 and 1. A server may be told of more."""

MOST_SPEAKERS = 8
"""How many more: beyond, somebody nearly alike is likely to be among them."""

MAX_ECHOED_ID = 2**53
"""Largest number that JSON carries everywhere (RFC 8259, section 6). A speaker id beyond is not
repeated in the answer, since it may have thousands of digits."""

MAX_TICKET_CHARS = 4096
"""Longest voice ticket. That of an embedding of 192 numbers has some 1,200 characters."""

SpeakerId = Annotated[int, numeric(minimum=0, maximum=MOST_SPEAKERS - 1)]

MAX_NAME_CHARS = 50

SpeakerName = Annotated[Printable, Meta(max_length=MAX_NAME_CHARS)]

LINK_KEY_BYTES = 24
"""Random bytes in the key of a link: too many to guess. Its token, in a QR code, is as long."""

LINK_KEY_CHARS = 4 * LINK_KEY_BYTES // 3

LinkKey = Annotated[
    str, Meta(pattern=f"^[A-Za-z0-9_-]{{{LINK_KEY_CHARS}}}", max_length=LINK_KEY_CHARS)
]
"""`$` would also match before the end of a line."""

MAX_REQUEST_ID_CHARS = 64

RequestId = (
    Annotated[Printable, Meta(max_length=MAX_REQUEST_ID_CHARS)]
    | Annotated[int, Meta(ge=-MAX_ECHOED_ID, le=MAX_ECHOED_ID)]
)
"""What a client calls a message of its own, so that it knows the answer."""


class NotResumed(StrEnum):
    """Why a session token led to no session."""

    OTHER_NODE = "other_node"
    """It names another node. The session may still be there."""
    ENDED = "ended"
    """The session has ended, or its server was started again."""


MAX_HOTWORDS = 100
MAX_HOTWORD_CHARS = 50
MAX_HOTWORD_BOOST = 10.0
"""sherpa-onnx adds 1.5 by default; at 10 a hotword is heard wherever it could be."""


class Hotword(Struct, frozen=True, omit_defaults=True):
    """A word or phrase that is likelier to be said than the model would think."""

    text: Annotated[Printable, Meta(max_length=MAX_HOTWORD_CHARS, pattern=r"\S")]
    """The word or phrase. Spaces around it are taken off, and several count as one."""
    boost: Annotated[float, Meta(gt=0, le=MAX_HOTWORD_BOOST)] | None = None
    """Added to the score of each of its tokens; 1.5 without it."""


class Options(Inlined, frozen=True):
    """What one session asks of the recogniser; must lie within its `Abilities`."""

    language: Printable | None = None
    """Code of the language that is spoken, as the model names it: `"ko"`, `"en"`; with Whisper and
    Nemotron also `"auto"`. Without it, the one that the server was started with."""
    hotwords: Annotated[tuple[Hotword, ...], Meta(max_length=MAX_HOTWORDS)] = ()
    """Words or phrases to expect, each as a string or with its `boost`. Whisper of
    CTranslate2, Qwen3-ASR and FunASR Nano take any; transducers take those that they can write, on
    a server started with `--decoding-method modified_beam_search`; other models take none."""


class Speakers(StrEnum):
    """Whose voices a transcription knows."""

    ENROLLED = "enrolled"
    DISCOVER = "discover"
    CHANNELS = "channels"


class Strangers(StrEnum):
    """What becomes of a speaker who is not enrolled."""

    NEAREST = "nearest"
    SEPARATE = "separate"


class Event(StrEnum):
    """What a client is told of a transcription beside its texts, if it asks for it."""

    SPEECH_STARTED = "speech_started"
    SPEECH_ENDED = "speech_ended"
    UTTERANCE_DROPPED = "utterance_dropped"
    LAG = "lag"


class ServerAbilities(Struct, frozen=True):
    """What the server can do now; the operator may change the recogniser while it runs."""

    languages: tuple[str, ...]
    """Codes for `language`, in order."""
    hotwords: bool
    """Whether the recogniser takes any."""
    interim_results: bool
    """Whether interim texts can be had; on a busy server they may not come."""
    discovery: bool
    """Whether speakers can be found whom nobody enrolled."""
    events: tuple[Event, ...]
    """What may stand in `events`."""
    messages: tuple[str, ...]
    """Types of the client's messages that it understands, in order."""
    encodings: tuple[str, ...]
    """Which `encoding` it takes in `audio`. A server that takes only `pcm16` may take no other rate
    than 16 kHz."""


class ServerLimits(Struct, frozen=True):
    """Its limits, as the operator set them."""

    max_speakers: Annotated[int, numeric(minimum=2)]
    """How many voices can be enrolled."""
    max_session_seconds: Annotated[float, numeric(minimum=0)]
    """How long a session may last."""
    max_audio_seconds: Annotated[float, numeric(minimum=0)]
    """How much audio a transcription may have."""
    max_enrolment_seconds: Annotated[float, numeric(minimum=0)]
    """How long a take may be."""
    idle_seconds: Annotated[float, numeric(minimum=0)]
    """How long a client may send nothing."""
    resume_seconds: Annotated[float, numeric(minimum=0)]
    """How long a lost session is kept."""
    max_message_bytes: Count
    """How long a message may be."""


class Hello(Inlined, frozen=True):
    """What a client can rely on, so that it need not try."""

    ASKED_BY = (HELLO,)

    protocol_version: str
    """Of this protocol: of two versions with one number before the point, the later one only adds.
    """
    server_version: str
    """Of hwaja."""
    abilities: ServerAbilities
    """What the server can do."""
    limits: ServerLimits
    """Its limits."""


class Token(Struct, frozen=True, omit_defaults=True):
    """A piece of a text, and when it was spoken."""

    text: str
    """The piece, as it stands in the text."""
    start_seconds: Seconds
    """When it begins, as the model dates it."""
    probability: Share | None = None
    """By the model, given the pieces before; absent where the model gives none."""


class Word(Struct, frozen=True):
    """A word of a text: when it was spoken, and how far it can be trusted."""

    text: str
    """The word, with its punctuation."""
    start_seconds: Seconds
    """When it begins, as the model dates it."""
    end_seconds: Seconds
    """When it ends."""
    text_confidence: Share
    """Expected share of its characters that are right."""


class Label(StrEnum):
    """How far a speaker can be trusted; a client with `details` gets it."""

    SURE = "sure"
    """No other voice is nearly as near."""
    DOUBTFUL = "doubtful"
    """Another voice is nearly as near."""
    UNKNOWN = "unknown"
    """Like none of the enrolled voices."""
    OVERLAP = "overlap"
    """For half of it or more two speak at once, and it is given to who is heard better."""
    SHORT = "short"
    """Less than 0.1 s of speech, so that the speaker is a guess from who spoke before."""

    @classmethod
    def _missing_(cls, _value: object) -> "Label":
        # `sure` is known, so a label of a later server is some kind of doubt.
        return cls.DOUBTFUL


class QualityWarning(Struct, frozen=True):
    """What could be better about a voice."""

    reason: Annotated[Reason | None, one_of(*ADVICE)]
    """What, for programs. None: one that a later server knows."""
    message: str
    """What to do about it, in Korean."""


class Quality(Struct, frozen=True, omit_defaults=True):
    """What was measured of a take and of the voice that came, or would come, of it."""

    speech_seconds: Annotated[Seconds, numeric(2)]
    """Speech in the voice, pauses not counted; with `add` that of all its takes."""
    takes: Annotated[int, numeric(minimum=1)]
    """How many takes the voice is made of."""
    level_dbfs: Level
    """RMS level of this take's speech, as `confidence`."""
    snr_db: Annotated[float, numeric(1)]
    """This take's speech against its quietest 10 %; little where there is no pause."""
    clipped_share: Share
    """Share of this take's speech at full scale."""
    agreement: Cosine
    """How alike the two least alike parts of this take are; 1 where it is one voice."""
    other_similarity: Cosine | None = None
    """Likeness of the voice to the nearest voice of another speaker, near 1 for one person: their
    cosine, corrected for their length; absent where there is none."""
    takes_similarity: Cosine | None = None
    """With `add`: likeness of this take to the earlier ones; absent where there are none."""
    warnings: tuple[QualityWarning, ...] = always(())
    """What could be better, each as `{"reason", "message"}` like an error; the gravest first."""


class NamedSpeaker(Struct, frozen=True):
    """What one speaker is called."""

    speaker_id: SpeakerId
    """Who."""
    name: str
    """What the client called this speaker."""


class SpeakerSpeech(Struct, frozen=True):
    """How long one speaker speaks in an utterance."""

    speaker_id: Count
    """Who."""
    speech_seconds: Annotated[Seconds, numeric(2)]
    """How long, pauses not counted."""


class Details(Inlined, frozen=True):
    """What a `transcription` carries beyond the specification when `details` was asked for."""

    ASKED_BY = ("details",)

    start_seconds: Seconds
    """When the utterance begins, in seconds since the first audio of the transcription; time in
    which none came counts too."""
    end_seconds: Seconds
    """When it ends, in the same time."""
    label: Label
    """How far `speaker_id` can be trusted."""
    probability: Share
    """Of this speaker against the others who are enrolled, by the voice and by who spoke before;
    `sure` is 0.99 and more by the voice alone."""
    scores: tuple[Cosine, ...]
    """Cosine similarity to each enrolled voice, in the order of the ids; empty where nothing was
    embedded."""
    overlap_seconds: Annotated[Seconds, numeric(2)] = always(0.0)
    """How much of it two voices share."""
    margin: Annotated[float, numeric(4, minimum=0)] | None = None
    """By how much the nearest voice is nearer than the next, normalised; absent where nothing was
    embedded."""
    tokens: tuple[Token, ...] = ()
    """Pieces of the text, in the same time as `start_seconds`; only where the model dates them
    (Whisper of CTranslate2, transducers, CTC models and SenseVoice)."""
    language: str | None = None
    """What the model heard, or was told to hear; only where it knows several."""
    text_confidence: Share | None = None
    """Expected share of the text's characters that are right, measured on Korean speech; only where
    the model gives probabilities (Whisper)."""
    words: tuple[Word, ...] = ()
    """The words of the text, in the same time as `start_seconds`; only where `text_confidence` is.
    """
    speakers: tuple[SpeakerSpeech, ...] = ()
    """Who speaks in it, in the order of the ids: `speaker_id`, and who speaks at the same time for
    0.2 s or more. A later `speaker_update` does not change it."""
    speaker_name: str | None = None
    """What the client called the speaker; absent where it named none."""


class SpeakerShare(Struct, frozen=True, omit_defaults=True):
    """What one speaker said in a transcription."""

    speaker_id: SpeakerId
    """Who."""
    utterances: Count
    """How many `transcription` messages were this speaker's."""
    speech_seconds: Seconds
    """How long this speaker spoke, pauses not counted."""
    name: str | None = None
    """What the client called this speaker; absent where it named none."""


class Summary(Inlined, frozen=True):
    """What became of a transcription."""

    utterances: Count
    """How many `transcription` messages were sent."""
    failed: Count
    """How many utterances the engine failed on."""
    audio_seconds: Seconds
    """How much audio was heard, pauses included; time in which none came is not counted."""
    speakers: tuple[SpeakerShare, ...]
    """Who spoke, in the order of the ids."""


class Added(Struct, frozen=True):
    """What `serialize` adds to a message."""

    message: str
    """What to tell a person, in Korean."""
    request_id: Annotated[RequestId | None, asked_by("request_id")] = None
    """That of the client's message which this answers."""
    number: Annotated[int | None, numeric(minimum=1), asked_by(RESUME)] = None
    """Counts up by 1 in a session. One that was had before is to be dropped."""


class Place(Inlined, frozen=True):
    """How far a session had got when its client lost the connection."""

    ASKED_BY = (RESUME,)

    state: str
    """Where the session is."""
    speaker_ids: tuple[SpeakerId, ...]
    """Whose voices are enrolled."""
    received_samples: Count
    """How much of the audio of this enrolment or transcription was taken: send on from there."""
    names: tuple[NamedSpeaker, ...] = ()
    """What the client called whom, in the order of the ids; absent where it named nobody."""

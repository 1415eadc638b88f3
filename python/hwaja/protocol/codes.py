"""Codes of the protocol: why a connection closes, what failed, and the reason for programs."""

from enum import IntEnum, StrEnum


class CloseCode(IntEnum):
    """Close codes of the specification's table, and two of RFC 6455's registry: 1008 and 1013."""

    NORMAL = 1000
    """The client closed, or its time was up (`session_limit`, `idle`)."""
    GOING_AWAY = 1001
    """The server stops; what was received has been answered, or `server_stopped` was told."""
    PROTOCOL_ERROR = 1002
    """Five messages that could not be understood, or what is no WebSocket."""
    UNSUPPORTED_DATA = 1003
    """Five messages whose audio was not PCM16, or not encoded as agreed."""
    POLICY_VIOLATION = 1008
    """Too many pings, pongs or fragments; or the token was revoked (`token_revoked`)."""
    INTERNAL_ERROR = 1011
    """An error inside the server ended the session (`server_failed`); what was heard before is
    answered first."""
    TRY_AGAIN_LATER = 1013
    """The server is full: try again later."""


class ErrorCode(StrEnum):
    """`code` of an error message. The first three are the specification's."""

    CONNECTION_FAILED = "CONNECTION_FAILED"
    """The connection closes."""
    SPEAKER_REGISTRATION_FAILED = "SPEAKER_REGISTRATION_FAILED"
    """The voice is not enrolled."""
    TRANSCRIPTION_FAILED = "TRANSCRIPTION_FAILED"
    """The transcription did not begin, has ended, or lacks an utterance."""
    INVALID_MESSAGE = "INVALID_MESSAGE"
    """A text message was not understood."""
    INVALID_AUDIO = "INVALID_AUDIO"
    """None of an audio message was taken; with `wrong_format` it was, but looks like no PCM16."""
    SPEAKER_NAMING_FAILED = "SPEAKER_NAMING_FAILED"
    """The speaker got no name."""


class Rejection(StrEnum):
    """Why a client was turned away before it had a session."""

    SERVER_FULL = "server_full"
    DRAINING = "draining"
    """The node leaves, and other nodes go on."""
    OVERLOADED = "overloaded"
    """There is a place, but more to do than can be done."""
    UNAUTHORIZED = "unauthorized"
    """It showed no token that is good."""
    CLIENT_TOKEN_EXPIRED = "client_token_expired"  # noqa: S105  # no token
    CLIENT_TOKEN_USED = "client_token_used"  # noqa: S105  # no token
    """Its client token let somebody in before."""
    CLIENT_TOKEN_ORIGIN = "client_token_origin"  # noqa: S105  # no token
    """Its client token is bound to another page."""
    ORIGIN = "origin"
    """It is a page of somebody else's."""
    HOST = "host"
    """It is a page that takes the server for one of another name."""
    ADDRESS_FULL = "address_full"
    """Its address has as many sessions as one may have."""
    TOKEN_FULL = "token_full"  # noqa: S105  # no token
    """Its token has as many sessions as one may have."""
    TOO_MANY_OPENINGS = "too_many_openings"
    """As many connections, of its address or of all, had no session yet."""


class Reason(StrEnum):
    """Why an error was sent, or what is advised against, for programs."""

    SERVER_FULL = "server_full"
    SESSION_LIMIT = "session_limit"
    AUDIO_LIMIT = "audio_limit"
    IDLE = "idle"
    TOKEN_REVOKED = "token_revoked"  # noqa: S105  # no token
    WRONG_STATE = "wrong_state"
    UNKNOWN_SPEAKER = "unknown_speaker"
    BAD_FIELD = "bad_field"
    NOT_ENROLLED = "not_enrolled"
    NO_AUDIO = "no_audio"
    TOO_LITTLE_SPEECH = "too_little_speech"
    TOO_LONG = "too_long"
    TWO_VOICES = "two_voices"
    SAME_VOICE = "same_voice"
    OTHER_VOICE = "other_voice"
    TICKET_EXPIRED = "ticket_expired"
    TICKET_FOREIGN = "ticket_foreign"
    TICKET_TAMPERED = "ticket_tampered"
    TICKET_OTHER_MODEL = "ticket_other_model"
    TICKET_OTHER_SUBJECT = "ticket_other_subject"
    PERHAPS_TWO_VOICES = "perhaps_two_voices"
    SIMILAR_VOICE = "similar_voice"
    WRONG_FORMAT = "wrong_format"
    CLIPPED = "clipped"
    NOISY = "noisy"
    QUIET = "quiet"
    LITTLE_SPEECH = "little_speech"
    ENGINE_FAILED = "engine_failed"
    SERVER_FAILED = "server_failed"
    SERVER_STOPPED = "server_stopped"
    LANGUAGE_UNSUPPORTED = "language_unsupported"
    HOTWORDS_UNSUPPORTED = "hotwords_unsupported"
    HOTWORD_UNKNOWN = "hotword_unknown"
    NOT_JSON = "not_json"
    UNKNOWN_TYPE = "unknown_type"
    MESSAGE_TOO_LONG = "message_too_long"
    ODD_BYTE_COUNT = "odd_byte_count"
    RIFF_HEADER = "riff_header"
    INCOMPLETE_SAMPLE = "incomplete_sample"
    NOT_FINITE = "not_finite"
    BAD_PACKET = "bad_packet"
    PACKET_TOO_LONG = "packet_too_long"
    WRONG_CHANNELS = "wrong_channels"
    ENCODING_UNSUPPORTED = "encoding_unsupported"
    CHANNELS_UNSUPPORTED = "channels_unsupported"


class DropReason(StrEnum):
    """Why speech that was heard gave no text."""

    NO_WORDS = "no_words"
    """The recogniser found no words in it."""
    NOISE = "noise"
    """The recogniser wrote a text that nobody can have said, so it was removed."""
    FAILED = "failed"
    """The recogniser failed on it; `TRANSCRIPTION_FAILED` tells so too."""

    @classmethod
    def _missing_(cls, _value: object) -> "DropReason":
        return cls.NO_WORDS  # a reason of a later server


ADVICE = (
    Reason.PERHAPS_TWO_VOICES,
    Reason.SIMILAR_VOICE,
    Reason.CLIPPED,
    Reason.NOISY,
    Reason.QUIET,
    Reason.LITTLE_SPEECH,
)
"""Reasons of warnings about a voice, the gravest first. All others are reasons of errors."""


class AudioFormat(StrEnum):
    """What audio may look like that should be PCM16, mono, of 16 kHz."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"
    INT32 = "int32"
    """Or two channels, of which the first is silent."""
    INT24 = "int24"
    UINT16 = "uint16"
    UINT8 = "uint8"
    MU_LAW = "mu_law"
    A_LAW = "a_law"
    BIG_ENDIAN = "big_endian"
    SHIFTED = "shifted"
    """By a byte, so that each sample is made of the halves of two."""
    STEREO = "stereo"
    HIGHER_RATE = "higher_rate"
    """44.1 or 48 kHz."""

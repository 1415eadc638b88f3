"""One example of each message form. The document shows them and takes its keys from them."""

import json
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from hwaja.protocol.codes import AudioFormat, DropReason, ErrorCode, Reason
from hwaja.protocol.parse import parse
from hwaja.protocol.serialize import serialize
from hwaja.protocol.server_messages import (
    AudioReceived,
    Error,
    Finalized,
    Interim,
    Lag,
    LimitWarning,
    ModelLoaded,
    RegistrationCompleted,
    RegistrationStarted,
    ServerMessage,
    SessionShared,
    SpeakerNamed,
    SpeakerUpdate,
    SpeechEnded,
    SpeechStarted,
    TooFarAhead,
    Transcription,
    TranscriptionPaused,
    TranscriptionResumed,
    TranscriptionStarted,
    TranscriptionStopped,
    TranscriptionUpdated,
    UtteranceDropped,
    VoiceSealed,
)
from hwaja.protocol.values import (
    MOST_SPEAKERS,
    Details,
    Event,
    Hello,
    Label,
    NamedSpeaker,
    NotResumed,
    Place,
    Quality,
    RequestId,
    ServerAbilities,
    ServerLimits,
    SpeakerShare,
    SpeakerSpeech,
    Summary,
    Token,
    Word,
)
from hwaja.speakers.verdict import with_warnings


@dataclass(frozen=True, slots=True)
class Example:
    """A message in its wire form."""

    kind: type
    """The class of the message."""
    payload: dict[str, Any]


def _client(**payload: Any) -> Example:
    """Return a client's message; the server's own parser determines its class."""
    return Example(type(parse(json.dumps(payload), MOST_SPEAKERS)), payload)


def _server(
    message: ServerMessage,
    *,
    details: bool = False,
    number: int | None = None,
    request_id: RequestId | None = None,
) -> Example:
    """Return a server's message as the server's own serialiser writes it."""
    text = serialize(message, details=details, number=number, request_id=request_id)
    return Example(type(message), json.loads(text))


_TICKET = "AWmT0sKq3vR1b2c4d5e6f7g8h9"
_LINK_KEY = "pV4hT9cQ2mKxR7sLw0ZbN5dYfJ8gUeA1"

CLIENT = (
    _client(type="start_speaker_registration", speaker_id=0),
    _client(
        type="start_speaker_registration",
        speaker_id=1,
        details=True,
        quality=True,
        add=True,
        ticket=True,
        audio={"encoding": "f32", "sample_rate": 48000},
        request_id="take 2",
    ),
    _client(type="complete_speaker_registration", speaker_id=0),
    _client(type="complete_speaker_registration", speaker_id=1, request_id=3),
    _client(type="restore_speaker", speaker_id=0, ticket=_TICKET),
    _client(
        type="restore_speaker",
        speaker_id=1,
        ticket=_TICKET,
        details=True,
        quality=True,
        request_id=4,
    ),
    _client(type="start_transcription"),
    _client(
        type="start_transcription",
        details=True,
        interim_results=True,
        speaker_updates=True,
        adapt=True,
        language="ko",
        speakers="discover",
        strangers="separate",
        max_speakers=4,
        answered_samples=True,
        tickets=True,
        hotwords=["상담사", {"text": "복지관", "boost": 2.5}],
        events=["speech_started", "speech_ended", "utterance_dropped", "lag"],
        audio={"encoding": "mulaw", "sample_rate": 8000, "channels": 1},
        request_id=4,
    ),
    _client(type="start_transcription", audio={"encoding": "opus"}),
    _client(type="start_transcription", speakers="channels", audio={"channels": 2}),
    _client(type="stop_transcription"),
    _client(type="stop_transcription", request_id=5),
    _client(type="finalize"),
    _client(type="finalize", request_id="turn 12"),
    _client(type="update_transcription", hotwords=["복지관"]),
    _client(type="update_transcription", interim_results=True),
    _client(
        type="update_transcription",
        details=True,
        interim_results=True,
        speaker_updates=False,
        adapt=False,
        events=["lag"],
        language="en",
        hotwords=[],
        request_id=6,
    ),
    _client(type="pause_transcription"),
    _client(type="pause_transcription", request_id=7),
    _client(type="resume_transcription"),
    _client(type="resume_transcription", request_id=8),
    _client(type="keep_alive"),
    _client(type="keep_alive", request_id=9),
    _client(type="name_speaker", speaker_id=1, name="김지영"),
    _client(type="name_speaker", speaker_id=1, name="김지영", request_id=10),
    _client(type="share_session"),
    _client(type="share_session", key=_LINK_KEY, request_id=11),
    _client(type="share_session", end=True),
)

_QUALITY = with_warnings(Quality(2.6, 1, -30.2, 25.1, 0.0, 0.8912, other_similarity=0.8431))

_DETAILS = Details(
    start_seconds=2.31,
    end_seconds=3.72,
    label=Label.SURE,
    probability=0.9978,
    scores=(0.6123, 0.1874),
    margin=0.4249,
    overlap_seconds=0.35,
    tokens=(Token("안녕하세요", 2.31, 0.97), Token(" 반갑습니다", 3.02, 0.91)),
    language="ko",
    text_confidence=0.9386,
    words=(Word("안녕하세요", 2.31, 3.02, 0.957), Word("반갑습니다", 3.02, 3.72, 0.9202)),
    speakers=(SpeakerSpeech(0, 1.22), SpeakerSpeech(1, 0.35)),
    speaker_name="김지영",
)

_NAMES = (NamedSpeaker(1, "김지영"),)

_SAID = Transcription(0, "안녕하세요 반갑습니다", "2025-08-21T05:30:15.123Z", -25.5)

_STOPPED = TranscriptionStopped(
    Summary(12, 0, 61.44, (SpeakerShare(0, 7, 20.512), SpeakerShare(1, 5, 13.28, "김지영")))
)

SERVER = (
    _server(ModelLoaded()),
    _server(ModelLoaded("ZqM3n0v1mV8", Place("transcribing", (0, 1), 81_920, _NAMES))),
    _server(ModelLoaded("b.9fK2sQ0wXcE", not_resumed=NotResumed.OTHER_NODE)),
    _server(
        ModelLoaded(
            hello=Hello(
                "1.1",
                "0.1.0",
                ServerAbilities(
                    ("auto", "en", "ko"),
                    hotwords=True,
                    interim_results=True,
                    discovery=True,
                    events=tuple(Event),
                    messages=("finalize", "keep_alive", "start_transcription"),
                    encodings=("pcm16",),
                ),
                ServerLimits(2, 1800.0, 600.0, 30.0, 600.0, 60.0, 1_048_576),
            )
        )
    ),
    _server(RegistrationStarted(0)),
    _server(RegistrationStarted(0), number=1, request_id="take 2"),
    _server(RegistrationCompleted(0)),
    _server(
        RegistrationCompleted(
            0,
            replace(_QUALITY, takes=2, takes_similarity=0.91),
            _TICKET,
            "2025-09-20T05:30:02.000Z",
        ),
        number=2,
        request_id=3,
    ),
    _server(TranscriptionStarted()),
    _server(TranscriptionStarted(), number=5, request_id=4),
    _server(_SAID),
    _server(replace(_SAID, segment_id=0, answered_samples=62_592, details=_DETAILS), number=6),
    _server(Interim(1, "오늘은 어떻게", 4)),
    _server(SpeakerUpdate(0, 1)),
    _server(SpeakerUpdate(0, 1), number=7),
    _server(SpeakerNamed(1, "김지영")),
    _server(SpeakerNamed(1, "김지영"), number=8, request_id=10),
    _server(VoiceSealed(2, _TICKET, "2025-09-20T05:30:02.000Z")),
    _server(VoiceSealed(3)),
    _server(SessionShared("kX9vB2nM5qW8eR1tY4uI7oP0aS3dF6gH", _LINK_KEY)),
    _server(SessionShared(), number=9, request_id=11),
    _server(_STOPPED),
    _server(_STOPPED, number=19, request_id=5),
    _server(Finalized(44_032)),
    _server(Finalized(44_032), number=8, request_id="turn 12"),
    _server(TranscriptionUpdated()),
    _server(TranscriptionUpdated(), number=10, request_id=6),
    _server(TranscriptionPaused(44_032)),
    _server(TranscriptionPaused(44_032), number=11, request_id=7),
    _server(TranscriptionResumed(60_416)),
    _server(TranscriptionResumed(60_416), number=12, request_id=8),
    _server(SpeechStarted(3, 2.31)),
    _server(SpeechStarted(3, 2.31), number=13),
    _server(SpeechEnded(3, 3.53)),
    _server(SpeechEnded(3, 3.53), number=14),
    _server(UtteranceDropped(4, DropReason.NOISE)),
    _server(UtteranceDropped(4, DropReason.NOISE), number=15),
    _server(Lag(2.6)),
    _server(Lag(2.6), number=16),
    _server(AudioReceived(16_384)),
    _server(AudioReceived(80_384, answered_samples=62_592)),
    _server(TooFarAhead(41.5, hold=True)),
    _server(LimitWarning(Reason.SESSION_LIMIT, 60), details=True),
    _server(LimitWarning(Reason.SESSION_LIMIT, 60), details=True, number=20),
    _server(Error(ErrorCode.TRANSCRIPTION_FAILED, Reason.NOT_ENROLLED)),
    _server(Error(ErrorCode.SPEAKER_REGISTRATION_FAILED, Reason.TOO_LITTLE_SPEECH, 0)),
    _server(
        Error(ErrorCode.SPEAKER_REGISTRATION_FAILED, Reason.SAME_VOICE, 1, quality=_QUALITY),
        details=True,
    ),
    _server(
        Error(ErrorCode.INVALID_AUDIO, Reason.WRONG_FORMAT, looks_like=AudioFormat.FLOAT32),
        number=9,
    ),
    _server(
        Error(ErrorCode.TRANSCRIPTION_FAILED, Reason.AUDIO_LIMIT, received_samples=9_612_288),
        details=True,
        number=143,
    ),
    _server(Error(ErrorCode.TRANSCRIPTION_FAILED, Reason.WRONG_STATE), request_id="turn 13"),
)

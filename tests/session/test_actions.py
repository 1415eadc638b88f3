"""The session: messages in the wrong state, and messages that cannot be parsed."""

import pytest
from talk import (
    EPOCH,
    REGISTRATION,
    SETTINGS,
    TRANSCRIPTION,
    Talk,
    answer,
    attributed,
    closes,
    connected,
    errors,
    in_state,
    recognised,
    sent,
    transcribing,
)

from hwaja.protocol.client_messages import (
    ClientMessage,
    CompleteRegistration,
    InvalidMessageError,
    StartRegistration,
    StartTranscription,
    StopTranscription,
)
from hwaja.protocol.codes import AudioFormat, CloseCode, ErrorCode, Reason
from hwaja.protocol.server_messages import AudioReceived, Error
from hwaja.session.effects import Close, Send
from hwaja.session.events import (
    Arrival,
    Audio,
    AudioStopped,
    Connected,
    CutOff,
    Disconnected,
    Event,
    MalformedAudio,
    Received,
    Refused,
    ServerFailed,
    Shutdown,
    SuspectAudio,
    Waiting,
)
from hwaja.session.settings import SessionSettings
from hwaja.session.state_machine import State
from hwaja.speakers.enrolment import Enrolled
from hwaja.vad.gate import FRAME_SAMPLES

# Messages in the wrong state

MISPLACED = [
    *((state, StartRegistration(1), REGISTRATION, 1) for state in State),
    *((state, CompleteRegistration(1), REGISTRATION, 1) for state in State),
    *((state, StartTranscription(), TRANSCRIPTION, None) for state in State),
    *((state, StopTranscription(), TRANSCRIPTION, None) for state in State),
]
ALLOWED = {
    (State.READY, StartRegistration),
    (State.READY, StartTranscription),
    (State.ENROLLING, StartRegistration),
    (State.TRANSCRIBING, StopTranscription),
    (State.PAUSED, StopTranscription),
}


@pytest.mark.parametrize("state", [s for s in State if s is not State.CLOSED])
@pytest.mark.parametrize(
    "message", [StartRegistration(1, details=True), StartTranscription(details=True)]
)
def test_a_misplaced_message_that_asks_for_details_is_refused_with_the_reason(
    state: State, message: StartRegistration | StartTranscription
) -> None:
    if (state, type(message)) in ALLOWED:
        return
    (refused,) = in_state(state).say(message)
    assert isinstance(refused, Send)
    assert refused.details


def test_an_invalid_message_that_asks_for_details_is_refused_with_the_reason() -> None:
    talk = connected()
    wrong = InvalidMessageError(REGISTRATION, Reason.UNKNOWN_SPEAKER, 2)
    assert talk.handle(Refused(wrong)) == [Send(answer_to(wrong), details=False)]
    wrong.wants_details = True
    assert talk.handle(Refused(wrong)) == [Send(answer_to(wrong), details=True)]


def answer_to(error: InvalidMessageError) -> Error:
    return Error(error.code, error.reason, error.speaker_id)


@pytest.mark.parametrize(
    ("state", "message", "code", "speaker_id"),
    [
        case
        for case in MISPLACED
        if (case[0], type(case[1])) not in ALLOWED and case[0] is not State.CLOSED
    ],
)
def test_a_message_in_the_wrong_state_gets_the_error_of_its_phase_and_the_session_continues(
    state: State, message: ClientMessage, code: ErrorCode, speaker_id: int | None
) -> None:
    talk = in_state(state)
    for _ in range(20):  # more often than the limit of strikes
        effects = talk.say(message)
        assert effects == [Send(Error(code, Reason.WRONG_STATE, speaker_id), details=False)]
    assert talk.session.state is state


@pytest.mark.parametrize(
    "event",
    [
        Connected(),
        Received(StartRegistration(0), 0),
        Received(StartTranscription(), 0),
        Received(StopTranscription(), 0),
        Refused(InvalidMessageError(ErrorCode.INVALID_MESSAGE, Reason.NOT_JSON)),
        MalformedAudio(Reason.ODD_BYTE_COUNT),
        Audio(512, (0.9,), (-30.0,), Arrival(512, 0.0, EPOCH, 0.0)),
        AudioStopped(0),
        Enrolled(),
        recognised(0, "네"),
        attributed(0, 0),
        Shutdown(),
        CutOff(),
        ServerFailed(),
        Waiting(30),
        Waiting(0),
        Disconnected(),
    ],
)
def test_a_closed_session_does_nothing_more(event: Event) -> None:
    assert in_state(State.CLOSED).handle(event) == []


@pytest.mark.parametrize(
    "state", [s for s in State if s not in (State.ENROLLING, State.TRANSCRIBING)]
)
def test_audio_outside_a_phase_is_ignored(state: State) -> None:
    """A microphone also sends between enrolments and transcriptions."""
    talk = in_state(state)
    assert talk.hear(2, speech=True) == []
    assert talk.session.state is state


def test_unrequested_results_are_ignored() -> None:
    talk = transcribing()
    assert sent(talk.handle(recognised(7, "네"))) == []
    assert sent(talk.handle(attributed(7, 0))) == []
    assert talk.handle(Enrolled()) == []


# Strikes

BAD_TEXT = Refused(InvalidMessageError(ErrorCode.INVALID_MESSAGE, Reason.NOT_JSON))


@pytest.mark.parametrize("state", [s for s in State if s is not State.CLOSED])
@pytest.mark.parametrize(
    ("event", "code", "close"),
    [
        (BAD_TEXT, ErrorCode.INVALID_MESSAGE, CloseCode.PROTOCOL_ERROR),
        (
            MalformedAudio(Reason.ODD_BYTE_COUNT),
            ErrorCode.INVALID_AUDIO,
            CloseCode.UNSUPPORTED_DATA,
        ),
        (MalformedAudio(Reason.RIFF_HEADER), ErrorCode.INVALID_AUDIO, CloseCode.UNSUPPORTED_DATA),
    ],
)
def test_repeated_invalid_messages_close_the_connection(
    state: State, event: Event, code: ErrorCode, close: CloseCode
) -> None:
    talk = in_state(state)
    for _ in range(SETTINGS.max_strikes - 1):
        effects = talk.handle(event)
        assert [error.code for error in errors(effects)] == [code]
        assert closes(effects) == []
        assert talk.session.state is state
    last = talk.handle(event)
    assert [error.code for error in errors(last)] == [code]
    assert last[-1] == Close(close)
    assert talk.session.state is State.CLOSED


def test_invalid_text_and_invalid_audio_count_together() -> None:
    talk = connected(SessionSettings(max_strikes=2))
    talk.handle(BAD_TEXT)
    effects = talk.handle(MalformedAudio(Reason.ODD_BYTE_COUNT))
    assert closes(effects) == [CloseCode.UNSUPPORTED_DATA]


def test_audio_in_another_format_is_reported_and_the_transcription_continues() -> None:
    talk = transcribing()
    for _ in range(2 * SETTINGS.max_strikes):
        (error,) = errors(talk.handle(SuspectAudio(AudioFormat.STEREO)))
        assert (error.code, error.reason) == (ErrorCode.INVALID_AUDIO, Reason.WRONG_FORMAT)
        assert error.looks_like is AudioFormat.STEREO
    (fields,) = sent(answer(talk, talk.utterance(), "네", 0))
    assert fields["type"] == "transcription"


@pytest.mark.parametrize("state", [s for s in State if s is not State.TRANSCRIBING])
def test_the_format_of_audio_outside_a_transcription_is_not_reported(state: State) -> None:
    assert in_state(state).handle(SuspectAudio(AudioFormat.STEREO)) == []


def test_a_wrong_value_in_a_known_message_does_not_count_as_invalid() -> None:
    talk = connected()
    wrong = InvalidMessageError(REGISTRATION, Reason.UNKNOWN_SPEAKER, 2)
    for _ in range(20):
        assert talk.handle(Refused(wrong)) == [
            Send(Error(REGISTRATION, Reason.UNKNOWN_SPEAKER, 2), details=False)
        ]


def test_an_invalid_message_does_not_end_the_conversation() -> None:
    talk = transcribing()
    talk.hear(0.512, speech=True)
    talk.handle(BAD_TEXT)
    (fields,) = sent(answer(talk, talk.utterance(), "네", 0))
    assert fields["type"] == "transcription"


def test_audio_of_a_session_that_can_resume_is_acknowledged_once_per_second() -> None:
    """Samples count from the start of the enrolment. Other sessions get no acknowledgement."""
    for token, acknowledged in (("token", [32, 64]), (None, [])):
        talk = Talk()
        talk.handle(Connected(token))
        talk.hear(1, speech=False)
        talk.say(StartRegistration(0))
        effects = [effect for _ in range(94) for effect in talk.hear(0.032, speech=True)]
        sent = [effect.message for effect in effects if isinstance(effect, Send)]
        frames = [m.received_samples / FRAME_SAMPLES for m in sent if isinstance(m, AudioReceived)]
        assert frames == acknowledged

"""The session: the dialogue of the specification, misuse, order, draining, release."""

import json
from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.events import (
    Attributed,
    Audio,
    BadAudio,
    Close,
    Connected,
    Disconnected,
    Effect,
    Enrol,
    Enrolled,
    Event,
    Foresee,
    Listen,
    Received,
    Recognised,
    Refused,
    Release,
    Send,
    Shutdown,
    Transcribe,
)
from hwaja.gate import FRAME_SAMPLES, SAMPLE_RATE, GateSettings, frames_in
from hwaja.messages import (
    ClientMessage,
    CloseCode,
    CompleteRegistration,
    Error,
    ErrorCode,
    InvalidMessageError,
    Reason,
    StartRegistration,
    StartTranscription,
    StopTranscription,
    serialize,
)
from hwaja.session import Session, SessionSettings, State, iso_timestamp

SETTINGS = SessionSettings()
EPOCH = 1_755_754_200.0
"""2025-08-21T05:30:00Z: when sample 0 of the tests was spoken."""


class Talk:
    """A session and the microphone in front of it."""

    def __init__(self, settings: SessionSettings = SETTINGS) -> None:
        self.session = Session(settings)
        self.now = 0  # samples sent so far

    def handle(self, event: Event) -> list[Effect]:
        return self.session.handle(event)

    def say(self, message: ClientMessage) -> list[Effect]:
        return self.handle(Received(message, at=self.now))

    def hear(self, seconds: float, *, speech: bool, level: float = -30.0) -> list[Effect]:
        count = frames_in(seconds)
        self.now += count * FRAME_SAMPLES
        probability, level = (0.9, level) if speech else (0.05, -75.0)
        return self.handle(
            Audio(self.now, (probability,) * count, (level,) * count, EPOCH + self.seconds)
        )

    @property
    def seconds(self) -> float:
        return self.now / SAMPLE_RATE

    def utterance(self, seconds: float = 1.0, level: float = -30.0) -> Transcribe:
        """Speak, pause, and return the one job that comes of it."""
        effects = self.hear(seconds, speech=True, level=level) + self.hear(0.6, speech=False)
        (job,) = [effect for effect in effects if isinstance(effect, Transcribe)]
        return job

    def enrol(self, speaker_id: int) -> list[Effect]:
        effects = self.say(StartRegistration(speaker_id))
        effects += self.hear(3, speech=True)
        effects += self.say(CompleteRegistration(speaker_id))
        return effects + self.handle(Enrolled())


def connected(settings: SessionSettings = SETTINGS) -> Talk:
    talk = Talk(settings)
    talk.handle(Connected())
    return talk


def enrolled(settings: SessionSettings = SETTINGS) -> Talk:
    talk = connected(settings)
    talk.enrol(0)
    talk.enrol(1)
    return talk


def transcribing(settings: SessionSettings = SETTINGS, *, details: bool = False) -> Talk:
    talk = enrolled(settings)
    talk.say(StartTranscription(details=details))
    return talk


def draining(settings: SessionSettings = SETTINGS) -> Talk:
    talk = transcribing(settings)
    talk.utterance()
    talk.say(StopTranscription())
    return talk


def in_state(state: State) -> Talk:
    talk = {
        State.CONNECTING: Talk,
        State.READY: connected,
        State.ENROLLING: connected,
        State.VERIFYING: connected,
        State.TRANSCRIBING: transcribing,
        State.DRAINING: draining,
        State.CLOSED: connected,
    }[state]()
    if state in (State.ENROLLING, State.VERIFYING):
        talk.say(StartRegistration(0))
        talk.hear(3, speech=True)
    if state is State.VERIFYING:
        talk.say(CompleteRegistration(0))
    if state is State.CLOSED:
        talk.handle(Disconnected())
    assert talk.session.state is state
    return talk


def sent(effects: Iterable[Effect]) -> list[dict[str, object]]:
    """What the client reads."""
    return [
        json.loads(serialize(effect.message, details=effect.details))
        for effect in effects
        if isinstance(effect, Send)
    ]


def errors(effects: Iterable[Effect]) -> list[Error]:
    return [e.message for e in effects if isinstance(e, Send) and isinstance(e.message, Error)]


def closes(effects: Iterable[Effect]) -> list[CloseCode]:
    return [effect.code for effect in effects if isinstance(effect, Close)]


def released(effects: Iterable[Effect]) -> list[int]:
    return [effect.index for effect in effects if isinstance(effect, Release)]


def answer(talk: Talk, job: Transcribe, text: str | None, speaker_id: int | None) -> list[Effect]:
    return talk.handle(Recognised(job.segment_id, text)) + talk.handle(
        Attributed(job.segment_id, speaker_id, (0.7, 0.3))
    )


# The dialogue of the specification


def test_the_whole_dialogue_of_the_specification_is_word_for_word() -> None:
    """A client that knows only the specification gets its messages, in its order, no more."""
    talk = Talk()
    effects = talk.handle(Connected())
    for speaker_id in (0, 1):
        effects += talk.enrol(speaker_id)
    effects += talk.say(StartTranscription())
    effects += talk.hear(2.016, speech=False)
    job = talk.utterance(level=-25.52)
    effects += answer(talk, job, "안녕하세요 반갑습니다", 1)
    assert [list(fields.items()) for fields in sent(effects)] == [
        [
            ("type", "model_loaded"),
            ("message", "STT AI 모델 로드 완료! 화자 등록을 시작하세요."),
        ],
        [
            ("type", "speaker_registration_started"),
            ("speaker_id", 0),
            ("message", "화자 1번의 목소리를 등록해주세요. (3-5초간 말씀해주세요)"),
        ],
        [
            ("type", "speaker_registration_completed"),
            ("speaker_id", 0),
            ("message", "화자 1번 등록이 완료되었습니다."),
        ],
        [
            ("type", "speaker_registration_started"),
            ("speaker_id", 1),
            ("message", "화자 2번의 목소리를 등록해주세요. (3-5초간 말씀해주세요)"),
        ],
        [
            ("type", "speaker_registration_completed"),
            ("speaker_id", 1),
            ("message", "화자 2번 등록이 완료되었습니다."),
        ],
        [("type", "transcription_started"), ("message", "실시간 전사를 시작합니다.")],
        [
            ("type", "transcription"),
            ("speaker_id", 1),
            ("text", "안녕하세요 반갑습니다"),
            ("timestamp", "2025-08-21T05:30:08.032Z"),  # 2 * 3.008 s enrolment, 2.016 s silence
            ("confidence", -25.5),
        ],
    ]
    assert closes(effects) == []


def test_enrolment_embeds_the_spans_of_speech_of_the_named_speaker() -> None:
    talk = connected()
    talk.hear(1, speech=True)  # before it was asked for
    talk.say(StartRegistration(1))
    start = talk.now
    talk.hear(2, speech=True)
    talk.hear(1, speech=False)
    talk.hear(1, speech=True)
    (enrol,) = talk.say(CompleteRegistration(1))
    assert isinstance(enrol, Enrol)
    assert enrol.speaker_id == 1
    assert enrol.spans[0][0] == start
    assert enrol.spans[-1][1] == talk.now
    assert len(enrol.spans) == 2
    assert all(a < b <= c < d for (a, b), (c, d) in pairwise(enrol.spans))


def test_each_phase_starts_the_detector_anew_and_forgets_earlier_audio() -> None:
    talk = connected()
    talk.now = 700  # half frames of ignored audio
    effects = talk.say(StartRegistration(0))
    assert [effect for effect in effects if not isinstance(effect, Send)] == [
        Release(700),
        Listen(700),
    ]
    assert isinstance(effects[-1], Send)


def test_only_enrolling_and_transcribing_want_audio() -> None:
    listening = {state for state in State if in_state(state).session.listening}
    assert listening == {State.ENROLLING, State.TRANSCRIBING}


def test_the_recogniser_gets_the_samples_of_the_utterance() -> None:
    talk = transcribing()
    origin = talk.now
    talk.hear(1.024, speech=False)
    job = talk.utterance(1.024)
    before, after = 3200, 3072
    assert (job.start, job.stop) == (origin + 16384 - before, origin + 2 * 16384 + after)
    assert (job.segment_id, job.speech_samples) == (0, 16384)


def test_details_are_sent_only_to_who_asked() -> None:
    talk = transcribing(details=True)
    origin = talk.now
    job = talk.utterance()
    (fields,) = sent(answer(talk, job, "네", 0))
    assert list(fields)[5:] == ["segment_id", "start_seconds", "end_seconds", "scores"]
    assert fields["segment_id"] == 0
    assert fields["start_seconds"] == 0.0
    assert fields["end_seconds"] == round((job.stop - origin) / SAMPLE_RATE, 3)
    assert fields["scores"] == [0.7, 0.3]


def test_details_asked_for_at_enrolment_explain_its_errors() -> None:
    talk = connected()
    talk.say(StartRegistration(0, details=True))
    (fields,) = sent(talk.say(CompleteRegistration(0)))
    assert fields["reason"] == "no_audio"
    talk = connected()
    talk.say(StartRegistration(0))
    (fields,) = sent(talk.say(CompleteRegistration(0)))
    assert fields == {
        "type": "error",
        "code": "SPEAKER_REGISTRATION_FAILED",
        "speaker_id": 0,
        "message": "화자 등록에 실패했습니다. 다시 시도해주세요.",
    }


def test_a_timestamp_is_utc_with_milliseconds() -> None:
    assert iso_timestamp(1_755_754_215.123) == "2025-08-21T05:30:15.123Z"
    assert iso_timestamp(1_755_754_215.0) == "2025-08-21T05:30:15.000Z"


def test_a_timestamp_counts_samples_not_when_messages_arrive() -> None:
    """Audio that was held up and comes in a burst keeps the times at which it was spoken."""
    talk = transcribing()
    start = EPOCH + talk.seconds
    talk.hear(1.024, speech=False)
    speech, pause = frames_in(1.024), frames_in(0.6)
    talk.now += (speech + pause) * FRAME_SAMPLES
    probabilities = (0.9,) * speech + (0.0,) * pause
    levels = (-30.0,) * (speech + pause)
    late = talk.handle(Audio(talk.now, probabilities, levels, start + 100))
    (job,) = [effect for effect in late if isinstance(effect, Transcribe)]
    (fields,) = sent(answer(talk, job, "네", 0))
    assert fields["timestamp"] == iso_timestamp(start + 1.024)


# Work begun early


def test_a_pause_tells_of_the_utterance_that_its_end_then_asks_for() -> None:
    """What is foreseen is told once, and names the samples that are asked for later."""
    talk = transcribing()
    talk.hear(1.0, speech=True)
    effects = talk.hear(0.256, speech=False) + talk.hear(0.128, speech=False)
    (early,) = [effect for effect in effects if isinstance(effect, Foresee)]
    (job,) = [e for e in talk.hear(0.256, speech=False) if isinstance(e, Transcribe)]
    assert (early.start, early.stop, early.speech_samples) == (
        job.start,
        job.stop,
        job.speech_samples,
    )


def test_a_speaker_who_goes_on_is_foreseen_anew_at_the_next_pause() -> None:
    talk = transcribing()
    effects = [
        effect
        for speech in (True, False, True, False)
        for effect in talk.hear(0.256, speech=speech)
        if isinstance(effect, Foresee)
    ]
    assert len(effects) == 2
    assert effects[0].start == effects[1].start
    assert effects[0].stop < effects[1].stop


def test_nothing_is_foreseen_while_a_voice_is_enrolled() -> None:
    talk = connected()
    talk.say(StartRegistration(0))
    effects = talk.hear(1.0, speech=True) + talk.hear(0.256, speech=False)
    assert not any(isinstance(effect, Foresee) for effect in effects)


# Enrolment that fails


def failed_enrolment(talk: Talk, effects: list[Effect], reason: Reason) -> None:
    assert errors(effects) == [Error(ErrorCode.SPEAKER_REGISTRATION_FAILED, reason, 0)]
    assert talk.session.state is State.READY
    assert closes(effects) == []


def test_enrolment_without_audio_fails() -> None:
    talk = connected()
    talk.say(StartRegistration(0))
    failed_enrolment(talk, talk.say(CompleteRegistration(0)), Reason.NO_AUDIO)


@pytest.mark.parametrize(("seconds", "speech"), [(4.0, False), (1.4, True)])
def test_enrolment_with_too_little_speech_fails(seconds: float, speech: bool) -> None:
    talk = connected()
    talk.say(StartRegistration(0))
    talk.hear(seconds, speech=speech)
    failed_enrolment(talk, talk.say(CompleteRegistration(0)), Reason.TOO_LITTLE_SPEECH)


def test_enrolment_that_never_ends_fails_while_the_ring_can_still_hold_it() -> None:
    talk = connected()
    talk.say(StartRegistration(0))
    heard: list[Effect] = []
    while not heard:
        heard = talk.hear(0.512, speech=True)
    assert talk.seconds < 29
    failed_enrolment(talk, heard, Reason.TOO_LONG)
    assert released(heard) == [talk.now]


def test_enrolment_whose_engine_fails_can_be_tried_again() -> None:
    talk = connected()
    talk.say(StartRegistration(0))
    talk.hear(3, speech=True)
    talk.say(CompleteRegistration(0))
    failed_enrolment(talk, talk.handle(Enrolled(Reason.ENGINE_FAILED)), Reason.ENGINE_FAILED)
    assert sent(talk.enrol(0))[-1]["type"] == "speaker_registration_completed"


def test_a_failed_enrolment_leaves_the_earlier_voice() -> None:
    talk = enrolled()
    talk.say(StartRegistration(0))
    talk.say(CompleteRegistration(0))
    assert sent(talk.say(StartTranscription()))[-1]["type"] == "transcription_started"


def test_a_failed_enrolment_does_not_count_as_a_voice() -> None:
    talk = connected()
    talk.enrol(0)
    talk.say(StartRegistration(1))
    talk.say(CompleteRegistration(1))
    effects = talk.say(StartTranscription())
    assert errors(effects) == [Error(ErrorCode.TRANSCRIPTION_FAILED, Reason.NOT_ENROLLED)]


def test_completing_the_other_speaker_is_an_error_and_the_enrolment_goes_on() -> None:
    talk = connected()
    talk.say(StartRegistration(0))
    talk.hear(3, speech=True)
    wrong = talk.say(CompleteRegistration(1))
    assert errors(wrong) == [Error(ErrorCode.SPEAKER_REGISTRATION_FAILED, Reason.WRONG_STATE, 1)]
    (enrol,) = talk.say(CompleteRegistration(0))
    assert isinstance(enrol, Enrol)


def test_starting_an_enrolment_again_replaces_the_unfinished_take() -> None:
    talk = connected()
    talk.say(StartRegistration(0))
    talk.hear(3, speech=True)
    talk.hear(1, speech=False)
    second = talk.now
    talk.say(StartRegistration(1))
    talk.hear(2, speech=True)
    (enrol,) = talk.say(CompleteRegistration(1))
    assert isinstance(enrol, Enrol)
    assert (enrol.speaker_id, enrol.spans) == (1, ((second, talk.now),))


def test_the_second_voice_holds_nothing_of_the_first() -> None:
    talk = connected()
    talk.enrol(0)
    start = talk.now
    talk.say(StartRegistration(1))
    talk.hear(2, speech=True)
    (enrol,) = talk.say(CompleteRegistration(1))
    assert isinstance(enrol, Enrol)
    assert enrol.spans == ((start, talk.now),)


def test_the_audio_of_an_enrolment_is_forgotten_once_the_voice_is_kept() -> None:
    talk = connected()
    assert released(talk.enrol(0))[-1] == talk.now


def test_one_voice_is_not_enough_to_start() -> None:
    talk = connected()
    talk.enrol(0)
    talk.enrol(0)
    effects = talk.say(StartTranscription())
    assert errors(effects) == [Error(ErrorCode.TRANSCRIPTION_FAILED, Reason.NOT_ENROLLED)]
    assert talk.session.state is State.READY


# Messages in the wrong state

REGISTRATION = ErrorCode.SPEAKER_REGISTRATION_FAILED
TRANSCRIPTION = ErrorCode.TRANSCRIPTION_FAILED
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
}


@pytest.mark.parametrize(
    ("state", "message", "code", "speaker_id"),
    [
        case
        for case in MISPLACED
        if (case[0], type(case[1])) not in ALLOWED and case[0] is not State.CLOSED
    ],
)
def test_a_message_in_the_wrong_state_gets_the_error_of_its_phase_and_the_session_lives(
    state: State, message: ClientMessage, code: ErrorCode, speaker_id: int | None
) -> None:
    talk = in_state(state)
    for _ in range(20):  # more often than strikes are forgiven
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
        BadAudio(Reason.ODD_BYTE_COUNT),
        Audio(512, (0.9,), (-30.0,), EPOCH),
        Enrolled(),
        Recognised(0, "네"),
        Attributed(0, 0),
        Shutdown(),
        Disconnected(),
    ],
)
def test_a_closed_session_does_nothing_more(event: Event) -> None:
    assert in_state(State.CLOSED).handle(event) == []


@pytest.mark.parametrize(
    "state", [s for s in State if s not in (State.ENROLLING, State.TRANSCRIBING)]
)
def test_audio_outside_a_phase_is_ignored(state: State) -> None:
    """A microphone keeps sending."""
    talk = in_state(state)
    assert talk.hear(2, speech=True) == []
    assert talk.session.state is state


def test_results_that_nobody_asked_for_are_ignored() -> None:
    talk = transcribing()
    assert talk.handle(Recognised(7, "네")) == []
    assert talk.handle(Attributed(7, 0)) == []
    assert talk.handle(Enrolled()) == []


# Strikes

BAD_TEXT = Refused(InvalidMessageError(ErrorCode.INVALID_MESSAGE, Reason.NOT_JSON))


@pytest.mark.parametrize("state", [s for s in State if s is not State.CLOSED])
@pytest.mark.parametrize(
    ("event", "code", "close"),
    [
        (BAD_TEXT, ErrorCode.INVALID_MESSAGE, CloseCode.PROTOCOL_ERROR),
        (BadAudio(Reason.ODD_BYTE_COUNT), ErrorCode.INVALID_AUDIO, CloseCode.UNSUPPORTED_DATA),
        (BadAudio(Reason.RIFF_HEADER), ErrorCode.INVALID_AUDIO, CloseCode.UNSUPPORTED_DATA),
    ],
)
def test_nonsense_is_answered_and_closes_the_connection_after_a_few(
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


def test_strikes_of_both_kinds_are_counted_together() -> None:
    talk = connected(SessionSettings(max_strikes=2))
    talk.handle(BAD_TEXT)
    effects = talk.handle(BadAudio(Reason.ODD_BYTE_COUNT))
    assert closes(effects) == [CloseCode.UNSUPPORTED_DATA]


def test_a_wrong_value_in_a_known_message_is_no_strike() -> None:
    talk = connected()
    wrong = InvalidMessageError(REGISTRATION, Reason.UNKNOWN_SPEAKER, 2)
    for _ in range(20):
        assert talk.handle(Refused(wrong)) == [
            Send(Error(REGISTRATION, Reason.UNKNOWN_SPEAKER, 2), details=False)
        ]


def test_a_message_that_cannot_be_read_does_not_end_the_conversation() -> None:
    talk = transcribing()
    talk.hear(0.512, speech=True)
    talk.handle(BAD_TEXT)
    (fields,) = sent(answer(talk, talk.utterance(), "네", 0))
    assert fields["type"] == "transcription"


# Order and failure


@pytest.mark.parametrize("late", ["text", "speaker", "both"])
def test_utterances_are_sent_in_the_order_in_which_they_were_spoken(late: str) -> None:
    talk = transcribing()
    first, second, third = talk.utterance(), talk.utterance(), talk.utterance()
    effects: list[Effect] = []
    if late == "text":
        effects += talk.handle(Attributed(first.segment_id, 0))
    elif late == "speaker":
        effects += talk.handle(Recognised(first.segment_id, "하나"))
    effects += answer(talk, third, "셋", 0)
    effects += answer(talk, second, "둘", 1)
    assert sent(effects) == []
    if late != "speaker":
        effects += talk.handle(Recognised(first.segment_id, "하나"))
    if late != "text":
        effects += talk.handle(Attributed(first.segment_id, 0))
    assert [(f["speaker_id"], f["text"]) for f in sent(effects)] == [
        (0, "하나"),
        (1, "둘"),
        (0, "셋"),
    ]


@given(st.permutations([(k, part) for k in range(4) for part in ("text", "speaker")]))
def test_every_order_of_results_gives_the_same_conversation(
    arrivals: list[tuple[int, str]],
) -> None:
    talk = transcribing()
    jobs = [talk.utterance() for _ in range(4)]
    effects: list[Effect] = []
    for k, part in arrivals:
        segment_id = jobs[k].segment_id
        event: Event = (
            Recognised(segment_id, f"{k}") if part == "text" else Attributed(segment_id, k % 2)
        )
        effects += talk.handle(event)
    assert [(f["speaker_id"], f["text"]) for f in sent(effects)] == [
        (0, "0"),
        (1, "1"),
        (0, "2"),
        (1, "3"),
    ]


@pytest.mark.parametrize(("text", "speaker_id"), [(None, 0), ("네", None), (None, None)])
def test_one_utterance_that_the_engine_fails_is_one_error_and_the_next_is_sent(
    text: str | None, speaker_id: int | None
) -> None:
    talk = transcribing()
    first, second = talk.utterance(), talk.utterance()
    failed = answer(talk, first, text, speaker_id)
    assert errors(failed) == [Error(TRANSCRIPTION, Reason.ENGINE_FAILED)]
    assert sent(answer(talk, second, "네", 1))[0]["text"] == "네"
    assert closes(failed) == []


@pytest.mark.parametrize("speaker_id", [0, None])
def test_an_utterance_without_words_is_not_sent(speaker_id: int | None) -> None:
    """Nor is it an error that nobody can be named for words that nobody said."""
    talk = transcribing()
    assert sent(answer(talk, talk.utterance(), "", speaker_id)) == []
    talk.say(StopTranscription())
    assert talk.session.state is State.READY


def test_a_result_that_comes_twice_is_sent_once() -> None:
    talk = transcribing()
    job = talk.utterance()
    assert len(sent(answer(talk, job, "네", 0))) == 1
    assert sent(answer(talk, job, "네", 0)) == []


# Draining


def test_stopping_answers_what_was_heard_and_then_says_so() -> None:
    talk = transcribing()
    first = talk.utterance()
    talk.hear(1, speech=True)
    effects = talk.say(StopTranscription())
    (last,) = [effect for effect in effects if isinstance(effect, Transcribe)]
    assert last.stop == talk.now  # the tail is not lost
    assert sent(effects) == []
    assert sent(answer(talk, last, "둘", 1)) == []
    answered = answer(talk, first, "하나", 0)
    assert [fields["type"] for fields in sent(answered)] == [
        "transcription",
        "transcription",
        "transcription_stopped",
    ]
    assert sent(answered)[-1]["utterances"] == 2
    assert closes(answered) == []
    assert released(answered)[-1] == talk.now
    assert talk.session.state is State.READY


def test_stopping_in_silence_is_answered_at_once() -> None:
    talk = transcribing()
    talk.hear(1, speech=False)
    assert [f["type"] for f in sent(talk.say(StopTranscription()))] == ["transcription_stopped"]


def test_after_stopping_the_conversation_can_start_again_from_zero() -> None:
    talk = transcribing(details=True)
    answer(talk, talk.utterance(), "네", 0)
    talk.say(StopTranscription())
    assert sent(talk.say(StartTranscription()))[0]["type"] == "transcription_started"
    job = talk.utterance()
    (fields,) = sent(answer(talk, job, "다시", 1))
    assert (fields["segment_id"], fields["start_seconds"]) == (0, 0.0)
    assert sent(talk.say(StopTranscription()))[0]["utterances"] == 1


def test_a_promise_that_was_kept_is_not_repeated_at_shutdown() -> None:
    talk = transcribing()
    talk.say(StopTranscription())
    talk.say(StartTranscription())
    assert sent(talk.handle(Shutdown())) == []


def test_a_failed_utterance_still_ends_the_drain() -> None:
    talk = draining()
    effects = talk.handle(Recognised(0, None)) + talk.handle(Attributed(0, None))
    assert [fields["type"] for fields in sent(effects)] == ["error", "transcription_stopped"]


def test_shutdown_answers_what_was_heard_and_closes_as_going_away() -> None:
    talk = transcribing()
    first = talk.utterance()
    talk.hear(1, speech=True)
    effects = talk.handle(Shutdown())
    (last,) = [effect for effect in effects if isinstance(effect, Transcribe)]
    assert closes(effects) == []
    effects = answer(talk, first, "하나", 0) + answer(talk, last, "둘", 1)
    assert [fields["type"] for fields in sent(effects)] == ["transcription", "transcription"]
    assert effects[-1] == Close(CloseCode.GOING_AWAY)
    assert talk.session.state is State.CLOSED


def test_shutdown_while_stopping_keeps_the_promise_to_say_so() -> None:
    talk = draining()
    assert closes(talk.handle(Shutdown())) == []
    effects = talk.handle(Recognised(0, "네")) + talk.handle(Attributed(0, 0))
    assert [fields["type"] for fields in sent(effects)] == [
        "transcription",
        "transcription_stopped",
    ]
    assert effects[-1] == Close(CloseCode.GOING_AWAY)


@pytest.mark.parametrize("state", [State.CONNECTING, State.READY, State.ENROLLING, State.VERIFYING])
def test_shutdown_with_nothing_to_answer_closes_at_once(state: State) -> None:
    assert in_state(state).handle(Shutdown()) == [Close(CloseCode.GOING_AWAY)]


def test_shutdown_in_silence_closes_at_once_without_a_word() -> None:
    talk = transcribing()
    effects = talk.handle(Shutdown())
    assert sent(effects) == []
    assert closes(effects) == [CloseCode.GOING_AWAY]


@pytest.mark.parametrize("state", [s for s in State if s is not State.CLOSED])
def test_a_client_that_is_gone_is_told_nothing(state: State) -> None:
    talk = in_state(state)
    assert talk.handle(Disconnected()) == []
    assert talk.handle(Recognised(0, "네")) + talk.handle(Attributed(0, 0)) == []


# Release


def test_audio_is_kept_until_its_utterance_is_answered() -> None:
    talk = transcribing()
    first, second = talk.utterance(), talk.utterance()
    assert max(released(talk.hear(5, speech=False))) == first.start
    assert max(released(answer(talk, first, "하나", 0))) == second.start
    assert max(released(answer(talk, second, "둘", 1))) >= second.stop


def test_in_silence_only_the_pre_roll_is_kept() -> None:
    talk = transcribing()
    kept = 0
    for _ in range(100):
        (index,) = released(talk.hear(1, speech=False))
        kept = talk.now - index
    assert kept == GateSettings().pre_roll_seconds * SAMPLE_RATE


# Whatever comes

speaker_ids = st.integers(0, 1)
client_messages = (
    st.builds(StartRegistration, speaker_ids, st.booleans())
    | st.builds(CompleteRegistration, speaker_ids)
    | st.builds(StartTranscription, st.booleans())
    | st.just(StopTranscription())
)
small_ids = st.integers(0, 5)
errors_of_parse = st.builds(
    InvalidMessageError,
    st.sampled_from(ErrorCode),
    st.sampled_from(Reason),
    st.none() | st.integers(),
)
steps = st.one_of(
    client_messages,
    st.tuples(st.sampled_from([0.1, 0.6, 1.0, 3.0, 16.0]), st.booleans()),  # seconds, speech
    st.builds(Refused, errors_of_parse),
    st.builds(BadAudio, st.sampled_from(Reason)),
    st.builds(Enrolled, st.none() | st.none() | st.sampled_from(Reason)),
    st.builds(Recognised, small_ids, st.none() | st.text(max_size=4)),
    st.builds(Attributed, small_ids, st.none() | speaker_ids),
    st.sampled_from([Connected(), Shutdown(), Disconnected()]),
)
beginnings = st.sampled_from([Talk, connected, enrolled, transcribing, draining])
FORGIVING = SessionSettings(max_strikes=1000)


@given(beginnings, st.lists(steps, max_size=40))
def test_no_sequence_of_events_raises_or_breaks_a_promise(
    beginning: Callable[[SessionSettings], Talk],
    script: list[ClientMessage | Event | tuple[float, bool]],
) -> None:
    """Nothing after a close; released audio is never asked for; every message can be written."""
    talk = beginning(FORGIVING)
    forgotten = 0
    closed = False
    for step in script:
        if isinstance(step, tuple):
            effects = talk.hear(step[0], speech=step[1])
        elif isinstance(step, ClientMessage):
            effects = talk.say(step)
        else:
            effects = talk.handle(step)
        assert not (closed and effects)
        sent(effects)
        for effect in effects:
            if isinstance(effect, Transcribe):
                assert forgotten <= effect.start < effect.stop <= talk.now
            elif isinstance(effect, Enrol):
                assert forgotten <= effect.spans[0][0]
                assert effect.spans[-1][1] <= talk.now
            elif isinstance(effect, Release):
                assert forgotten <= effect.index <= talk.now
                forgotten = effect.index
            elif isinstance(effect, Close):
                closed = True
                assert effect is effects[-1]

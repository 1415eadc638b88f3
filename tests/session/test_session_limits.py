"""The session: its longest duration, its longest transcription, and its resumption."""

import pytest
from talk import (
    Talk,
    answer,
    attributed,
    closes,
    connected,
    draining,
    errors,
    in_state,
    recognised,
    sent,
    transcribing,
)

from hwaja.protocol.client_messages import StartRegistration, StartTranscription, StopTranscription
from hwaja.protocol.codes import CloseCode, Reason
from hwaja.session.effects import Close, Effect, Finish
from hwaja.session.events import Connected, LimitNear, LimitReached, Reconnected, Waiting
from hwaja.session.settings import SessionSettings
from hwaja.session.state_machine import State

MINUTES = SessionSettings(max_audio_seconds=120)


def types(effects: list[Effect]) -> list[object]:
    return [fields["type"] for fields in sent(effects)]


# The longest transcription


def quiet(talk: Talk, seconds: int) -> list[Effect]:
    return [effect for _ in range(seconds) for effect in talk.hear(1, speech=False)]


def test_a_transcription_ends_at_its_limit_and_another_one_can_begin() -> None:
    talk = transcribing(MINUTES, details=True)
    began = talk.now
    assert errors(quiet(talk, 118)) == []
    (error,) = errors(quiet(talk, 4))
    assert error.reason is Reason.AUDIO_LIMIT
    assert error.received_samples is not None
    assert 0 <= error.received_samples - 120 * 16_000 < 16_000
    assert began + error.received_samples <= talk.now
    assert talk.session.state is State.READY
    assert types(talk.say(StartTranscription())) == ["transcription_started"]
    assert errors(quiet(talk, 100)) == []  # the limit counts from the new transcription's beginning


def test_an_open_sentence_at_the_limit_is_not_cut() -> None:
    talk = transcribing(MINUTES)
    quiet(talk, 118)
    assert errors(talk.hear(4, speech=True)) == []
    effects = talk.hear(1, speech=False)
    (job,) = [effect for effect in effects if isinstance(effect, Finish)]
    assert errors(effects) == []  # the answer to the sentence comes first
    answered = answer(talk, job, "끝까지", 0)
    assert types(answered) == ["transcription", "error"]
    assert closes(answered) == []


def test_speech_without_a_pause_delays_the_end_only_up_to_a_limit() -> None:
    talk = transcribing(MINUTES)
    for _ in range(120 + 18):  # each is 31 frames, a little less than a second
        talk.hear(1, speech=True)
    assert talk.session.state is State.DRAINING


def test_a_stop_that_crosses_the_end_is_confirmed_after_it() -> None:
    talk = transcribing(MINUTES)
    quiet(talk, 119)
    (job,) = [
        effect
        for effect in talk.hear(1.5, speech=True) + talk.hear(0.7, speech=False)
        if isinstance(effect, Finish)
    ]
    assert talk.session.state is State.DRAINING
    assert sent(talk.say(StopTranscription())) == []
    assert types(talk.say(StopTranscription())) == ["error"]  # asked for already
    answered = answer(talk, job, "네", 0)
    assert types(answered) == ["transcription", "error", "transcription_stopped"]


def test_only_a_client_that_asked_for_details_is_warned_a_minute_ahead_and_once() -> None:
    for details in (True, False):
        talk = transcribing(MINUTES, details=details)
        assert sent(quiet(talk, 59)) == []
        warnings = sent(quiet(talk, 40))
        assert [fields["type"] for fields in warnings] == ["limit_warning"] * details
        if details:
            assert warnings[0]["reason"] == "audio_limit"
            assert warnings[0]["seconds_left"] in (59, 60)


# The longest session


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason.SESSION_LIMIT, CloseCode.NORMAL),
        (Reason.IDLE, CloseCode.NORMAL),
        (Reason.TOKEN_REVOKED, CloseCode.POLICY_VIOLATION),
    ],
)
def test_a_session_at_its_time_limit_answers_reports_the_reason_and_closes(
    reason: Reason, code: CloseCode
) -> None:
    talk = transcribing()
    first = talk.utterance()
    talk.hear(1, speech=True)
    effects = talk.handle(LimitReached(reason))
    (last,) = [effect for effect in effects if isinstance(effect, Finish)]
    assert sent(effects) == []
    effects = answer(talk, first, "하나", 0) + answer(talk, last, "둘", 1)
    assert types(effects) == ["transcription", "transcription", "error"]
    assert sent(effects)[-1]["code"] == "CONNECTION_FAILED"
    assert effects[-1] == Close(code)
    assert talk.session.state is State.CLOSED


@pytest.mark.parametrize("state", [State.READY, State.ENROLLING, State.VERIFYING])
def test_a_session_with_nothing_to_answer_ends_at_once(state: State) -> None:
    effects = in_state(state).handle(LimitReached(Reason.SESSION_LIMIT))
    assert types(effects) == ["error"]
    assert effects[-1] == Close(CloseCode.NORMAL)


def test_a_session_at_its_time_limit_during_a_stop_still_confirms_the_stop() -> None:
    talk = draining()
    assert talk.handle(LimitReached(Reason.SESSION_LIMIT)) == []
    effects = talk.handle(recognised(0, "네")) + talk.handle(attributed(0, 0))
    assert types(effects) == ["transcription", "error", "transcription_stopped"]
    assert closes(effects) == [CloseCode.NORMAL]


def test_the_warning_of_the_session_limit_is_sent_only_with_details() -> None:
    event = LimitNear(Reason.SESSION_LIMIT, 60)
    assert types(transcribing(details=True).handle(event)) == ["limit_warning"]
    assert sent(transcribing(details=False).handle(event)) == []


# Too far ahead


def test_a_client_too_far_ahead_is_asked_to_wait_and_later_to_continue() -> None:
    talk = transcribing(details=True)
    hold, go_on = sent(talk.handle(Waiting(41.52))) + sent(talk.handle(Waiting(0)))
    assert hold == {"type": "too_far_ahead", "waiting_seconds": 41.5, "hold": True}
    assert go_on == {"type": "too_far_ahead", "waiting_seconds": 0, "hold": False}


def test_a_client_without_details_is_not_asked_to_wait() -> None:
    talk = transcribing(details=False)
    assert sent(talk.handle(Waiting(41.5))) + sent(talk.handle(Waiting(0))) == []


def test_a_waiting_client_is_asked_to_continue_even_after_the_transcription_ended() -> None:
    talk = transcribing(details=True)
    talk.handle(Waiting(41.5))
    talk.say(StopTranscription())
    assert talk.session.state is State.READY
    assert [fields["hold"] for fields in sent(talk.handle(Waiting(0)))] == [False]
    assert sent(talk.handle(Waiting(0))) == []


@pytest.mark.parametrize("state", [s for s in State if s is not State.TRANSCRIBING])
def test_outside_a_transcription_no_client_is_asked_to_wait(state: State) -> None:
    talk = in_state(state)
    assert sent(talk.handle(Waiting(41.5))) + sent(talk.handle(Waiting(0))) == []


# Resumption


def resumable() -> Talk:
    talk = Talk()
    talk.handle(Connected("token"))
    return talk


def test_a_client_that_may_resume_gets_an_acknowledgement_per_second_of_audio() -> None:
    talk = resumable()
    talk.enrol(0)
    talk.enrol(1)
    talk.say(StartTranscription())
    told = [f for _ in range(5) for f in sent(talk.hear(0.512, speech=False))]
    assert [fields["type"] for fields in told] == ["audio_received"] * 2
    assert [fields["received_samples"] for fields in told] == [2 * 8192, 4 * 8192]


def test_a_client_that_may_not_resume_gets_no_acknowledgement() -> None:
    talk = transcribing()
    assert sent(talk.hear(5, speech=False)) == []
    assert "session_token" not in sent(Talk().handle(Connected()))[0]


@pytest.mark.parametrize(
    "state", [state for state in State if state not in (State.CONNECTING, State.CLOSED)]
)
def test_a_client_that_resumes_gets_the_state_of_the_session_which_does_not_change(
    state: State,
) -> None:
    talk = in_state(state)
    effects = talk.handle(Reconnected("next", at=talk.now))
    (fields,) = sent(effects)
    enrolled = [0, 1] if state in (State.TRANSCRIBING, State.PAUSED, State.DRAINING) else []
    assert (fields["type"], fields["session_token"]) == ("model_loaded", "next")
    assert (fields["state"], fields["speaker_ids"]) == (state.name.lower(), enrolled)
    assert len(effects) == 1
    assert talk.session.state is state


def test_acknowledged_audio_counts_from_the_beginning_of_the_current_phase() -> None:
    talk = connected()
    talk.enrol(0)
    talk.say(StartRegistration(1))
    talk.hear(1.024, speech=True)
    (fields,) = sent(talk.handle(Reconnected("next", at=talk.now + 100)))
    assert fields["received_samples"] == 16_384 + 100  # an incomplete frame counts, too

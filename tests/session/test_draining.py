"""The session: stopping, shutting down, and when audio is forgotten."""

import pytest
from talk import (
    answer,
    attributed,
    closes,
    draining,
    in_state,
    recognised,
    released,
    sent,
    transcribing,
)

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import StartTranscription, StopTranscription
from hwaja.protocol.codes import CloseCode
from hwaja.session.effects import Close, Finish
from hwaja.session.events import CutOff, Disconnected, ServerFailed, Shutdown
from hwaja.session.state_machine import State
from hwaja.vad.gate import GateSettings

# Draining


def test_stopping_answers_the_received_speech_and_then_confirms() -> None:
    talk = transcribing()
    first = talk.utterance()
    talk.hear(1, speech=True)
    effects = talk.say(StopTranscription())
    (last,) = [effect for effect in effects if isinstance(effect, Finish)]
    assert last.segment.stop == talk.now  # the tail is not lost
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


def test_a_handover_answers_what_is_finished_and_leaves_an_open_utterance_to_the_next_server() -> (
    None
):
    talk = transcribing()
    first = talk.utterance()
    talk.hear(1, speech=True)
    effects = talk.handle(Shutdown(is_handover=True))
    assert not [effect for effect in effects if isinstance(effect, Finish)]
    assert (talk.session.state, closes(effects)) == (State.DRAINING, [])
    answered = answer(talk, first, "하나", 0)
    assert [fields["text"] for fields in sent(answered)] == ["하나"]
    assert closes(answered) == [CloseCode.GOING_AWAY]


@pytest.mark.parametrize("stops", [True, False])
def test_a_cut_off_reports_the_processed_audio_and_closes(
    stops: bool,
) -> None:
    talk = transcribing(details=True)
    origin = talk.now
    talk.utterance()
    if stops:
        talk.say(StopTranscription())
        assert talk.session.state is State.DRAINING
    effects = talk.handle(CutOff())
    (error,) = sent(effects)
    assert (error["code"], error["reason"]) == ("TRANSCRIPTION_FAILED", "server_stopped")
    assert error["received_samples"] == talk.now - origin
    assert closes(effects) == [CloseCode.GOING_AWAY]


@pytest.mark.parametrize("state", [State.READY, State.ENROLLING, State.VERIFYING])
def test_a_cut_off_without_open_answers_only_closes(state: State) -> None:
    effects = in_state(state).handle(CutOff())
    assert sent(effects) == []
    assert closes(effects) == [CloseCode.GOING_AWAY]


def test_stopping_in_silence_is_confirmed_at_once() -> None:
    talk = transcribing()
    talk.hear(1, speech=False)
    assert [f["type"] for f in sent(talk.say(StopTranscription()))] == ["transcription_stopped"]


def test_after_stopping_another_transcription_starts_from_zero() -> None:
    talk = transcribing(details=True)
    answer(talk, talk.utterance(), "네", 0)
    talk.say(StopTranscription())
    assert sent(talk.say(StartTranscription()))[0]["type"] == "transcription_started"
    job = talk.utterance()
    (fields,) = sent(answer(talk, job, "다시", 1))
    assert (fields["segment_id"], fields["start_seconds"]) == (0, 0.0)
    assert sent(talk.say(StopTranscription()))[0]["utterances"] == 1


def test_a_confirmed_stop_is_not_confirmed_again_at_shutdown() -> None:
    talk = transcribing()
    talk.say(StopTranscription())
    talk.say(StartTranscription())
    assert sent(talk.handle(Shutdown())) == []


def test_a_failed_utterance_still_ends_the_drain() -> None:
    talk = draining()
    effects = talk.handle(recognised(0, None)) + talk.handle(attributed(0, None))
    assert [fields["type"] for fields in sent(effects)] == ["error", "transcription_stopped"]


def test_shutdown_answers_the_received_speech_and_closes_as_going_away() -> None:
    talk = transcribing()
    first = talk.utterance()
    talk.hear(1, speech=True)
    effects = talk.handle(Shutdown())
    (last,) = [effect for effect in effects if isinstance(effect, Finish)]
    assert closes(effects) == []
    effects = answer(talk, first, "하나", 0) + answer(talk, last, "둘", 1)
    assert [fields["type"] for fields in sent(effects)] == ["transcription", "transcription"]
    assert effects[-1] == Close(CloseCode.GOING_AWAY)
    assert talk.session.state is State.CLOSED


def test_a_fault_of_the_server_is_reported_after_the_earlier_speech_is_answered() -> None:
    talk = transcribing(details=True)
    heard = talk.utterance()
    effects = talk.handle(ServerFailed())
    assert sent(effects) == closes(effects) == []
    effects = answer(talk, heard, "하나", 0)
    answered, error = sent(effects)
    assert (answered["text"], error["reason"]) == ("하나", "server_failed")
    assert effects[-1] == Close(CloseCode.INTERNAL_ERROR)


def test_shutdown_during_a_stop_still_confirms_the_stop() -> None:
    talk = draining()
    assert closes(talk.handle(Shutdown())) == []
    effects = talk.handle(recognised(0, "네")) + talk.handle(attributed(0, 0))
    assert [fields["type"] for fields in sent(effects)] == [
        "transcription",
        "transcription_stopped",
    ]
    assert effects[-1] == Close(CloseCode.GOING_AWAY)


@pytest.mark.parametrize("state", [State.CONNECTING, State.READY, State.ENROLLING, State.VERIFYING])
def test_shutdown_with_nothing_to_answer_closes_at_once(state: State) -> None:
    assert in_state(state).handle(Shutdown()) == [Close(CloseCode.GOING_AWAY)]


def test_shutdown_in_silence_closes_at_once_without_a_message() -> None:
    talk = transcribing()
    effects = talk.handle(Shutdown())
    assert sent(effects) == []
    assert closes(effects) == [CloseCode.GOING_AWAY]


@pytest.mark.parametrize("state", [s for s in State if s is not State.CLOSED])
def test_a_disconnected_client_is_sent_nothing(state: State) -> None:
    talk = in_state(state)
    assert talk.handle(Disconnected()) == []
    assert talk.handle(recognised(0, "네")) + talk.handle(attributed(0, 0)) == []


# Release


def test_audio_is_kept_until_its_utterance_is_answered() -> None:
    talk = transcribing()
    first, second = talk.utterance(), talk.utterance()
    assert max(released(talk.hear(5, speech=False))) == first.segment.start
    assert max(released(answer(talk, first, "하나", 0))) == second.segment.start
    assert max(released(answer(talk, second, "둘", 1))) >= second.segment.stop


def test_in_silence_only_the_pre_roll_is_kept() -> None:
    talk = transcribing()
    kept = 0
    for _ in range(100):
        (index,) = released(talk.hear(1, speech=False))
        kept = talk.now - index
    assert kept == GateSettings().pre_roll_seconds * SAMPLE_RATE

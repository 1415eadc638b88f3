"""The session: the client says that its turn is over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talk import TRANSCRIPTION, answer, draining, enrolled, in_state, sent, transcribing

from hwaja.protocol.client_messages import Finalize, StartTranscription, StopTranscription
from hwaja.session.conversation import MOST_FINALS
from hwaja.session.effects import Effect, Finish, Listen, Speculate
from hwaja.session.events import Audio, AudioStopped, Received, Reconnected, Shutdown
from hwaja.session.settings import SessionSettings
from hwaja.session.state_machine import State
from hwaja.vad.gate import FRAME_SAMPLES


def jobs(effects: list[Effect]) -> list[Finish]:
    return [effect for effect in effects if isinstance(effect, Finish)]


def types(effects: list[Effect]) -> list[object]:
    return [fields["type"] for fields in sent(effects)]


def test_the_open_utterance_ends_at_once_and_is_answered_before_the_confirmation() -> None:
    talk = transcribing()
    origin = talk.now
    talk.hear(1, speech=True)
    effects = talk.say(Finalize())
    (job,) = jobs(effects)
    assert (job.segment.stop, job.is_urgent) == (talk.now, True)
    assert Listen() in effects  # what comes later does not continue it
    assert sent(effects) == []
    answered = answer(talk, job, "네", 0)
    assert types(answered) == ["transcription", "finalized"]
    assert sent(answered)[1]["received_samples"] == talk.now - origin


def test_the_last_samples_belong_to_the_turn_although_they_fill_no_frame() -> None:
    talk = transcribing()
    talk.hear(1, speech=True)
    (job,) = jobs(talk.handle(Received(Finalize(), at=talk.now + 300)))
    assert job.segment.stop == talk.now + 300
    talk.now += 300
    talk.hear(1, speech=True)
    (another,) = jobs(talk.say(Finalize()))
    assert another.segment.start == job.segment.stop


def test_in_a_pause_with_nothing_to_answer_it_is_confirmed_at_once() -> None:
    talk = transcribing()
    assert sent(talk.say(Finalize())) == [{"type": "finalized", "received_samples": 0}]
    answer(talk, talk.utterance(), "네", 0)
    assert types(talk.say(Finalize())) == ["finalized"]
    assert types(talk.say(Finalize())) == ["finalized"]


def test_it_waits_for_the_answers_of_earlier_utterances_only() -> None:
    talk = transcribing()
    first = talk.utterance()
    talk.hear(1, speech=True)
    (second,) = jobs(talk.say(Finalize()))
    third = talk.utterance()
    assert sent(answer(talk, third, "셋", 0)) == []
    assert sent(answer(talk, second, "둘", 0)) == []
    told = answer(talk, first, "하나", 0)
    assert types(told) == ["transcription", "transcription", "finalized", "transcription"]


def test_the_work_of_the_pause_before_it_is_used() -> None:
    talk = transcribing()
    effects = talk.hear(1, speech=True) + talk.hear(0.256, speech=False)
    (early,) = [effect for effect in effects if isinstance(effect, Speculate)]
    (job,) = jobs(talk.say(Finalize()))
    assert (job.segment_id, job.segment) == (early.segment_id, early.segment)


def test_what_follows_is_another_utterance_without_any_pause() -> None:
    talk = transcribing(details=True)
    talk.hear(1, speech=True)
    (first,) = jobs(talk.say(Finalize()))
    talk.hear(1, speech=True)
    (second,) = jobs(talk.say(Finalize()))
    told = sent(answer(talk, first, "하나", 0) + answer(talk, second, "둘", 1))
    texts = [each for each in told if each["type"] == "transcription"]
    assert [each["segment_id"] for each in texts] == [0, 1]
    assert texts[0]["end_seconds"] == texts[1]["start_seconds"] == 0.992


def test_a_gap_behind_it_ends_nothing() -> None:
    talk = transcribing()
    talk.hear(1, speech=True)
    talk.say(Finalize())
    assert jobs(talk.handle(AudioStopped(talk.now))) == []


@pytest.mark.parametrize("state", [State.READY, State.ENROLLING, State.VERIFYING])
def test_outside_of_a_transcription_it_is_refused(state: State) -> None:
    (error,) = sent(in_state(state).say(Finalize(request_id="turn 1")))
    assert (error["code"], error["request_id"]) == (TRANSCRIPTION, "turn 1")


def test_it_is_confirmed_before_the_end_of_a_transcription() -> None:
    talk = transcribing()
    talk.hear(1, speech=True)
    (job,) = jobs(talk.say(Finalize(request_id=7)))
    assert sent(talk.say(StopTranscription(request_id=8))) == []
    told = sent(answer(talk, job, "네", 0))
    assert [each["type"] for each in told] == [
        "transcription",
        "finalized",
        "transcription_stopped",
    ]
    assert [each.get("request_id") for each in told] == [None, 7, 8]


def test_a_transcription_that_the_server_ends_still_confirms_it() -> None:
    talk = transcribing(SessionSettings(max_audio_seconds=2))
    job = talk.utterance()
    talk.hear(1, speech=False)  # the limit
    assert talk.session.state is State.DRAINING
    assert sent(talk.say(Finalize())) == []
    assert types(answer(talk, job, "네", 0)) == ["transcription", "finalized", "error"]


def test_a_shutdown_confirms_it() -> None:
    talk = transcribing()
    talk.hear(1, speech=True)
    (job,) = jobs(talk.say(Finalize()))
    talk.handle(Shutdown())
    assert types(answer(talk, job, "네", 0)) == ["transcription", "finalized"]


@pytest.mark.parametrize("request_id", [None, 3, "third"])
def test_a_client_that_comes_back_and_repeats_it_gets_one_confirmation(
    request_id: str | int | None,
) -> None:
    talk = transcribing()
    talk.hear(1, speech=True)
    (job,) = jobs(talk.say(Finalize(request_id=request_id)))
    talk.handle(Reconnected("token", talk.now))
    assert talk.say(Finalize(request_id=request_id)) == []
    assert types(answer(talk, job, "네", 0)) == ["transcription", "finalized"]
    assert types(talk.say(Finalize(request_id=request_id))) == ["finalized"]  # is another one


def test_a_client_that_comes_back_may_finalize_what_it_sent_since() -> None:
    talk = transcribing()
    talk.say(Finalize(request_id=1))
    talk.handle(Reconnected("token", talk.now))
    talk.hear(0.5, speech=False)
    assert types(talk.say(Finalize(request_id=1))) == ["finalized"]
    talk.handle(Reconnected("token", talk.now))
    assert types(talk.say(Finalize(request_id=2))) == ["finalized"]


def test_another_transcription_knows_nothing_of_it() -> None:
    talk = enrolled()
    for _ in range(2):
        talk.say(StartTranscription())
        talk.handle(Reconnected("token", talk.now))
        assert types(talk.say(Finalize())) == ["finalized"]
        talk.say(StopTranscription())


def test_a_repeat_while_the_transcription_ends_is_confirmed_once() -> None:
    talk = draining()
    talk.say(Finalize(request_id=1))
    talk.handle(Reconnected("token", talk.now))
    assert talk.say(Finalize(request_id=1)) == []


@given(st.data())
def test_anywhere_it_loses_no_sample_and_doubles_none(data: st.DataObject) -> None:
    """Utterances that nothing but `finalize` ends follow each other without a gap."""
    talk = transcribing()
    origin = talk.now
    open_jobs: list[Finish] = []
    every_job: list[Finish] = []
    confirmed: list[object] = []
    told: list[dict[str, object]] = []
    for part in data.draw(
        st.lists(st.tuples(st.integers(3, 60), st.integers(0, 511)), max_size=12)
    ):
        frames, rest = part
        talk.now += frames * FRAME_SAMPLES
        levels = (0.9,) * frames, (-30.0,) * frames
        effects = talk.handle(Audio(talk.now, *levels, talk.arrival(1.0)))
        talk.now += rest
        effects += talk.say(Finalize(request_id=len(confirmed)))
        open_jobs += jobs(effects)
        every_job += jobs(effects)
        confirmed.append(len(confirmed))
        while open_jobs and data.draw(st.booleans()):
            told += sent(answer(talk, open_jobs.pop(0), "네", 0))
    for job in open_jobs:
        told += sent(answer(talk, job, "네", 0))
    edges = [edge for job in every_job for edge in (job.segment.start, job.segment.stop)]
    assert edges[1:-1:2] == edges[2::2]
    assert [each["request_id"] for each in told if each["type"] == "finalized"] == confirmed
    assert told == [] or told[-1]["type"] == "finalized"
    assert told == [] or told[-1]["received_samples"] == talk.now - origin


def test_a_client_that_finalizes_endlessly_is_refused_until_it_is_answered() -> None:
    talk = transcribing()
    job = talk.utterance()
    effects = [effect for _ in range(MOST_FINALS + 2) for effect in talk.say(Finalize())]
    assert types(effects) == ["error", "error"]
    assert types(answer(talk, job, "네", 0)) == ["transcription"] + ["finalized"] * MOST_FINALS
    assert types(talk.say(Finalize())) == ["finalized"]

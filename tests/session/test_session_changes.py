"""The session: events on request, options that change, and a transcription that pauses."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from talk import (
    TRANSCRIPTION,
    Talk,
    answer,
    attributed,
    enrolled,
    errors,
    in_state,
    paused,
    recognised,
    released,
    sent,
    transcribing,
    voice_of,
)

from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import (
    Finalize,
    KeepAlive,
    PauseTranscription,
    ResumeTranscription,
    StartTranscription,
    StopTranscription,
    UpdateTranscription,
)
from hwaja.protocol.codes import Reason
from hwaja.protocol.values import Event, Hotword, Options
from hwaja.session.effects import Change, Effect, Finish, Listen, Recognise
from hwaja.session.events import (
    Attributed,
    AudioStopped,
    Connected,
    Ignored,
    Lagging,
    PartialText,
    Recognised,
    Reconnected,
)
from hwaja.session.settings import SessionSettings
from hwaja.session.state_machine import State
from hwaja.vad.gate import FRAME_SAMPLES

WORDS = (Hotword("복지관"),)


def with_events(*names: Event) -> Talk:
    talk = enrolled()
    talk.say(StartTranscription(events=names))
    return talk


def jobs(effects: list[Effect]) -> list[Finish]:
    return [effect for effect in effects if isinstance(effect, Finish)]


def changes(effects: list[Effect]) -> list[Change]:
    return [effect for effect in effects if isinstance(effect, Change)]


def types(effects: list[Effect]) -> list[object]:
    return [fields["type"] for fields in sent(effects)]


def ignore(talk: Talk, seconds: float) -> list[Effect]:
    """Send audio while the transcription is paused."""
    talk.now += round(seconds * SAMPLE_RATE)
    return talk.handle(Ignored(talk.now, talk.arrival(seconds)))


# Events


def test_each_utterance_begins_and_ends_once_before_its_text() -> None:
    talk = with_events(*Event)
    effects = talk.hear(1.024, speech=False) + talk.hear(1.024, speech=True)
    assert sent(effects) == [{"type": "speech_started", "segment_id": 0, "start_seconds": 1.024}]
    effects = talk.hear(0.6, speech=False)
    assert sent(effects) == [{"type": "speech_ended", "segment_id": 0, "end_seconds": 2.048}]
    (job,) = jobs(effects)
    (text,) = sent(answer(talk, job, "네", 0))
    assert (text["type"], text["segment_id"]) == ("transcription", 0)


def test_speech_that_is_cut_ends_and_begins_again() -> None:
    talk = with_events(Event.SPEECH_STARTED, Event.SPEECH_ENDED)
    effects = [effect for _ in range(80) for effect in talk.hear(0.256, speech=True)]
    told = [(each["type"], each["segment_id"]) for each in sent(effects)]
    assert told == [("speech_started", 0), ("speech_ended", 0), ("speech_started", 1)]


@pytest.mark.parametrize(
    ("hypothesis", "reason"),
    [
        (Hypothesis(""), "no_words"),
        (Hypothesis("", is_noise=True), "noise"),
        (None, "failed"),
    ],
)
def test_an_utterance_without_a_text_is_reported_with_its_reason(
    hypothesis: Hypothesis | None, reason: str
) -> None:
    talk = with_events(Event.UTTERANCE_DROPPED)
    job = talk.utterance()
    talk.handle(Recognised(job.segment_id, hypothesis))
    told = sent(talk.handle(attributed(job.segment_id, 0)))
    assert told[-1] == {"type": "utterance_dropped", "segment_id": 0, "reason": reason}
    assert len(told) == 1 + (hypothesis is None)


def test_a_client_that_did_not_ask_gets_no_event() -> None:
    talk = transcribing()
    effects = talk.hear(1, speech=True) + talk.hear(0.6, speech=False)
    effects += talk.handle(recognised(0, "")) + talk.handle(attributed(0, 0))
    assert sent(effects + talk.handle(Lagging(3.0))) == []


def test_a_lag_is_reported_on_request_also_while_the_transcription_ends() -> None:
    talk = with_events(Event.LAG)
    talk.utterance()
    assert sent(talk.handle(Lagging(2.04))) == [{"type": "lag", "seconds": 2.0}]
    talk.say(StopTranscription())
    assert sent(talk.handle(Lagging(0.0))) == [{"type": "lag", "seconds": 0.0}]
    assert in_state(State.READY).handle(Lagging(0.0)) == []


# Changes


def test_options_change_at_once_where_nobody_speaks() -> None:
    talk = transcribing(SessionSettings(abilities=lambda: Abilities(takes_any_hotword=True)))
    effects = talk.say(UpdateTranscription(hotwords=WORDS, interim_results=True, request_id=1))
    assert changes(effects) == [Change(Options(hotwords=WORDS), interims=True)]
    (told,) = sent(effects)
    assert (told["type"], told["request_id"]) == ("transcription_updated", 1)


def test_an_open_utterance_keeps_its_options_to_the_last_part() -> None:
    talk = transcribing(SessionSettings(abilities=lambda: Abilities(takes_any_hotword=True)))
    talk.say(UpdateTranscription(hotwords=WORDS))
    talk.hear(2, speech=True)
    effects = talk.say(UpdateTranscription(hotwords=(), events=(Event.SPEECH_ENDED,)))
    assert types(effects) == ["transcription_updated"]
    assert changes(effects) == []
    effects = talk.hear(0.6, speech=False)
    (job,) = jobs(effects)
    assert types(effects) == []
    assert effects.index(job) < effects.index(Change(Options(), interims=False))
    middle = job.segment.start + 16_000
    parts = (voice_of(0, 0, middle), voice_of(1, middle))
    talk.handle(recognised(job.segment_id, "한 문장"))
    effects = talk.handle(Attributed(job.segment_id, parts))
    anew = [effect for effect in effects if isinstance(effect, Recognise)]
    assert {effect.options for effect in anew} == {Options(hotwords=WORDS)}
    assert "speech_ended" in types(talk.hear(1, speech=True) + talk.hear(0.6, speech=False))


def test_what_is_not_named_stays_and_several_changes_add_up() -> None:
    talk = transcribing(SessionSettings(abilities=lambda: Abilities(takes_any_hotword=True)))
    talk.hear(1, speech=True)
    talk.say(UpdateTranscription(hotwords=WORDS))
    talk.say(UpdateTranscription(interim_results=True))
    (change,) = changes(talk.hear(0.6, speech=False))
    assert change == Change(Options(hotwords=WORDS), interims=True)


def test_interim_texts_of_the_open_utterance_end_with_it() -> None:
    talk = enrolled()
    talk.say(StartTranscription(interim_results=True))
    talk.hear(1, speech=True)
    talk.say(UpdateTranscription(interim_results=False))
    assert types(talk.handle(PartialText(0, "네"))) == ["interim"]
    talk.hear(0.6, speech=False)
    assert types(talk.handle(PartialText(0, "네 네"))) == ["interim"]
    talk.hear(1, speech=True)
    assert types(talk.handle(PartialText(1, "아니"))) == []


def test_where_one_option_cannot_be_had_none_changes() -> None:
    talk = transcribing(details=True)
    effects = talk.say(UpdateTranscription(interim_results=True, language="xx", request_id="u"))
    (error,) = sent(effects)
    assert (error["code"], error["reason"], error["request_id"]) == (
        TRANSCRIPTION,
        "language_unsupported",
        "u",
    )
    assert changes(effects) == []
    (change,) = changes(talk.say(UpdateTranscription(speaker_updates=True)))
    assert change == Change(Options(), interims=False)


def test_options_that_the_recogniser_no_longer_has_do_not_hinder_other_changes() -> None:
    able = [Abilities(takes_any_hotword=True)]
    talk = transcribing(SessionSettings(abilities=lambda: able[-1]))
    talk.say(UpdateTranscription(hotwords=WORDS))
    able.append(Abilities())
    assert types(talk.say(UpdateTranscription(interim_results=True))) == ["transcription_updated"]
    assert errors(talk.say(UpdateTranscription(language="xx")))[0].reason in Reason


def test_details_that_are_asked_for_later_come_with_the_next_answer() -> None:
    talk = transcribing()
    job = talk.utterance()
    talk.say(UpdateTranscription(details=True))
    assert "label" in sent(answer(talk, job, "네", 0))[0]


@given(
    st.lists(
        st.builds(
            UpdateTranscription,
            interim_results=st.sampled_from([UNSET, True, False]),
            events=st.sampled_from([UNSET, (), tuple(Event)]),
            language=st.sampled_from([UNSET, None, "ko"]),
        )
    )
)
def test_changes_add_up_to_the_last_value_of_each_option(
    updates: list[UpdateTranscription],
) -> None:
    wants = StartTranscription(adapt=True)
    for update in updates:
        wants = update.applied_to(wants)
    for name in ("interim_results", "events"):
        named = [value for each in updates if (value := getattr(each, name)) is not UNSET]
        assert getattr(wants, name) == (named[-1] if named else getattr(StartTranscription(), name))
    assert wants.adapt


# Pauses


def test_a_pause_ends_the_open_utterance_and_tells_so_at_once() -> None:
    talk = transcribing()
    origin = talk.now
    talk.hear(1, speech=True)
    effects = talk.say(PauseTranscription(request_id=1))
    (job,) = jobs(effects)
    assert job.is_urgent
    (told,) = sent(effects)
    assert (told["type"], told["received_samples"]) == ("transcription_paused", talk.now - origin)
    assert talk.session.state is State.PAUSED
    assert types(answer(talk, job, "네", 0)) == ["transcription"]


def test_ignored_audio_is_forgotten_and_time_goes_on_with_it() -> None:
    talk = transcribing(details=True)
    talk.say(PauseTranscription())
    effects = ignore(talk, 3.3)
    assert released(effects) == [talk.now]
    effects = talk.say(ResumeTranscription())
    assert Listen() in effects
    assert sent(effects)[0]["received_samples"] == 52_800
    (text,) = sent(answer(talk, talk.utterance(), "네", 0))
    assert text["start_seconds"] == 3.3
    (told,) = sent(talk.say(StopTranscription()))
    assert told["audio_seconds"] == pytest.approx(1.6, abs=0.1)


def test_audio_that_is_ignored_needs_no_answer() -> None:
    """A client that may go on elsewhere would otherwise keep all audio of the pause."""
    talk = Talk()
    talk.handle(Connected("token"))
    for speaker_id in (0, 1):
        talk.enrol(speaker_id)
    talk.say(StartTranscription(answered_samples=True))
    talk.say(PauseTranscription())
    told = sent(ignore(talk, 2) + ignore(talk, 2))
    assert [each["answered_samples"] for each in told] == [2 * SAMPLE_RATE, 4 * SAMPLE_RATE]


def test_time_goes_on_while_nothing_is_sent_in_a_pause() -> None:
    talk = transcribing(details=True)
    talk.hear(0.512, speech=False)
    talk.say(PauseTranscription())
    talk.handle(AudioStopped(talk.now))
    talk.silent_seconds += 60
    talk.say(ResumeTranscription())
    effects = [effect for _ in range(4) for effect in talk.hear(0.256, speech=True)]
    effects += [effect for _ in range(3) for effect in talk.hear(0.256, speech=False)]
    (job,) = jobs(effects)
    (text,) = sent(answer(talk, job, "네", 0))
    assert text["start_seconds"] == pytest.approx(60.512, abs=0.05)


def test_ignored_audio_does_not_count_for_the_longest_transcription() -> None:
    talk = transcribing(SessionSettings(max_audio_seconds=3))
    talk.say(PauseTranscription())
    ignore(talk, 10)
    talk.say(ResumeTranscription())
    talk.hear(2, speech=False)
    assert talk.session.state is State.TRANSCRIBING
    talk.hear(2, speech=False)
    assert talk.session.state is State.READY


@pytest.mark.parametrize(
    "message", [PauseTranscription(request_id=2), ResumeTranscription(request_id=2)]
)
def test_a_repeat_is_answered_again_and_changes_nothing(
    message: PauseTranscription | ResumeTranscription,
) -> None:
    is_pause = isinstance(message, PauseTranscription)
    talk = paused() if is_pause else transcribing()
    before = talk.session.state
    (told,) = sent(talk.say(message))
    assert (told["type"], told["request_id"]) == (
        "transcription_paused" if is_pause else "transcription_resumed",
        2,
    )
    assert talk.session.state is before


def test_a_paused_transcription_is_finalized_updated_and_stopped() -> None:
    talk = paused()
    assert types(talk.say(Finalize())) == ["finalized"]
    assert types(talk.say(UpdateTranscription(adapt=True))) == ["transcription_updated"]
    assert types(talk.say(StopTranscription())) == ["transcription_stopped"]


def test_a_client_that_comes_back_to_a_pause_is_told_of_it() -> None:
    talk = paused()
    ignore(talk, 1)
    (told,) = sent(talk.handle(Reconnected("token", talk.now)))
    assert (told["state"], told["received_samples"]) == ("paused", 16_000)


@pytest.mark.parametrize(
    "message", [UpdateTranscription(), PauseTranscription(), ResumeTranscription()]
)
@pytest.mark.parametrize("state", [State.READY, State.ENROLLING, State.DRAINING])
def test_without_a_transcription_each_is_refused(
    message: UpdateTranscription | PauseTranscription | ResumeTranscription, state: State
) -> None:
    talk = in_state(state)
    assert [error.reason for error in errors(talk.say(message))] == ["wrong_state"]
    assert talk.session.state is state


@pytest.mark.parametrize("state", State)
def test_keep_alive_changes_nothing_anywhere(state: State) -> None:
    talk = in_state(state)
    assert talk.say(KeepAlive()) == []
    assert talk.session.state is state


@given(st.lists(st.sampled_from(["speak", "rest", "pause", "resume", "finalize"]), max_size=30))
def test_pauses_and_turns_anywhere_lose_no_utterance_and_double_none(steps: list[str]) -> None:
    """Each sample that is spoken while the session listens is in one utterance."""
    talk = transcribing()
    spoken: set[int] = set()
    segments: list[Finish] = []
    for step in steps:
        is_paused = talk.session.state is State.PAUSED
        if step in ("speak", "rest"):
            before, is_speech = talk.now, step == "speak"
            effects = ignore(talk, 0.48) if is_paused else talk.hear(0.48, speech=is_speech)
            if is_speech and not is_paused:
                spoken |= set(range(before, talk.now, FRAME_SAMPLES))
        else:
            kinds = {
                "pause": PauseTranscription,
                "resume": ResumeTranscription,
                "finalize": Finalize,
            }
            effects = talk.say(kinds[step]())
        segments += jobs(effects)
    segments += jobs(talk.say(StopTranscription()))
    frames = [frame.start for job in segments for frame in job.segment.speech]
    assert frames == sorted(spoken)
    spans = [(job.segment.start, job.segment.stop) for job in segments]
    assert all(stop <= start for (_, stop), (start, _) in itertools.pairwise(spans))

"""The session: audio stops for a while, and resumes."""

import pytest
from talk import (
    EPOCH,
    Talk,
    answer,
    connected,
    errors,
    in_state,
    released,
    sent,
    transcribing,
    voice_of,
)

from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import (
    CompleteRegistration,
    StartRegistration,
    StopTranscription,
)
from hwaja.protocol.values import Token
from hwaja.session.answers import iso_timestamp
from hwaja.session.effects import Effect, Finish, Listen, Speculate
from hwaja.session.events import Attributed, AudioStopped, Recognised
from hwaja.session.settings import SessionSettings
from hwaja.session.state_machine import State
from hwaja.vad.gate import FRAME_SAMPLES

FRAME_SECONDS = FRAME_SAMPLES / SAMPLE_RATE


def jobs(effects: list[Effect]) -> list[Finish]:
    return [effect for effect in effects if isinstance(effect, Finish)]


def stop(talk: Talk, silent_seconds: float = 10.0) -> list[Effect]:
    """Let time pass without audio, until the session notices."""
    talk.silent_seconds += silent_seconds
    return talk.handle(AudioStopped(talk.now))


def speak(talk: Talk, seconds: float) -> list[Effect]:
    """Send speech in messages of 0.256 s, as a microphone does."""
    return [
        effect for _ in range(round(seconds / 0.256)) for effect in talk.hear(0.256, speech=True)
    ]


# The last sentence


def test_a_sentence_is_answered_whole_if_no_audio_follows() -> None:
    talk = transcribing()
    talk.hear(1, speech=True)
    effects = stop(talk)
    (job,) = jobs(effects)
    assert job.segment.stop == talk.now
    assert job.segment.speech_samples == talk.now - job.segment.start
    assert released(effects)[-1] == job.segment.start  # this audio is still needed
    (fields,) = sent(answer(talk, job, "네", 0))
    assert (fields["text"], fields["speaker_id"]) == ("네", 0)


def test_the_utterance_before_a_gap_is_the_speculated_one() -> None:
    talk = transcribing()
    effects = talk.hear(1, speech=True) + talk.hear(0.256, speech=False)
    (early,) = [effect for effect in effects if isinstance(effect, Speculate)]
    (job,) = jobs(stop(talk))
    assert (job.segment.start, job.segment.stop) == (early.segment.start, early.segment.stop)


def test_a_gap_without_open_speech_requests_no_work() -> None:
    talk = transcribing()
    talk.utterance()
    assert jobs(stop(talk)) == []
    assert jobs(talk.hear(1, speech=False)) == []


def test_a_transcription_beyond_its_limit_ends_when_audio_stops() -> None:
    talk = transcribing(SessionSettings(max_audio_seconds=2))
    talk.hear(3, speech=True)
    (job,) = jobs(stop(talk))
    assert talk.session.state is State.DRAINING
    assert [error.reason for error in errors(answer(talk, job, "네", 0))] == ["audio_limit"]


@pytest.mark.parametrize("state", [state for state in State if state is not State.TRANSCRIBING])
def test_stopped_audio_changes_nothing_in_other_states(state: State) -> None:
    talk = in_state(state)
    assert stop(talk) == []
    assert talk.session.state is state


def test_an_enrolment_continues_after_a_gap() -> None:
    talk = connected()
    talk.say(StartRegistration(0))
    talk.hear(2, speech=True)
    stop(talk)
    talk.hear(2, speech=True)
    (take,) = talk.say(CompleteRegistration(0))
    assert [segment.speech_samples for segment in take.segments] == [talk.now]


# After the gap


def test_speech_after_a_gap_is_a_new_utterance_without_earlier_samples() -> None:
    talk = transcribing()
    talk.hear(0.512, speech=True)
    talk.hear(0.256, speech=False)
    before = talk.now
    effects = stop(talk)
    assert Listen() in effects  # resets the detector
    effects += talk.hear(1, speech=True) + talk.hear(0.6, speech=False)
    first, second = jobs(effects)
    assert first.segment.stop <= before == second.segment.start
    assert second.segment_id == first.segment_id + 1


def test_half_an_onset_before_a_gap_and_half_after_it_make_no_utterance() -> None:
    talk = transcribing()
    talk.hear(2 * FRAME_SECONDS, speech=True)
    effects = stop(talk)
    effects += talk.hear(2 * FRAME_SECONDS, speech=True) + talk.hear(1, speech=False)
    assert jobs(effects) == []


def test_speech_after_a_gap_has_the_time_at_which_it_was_spoken() -> None:
    talk = transcribing(details=True)
    origin = talk.now
    began = EPOCH + talk.seconds
    speak(talk, 1.024)
    (first,) = jobs(stop(talk, silent_seconds=30))
    speak(talk, 1.024)
    (second,) = jobs(talk.hear(0.6, speech=False))
    times = []
    for job in (first, second):
        heard = Hypothesis("네 네", (Token("네", 0.1), Token(" 네", 0.5)))
        talk.handle(Recognised(job.segment_id, heard))
        (fields,) = sent(talk.handle(Attributed(job.segment_id, (voice_of(0),))))
        times.append(fields)
    before, behind = times
    gap = behind["start_seconds"] - (second.segment.start - origin) / SAMPLE_RATE
    assert gap == pytest.approx(30, abs=0.01)
    assert before["end_seconds"] == (first.segment.stop - origin) / SAMPLE_RATE
    assert behind["end_seconds"] == pytest.approx(
        (second.segment.stop - origin) / SAMPLE_RATE + gap
    )
    starts = [token["start_seconds"] for token in behind["tokens"]]
    assert starts == pytest.approx(
        [(second.segment.start - origin) / SAMPLE_RATE + gap + offset for offset in (0.1, 0.5)],
        abs=1e-3,
    )
    assert before["timestamp"] == iso_timestamp(began)
    assert behind["timestamp"] == iso_timestamp(began + behind["start_seconds"])


def test_a_single_word_between_two_gaps_has_the_time_at_which_it_was_spoken() -> None:
    """Push-to-talk causes such a gap."""
    talk = transcribing(details=True)
    origin = talk.now
    starts = []
    for _ in range(3):
        speak(talk, 0.512)
        (job,) = jobs(stop(talk, silent_seconds=20))
        (fields,) = sent(answer(talk, job, "네", 0))
        starts.append(fields["start_seconds"] - (job.segment.start - origin) / SAMPLE_RATE)
    assert starts == pytest.approx([0, 20, 40], abs=0.01)


def test_a_gap_does_not_count_as_processed_audio() -> None:
    talk = transcribing()
    origin = talk.now
    talk.hear(2, speech=False)
    stop(talk)
    talk.hear(2, speech=False)
    (fields,) = sent(talk.say(StopTranscription()))
    assert fields["audio_seconds"] == (talk.now - origin) / SAMPLE_RATE

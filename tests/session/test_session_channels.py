"""Two channels: each is a speaker, nobody needs to be enrolled, and both may speak at once."""

import pytest
from talk import Talk, connected, recognised, sent

from hwaja.protocol.audio import SAMPLE_RATE, AudioConfig
from hwaja.protocol.client_messages import (
    Finalize,
    PauseTranscription,
    ResumeTranscription,
    StartTranscription,
    StopTranscription,
    UpdateTranscription,
)
from hwaja.protocol.values import Speakers
from hwaja.session.effects import Change, Effect, Extend, Finish, ProbeSpeaker, Release
from hwaja.session.events import Attributed, Audio, AudioStopped, Ignored
from hwaja.session.state_machine import Session, State
from hwaja.speakers.parts import Part, given
from hwaja.vad.gate import FRAME_SAMPLES, frames_in

BOTH = AudioConfig(channels=2)

Message = dict[str, object]


class Call(Talk):
    """A telephone call with a channel for each side."""

    def hear_both(self, seconds: float, *, first: bool, second: bool) -> list[Effect]:
        """Some seconds in which the sides speak or not."""
        count = frames_in(seconds)
        self.now += count * FRAME_SAMPLES
        arrival = self.arrival(seconds)
        effects = []
        for channel, speaks in enumerate((first, second)):
            probability, level = (0.9, -30.0) if speaks else (0.05, -75.0)
            audio = Audio(self.now, (probability,) * count, (level,) * count, arrival, channel)
            effects += self.handle(audio)
        return effects

    def answer(self, job: Finish, text: str) -> list[Message]:
        segment = job.segment
        speech_seconds = segment.speech_samples / SAMPLE_RATE
        part = given(Part(segment.start, segment.stop, (segment.channel,), speech_seconds))
        effects = self.handle(Attributed(job.segment_id, (part,)))
        return sent(effects + self.handle(recognised(job.segment_id, text)))


def called(**wants: object) -> Call:
    call = Call()
    call.session = connected().session
    call.say(StartTranscription(speakers=Speakers.CHANNELS, audio=BOTH, details=True, **wants))
    return call


def jobs(effects: list[Effect]) -> list[Finish]:
    return [effect for effect in effects if isinstance(effect, Finish)]


def texts(messages: list[Message]) -> list[tuple[object, object]]:
    said = [each for each in messages if each["type"] == "transcription"]
    return [(each["speaker_id"], each["text"]) for each in said]


def both_at_once(call: Call) -> tuple[Finish, Finish]:
    """The first side speaks for 4 s, the second for 1 s within it, so it ends first."""
    effects = call.hear_both(1, first=True, second=False)
    effects += call.hear_both(1, first=True, second=True)
    effects += call.hear_both(2, first=True, second=False)
    effects += call.hear_both(0.6, first=False, second=False)
    early, late = jobs(effects)
    return early, late


def test_nobody_needs_to_be_enrolled() -> None:
    assert called().session.state is State.TRANSCRIBING


def test_two_channels_without_speakers_by_channel_are_refused() -> None:
    talk = connected()
    (error,) = sent(talk.say(StartTranscription(audio=BOTH, speakers=Speakers.DISCOVER)))
    assert error["reason"] == "channels_unsupported"


def test_each_side_is_heard_and_answered_as_its_own_speaker_when_it_ends() -> None:
    """Who interrupts is answered first: the answer does not wait for the longer speech."""
    call = called()
    early, late = both_at_once(call)
    assert (early.segment.channel, late.segment.channel) == (1, 0)
    assert early.segment.start > late.segment.start
    assert early.segment_id != late.segment_id
    assert texts(call.answer(late, "여보세요")) == []
    assert texts(call.answer(early, "네")) == [(1, "네"), (0, "여보세요")]


def test_the_label_is_sure_and_no_voice_is_compared() -> None:
    call = called()
    effects = call.hear_both(8, first=True, second=True)
    assert not [effect for effect in effects if isinstance(effect, ProbeSpeaker)]
    early, _ = jobs(call.hear_both(0.6, first=False, second=False))
    (answer,) = call.answer(early, "네")
    assert (answer["label"], answer["probability"], answer["scores"]) == ("sure", 1.0, [])
    assert "margin" not in answer
    assert answer["speakers"] == [{"speaker_id": 0, "speech_seconds": 8.0}]


def test_each_channel_extends_its_own_utterance() -> None:
    call = called()
    effects = call.hear_both(1, first=True, second=True)
    extended = {(each.segment_id, each.channel) for each in effects if isinstance(each, Extend)}
    assert len(extended) == 2
    assert {channel for _, channel in extended} == {0, 1}


def test_audio_is_kept_until_both_sides_are_answered() -> None:
    call = called()
    early, late = both_at_once(call)
    call.answer(early, "네")
    effects = call.hear_both(0.1, first=False, second=False)
    assert max(each.index for each in effects if isinstance(each, Release)) == late.segment.start
    call.answer(late, "여보세요")
    effects = call.hear_both(0.1, first=False, second=False)
    assert max(each.index for each in effects if isinstance(each, Release)) > late.segment.stop


def test_what_is_answered_reaches_only_to_the_oldest_speech_without_answer() -> None:
    """A client that goes on at another server sends the rest: none of it may be missing."""
    call = called(answered_samples=True)
    call.hear_both(1, first=True, second=False)
    call.hear_both(1, first=True, second=True)
    (early,) = jobs(call.hear_both(1, first=True, second=False))
    (answer,) = call.answer(early, "네")
    assert answer["answered_samples"] == 0
    (late,) = jobs(call.hear_both(0.6, first=False, second=False))
    (answer,) = call.answer(late, "여보세요")
    assert answer["answered_samples"] == late.segment.stop


def test_two_answers_at_once_count_what_is_not_sent_yet_as_unanswered() -> None:
    call = called(answered_samples=True)
    early, late = both_at_once(call)
    call.answer(late, "여보세요")
    first, second = call.answer(early, "네")
    assert (first["answered_samples"], second["answered_samples"]) == (0, late.segment.stop)


def test_finalize_ends_the_speech_of_both_and_is_answered_after_both() -> None:
    call = called()
    call.hear_both(1, first=True, second=False)
    call.hear_both(1, first=True, second=True)
    first, second = jobs(call.say(Finalize()))
    assert first.segment.stop == second.segment.stop == call.now
    assert first.segment.start < second.segment.start
    assert texts(call.answer(first, "여보세요")) == [(0, "여보세요")]
    *_, finalized = call.answer(second, "네")
    assert finalized["type"] == "finalized"


def test_a_pause_of_the_transcription_ends_the_speech_of_both() -> None:
    call = called()
    call.hear_both(1, first=True, second=True)
    assert len(jobs(call.say(PauseTranscription()))) == 2
    call.now += 700
    call.handle(Ignored(call.now, call.arrival(0)))
    call.say(ResumeTranscription())
    assert call.session.processed_stop == call.now
    assert not jobs(call.hear_both(1, first=True, second=True))


def test_both_end_where_the_audio_stops() -> None:
    call = called()
    call.hear_both(1, first=True, second=False)
    call.now += 100
    (job,) = jobs(call.handle(AudioStopped(call.now)))
    assert job.segment.channel == 0
    assert call.session.processed_stop == call.now  # the channels stay together


def test_changed_options_reach_each_channel_with_its_next_utterance() -> None:
    call = called()
    call.hear_both(1, first=True, second=True)
    effects = call.say(UpdateTranscription(interim_results=True))
    effects += call.hear_both(0.6, first=True, second=False)
    (ended,) = jobs(effects)
    assert ended.segment.channel == 1
    assert len([each for each in effects if isinstance(each, Change)]) == 1
    later = call.hear_both(0.6, first=False, second=False)
    assert not [each for each in later if isinstance(each, Change)]


def test_a_call_in_which_somebody_spoke_keeps_its_place() -> None:
    """It has no enrolled voice, and is not for that reason the first to go when others come."""
    call = called()
    assert not call.session.has_voice
    early, _ = both_at_once(call)
    call.answer(early, "네")
    assert call.session.has_voice


@pytest.mark.parametrize("first", [True, False])
def test_the_last_utterances_are_answered_before_the_end(first: bool) -> None:
    call = called()
    call.hear_both(1, first=first, second=True)
    ended = jobs(call.say(StopTranscription()))
    assert len(ended) == 1 + first
    messages = [message for job in ended for message in call.answer(job, "네")]
    assert [speaker_id for speaker_id, _ in texts(messages)] == [0, 1][not first :]
    assert isinstance(call.session, Session)
    assert call.session.state is State.READY

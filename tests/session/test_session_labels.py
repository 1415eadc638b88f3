"""The session: doubtful labels, later corrections, and learning of voices."""

from dataclasses import replace

import pytest
from talk import (
    Talk,
    enrolled,
    recognised,
    released,
    sent,
    voice_of,
)

from hwaja.protocol.client_messages import StartTranscription, StopTranscription
from hwaja.protocol.values import Label
from hwaja.session.effects import Begin, Learn, Recognise
from hwaja.session.events import Attributed, AudioStopped
from hwaja.speakers.parts import Part

WANTS_ALL = StartTranscription(details=True, interim_results=True, speaker_updates=True)


def begun(wants: StartTranscription) -> Talk:
    talk = enrolled()
    talk.say(wants)
    return talk


# Labels that come later


def doubtful(speaker_id: int, evidence: float = 0.3) -> Part:
    leaning = (evidence, 0.0) if speaker_id == 0 else (0.0, evidence)
    return replace(voice_of(speaker_id), evidence=leaning)


def answered(talk: Talk, voice: Part, pause_seconds: float = 0.0) -> list[dict[str, object]]:
    """Speak an utterance, 0.6 s plus `pause_seconds` after the last. Return the sent messages."""
    talk.hear(pause_seconds, speech=False)
    job = talk.utterance(2)
    talk.handle(recognised(job.segment_id, "네"))
    return sent(talk.handle(Attributed(job.segment_id, (voice,))))


def test_a_doubtful_speaker_is_corrected_when_the_other_one_goes_on() -> None:
    talk = begun(StartTranscription(speaker_updates=True))
    (first,) = answered(talk, doubtful(0))
    update, second = answered(talk, voice_of(1))
    assert (first["speaker_id"], first["segment_id"]) == (0, 0)
    assert update == {"type": "speaker_update", "segment_id": 0, "speaker_id": 1}
    assert (second["type"], second["segment_id"], second["speaker_id"]) == ("transcription", 1, 1)
    assert "label" not in second, "details were not asked for"


def test_a_correction_is_sent_only_if_requested() -> None:
    talk = begun(StartTranscription(details=True, interim_results=True))
    messages = answered(talk, doubtful(0)) + answered(talk, voice_of(1))
    assert [message["type"] for message in messages] == ["transcription"] * 2


@pytest.mark.parametrize(
    ("first", "second", "pause_seconds"),
    [
        (voice_of(0), voice_of(1), 0.0),
        (doubtful(0), voice_of(0), 0.0),
        (doubtful(0, 4.0), voice_of(1), 0.0),
        (doubtful(0), voice_of(1), 1.0),
    ],
    ids=["sure", "borne out", "likely", "a while ago"],
)
def test_a_certain_speaker_is_not_corrected(
    first: Part, second: Part, pause_seconds: float
) -> None:
    talk = begun(WANTS_ALL)
    messages = answered(talk, first) + answered(talk, second, pause_seconds)
    assert [message["type"] for message in messages] == ["transcription"] * 2


def test_a_speaker_after_a_gap_does_not_change_the_speaker_before_it() -> None:
    talk = begun(WANTS_ALL)
    messages = answered(talk, doubtful(0))
    talk.silent_seconds += 30
    talk.handle(AudioStopped(talk.now))
    messages += answered(talk, voice_of(1))
    assert [message["type"] for message in messages] == ["transcription"] * 2


def test_a_correction_names_the_part_that_it_applies_to() -> None:
    talk = begun(WANTS_ALL)
    job = talk.utterance(4)
    middle = (job.segment.start + job.segment.stop) // 2
    leaning = replace(voice_of(0, middle, job.segment.stop), evidence=(0.3, 0.0))
    voices = (voice_of(1, job.segment.start, middle), leaning)
    talk.handle(recognised(job.segment_id, "어디 가세요 집에 갑니다"))
    effects = talk.handle(Attributed(job.segment_id, voices))
    ids = [effect.segment_id for effect in effects if isinstance(effect, Recognise)]
    for part_id in ids:
        talk.handle(recognised(part_id, "네"))
    update, _ = answered(talk, voice_of(1))
    assert (update["segment_id"], update["speaker_id"]) == (ids[1], 1)


def test_an_utterance_too_short_to_embed_counts_as_an_answer_of_the_other_speaker() -> None:
    talk = begun(WANTS_ALL)
    (first,) = answered(talk, voice_of(0))
    (second,) = answered(talk, Part(0, 2**40, (0, 1), 0.05))
    assert (first["speaker_id"], second["speaker_id"]) == (0, 1)
    assert (second["label"], second["scores"]) == ("short", [])
    assert "margin" not in second


def test_a_new_transcription_ignores_the_speakers_of_the_last() -> None:
    talk = begun(WANTS_ALL)
    answered(talk, doubtful(0))
    talk.say(StopTranscription())
    talk.say(WANTS_ALL)
    (first,) = answered(talk, voice_of(1))
    assert (first["type"], first["segment_id"]) == ("transcription", 0)


# Learning of voices


def learning(talk: Talk, voice: Part, text: str | None = "네") -> list[Learn]:
    job = talk.utterance(4)
    talk.handle(recognised(job.segment_id, text))
    effects = talk.handle(Attributed(job.segment_id, (voice,)))
    lessons = [effect for effect in effects if isinstance(effect, Learn)]
    assert all(e.segment == job.segment for e in lessons)
    if lessons:
        assert min(released(effects)) >= job.segment.start
        assert effects.index(lessons[0]) < len(effects) - 1, "its audio is released after it"
    return lessons


def test_a_voice_learns_from_long_and_sure_speech_if_requested() -> None:
    talk = begun(StartTranscription(adapt=True))
    assert [e.speaker_id for e in learning(talk, voice_of(1, speech_seconds=3.5))] == [1]


@pytest.mark.parametrize(
    "voice",
    [
        voice_of(1, speech_seconds=2.9),
        voice_of(1, speech_seconds=3.5, overlap_seconds=0.2),
        replace(doubtful(1), speech_seconds=3.5),
        replace(voice_of(1, speech_seconds=3.5), scores=(-0.4, 0.0)),
    ],
    ids=["short", "overlapped", "doubtful", "unknown"],
)
def test_a_voice_learns_from_no_other_speech(voice: Part) -> None:
    assert learning(begun(StartTranscription(adapt=True)), voice) == []


def test_no_voice_learns_without_a_request_or_from_speech_without_words() -> None:
    voice = voice_of(1, speech_seconds=3.5)
    assert voice.label is Label.SURE
    assert learning(begun(WANTS_ALL), voice) == []
    assert learning(begun(StartTranscription(adapt=True)), voice, "") == []
    assert learning(begun(StartTranscription(adapt=True)), voice, None) == []


@pytest.mark.parametrize("adapt", [False, True])
def test_the_beginning_of_a_transcription_says_whether_voices_may_learn(adapt: bool) -> None:
    effects = enrolled().say(StartTranscription(adapt=adapt))
    assert [effect.adapt for effect in effects if isinstance(effect, Begin)] == [adapt]

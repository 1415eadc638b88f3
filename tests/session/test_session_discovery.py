"""The session: transcriptions whose speakers are discovered, and the corrections that follow."""

import pytest
from talk import Talk, connected, enrolled, errors, recognised, sent, voice_of

from hwaja.protocol.client_messages import StartTranscription, StopTranscription
from hwaja.protocol.codes import Reason
from hwaja.protocol.values import Speakers, Strangers
from hwaja.session.effects import Begin, SealVoices
from hwaja.session.events import Attributed, Reconnected
from hwaja.speakers.parts import Correction, Part

DISCOVER = StartTranscription(speakers=Speakers.DISCOVER)
SEPARATE = StartTranscription(strangers=Strangers.SEPARATE)


def begun(wants: StartTranscription = DISCOVER) -> Talk:
    talk = connected()
    assert sent(talk.say(wants))[-1]["type"] == "transcription_started"
    return talk


def part(speaker_id: int, start: int, known: int = 2) -> Part:
    """A sure part of one of the known speakers."""
    evidence = tuple(9.0 if k == speaker_id else 0.0 for k in range(known))
    return Part(start, start + 16_000, tuple(range(known)), 1.0, evidence, evidence, evidence)


def answered(
    talk: Talk, speaker_id: int, *corrections: Correction, known: int = 2
) -> list[dict[str, object]]:
    """Speak an utterance; return what is sent when its text and its speaker are known."""
    job = talk.utterance(2)
    voice = part(speaker_id, job.segment.start, known)
    effects = talk.handle(Attributed(job.segment_id, (voice,), corrections))
    return sent(effects + talk.handle(recognised(job.segment_id, "네")))


def test_a_transcription_that_discovers_speakers_needs_no_enrolment() -> None:
    (message,) = answered(begun(), 0, known=1)
    assert (message["type"], message["speaker_id"], message["segment_id"]) == (
        "transcription",
        0,
        0,
    )


def test_strangers_are_told_apart_only_beside_two_enrolled_voices() -> None:
    (error,) = errors(connected().say(SEPARATE))
    assert error.reason is Reason.NOT_ENROLLED
    assert sent(enrolled().say(SEPARATE))[-1]["type"] == "transcription_started"


@pytest.mark.parametrize(
    ("wants", "most_speakers"),
    [
        (StartTranscription(), None),
        (StartTranscription(max_speakers=3), None),
        (DISCOVER, 8),
        (SEPARATE, 8),
        (StartTranscription(speakers=Speakers.DISCOVER, max_speakers=3), 3),
    ],
)
def test_the_beginning_says_how_many_speakers_may_be_discovered(
    wants: StartTranscription, most_speakers: int | None
) -> None:
    effects = enrolled().say(wants)
    assert [e.most_speakers for e in effects if isinstance(e, Begin)] == [most_speakers]


def test_an_answer_is_corrected_when_its_part_turns_out_to_be_another_speakers() -> None:
    talk = begun()
    job = talk.utterance(2)
    talk.handle(recognised(job.segment_id, "네"))
    talk.handle(Attributed(job.segment_id, (part(0, job.segment.start),)))
    update, later = answered(talk, 1, Correction(job.segment.start, 1))
    assert update == {"type": "speaker_update", "segment_id": job.segment_id, "speaker_id": 1}
    assert (later["type"], later["speaker_id"]) == ("transcription", 1)


def test_an_unanswered_part_that_is_corrected_is_answered_with_its_last_speaker() -> None:
    talk = begun()
    one, other = talk.utterance(2), talk.utterance(2)
    voices = part(0, one.segment.start), part(1, other.segment.start)
    talk.handle(Attributed(one.segment_id, voices[:1]))
    correction = Correction(one.segment.start, 1)
    talk.handle(Attributed(other.segment_id, voices[1:], (correction,)))
    messages = sent(talk.handle(recognised(one.segment_id, "네")))
    messages += sent(talk.handle(recognised(other.segment_id, "네")))
    assert [message["type"] for message in messages] == ["transcription"] * 2
    assert [message["speaker_id"] for message in messages] == [1, 1]


def test_a_correction_to_the_speaker_that_was_sent_is_not_sent() -> None:
    talk = begun()
    job = talk.utterance(2)
    talk.handle(recognised(job.segment_id, "네"))
    talk.handle(Attributed(job.segment_id, (part(0, job.segment.start),)))
    messages = answered(talk, 1, Correction(job.segment.start, 0))
    assert [message["type"] for message in messages] == ["transcription"]


def test_the_summary_counts_each_answer_for_its_last_speaker() -> None:
    talk = begun()
    job = talk.utterance(2)
    talk.handle(recognised(job.segment_id, "네"))
    talk.handle(Attributed(job.segment_id, (part(0, job.segment.start),)))
    answered(talk, 1, Correction(job.segment.start, 1))
    (stopped,) = sent(talk.say(StopTranscription()))
    assert [share["speaker_id"] for share in stopped["speakers"]] == [1]


def test_speakers_may_become_more_from_one_answer_to_the_next() -> None:
    """The pattern of turns is asked about people who were not known at the last turn."""
    talk = begun()
    labels = [answered(talk, k, known=k + 1)[-1]["speaker_id"] for k in range(4)]
    assert labels == [0, 1, 2, 3]


def test_a_client_whose_speakers_were_discovered_keeps_its_place() -> None:
    talk = begun()
    assert not talk.session.has_voice
    answered(talk, 0, known=1)
    assert talk.session.has_voice


def test_without_the_option_a_client_gets_the_fields_of_the_specification() -> None:
    talk = enrolled()
    talk.say(StartTranscription())
    job = talk.utterance(2)
    talk.handle(recognised(job.segment_id, "네"))
    (message,) = sent(talk.handle(Attributed(job.segment_id, (voice_of(0),))))
    assert list(message) == ["type", "speaker_id", "text", "timestamp", "confidence"]


def seals(talk: Talk) -> list[SealVoices]:
    """What is asked for when the speaker of an utterance is known."""
    job = talk.utterance(2)
    effects = talk.handle(Attributed(job.segment_id, (part(0, job.segment.start),)))
    return [effect for effect in effects if isinstance(effect, SealVoices)]


def test_voices_are_sealed_only_for_a_client_that_asks_and_only_where_they_are_discovered() -> None:
    wanted = StartTranscription(speakers=Speakers.DISCOVER, tickets=True)
    assert seals(begun(wanted)) == [SealVoices()]
    assert seals(begun(DISCOVER)) == []
    talk = enrolled()
    talk.say(StartTranscription(tickets=True))
    assert seals(talk) == []


def test_a_client_that_comes_back_gets_all_voices_again() -> None:
    """The page was loaded anew: what the last one kept is gone."""
    talk = begun(StartTranscription(speakers=Speakers.DISCOVER, tickets=True))
    assert SealVoices(anew=True) in talk.handle(Reconnected("token", at=0))
    assert SealVoices(anew=True) not in begun().handle(Reconnected("token", at=0))

"""The session: where two speak at once and their voices can be extracted, each gets a text."""

from dataclasses import replace

from talk import Talk, enrolled, recognised, sent, voice_of

from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.client_messages import StartTranscription
from hwaja.protocol.values import Token
from hwaja.session.effects import Effect, Recognise
from hwaja.session.events import Attributed, Recognised
from hwaja.speakers.parts import Part


def begun(*sampled_ids: int) -> Talk:
    talk = enrolled()
    talk.voices.sampled_ids = frozenset(sampled_ids)
    talk.say(StartTranscription(details=True))
    return talk


def shared(start: int, stop: int) -> Part:
    """A part in which speaker 1 is heard better, and speaker 0 as well."""
    seconds = (stop - start) / 16_000
    return replace(voice_of(1, start, stop, seconds, seconds), other=0)


def anew(effects: list[Effect]) -> list[Recognise]:
    return [effect for effect in effects if isinstance(effect, Recognise)]


def test_each_voice_of_an_overlap_is_recognised_alone_and_answered() -> None:
    talk = begun(0, 1)
    job = talk.utterance(2)
    talk.handle(recognised(job.segment_id, "둘의 말"))
    parts = (shared(job.segment.start, job.segment.stop),)
    first, second = anew(talk.handle(Attributed(job.segment_id, parts)))
    assert [first.speaker_id, second.speaker_id] == [1, 0]
    assert first.segment == second.segment == job.segment
    assert sent(talk.handle(recognised(second.segment_id, "저도요"))) == []
    said = sent(talk.handle(recognised(first.segment_id, "안녕하세요")))
    assert [(each["speaker_id"], each["text"]) for each in said] == [
        (1, "안녕하세요"),
        (0, "저도요"),
    ]
    assert [each["label"] for each in said] == ["overlap"] * 2
    assert said[0]["start_seconds"] == said[1]["start_seconds"]
    assert [[who["speaker_id"] for who in each["speakers"]] for each in said] == [[1], [0]]
    assert talk.session.oldest_unanswered is None


def test_a_voice_without_words_gets_no_answer() -> None:
    talk = begun(0, 1)
    job = talk.utterance(2)
    talk.handle(recognised(job.segment_id, "둘의 말"))
    parts = (shared(job.segment.start, job.segment.stop),)
    first, second = anew(talk.handle(Attributed(job.segment_id, parts)))
    said = sent(talk.handle(recognised(first.segment_id, "안녕하세요")))
    said += sent(talk.handle(recognised(second.segment_id, "")))
    assert [each["speaker_id"] for each in said] == [1]


def test_the_text_beside_the_overlap_is_not_recognised_again() -> None:
    talk = begun(0, 1)
    job = talk.utterance(4)
    start, stop = job.segment.start, job.segment.stop
    change = start + 32_000
    tokens = Token(" 앞의 말입니다", 0.1), Token(" 둘이 같이 하는 말", 2.0)
    text = "".join(token.text for token in tokens)
    talk.handle(Recognised(job.segment_id, Hypothesis(text.strip(), tokens)))
    parts = (voice_of(0, start, change, 2.0), shared(change, stop))
    effects = talk.handle(Attributed(job.segment_id, parts))
    assert [each["text"] for each in sent(effects)] == ["앞의 말입니다"]
    assert [each.speaker_id for each in anew(effects)] == [1, 0]


def test_without_both_voices_an_overlap_is_answered_as_one() -> None:
    for sampled_ids in ((), (0,)):
        talk = begun(*sampled_ids)
        job = talk.utterance(2)
        talk.handle(recognised(job.segment_id, "둘의 말"))
        parts = (shared(job.segment.start, job.segment.stop),)
        effects = talk.handle(Attributed(job.segment_id, parts))
        assert anew(effects) == []
        (said,) = sent(effects)
        assert [who["speaker_id"] for who in said["speakers"]] == [0, 1]

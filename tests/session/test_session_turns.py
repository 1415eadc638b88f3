"""The session: several speakers in one utterance."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talk import (
    TRANSCRIPTION,
    Talk,
    answer,
    attributed,
    closes,
    enrolled,
    errors,
    recognised,
    released,
    said,
    sent,
    voice_of,
)

from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import StartTranscription, StopTranscription
from hwaja.protocol.codes import Reason
from hwaja.protocol.server_messages import Error
from hwaja.protocol.values import Token
from hwaja.session.effects import Effect, Finish, Recognise
from hwaja.session.events import Attributed, PartialText, Recognised
from hwaja.session.state_machine import State

WORDS = ((" 어디", 0.3), (" 가세요", 0.7), (" 집에", 2.3), (" 갑니다", 2.8))
WANTS_ALL = StartTranscription(details=True, interim_results=True, speaker_updates=True)


def begun(wants: StartTranscription | None = None) -> Talk:
    talk = enrolled()
    talk.say(wants or StartTranscription())
    return talk


def divided(job: Finish, speakers: Sequence[int], at_seconds: Sequence[float]) -> Attributed:
    """Attribute an utterance to `speakers` who change at `at_seconds` from its first sample."""
    edges = [job.segment.start + round(seconds * SAMPLE_RATE) for seconds in at_seconds]
    starts, stops = [job.segment.start, *edges], [*edges, job.segment.stop]
    voices = [voice_of(*part) for part in zip(speakers, starts, stops, strict=True)]
    return Attributed(job.segment_id, tuple(voices))


def worded(job: Finish, words: Sequence[tuple[str, float]] = WORDS) -> Recognised:
    text = "".join(word for word, _ in words).strip()
    return Recognised(job.segment_id, Hypothesis(text, tuple(Token(*word) for word in words), "ko"))


def anew(effects: Sequence[Effect]) -> list[Recognise]:
    return [effect for effect in effects if isinstance(effect, Recognise)]


# Several speakers in one utterance


def test_each_speaker_of_an_utterance_gets_their_words() -> None:
    talk = begun()
    job = talk.utterance(4)
    effects = talk.handle(worded(job)) + talk.handle(divided(job, (1, 0), [2.2]))
    assert said(effects) == [(1, "어디 가세요"), (0, "집에 갑니다")]
    assert anew(effects) == []


def test_a_client_of_the_specification_gets_two_plain_messages() -> None:
    talk = begun()
    job = talk.utterance(4)
    messages = sent(talk.handle(divided(job, (1, 0), [2.2])) + talk.handle(worded(job)))
    fields = ["type", "speaker_id", "text", "timestamp", "confidence"]
    assert [list(message) for message in messages] == [fields, fields]
    talk.say(StopTranscription())
    assert talk.session.state is State.READY


def test_parts_have_their_own_times_and_cover_the_utterance() -> None:
    talk = begun(WANTS_ALL)
    origin = talk.now
    talk.hear(2.016, speech=False)
    job = talk.utterance(4)
    talk.handle(worded(job))
    first, second = sent(talk.handle(divided(job, (0, 1), [2.2])))
    change_seconds = (job.segment.start - origin) / SAMPLE_RATE + 2.2
    assert first["end_seconds"] == round(change_seconds, 3)
    assert second["start_seconds"] == pytest.approx(change_seconds, abs=0.032)
    assert second["end_seconds"] == round((job.segment.stop - origin) / SAMPLE_RATE, 3)
    assert str(first["timestamp"]) < str(second["timestamp"])
    began = (job.segment.start - origin) / SAMPLE_RATE
    assert second["tokens"] == [
        {"text": " 집에", "start_seconds": round(began + 2.3, 3)},
        {"text": " 갑니다", "start_seconds": round(began + 2.8, 3)},
    ]
    assert first["language"] == second["language"] == "ko"


def test_every_message_has_its_own_id() -> None:
    talk = begun(WANTS_ALL)
    numbers = []
    for _ in range(3):
        job = talk.utterance(4)
        talk.handle(worded(job))
        numbers += [m["segment_id"] for m in sent(talk.handle(divided(job, (1, 0), [2.2])))]
    assert len(set(numbers)) == len(numbers) == 6


def test_a_part_without_speech_frames_is_not_answered() -> None:
    """Attribution includes the pre-roll: a breath, or the end of another speaker's words."""
    talk = begun()
    talk.hear(1, speech=False)
    job = talk.utterance(4)
    talk.handle(worded(job))
    assert said(talk.handle(divided(job, (1, 0), [0.16]))) == [(0, "어디 가세요 집에 갑니다")]


def test_a_part_without_speech_belongs_to_the_part_before_it() -> None:
    talk = begun(WANTS_ALL)
    talk.hear(1.6, speech=True)
    talk.hear(0.4, speech=False)
    job = talk.utterance(2)
    talk.handle(worded(job))
    first, second = sent(talk.handle(divided(job, (1, 0, 1), [1.62, 1.98])))
    assert (first["text"], second["text"]) == ("어디 가세요", "집에 갑니다")
    assert first["end_seconds"] == pytest.approx(1.98, abs=0.032)


@pytest.mark.parametrize(
    "heard",
    [
        Hypothesis("어디 가세요 집에 갑니다"),
        Hypothesis("어디 가세요", (Token(" 어디", 0.3), Token(" 가세요", 0.7))),
    ],
    ids=["no tokens", "only the first of the speakers"],
)
def test_parts_without_a_known_text_are_recognised_separately(heard: Hypothesis) -> None:
    talk = begun()
    job = talk.utterance(4)
    talk.handle(divided(job, (1, 0), [2.2]))
    effects = talk.handle(Recognised(job.segment_id, heard))
    first, second = anew(effects)
    assert sent(effects) == []
    assert (first.segment.start, second.segment.stop) == (job.segment.start, job.segment.stop)
    assert (
        first.segment.stop == second.segment.start == job.segment.start + round(2.2 * SAMPLE_RATE)
    )
    assert (
        first.segment.speech_samples + second.segment.speech_samples == job.segment.speech_samples
    )
    late = talk.handle(recognised(second.segment_id, "집에 갑니다"))
    assert said(late) == [], "the first one is not answered"
    assert said(talk.handle(recognised(first.segment_id, "어디 가세요"))) == [
        (1, "어디 가세요"),
        (0, "집에 갑니다"),
    ]


def undivided(talk: Talk, speakers: tuple[int, ...], at: list[float]) -> list[Recognise]:
    """Speak an utterance without word times, so that each part must be recognised again."""
    job = talk.utterance(4)
    talk.handle(recognised(job.segment_id, "어디 가세요 집에 갑니다"))
    return anew(talk.handle(divided(job, speakers, at)))


def test_later_utterances_wait_for_parts_that_are_recognised_again() -> None:
    talk = begun(WANTS_ALL)
    job, later = talk.utterance(4), talk.utterance()
    assert said(answer(talk, later, "나중", 1)) == []
    talk.handle(recognised(job.segment_id, "어디 가세요 집에 갑니다"))
    effects = talk.handle(divided(job, (0, 1), [2.2]))
    first, second = anew(effects)
    assert said(effects) == []
    assert {first.segment_id, second.segment_id}.isdisjoint({later.segment_id})
    talk.handle(recognised(second.segment_id, "둘"))
    effects = talk.handle(recognised(first.segment_id, "하나"))
    assert said(effects) == [(0, "하나"), (1, "둘"), (1, "나중")]
    numbers = [m["segment_id"] for m in sent(effects)]
    assert numbers == [first.segment_id, second.segment_id, later.segment_id]
    following = talk.utterance()
    assert following.segment_id not in numbers


def test_the_audio_of_a_part_is_kept_until_it_is_answered() -> None:
    talk = begun()
    first, second = undivided(talk, (0, 1), [2.2])
    assert max(released(talk.hear(5, speech=False))) <= first.segment.start
    assert released(talk.handle(recognised(first.segment_id, "하나"))) == [second.segment.start]
    assert max(released(talk.hear(5, speech=False))) <= second.segment.start
    assert min(released(talk.handle(recognised(second.segment_id, "둘")))) > second.segment.stop


def test_a_stop_waits_for_parts_that_are_recognised_again() -> None:
    talk = begun()
    first, second = undivided(talk, (0, 1), [2.2])
    assert sent(talk.say(StopTranscription())) == []
    talk.handle(recognised(first.segment_id, "하나"))
    messages = sent(talk.handle(recognised(second.segment_id, "둘")))
    assert [message["type"] for message in messages] == ["transcription", "transcription_stopped"]
    assert messages[-1]["utterances"] == 2


@pytest.mark.parametrize("failing", [0, 1])
def test_a_failed_part_is_one_error_and_the_other_part_is_sent(failing: int) -> None:
    talk = begun()
    parts = undivided(talk, (0, 1), [2.2])
    effects: list[Effect] = []
    for place, part in enumerate(parts):
        text = None if place == failing else "네"
        effects += talk.handle(recognised(part.segment_id, text))
    assert errors(effects) == [Error(TRANSCRIPTION, Reason.ENGINE_FAILED)]
    assert said(effects) == [(1 - failing, "네")]
    assert closes(effects) == []


def test_a_part_without_words_is_not_sent() -> None:
    talk = begun()
    first, second = undivided(talk, (0, 1), [2.2])
    effects = talk.handle(recognised(first.segment_id, ""))
    effects += talk.handle(recognised(second.segment_id, "네"))
    assert said(effects) == [(1, "네")]
    assert errors(effects) == []


@pytest.mark.parametrize("text", ["", None])
def test_an_utterance_without_a_text_is_not_divided(text: str | None) -> None:
    talk = begun()
    job = talk.utterance(4)
    talk.handle(divided(job, (0, 1), [2.2]))
    effects = talk.handle(recognised(job.segment_id, text))
    assert (anew(effects), said(effects)) == ([], [])
    assert len(errors(effects)) == (text is None)


def test_the_interim_of_an_utterance_is_replaced_by_its_first_part() -> None:
    talk = begun(WANTS_ALL)
    talk.hear(4, speech=True)
    talk.handle(PartialText(0, "어디 가세요 집에"))
    (job,) = [e for e in talk.hear(0.6, speech=False) if isinstance(e, Finish)]
    talk.handle(worded(job))
    messages = sent(talk.handle(divided(job, (1, 0), [2.2])))
    assert [(m["type"], m["text"]) for m in messages] == [
        ("transcription", "어디 가세요"),
        ("transcription", "집에 갑니다"),
    ]
    assert messages[0]["segment_id"] == 0


def test_the_interim_of_an_utterance_is_withdrawn_if_its_first_part_has_no_words() -> None:
    talk = begun(WANTS_ALL)
    talk.hear(4, speech=True)
    talk.handle(PartialText(0, "어디 가세요 집에"))
    (job,) = [e for e in talk.hear(0.6, speech=False) if isinstance(e, Finish)]
    talk.handle(recognised(job.segment_id, "어디 가세요 집에 갑니다"))
    first, second = anew(talk.handle(divided(job, (1, 0), [2.2])))
    talk.handle(recognised(second.segment_id, "집에 갑니다"))
    messages = sent(talk.handle(recognised(first.segment_id, "")))
    assert [(m["type"], m["segment_id"], m["text"]) for m in messages] == [
        ("interim", 0, ""),
        ("transcription", second.segment_id, "집에 갑니다"),
    ]


def test_the_open_utterance_keeps_its_id_when_an_earlier_one_is_divided() -> None:
    talk = begun(WANTS_ALL)
    job = talk.utterance(4)
    talk.hear(1, speech=True)
    talk.handle(worded(job))
    parts = sent(talk.handle(divided(job, (1, 0), [2.2])))
    assert [m["text"] for m in sent(talk.handle(PartialText(1, "그리고")))] == ["그리고"]
    (following,) = [e for e in talk.hear(0.6, speech=False) if isinstance(e, Finish)]
    assert following.segment_id == 1
    assert 1 not in [part["segment_id"] for part in parts]


@given(st.data())
def test_every_order_of_results_gives_the_same_answers_in_the_order_of_speech(
    data: st.DataObject,
) -> None:
    """The utterances have one speaker, or two speakers with or without word times."""
    talk = begun(WANTS_ALL)
    kinds = data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=4))
    waiting: list[Recognised | Attributed] = []
    expected: list[tuple[int, str]] = []
    for kind in kinds:
        job = talk.utterance(4)
        if kind == 0:
            waiting += [recognised(job.segment_id, "하나"), attributed(job.segment_id, 0)]
            expected += [(0, "하나")]
        else:
            whole = worded(job) if kind == 1 else recognised(job.segment_id, "어디 가세요 집에")
            waiting += [whole, divided(job, (1, 0), [2.2])]
            words = ["어디 가세요", "집에 갑니다"] if kind == 1 else ["다시", "다시"]
            expected += [(1, words[0]), (0, words[1])]
    effects: list[Effect] = []
    while waiting:
        event = waiting.pop(data.draw(st.integers(0, len(waiting) - 1)))
        new = talk.handle(event)
        waiting += [recognised(part.segment_id, "다시") for part in anew(new)]
        effects += new
    assert said(effects) == expected
    numbers = [m["segment_id"] for m in sent(effects)]
    assert len(set(numbers)) == len(numbers)
    talk.say(StopTranscription())
    assert talk.session.state is State.READY


# Two people at once


def test_a_client_with_details_is_told_both_people_who_speak_at_once() -> None:
    talk = begun(WANTS_ALL)
    job = talk.utterance(4)
    voice = replace(voice_of(1, overlap_seconds=0.7), other=0)
    (fields,) = sent(talk.handle(worded(job)) + talk.handle(Attributed(job.segment_id, (voice,))))
    assert (fields["speaker_id"], fields["overlap_seconds"]) == (1, 0.7)
    assert fields["speakers"] == [
        {"speaker_id": 0, "speech_seconds": 0.7},
        {"speaker_id": 1, "speech_seconds": round(job.segment.speech_samples / SAMPLE_RATE, 2)},
    ]


def overlapping(job: Finish) -> Attributed:
    """Attribute an utterance to 0, then to both at once, then to 1."""
    one, both, other = divided(job, (0, 0, 1), [1.4, 2.2]).parts or ()
    both = replace(both, speech_seconds=0.8, overlap_seconds=0.8, other=1)
    return Attributed(job.segment_id, (one, both, other))


def test_the_words_before_and_after_an_overlap_keep_their_speaker() -> None:
    talk = begun(WANTS_ALL)
    job = talk.utterance(4)
    words = ((" 어디", 0.3), (" 가세요", 0.7), (" 저는", 1.5), (" 집에", 2.3), (" 갑니다", 2.8))
    messages = sent(talk.handle(worded(job, words)) + talk.handle(overlapping(job)))
    texts = [(m["speaker_id"], m["text"], m["label"]) for m in messages]
    assert texts == [(0, "어디 가세요", "sure"), (0, "저는", "overlap"), (1, "집에 갑니다", "sure")]
    assert [len(m["speakers"]) for m in messages] == [1, 2, 1]


def test_an_overlap_without_words_of_its_own_stays_with_its_neighbour() -> None:
    """The recogniser writes one of two simultaneous voices, or neither."""
    talk = begun(WANTS_ALL)
    job = talk.utterance(4)
    words = ((" 어디", 0.1), (" 가세요", 0.7), (" 집에", 2.2), (" 갑니다", 2.8))
    effects = talk.handle(worded(job, words)) + talk.handle(overlapping(job))
    assert anew(effects) == []
    assert said(effects) == [(0, "어디 가세요"), (1, "집에 갑니다")]
    assert [len(message["speakers"]) for message in sent(effects)] == [2, 1]

"""The session with a streaming recogniser: its input, and the interim texts to the client."""

import pytest
from talk import Talk, answer, attributed, enrolled, errors, recognised, sent

from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import StartTranscription, StopTranscription
from hwaja.protocol.codes import Reason
from hwaja.protocol.values import Hotword, Options, Token
from hwaja.session.effects import Begin, Effect, Extend, Finish
from hwaja.session.events import PartialText, Recognised
from hwaja.session.settings import SessionSettings

ABILITIES = Abilities(languages=frozenset({"ko", "en"}), hotword_characters=frozenset("상담사"))
ABLE = SessionSettings(abilities=lambda: ABILITIES)


def talking(*, interims: bool = True, details: bool = False) -> Talk:
    talk = enrolled()
    talk.say(StartTranscription(details=details, interim_results=interims))
    return talk


def follows(effects: list[Effect]) -> list[Extend]:
    return [effect for effect in effects if isinstance(effect, Extend)]


def finish(talk: Talk) -> Finish:
    """Send a pause until the open utterance is over."""
    (job,) = [e for e in talk.hear(0.6, speech=False) if isinstance(e, Finish)]
    return job


# Input of the recogniser -----------------------------------------------------------------------


def test_a_transcription_begins_with_the_options_of_the_client() -> None:
    options = Options("en", (Hotword("상담"),))
    talk = enrolled(ABLE)
    effects = talk.say(StartTranscription(interim_results=True, options=options))
    assert [e for e in effects if isinstance(e, Begin)] == [
        Begin(options, interims=True, adapt=False)
    ]
    plain = enrolled().say(StartTranscription())
    assert [e for e in plain if isinstance(e, Begin)] == [
        Begin(Options(), interims=False, adapt=False)
    ]


def test_an_open_utterance_is_extended_from_its_pre_roll_as_far_as_it_is_certain() -> None:
    talk = talking()
    talk.hear(1, speech=False)
    heard = [follow for _ in range(3) for follow in follows(talk.hear(0.5, speech=True))]
    assert [follow.stop for follow in heard] == sorted({follow.stop for follow in heard})
    assert heard[-1].stop == talk.now
    job = finish(talk)
    assert {follow.start for follow in heard} == {job.segment.start}
    assert {follow.segment_id for follow in heard} == {job.segment_id}
    assert follows(talk.hear(1, speech=False)) == []


def test_the_next_utterance_has_the_next_id() -> None:
    talk = talking()
    for segment_id in range(3):
        heard = follows(talk.hear(1, speech=True))
        assert [follow.segment_id for follow in heard] == [segment_id]
        assert finish(talk).segment_id == segment_id


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (Options(language="fr"), Reason.LANGUAGE_UNSUPPORTED),
        (Options(hotwords=(Hotword("상담원"),)), Reason.HOTWORD_UNKNOWN),
    ],
)
def test_an_unsupported_option_is_reported_and_nothing_changes(
    options: Options, reason: Reason
) -> None:
    talk = enrolled(ABLE)
    (error,) = errors(talk.say(StartTranscription(options=options)))
    assert error.reason is reason
    begun = sent(talk.say(StartTranscription(options=Options("ko", (Hotword("상담사"),)))))
    assert [fields["type"] for fields in begun] == ["transcription_started"]


def test_hotwords_for_a_recogniser_without_support_are_reported_as_such() -> None:
    (error,) = errors(enrolled().say(StartTranscription(options=Options(None, (Hotword("가"),)))))
    assert error.reason is Reason.HOTWORDS_UNSUPPORTED


# Messages to the client ------------------------------------------------------------------------


def test_interim_texts_are_sent_if_requested_and_replaced_by_the_final_text() -> None:
    talk = talking()
    talk.hear(1, speech=True)
    first = sent(talk.handle(PartialText(0, "안녕하")))
    second = sent(talk.handle(PartialText(0, "안녕하세요")))
    assert first == [{"type": "interim", "segment_id": 0, "text": "안녕하", "stable_chars": 0}]
    assert [(f["text"], f["stable_chars"]) for f in second] == [("안녕하세요", 3)]
    (final,) = sent(answer(talk, finish(talk), "안녕하세요", 0))
    assert (final["type"], final["segment_id"]) == ("transcription", 0)
    assert "scores" not in final, "details were not asked for"


def test_a_client_that_did_not_ask_gets_neither_interim_texts_nor_ids() -> None:
    talk = talking(interims=False)
    talk.hear(1, speech=True)
    assert talk.handle(PartialText(0, "안녕")) == []
    (final,) = sent(answer(talk, finish(talk), "안녕", 0))
    assert "segment_id" not in final


def test_no_interim_text_follows_the_final_text() -> None:
    talk = talking()
    talk.hear(1, speech=True)
    job = finish(talk)
    assert sent(talk.handle(PartialText(0, "안"))) != [], "its text is still awaited"
    talk.handle(recognised(job.segment_id, "안녕"))
    assert talk.handle(PartialText(0, "안녕하")) == []
    assert len(sent(talk.handle(attributed(job.segment_id, 0)))) == 1
    assert talk.handle(PartialText(0, "안녕하")) == []


def test_an_interim_text_of_an_utterance_that_never_began_is_not_sent() -> None:
    assert talking().handle(PartialText(5, "뭐")) == []


@pytest.mark.parametrize("text", ["", None])
def test_an_interim_text_is_withdrawn_if_no_final_text_follows(text: str | None) -> None:
    """The final result has no words, or the engine failed."""
    talk = talking()
    talk.hear(1, speech=True)
    talk.handle(PartialText(0, "어"))
    messages = sent(answer(talk, finish(talk), text, 0))
    assert messages[0] == {"type": "interim", "segment_id": 0, "text": "", "stable_chars": 0}
    assert [m["type"] for m in messages[1:]] == ([] if text == "" else ["error"])


def test_interim_texts_of_unanswered_utterances_are_sent_while_a_stop_drains() -> None:
    talk = talking()
    talk.hear(1, speech=True)
    talk.say(StopTranscription())
    assert [m["text"] for m in sent(talk.handle(PartialText(0, "네")))] == ["네"]
    messages = sent(talk.handle(recognised(0, "네")) + talk.handle(attributed(0, 1)))
    assert [m["type"] for m in messages] == ["transcription", "transcription_stopped"]
    assert talk.handle(PartialText(0, "네")) == []


def test_a_new_transcription_keeps_no_interim_text_of_the_last() -> None:
    talk = talking()
    talk.hear(1, speech=True)
    talk.handle(PartialText(0, "하나 둘"))
    talk.say(StopTranscription())
    talk.handle(recognised(0, "하나 둘"))
    talk.handle(attributed(0, 0))
    talk.say(StartTranscription(interim_results=True))
    talk.hear(1, speech=True)
    (interim,) = sent(talk.handle(PartialText(0, "하나 둘")))
    assert interim["stable_chars"] == 0


def test_tokens_are_dated_from_the_beginning_of_the_transcription() -> None:
    """Their probabilities come along, in thousandths, where the model gives some."""
    talk = talking(details=True)
    origin = talk.now
    talk.hear(2, speech=False)
    talk.hear(1, speech=True)
    job = finish(talk)
    talk.handle(
        Recognised(
            job.segment_id,
            Hypothesis("안녕", (Token("안", 0.25, 0.98765), Token("녕", 0.5)), "ko"),
        )
    )
    (fields,) = sent(talk.handle(attributed(job.segment_id, 0)))
    began = (job.segment.start - origin) / SAMPLE_RATE
    assert fields["tokens"] == [
        {"text": "안", "start_seconds": round(began + 0.25, 3), "probability": 0.988},
        {"text": "녕", "start_seconds": round(began + 0.5, 3)},
    ]
    assert fields["language"] == "ko"

"""One transcription: its interim texts, its counts by speaker, and its answers."""

from os.path import commonprefix

from gating import segment
from hypothesis import given
from hypothesis import strategies as st
from talk import attributed, recognised, said, voice_of

from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.client_messages import StartTranscription
from hwaja.protocol.server_messages import Interim
from hwaja.protocol.values import SpeakerShare, Summary
from hwaja.session.answers import iso_timestamp
from hwaja.session.channel import Channel
from hwaja.session.conversation import Conversation, Interims, Tally
from hwaja.session.effects import Effect, Finish, Outcome, Send, Settled
from hwaja.session.events import Attributed, PartialText, Recognised
from hwaja.session.timeline import Timeline
from hwaja.vad.gate import GateSettings, Segment, SpeechGate

TEXTS = st.text(alphabet="가나 다", max_size=6)


def test_the_common_beginning_of_two_successive_hypotheses_is_stable() -> None:
    interims = Interims()
    assert interims.take(0, "오늘 날") == Interim(0, "오늘 날", 0)
    assert interims.take(0, "오늘 날씨") == Interim(0, "오늘 날씨", 4)
    assert interims.take(0, "오늘 밤") == Interim(0, "오늘 밤", 2), "a trailing space is not text"


def test_a_repeated_text_becomes_stable_and_is_sent_once() -> None:
    interims = Interims()
    interims.take(0, "네")
    assert interims.take(0, "네") == Interim(0, "네", 1)
    assert interims.take(0, "네") is None


def test_an_interim_text_without_a_final_text_is_withdrawn() -> None:
    interims = Interims()
    interims.take(3, "어")
    assert interims.end(3, has_text=False) == Interim(3, "", 0)
    assert interims.end(3, has_text=False) is None


def test_a_replaced_or_never_shown_interim_text_is_not_withdrawn() -> None:
    interims = Interims()
    interims.take(0, "어")
    interims.take(1, "")
    assert interims.end(0, has_text=True) is None
    assert interims.end(1, has_text=False) is None
    assert interims.end(2, has_text=False) is None


def test_segments_have_separate_interim_texts() -> None:
    interims = Interims()
    interims.take(0, "가나")
    assert interims.take(1, "가나") == Interim(1, "가나", 0)
    interims.clear()
    assert interims.take(0, "가나") == Interim(0, "가나", 0)


@given(st.lists(TEXTS, min_size=1))
def test_the_stable_part_is_the_common_beginning_of_this_text_and_the_one_before(
    texts: list[str],
) -> None:
    interims = Interims()
    before = ""
    for text in texts:
        told = interims.take(0, text)
        if told is not None:
            assert told.text == text
            shared = commonprefix([before, text])  # noqa: RUF071 (characters are meant)
            assert text[: told.stable_chars] == shared.rstrip()
        before = text


# Counts by speaker ----------------------------------------------------------------------------


def test_each_speaker_has_the_utterances_and_the_speech_that_are_theirs() -> None:
    tally = Tally()
    tally.take(0, 1, 2.0)
    tally.take(1, 0, 0.5)
    tally.take(2, 1, 1.0)
    assert tally.utterances == 3
    assert tally.shares({}) == (SpeakerShare(0, 1, 0.5), SpeakerShare(1, 2, 3.0))


def test_a_corrected_utterance_counts_for_the_other_speaker() -> None:
    tally = Tally()
    tally.take(0, 1, 2.0)
    tally.take(1, 1, 0.5)
    tally.correct(1, 0)
    assert tally.utterances == 2
    assert tally.shares({}) == (SpeakerShare(0, 1, 0.5), SpeakerShare(1, 1, 2.0))


# Answers --------------------------------------------------------------------------------------


def conversation(**wants: bool) -> Conversation:
    options = StartTranscription(**wants)
    channel = Channel(SpeechGate(GateSettings(), 0), options)
    return Conversation(options, False, Timeline(0), (channel,), {}, int)


def added(talk: Conversation, segment: Segment) -> Finish:
    (job,) = (effect for effect in talk.add(segment) if isinstance(effect, Finish))
    return job


def outcomes(effects: list[Effect]) -> list[Outcome]:
    return [effect.outcome for effect in effects if isinstance(effect, Settled)]


def test_an_answer_waits_for_its_text_its_voices_and_every_earlier_answer() -> None:
    talk = conversation()
    first = added(talk, segment(0, 16_000, 12_000))
    second = added(talk, segment(32_000, 48_000, 12_000))
    assert talk.learn_text(recognised(second.segment_id, "둘")) == []
    assert talk.learn_voices(attributed(second.segment_id, 1)) == []
    assert talk.learn_voices(attributed(first.segment_id, 0)) == []
    assert talk.oldest == first.segment
    effects = talk.learn_text(recognised(first.segment_id, "하나"))
    assert said(effects) == [(0, "하나"), (1, "둘")]
    assert talk.oldest is None


def test_the_summary_counts_answers_failures_and_audio() -> None:
    talk = conversation()
    outcome_of_each = []
    for text, speaker_id in (("네", 1), (None, 1), ("", 0), ("아니요", None)):
        job = added(talk, segment(0, 16_000, 15_872))
        talk.learn_text(recognised(job.segment_id, text))
        outcome_of_each += outcomes(talk.learn_voices(attributed(job.segment_id, speaker_id)))
    assert outcome_of_each == [Outcome.ANSWERED, Outcome.FAILED, Outcome.EMPTY, Outcome.FAILED]
    assert talk.summary(4.0) == Summary(1, 2, 4.0, (SpeakerShare(1, 1, 0.992),))


def test_an_interim_text_is_sent_only_for_an_utterance_that_still_lacks_its_text() -> None:
    talk = conversation(interim_results=True)
    text = PartialText(0, "안녕")
    assert talk.take_partial_text(text, is_open=True) == Interim(text.segment_id, "안녕", 0)
    job = added(talk, segment(0, 16_000, 12_000))
    later = PartialText(job.segment_id, "안녕하")
    assert talk.take_partial_text(later, is_open=False) is not None
    talk.learn_text(Recognised(job.segment_id, Hypothesis("안녕하세요")))
    assert talk.take_partial_text(PartialText(job.segment_id, "안"), is_open=True) is None


def test_an_answer_of_two_speakers_is_one_message_for_each() -> None:
    talk = conversation()
    job = added(talk, segment(0, 32_000, 32_000))
    parts = (voice_of(0, 0, 16_000), voice_of(1, 16_000, 32_000))
    talk.learn_voices(Attributed(job.segment_id, parts))
    effects = talk.learn_text(recognised(job.segment_id, "안녕하세요 네"))
    asked = [effect for effect in effects if not isinstance(effect, Send)]
    assert [each.segment for each in asked] == [
        job.segment.part(0, 16_000),
        job.segment.part(16_000, 32_000),
    ]
    for number, each in enumerate(asked):
        effects += talk.learn_text(recognised(each.segment_id, ("안녕하세요", "네")[number]))
    assert said(effects) == [(0, "안녕하세요"), (1, "네")]


def test_a_timestamp_has_milliseconds_and_ends_in_z() -> None:
    assert iso_timestamp(1_755_754_200.0) == "2025-08-21T05:30:00.000Z"
    assert iso_timestamp(1_755_754_200.1234) == "2025-08-21T05:30:00.123Z"

"""Unanswered utterances, and the division of their text among the speakers."""

import pytest
from gating import HANGOVER, PAUSE, SPEECH, feed, segment
from hypothesis import given
from hypothesis import strategies as st
from talk import attributed, recognised, voice_of

from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Token
from hwaja.session.channel import PROBE_STEP_SECONDS, PROBED_SECONDS, OpenSpeech
from hwaja.session.effects import Effect, Extend, ProbeSpeaker, Recognise, Speculate
from hwaja.session.events import Attributed
from hwaja.session.utterances import LEAD_SECONDS, NEAR_SECONDS, Utterances, divide
from hwaja.vad.gate import FRAME_SAMPLES, GateSettings, SpeechGate, frames_in


def dated(*tokens: tuple[str, float]) -> Hypothesis:
    text = "".join(text for text, _ in tokens).strip()
    return Hypothesis(text, tuple(Token(*token) for token in tokens), "ko")


TALK = dated((" 안녕", 0.2), ("하세요", 0.5), (" 네", 1.3), (" 반갑", 1.6), ("습니다", 1.9))


def texts(pieces: list[Hypothesis] | None) -> list[str] | None:
    return None if pieces is None else [piece.text for piece in pieces]


def test_each_part_has_the_words_that_begin_in_it() -> None:
    pieces = divide(TALK, [1.35], [1, 1])
    assert texts(pieces) == ["안녕하세요", "네 반갑습니다"]
    if pieces is None:  # recognise again
        return
    assert [piece.language for piece in pieces] == ["ko", "ko"]
    assert [token.start_seconds for token in pieces[1].tokens] == [1.3, 1.6, 1.9]


def test_a_change_inside_a_word_is_moved_to_the_nearest_beginning_of_a_word() -> None:
    """The recogniser dates pieces of words. It locates a word's beginning better than a voice."""
    for change_seconds in (1.75 + LEAD_SECONDS, 1.5 + LEAD_SECONDS):
        assert texts(divide(TALK, [change_seconds], [1, 0.5])) == ["안녕하세요 네", "반갑습니다"]


def test_the_beginning_of_a_word_is_searched_slightly_before_the_change() -> None:
    middle = (1.3 + 1.6) / 2
    earlier = divide(TALK, [middle + LEAD_SECONDS - 0.01], [1, 1])
    later = divide(TALK, [middle + LEAD_SECONDS + 0.01], [1, 1])
    assert texts(earlier) == ["안녕하세요", "네 반갑습니다"]
    assert texts(later) == ["안녕하세요 네", "반갑습니다"]


def test_a_text_without_spaces_is_divided_between_its_pieces() -> None:
    talk = dated(("今日", 0.1), ("は", 0.6), ("そう", 1.2), ("です", 1.6))
    assert texts(divide(talk, [1.25], [1, 1])) == ["今日は", "そうです"]


def test_a_text_is_not_divided_if_no_word_begins_near_the_change() -> None:
    talk = dated((" 가", 0.0), ("나다", 1.0), ("라마", 1.0 + NEAR_SECONDS), (" 바", 3.0))
    assert divide(talk, [1.7], [1, 1]) is None, "to be heard anew"


def test_three_parts_have_their_words() -> None:
    assert texts(divide(TALK, [1.4, 1.7], [0.5, 0.3, 0.5])) == ["안녕하세요", "네", "반갑습니다"]


@pytest.mark.parametrize(
    "heard",
    [Hypothesis("안녕하세요 네"), dated((" 안녕하세요 네", 0.2))],
    ids=["no tokens", "one token"],
)
def test_a_text_without_dated_words_is_not_divided(heard: Hypothesis) -> None:
    assert divide(heard, [1.0], [1, 0.1]) is None


def test_a_part_with_too_few_letters_for_its_length_must_be_recognised_again() -> None:
    """Whisper may stop after the first of two voices, or after the second one's first syllable."""
    assert divide(TALK, [1.35], [1, 4]) == divide(TALK, [1.35], [1, 1])
    assert divide(TALK, [1.35], [1, 4.1]) is None
    assert divide(TALK, [1.35], [3.4, 1]) is None


def test_only_letters_and_digits_count_as_text() -> None:
    talk = dated((" 안녕", 0.2), (" ...!", 1.3), (" ♪♪", 1.6))
    assert divide(talk, [1.35], [1, 1]) is None


@st.composite
def hypotheses(draw: st.DrawFn) -> Hypothesis:
    pieces = st.text("가나 a", min_size=1, max_size=3)
    tokens = draw(st.lists(st.tuples(pieces, st.floats(0, 15)), max_size=12))
    starts = sorted(start for _, start in tokens)
    return dated(*((text, start) for (text, _), start in zip(tokens, starts, strict=True)))


@given(hypotheses(), st.lists(st.floats(0, 15), min_size=1, max_size=4))
def test_no_token_is_lost_or_repeated(heard: Hypothesis, changes_seconds: list[float]) -> None:
    pieces = divide(heard, sorted(changes_seconds), [0.0] * (len(changes_seconds) + 1))
    if pieces is None:  # no word begins near a change: recognise again
        return
    assert len(pieces) == len(changes_seconds) + 1
    assert tuple(token for piece in pieces for token in piece.tokens) == heard.tokens
    for piece in pieces:
        assert piece.text == "".join(token.text for token in piece.tokens).strip()


# Unanswered utterances ------------------------------------------------------------------------


def test_no_id_is_used_twice_and_the_open_utterance_keeps_its_id_until_it_is_over() -> None:
    utterances = Utterances()
    opened = utterances.open_ids[0]
    assert utterances.add(segment(0, 16_000, 12_000)) == opened
    following = utterances.open_ids[0]
    utterances.take_text(recognised(opened, "안녕하세요 네"))
    parts = (voice_of(0, 0, 8000), voice_of(1, 8000, 16_000))
    utterances.take_voice(Attributed(opened, parts))
    _, anew = utterances.due()
    assert utterances.open_ids[0] == following
    assert len({opened, following, *(part.segment_id for part in anew)}) == 3


def test_an_utterance_is_due_once_it_has_text_and_voices_and_is_the_oldest() -> None:
    utterances = Utterances()
    first, second = (utterances.add(segment(at, at + 16_000, 12_000)) for at in (0, 16_000))
    for segment_id in (second, first):
        assert utterances.due() == ([], [])
        assert utterances.without_text(segment_id) is not None
        utterances.take_text(recognised(segment_id, "네"))
        assert utterances.without_text(segment_id) is None
        utterances.take_voice(attributed(segment_id, 0))
    answers, anew = utterances.due()
    assert [answer.segment_id for answer in answers] == [first, second]
    assert (anew, utterances.oldest) == ([], None)


def test_results_of_an_unknown_or_answered_utterance_are_ignored() -> None:
    utterances = Utterances()
    segment_id = utterances.add(segment(0, 16_000, 12_000))
    for _ in range(2):
        utterances.take_text(recognised(segment_id, "네"))
        utterances.take_voice(attributed(segment_id, 0))
        utterances.take_text(recognised(segment_id + 7, "누구"))
    assert len(utterances.due()[0]) == 1
    utterances.take_text(recognised(segment_id, "네"))
    assert utterances.due() == ([], [])


def test_a_divided_utterance_stays_the_oldest_until_its_parts_are_answered() -> None:
    utterances = Utterances()
    whole = segment(0, 16_000, 16_000)
    segment_id = utterances.add(whole)
    utterances.take_text(recognised(segment_id, "안녕하세요 네"))
    utterances.take_voice(Attributed(segment_id, (voice_of(0, 0, 8192), voice_of(1, 8192, 16_000))))
    answers, anew = utterances.due()
    assert answers == []
    assert [part.segment for part in anew] == [whole.part(0, 8192), whole.part(8192, 16_000)]
    assert utterances.oldest == whole.part(0, 8192)
    for part in anew:
        assert isinstance(part, Recognise)
        utterances.take_text(recognised(part.segment_id, "네"))
    answers, _ = utterances.due()
    assert [answer.ends_utterance for answer in answers] == [False, True]


# Open speech ----------------------------------------------------------------------------------

ORIGIN = 5 * SAMPLE_RATE


@pytest.fixture
def gate() -> SpeechGate:
    return SpeechGate(GateSettings(), ORIGIN)


def due(gate: SpeechGate, speech: OpenSpeech, kind: type[Effect]) -> list[Effect]:
    return [effect for effect in speech.due(3) if isinstance(effect, kind)]


def test_no_work_begins_without_speech(gate: SpeechGate) -> None:
    speech = OpenSpeech(gate)
    feed(gate, [PAUSE] * 50)
    assert speech.due(3) == []


def test_new_samples_of_an_utterance_are_requested_once(gate: SpeechGate) -> None:
    speech = OpenSpeech(gate)
    feed(gate, [PAUSE] * 20 + [SPEECH] * 10)
    (first,) = due(gate, speech, Extend)
    assert due(gate, speech, Extend) == []
    feed(gate, [SPEECH])
    (second,) = due(gate, speech, Extend)
    assert isinstance(first, Extend)
    assert second == Extend(3, first.start, first.stop + FRAME_SAMPLES)


def test_a_pause_starts_early_work_once_and_again_after_more_speech(gate: SpeechGate) -> None:
    speech = OpenSpeech(gate)
    feed(gate, [SPEECH] * 10 + [PAUSE] * (HANGOVER - 1))
    (first,) = due(gate, speech, Speculate)
    assert due(gate, speech, Speculate) == []
    feed(gate, [SPEECH])
    assert due(gate, speech, Speculate) == []
    feed(gate, [PAUSE] * (HANGOVER - 1))
    (second,) = due(gate, speech, Speculate)
    assert first != second
    assert feed(gate, [PAUSE]) == [second.segment]


def test_one_search_for_another_voice_runs_at_a_time_and_skips_no_audio(gate: SpeechGate) -> None:
    speech = OpenSpeech(gate)
    feed(gate, [SPEECH] * frames_in(PROBED_SECONDS))
    (first,) = due(gate, speech, ProbeSpeaker)
    feed(gate, [SPEECH] * frames_in(5 * PROBE_STEP_SECONDS))
    assert due(gate, speech, ProbeSpeaker) == []
    speech.probe_answered()
    (second,) = due(gate, speech, ProbeSpeaker)
    assert isinstance(first, ProbeSpeaker)
    assert isinstance(second, ProbeSpeaker)
    assert second.start <= first.stop
    assert second.stop == gate.processed_stop

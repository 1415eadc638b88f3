"""The filter of hallucinated text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.engines.recognition import Hypothesis
from hwaja.engines.texts.hallucination_filter import (
    MAX_LETTERS_PER_SECOND,
    MAX_SYLLABLES_PER_SECOND,
    ROLLS_SECONDS,
    UNCOUNTED_SECONDS,
    is_stuck,
    plausible_hypothesis,
    plausible_text,
    spoken,
)
from hwaja.protocol.values import Token

SURE, DOUBTFUL = -0.5, -2.7
"""Scores of words that were spoken, and of what Whisper wrote of doors and chords."""


@pytest.mark.parametrize(
    "text",
    [
        "안녕하세요 반갑습니다",
        "네.",
        "It's 3 o'clock, isn't it?",
        "아니 아니 아니 아니요",
        "하하하하",
        "3,000원(부가세 별도)",
        "3,000원 (부가세 별도)입니다",
        "(주)한국전력입니다",
        "영하 -5도입니다",
        "서울 - 부산",
        "-5도입니다",
    ],
)
def test_ordinary_sentences_are_kept_unchanged(text: str) -> None:
    assert plausible_text(text, 2.0) == text


@pytest.mark.parametrize(
    "text", ["(음악)", "[끝]", "*박수*", "♪♪♪", "(음악", "[BLANK_AUDIO]", "...", " ?! ", "", "\n"]
)
def test_text_without_words_is_removed(text: str) -> None:
    assert plausible_text(text, 2.0) == ""


def test_a_stage_direction_is_removed_and_the_words_around_it_stay() -> None:
    assert plausible_text("네 (웃음)  그렇죠 [박수] ♪", 2.0) == "네 그렇죠"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("(댄스) 네", "네"),
        ("[앵커] 안녕하세요", "안녕하세요"),
        ("(뒤는 소리) (박수) 네", "네"),
        ("네(웃음) 알겠습니다", "네 알겠습니다"),
        ("It is. (Laughing)", "It is."),
        ("♪ 나의 살던 고향은 ♪", "나의 살던 고향은"),
    ],
)
def test_a_caption_of_a_sound_is_removed_and_the_words_beside_it_stay(text: str, kept: str) -> None:
    assert plausible_text(text, 2.0) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("-그래도 가야지. -네, 알겠습니다.", "그래도 가야지. 네, 알겠습니다."),
        ("- 네. - 네.", "네. 네."),
        ("– 어디? -3시까지", "어디? -3시까지"),
    ],
)
def test_the_dashes_of_subtitles_are_removed(text: str, kept: str) -> None:
    assert plausible_text(text, 2.0) == kept


def test_a_loop_longer_than_its_speech_is_reduced_to_one_repetition() -> None:
    assert plausible_text("Fail better. " * 40, 1.0) == "Fail better."


def test_a_repetition_that_fits_its_speech_is_kept() -> None:
    text = "그래 그래 그래 그래 그래"
    assert plausible_text(text, 2.0) == text


def test_text_that_is_too_long_for_its_speech_is_removed() -> None:
    words = "".join(chr(ord("가") + 37 * k) for k in range(90))  # no repeats to fold
    assert plausible_text(words, 1.0) == ""
    assert plausible_text(words, 8.0) == words


@pytest.mark.parametrize(("text", "speech_seconds"), [("네", 0.0), ("네.", 0.1), ("아니요", 0.2)])
def test_the_text_of_a_very_short_utterance_may_be_kept(text: str, speech_seconds: float) -> None:
    assert plausible_text(text, speech_seconds) == text


def test_syllables_need_more_time_than_letters() -> None:
    assert plausible_text("오늘 날씨가 참 좋군요", 0.3) == ""
    assert plausible_text("nice today", 0.3) == "nice today"
    assert plausible_text("今日はいい天気ですね", 0.3) == ""


def test_fast_korean_speech_is_kept() -> None:
    assert plausible_text("가나다라마바사아자차" * 3, 3.0) != ""


def left(
    text: str,
    score: float | None,
    speech_seconds: float = 2.0,
    no_speech: float = 0.3,
    share: float = 1.0,
) -> str:
    """What is left of a text. `share`: of speech, from the first speech frame to the last."""
    hypothesis = Hypothesis(text, score=score, no_speech_probability=no_speech)
    return spoken(hypothesis, speech_seconds, speech_seconds / share + ROLLS_SECONDS).text


@pytest.mark.parametrize(
    "text",
    [
        "감사합니다.",
        "-감사합니다. -감사합니다.",
        "MBC 뉴스 김지훈입니다.",
        "시청해주셔서 감사합니다",
        "오늘도 시청해 주셔서 대단히 감사합니다.",
        "구독과 좋아요 부탁드립니다!",
        "Thank you for watching.",
        "Thank you.",
    ],
)
def test_a_caption_is_kept_only_if_the_recogniser_is_certain(text: str) -> None:
    assert left(text, DOUBTFUL) == ""
    assert left(text, SURE) == text.replace("-", "")
    assert left(text, None) == text.replace("-", "")  # nothing is known of it


@pytest.mark.parametrize("text", ["음", "아...", "- 아", "에이", "응"])
def test_a_bare_vowel_is_removed_like_the_sound_of_a_hum(text: str) -> None:
    assert left(text, -1.2, 0.3) == ""
    assert left(text, SURE, 0.3) == text.lstrip("- ")


def test_what_was_written_of_a_murmur_is_removed() -> None:
    """A murmur is as long as a sentence, or as short as a word but with pauses."""
    assert left("잘생겼어", -2.2, 1.7) == ""
    assert left("고마워", -2.4, 0.5, share=0.45) == ""
    assert left("고마워", -2.4, 0.5) == "고마워"


def test_a_sentence_in_noise_is_kept_though_it_scores_as_low_as_a_murmur() -> None:
    """It has as many words as fit its speech. Lines at 5 dB in a room score down to -2.4."""
    line = "사실 사과는 예를 들으셨는데"
    assert left(line, -2.4, 2.0) == line
    assert left(line, -2.4, 8.0) == ""


def test_a_short_answer_is_removed_only_if_the_recogniser_doubts_that_somebody_speaks() -> None:
    assert left("그래.", -3.4, 0.5, no_speech=0.1) == "그래."
    assert left("그래.", -3.4, 0.5, no_speech=0.8) == ""
    assert left("그래.", -2.0, 0.5, no_speech=0.8) == "그래."
    assert left("그래.", -3.8, 0.5, no_speech=0.1) == ""


@pytest.mark.parametrize("text", ["네.", "앤", "이?"])
def test_a_single_syllable_needs_the_score_of_a_spoken_one_because_a_hum_gives_one(
    text: str,
) -> None:
    assert left(text, -1.9, 0.4) == ""
    assert left(text, -1.3, 0.4) == text


def test_speech_too_brief_for_a_word_gives_text_only_with_a_good_score() -> None:
    assert left("네", DOUBTFUL, 0.13, no_speech=0.2) == ""
    assert left("네", -1.5, 0.13, no_speech=0.2) == "네"


def test_a_repeated_text_needs_a_better_score_because_repeats_raise_it() -> None:
    assert left("야! 야! 야! 야! 야! 야!", -1.7, 8.0) == ""
    assert left("아니요 아니요 아니요", -1.0, 3.0) == "아니요 아니요 아니요"


@pytest.mark.parametrize(
    ("first_probability", "kept"), [(0.02, ""), (0.4, "아, 아, 아, 아, 아, 아")]
)
def test_a_repeated_text_is_removed_if_it_was_unlikely_the_first_time(
    first_probability: float, kept: str
) -> None:
    """To a decoder in a loop each repeat is likely, so the mean over all of them is high."""
    comma = Token(",", 0.3, 0.01)
    again = (Token(" 아", 0.6, 0.9), Token(",", 0.7, 0.9)) * 4
    tokens = (Token("아", 0.1, first_probability), comma, *again, Token(" 아", 3.0, 0.9))
    text = "".join(token.text for token in tokens)
    assert spoken(Hypothesis(text, tokens, score=-0.6), 5.0, 5.4).text == kept


@pytest.mark.parametrize(
    ("first_probability", "no_speech", "is_kept"),
    [(0.02, 0.3, False), (0.4, 0.3, True), (0.02, 0.06, True)],
    ids=["unlikely", "likely", "certainly speech"],
)
def test_numbers_in_a_row_are_removed_if_the_first_one_was_unlikely(
    first_probability: float, no_speech: float, *, is_kept: bool
) -> None:
    """To a decoder that counts, each next number is likely, whatever is said."""
    tokens = [Token("1", 0.0, first_probability)]
    for number in (2, 3, 4, 4, 4):
        tokens += [Token(",", 0.7, 0.8), Token(f" {number}", 0.8, 0.8)]
    text = "".join(token.text for token in tokens)
    written = Hypothesis(text, tuple(tokens), score=-0.8, no_speech_probability=no_speech)
    assert spoken(written, 5.0, 5.4).text == (text if is_kept else "")


def test_a_loop_is_told_from_words_that_somebody_repeats() -> None:
    assert is_stuck("자, " * 100, 20.0)
    assert is_stuck("안녕하세요 안녕하세요", 0.3)
    assert is_stuck("뱅라이 하이구, " + "뱅" * 12, 5.0)
    assert not is_stuck("네 " * 10, 4.0)
    assert not is_stuck("저만 이렇게 떠는 건 아니겠죠? " * 3, 6.0)


@given(st.text(alphabet="가나 다ab(),.[]*♪12\n", max_size=300), st.floats(0, 30))
def test_filtered_text_fits_its_speech_and_is_not_changed_again(text: str, seconds: float) -> None:
    kept = plausible_text(text, seconds)
    syllables = sum("가" <= character <= "힣" for character in kept)
    letters = sum(character.isalnum() for character in kept) - syllables
    needed_seconds = syllables / MAX_SYLLABLES_PER_SECOND + letters / MAX_LETTERS_PER_SECOND
    assert needed_seconds <= seconds + UNCOUNTED_SECONDS
    assert syllables + letters > 0 or kept == ""
    assert set(kept) <= set(text) | {" "}


@pytest.mark.parametrize(("text", "has_tokens"), [("네", True), ("네 (웃음)", False)])
def test_text_that_was_changed_has_no_tokens_any_more(text: str, has_tokens: bool) -> None:
    """They would no longer match the text."""
    hypothesis = Hypothesis(text, (Token("네", 0.1),))
    expected = Hypothesis("네", hypothesis.tokens if has_tokens else ())
    assert plausible_hypothesis(hypothesis, 2.0) == expected
    assert spoken(hypothesis, 2.0, 2.4) == expected

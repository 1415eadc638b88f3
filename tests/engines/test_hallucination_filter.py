"""The filter of hallucinated text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.engines.hallucination_filter import (
    MAX_LETTERS_PER_SECOND,
    MAX_SYLLABLES_PER_SECOND,
    UNCOUNTED_SECONDS,
    may_loop,
    plausible_hypothesis,
    plausible_text,
)
from hwaja.engines.recognition import Hypothesis
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
    ("text", "left"),
    [
        ("(댄스) 네", "네"),
        ("[앵커] 안녕하세요", "안녕하세요"),
        ("(뒤는 소리) (박수) 네", "네"),
        ("네(웃음) 알겠습니다", "네 알겠습니다"),
        ("It is. (Laughing)", "It is."),
        ("♪ 나의 살던 고향은 ♪", "나의 살던 고향은"),
    ],
)
def test_a_caption_of_a_sound_is_removed_and_the_words_beside_it_stay(text: str, left: str) -> None:
    assert plausible_text(text, 2.0) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("-그래도 가야지. -네, 알겠습니다.", "그래도 가야지. 네, 알겠습니다."),
        ("- 네. - 네.", "네. 네."),
        ("– 어디? -3시까지", "어디? -3시까지"),
    ],
)
def test_the_dashes_of_subtitles_are_removed(text: str, left: str) -> None:
    assert plausible_text(text, 2.0) == left


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
    assert plausible_text(text, speech_seconds, SURE) == text


def test_syllables_need_more_time_than_letters() -> None:
    assert plausible_text("오늘 날씨가 참 좋군요", 0.3) == ""
    assert plausible_text("nice today", 0.3) == "nice today"
    assert plausible_text("今日はいい天気ですね", 0.3) == ""


def test_fast_korean_speech_is_kept() -> None:
    assert plausible_text("가나다라마바사아자차" * 3, 3.0) != ""


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
    assert plausible_text(text, 2.0, DOUBTFUL) == ""
    assert plausible_text(text, 2.0, SURE) == text.replace("-", "")
    assert plausible_text(text, 2.0) == text.replace("-", "")  # nothing is known of it


@pytest.mark.parametrize("text", ["음", "아...", "- 아", "에이"])
def test_a_bare_vowel_is_removed_like_the_sound_of_a_hum(text: str) -> None:
    assert plausible_text(text, 0.3, -1.8) == ""
    assert plausible_text(text, 0.3, SURE) == text.lstrip("- ")


def test_a_low_score_removes_short_text_and_keeps_long_speech() -> None:
    assert plausible_text("뭐야.", 0.2, DOUBTFUL) == ""
    assert plausible_text("네", 0.2, -1.5) == "네"
    assert plausible_text("거는 최악이었다카이", 2.0, DOUBTFUL) == "거는 최악이었다카이"


@given(st.text(alphabet="가나 다ab(),.[]*♪12\n", max_size=300), st.floats(0, 30))
def test_filtered_text_fits_its_speech_and_is_not_changed_again(text: str, seconds: float) -> None:
    left = plausible_text(text, seconds)
    syllables = sum("가" <= character <= "힣" for character in left)
    letters = sum(character.isalnum() for character in left) - syllables
    needed_seconds = syllables / MAX_SYLLABLES_PER_SECOND + letters / MAX_LETTERS_PER_SECOND
    assert needed_seconds <= seconds + UNCOUNTED_SECONDS
    assert syllables + letters > 0 or left == ""
    assert set(left) <= set(text) | {" "}


@pytest.mark.parametrize(
    "text",
    ["안녕 안녕 안녕 안녕", "요즘 멈췄다, 요즘 멈췄다, 요즘 멈", "Fail better. fail better! Fail"],
)
def test_repeated_words_are_detected_as_a_possible_loop(text: str) -> None:
    assert may_loop(text)


@pytest.mark.parametrize(
    "text",
    ["", "네, 네. 알겠습니다", "하하하하", "그럼요, 그럼요", "저축은 하고 계세요? 저축하세요."],
)
def test_words_said_twice_are_not_detected_as_a_loop(text: str) -> None:
    assert not may_loop(text)


@pytest.mark.parametrize(("text", "has_tokens"), [("네", True), ("네 (웃음)", False)])
def test_text_that_was_changed_has_no_tokens_any_more(text: str, has_tokens: bool) -> None:
    """They would no longer match the text."""
    hypothesis = Hypothesis(text, (Token("네", 0.1),))
    expected = Hypothesis("네", hypothesis.tokens if has_tokens else ())
    assert plausible_hypothesis(hypothesis, 2.0) == expected

"""The guard against text that nobody spoke."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.plausible import MAX_CHARS_PER_SECOND, may_loop, plausible_text


@pytest.mark.parametrize(
    "text",
    [
        "안녕하세요 반갑습니다",
        "네.",
        "It's 3 o'clock, isn't it?",
        "아니 아니 아니 아니요",
        "하하하하",
    ],
)
def test_what_people_say_is_kept_as_it_is(text: str) -> None:
    assert plausible_text(text, 2.0) == text


@pytest.mark.parametrize(
    "text", ["(음악)", "[끝]", "*박수*", "♪♪♪", "(음악", "[BLANK_AUDIO]", "...", " ?! ", "", "\n"]
)
def test_text_without_words_counts_as_nothing(text: str) -> None:
    assert plausible_text(text, 2.0) == ""


def test_a_stage_direction_leaves_the_words_around_it() -> None:
    assert plausible_text("네 (웃음)  그렇죠 [박수] ♪", 2.0) == "네 그렇죠"


def test_a_loop_longer_than_its_speech_is_folded_into_one() -> None:
    assert plausible_text("Fail better. " * 40, 1.0) == "Fail better."


def test_a_repetition_that_fits_its_speech_is_what_was_said() -> None:
    text = "그래 그래 그래 그래 그래"
    assert plausible_text(text, 2.0) == text


def test_text_without_room_in_its_speech_goes_altogether() -> None:
    words = "".join(chr(ord("가") + 37 * k) for k in range(200))  # no repeats to fold
    assert plausible_text(words, 1.0) == ""
    assert plausible_text(words, 8.0) == words


@pytest.mark.parametrize("speech_seconds", [0.0, -1.0, 0.1])
def test_a_very_short_utterance_may_still_be_a_word(speech_seconds: float) -> None:
    assert plausible_text("알겠습니다", speech_seconds) == "알겠습니다"


@given(st.text(alphabet="가나 다ab(),.[]*♪12\n", max_size=300), st.floats(0, 30))
def test_what_is_left_always_fits_its_speech_and_stays_as_it_is(text: str, seconds: float) -> None:
    left = plausible_text(text, seconds)
    letters = sum(character.isalnum() for character in left)
    assert letters <= MAX_CHARS_PER_SECOND * max(seconds, 0.5)
    assert letters > 0 or left == ""
    assert set(left) <= set(text) | {" "}


@pytest.mark.parametrize(
    "text",
    ["안녕 안녕 안녕 안녕", "요즘 멈췄다, 요즘 멈췄다, 요즘 멈", "Fail better. fail better! Fail"],
)
def test_words_that_follow_themselves_may_be_a_loop(text: str) -> None:
    assert may_loop(text)


@pytest.mark.parametrize(
    "text",
    ["", "네, 네. 알겠습니다", "하하하하", "그럼요, 그럼요", "저축은 하고 계세요? 저축하세요."],
)
def test_words_that_people_say_twice_are_no_loop(text: str) -> None:
    assert not may_loop(text)

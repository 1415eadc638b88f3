"""The Korean language model chooses what makes sense among texts that sound alike."""

import pytest

from hwaja.engines.recognition import Candidate
from hwaja.engines.texts.language_model import Kiwi, likeliest

pytest.importorskip("kiwipiepy", reason="the extra [ko] is not installed")


@pytest.fixture(scope="module")
def model() -> Kiwi:
    return Kiwi()


@pytest.mark.parametrize(
    ("senseless", "sensible"),
    [
        ("그러니까 늦게 라면 못 드실 수도 있어요.", "그러니까 늦게 가면 못 드실 수도 있어요."),
        ("요권을 만들어야 하는데요.", "여권을 만들어야 하는데요."),
        ("아 저기요 산기탕만 팔은 식당인데", "아 저기요 삼계탕만 파는 식당인데"),
    ],
)
def test_a_sensible_text_is_chosen_before_one_that_the_recogniser_likes_a_little_better(
    senseless: str, sensible: str, model: Kiwi
) -> None:
    candidates = [Candidate(senseless, -4.0, 20), Candidate(sensible, -4.3, 20)]
    assert likeliest(candidates, model) == 1


def test_words_are_chosen_before_english_that_sounds_like_them(model: Kiwi) -> None:
    english, korean = "어떻게 I should call her 카드로 할게요.", "어떻게 하실 건가요 카드로 할게요."
    candidates = [Candidate(english, -6.0, 20), Candidate(korean, -10.0, 20)]
    assert likeliest(candidates, model) == 1


def test_words_are_chosen_before_numbers_that_sound_like_them(model: Kiwi) -> None:
    numbers, words = (
        "저기 3개탕만 8일 식당인데 사람이 많아요.",
        "저기 삼계탕만 파는 식당인데 사람이 많아요.",
    )
    candidates = [Candidate(numbers, -4.0, 20), Candidate(words, -6.0, 20)]
    assert likeliest(candidates, model) == 1


def test_a_number_that_the_recogniser_is_sure_of_is_kept(model: Kiwi) -> None:
    candidates = [
        Candidate("회의는 3시에 있어요.", -2.0, 9),
        Candidate("회의는 세 씨에 있어요.", -7.0, 9),
    ]
    assert likeliest(candidates, model) == 0


def test_a_text_that_the_recogniser_is_sure_of_is_chosen_whatever_it_says(model: Kiwi) -> None:
    candidates = [Candidate("늦게 라면 못 드실 수도", -1.0, 9), Candidate("늦게 가면 못", -30.0, 5)]
    assert likeliest(candidates, model) == 0


@pytest.mark.parametrize("text", ["", " ", "\x00", "\ud800", "가" * 5000, "😀", "\u200b\u202e"])
def test_any_text_has_a_finite_log_probability(text: str, model: Kiwi) -> None:
    assert model.log_probability(text) <= 0

"""Places of a text that sound like a hotword."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.engines.texts.sound_alike import MAX_DISTANCE, contains, replacements, sounds


def texts(text: str, *hotwords: str) -> list[str]:
    """The texts with a hotword, the most similar first."""
    return [found for _, found in replacements(text, hotwords)]


@pytest.mark.parametrize(
    ("text", "hotword", "expected"),
    [
        ("아, 저기요. 산기탕만 파는 식당", "삼계탕", "아, 저기요. 삼계탕만 파는 식당"),
        ("30유로 패널 뒤를 낸다", "패널티", "30유로 패널티를 낸다"),  # across a space
        ("으막을 들어요", "음악", "음악을 들어요"),  # a consonant at the end, or at the beginning
        ("캄기 걸렸어요", "감기", "감기 걸렸어요"),
        ("각뚜기 주세요", "깍두기", "깍두기 주세요"),
        ("He lives near air bnb.", "Airbnb", "He lives near Airbnb."),
        ("covit 18", "COVID-19", "COVID-19"),
        ("the epoch of incredulity. It was", "incredulitee", "the epoch of incredulitee. It was"),
    ],
)
def test_a_hotword_replaces_what_sounds_like_it(text: str, hotword: str, expected: str) -> None:
    assert texts(text, hotword) == [expected]


@pytest.mark.parametrize(
    ("text", "hotword"),
    [
        ("산기탕만 파는 식당", "월요일"),
        ("주말에 여권을 만들었어요", "여권"),
        ("시민안전체험관에 가면", "시민안전체험관"),
        ("", "삼계탕"),
        ("...", "삼계탕"),
        ("산기탕", "?!"),
        ("I cannot start", "Ann"),
        ("I am startled", "starts"),
    ],
)
def test_other_words_and_the_hotword_itself_stay(text: str, hotword: str) -> None:
    assert texts(text, hotword) == []


def test_each_hotword_gives_a_text_and_the_most_similar_comes_first() -> None:
    assert texts("대의 신사를 사기탕 산계탕", "심사", "삼계탕", "월요일") == [
        "대의 신사를 사기탕 삼계탕",
        "대의 심사를 사기탕 산계탕",
    ]


def test_of_places_that_are_equally_similar_the_first_is_replaced() -> None:
    assert texts("산계탕 산계탕", "삼계탕") == ["삼계탕 산계탕"]


def distance(one: list[str], other: list[str]) -> int:
    """Levenshtein's distance."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            before, row[j] = row[j], min(before + (left != right), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def test_a_latin_hotword_is_contained_as_a_word_and_a_korean_one_before_its_particles() -> None:
    assert contains("start the art", "art")
    assert not contains("start the party", "art")
    assert contains("삼계탕만 파는", "삼계탕")
    assert contains("Airbnb에서", "Airbnb")


LETTERS = st.text("가나각난앙악어 ", min_size=1, max_size=8)


@given(text=LETTERS, hotword=LETTERS)
def test_no_place_is_more_similar_than_the_one_that_is_found(text: str, hotword: str) -> None:
    """Compared with every place of the text."""
    wanted = [sound for sound, _ in sounds(hotword)]
    found = replacements(text, [hotword])
    if not wanted or hotword in text:
        return
    places = [
        distance([sound for sound, _ in sounds(text[start:stop])], wanted) / len(wanted)
        for start in range(len(text))
        for stop in range(start + 1, len(text) + 1)
    ]
    least = min(places)
    if least > MAX_DISTANCE:
        assert found == []
    else:
        assert [each[0] for each in found] == [pytest.approx(least)]

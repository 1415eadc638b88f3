"""The written form of numbers: the policy, and that nothing changes what was said."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numbers_cases import CHANGED, DIGITS_STAY, UNCHANGED
from readings import sound_alike
from speech_texts import speech_texts

from hwaja.text.counters import READINGS, Reading
from hwaja.text.numbers import NumberStyle, written
from hwaja.text.numerals import digit_names, native, sino, sino_value

DIGITS, WORDS = NumberStyle.DIGITS, NumberStyle.WORDS
ALL = [*(case[0] for case in CHANGED), *UNCHANGED, *DIGITS_STAY]


@pytest.mark.parametrize(("text", "digits"), [(case[0], case[1] or case[0]) for case in CHANGED])
def test_numbers_are_written_in_digits(text: str, digits: str) -> None:
    assert written(text, DIGITS) == digits


@pytest.mark.parametrize(("text", "words"), [(case[0], case[2] or case[0]) for case in CHANGED])
def test_numbers_are_written_in_words(text: str, words: str) -> None:
    assert written(text, WORDS) == words


@pytest.mark.parametrize("text", UNCHANGED)
def test_what_may_be_another_word_stays(text: str) -> None:
    assert [written(text, style) for style in NumberStyle] == [text, text]


@pytest.mark.parametrize("text", DIGITS_STAY)
def test_digits_with_two_usual_readings_stay_in_words(text: str) -> None:
    assert written(text, WORDS) == text


@pytest.mark.parametrize("style", NumberStyle)
@pytest.mark.parametrize("text", ALL)
def test_the_sentences_sound_the_same_and_are_written_once(text: str, style: NumberStyle) -> None:
    result = written(text, style)
    assert sound_alike(text, result)
    assert written(result, style) == result


@pytest.mark.parametrize("case", [case for case in CHANGED if case[1]])
def test_both_styles_can_be_changed_into_each_other(case: tuple[str, str, str]) -> None:
    digits = written(case[0], DIGITS)
    assert written(written(digits, WORDS), DIGITS) == digits


SINO_COUNTERS = [each for each, reading in READINGS.items() if reading is Reading.SINO]
SYLLABLES = (
    "일이삼사오육칠팔구십백천만억조영공점한두세네열스무년월일시분초원명개살도번대제여분의에이다첫째"
)


@given(st.integers(0, 10**16 - 1))
def test_the_words_of_a_number_mean_the_number(number: int) -> None:
    words = sino(number)
    assert sound_alike(str(number), words)
    assert number == 0 or sino_value(words) == number


@given(st.integers(11, 9999), st.sampled_from(SINO_COUNTERS))
def test_any_number_before_a_counter_sounds_the_same(number: int, counter: str) -> None:
    spelled = f"그게 {sino(number)} {counter}예요."
    digits = written(spelled, DIGITS)
    assert sound_alike(spelled, digits)
    assert sound_alike(digits, written(digits, WORDS))


@given(st.integers(1, 99), st.sampled_from(["명", "개", "살", "마리", "시간", "켤레"]))
def test_any_native_number_before_a_counter_becomes_digits(number: int, counter: str) -> None:
    assert (
        written(f"모두 {native(number)} {counter}예요.", DIGITS) == f"모두 {number}{counter}예요."
    )


@given(st.integers(1, 9999).map(lambda hundreds: hundreds * 100))
def test_every_price_has_the_same_form_in_digits(price: int) -> None:
    forms = [f"{sino(price)} 원", f"{price}원", f"{price:,} 원", f"{price:,}원"]
    assert len({written(f"값이 {form}이에요.", DIGITS) for form in forms}) == 1


@given(st.from_regex(r"\A010-[0-9]{4}-[0-9]{4}\Z"))
def test_a_spelled_telephone_number_has_the_form_of_a_written_one(number: str) -> None:
    spelled = " ".join(digit_names(group) for group in number.split("-"))
    assert written(f"제 번호는 {spelled}입니다", DIGITS) == f"제 번호는 {number}입니다"
    assert written(f"제 번호는 {number}입니다", WORDS) == f"제 번호는 {spelled}입니다"


@settings(max_examples=300)
@given(st.text(st.sampled_from(SYLLABLES + "     0123456789%,.:-"), max_size=14))
def test_any_syllables_sound_the_same_and_are_written_once(text: str) -> None:
    for style in NumberStyle:
        result = written(text, style)
        assert sound_alike(text, result)
        assert written(result, style) == result


@given(st.text(st.characters(exclude_characters="".join(map(chr, range(0xAC00, 0xD7A4))))))
def test_a_text_without_hangul_stays(text: str) -> None:
    assert [written(text, style) for style in NumberStyle] == [text, text]


@pytest.mark.parametrize("style", NumberStyle)
def test_real_sentences_sound_the_same(style: NumberStyle) -> None:
    assert all(sound_alike(text, written(text, style)) for text in speech_texts())


def test_few_real_sentences_have_a_number_to_write() -> None:
    # Each of the 18 was looked at; a rule that takes words for numbers changes many more.
    changed = [text for text in speech_texts() if written(text, DIGITS) != text]
    assert len(changed) <= 18

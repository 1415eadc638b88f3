"""Numbers that identify a person are replaced, and no others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numbers_cases import CHANGED, DIGITS_STAY, UNCHANGED
from speech_texts import speech_texts

from hwaja.text.masking import ACCOUNT, CARD, REGISTRATION, TELEPHONE, masked
from hwaja.text.numbers import NumberStyle, written
from hwaja.text.numerals import digit_names

MASKED = [
    # Mobile telephones.
    ("제 번호는 010-1234-5678이에요.", f"제 번호는 {TELEPHONE}이에요."),
    ("01012345678로 주세요.", f"{TELEPHONE}로 주세요."),
    ("010 1234 5678입니다.", f"{TELEPHONE}입니다."),
    ("010 12 34 56 78이요.", f"{TELEPHONE}이요."),
    ("010.1234.5678", TELEPHONE),
    ("010-1234-5678 두 명이요.", f"{TELEPHONE} 두 명이요."),
    ("010-1234-5678 2명이요.", f"{TELEPHONE} 2명이요."),
    ("010-1234-5678, 011-234-5678", f"{TELEPHONE}, {TELEPHONE}"),
    ("공일공 일이삼사 오육칠팔이에요.", f"{TELEPHONE}이에요."),
    ("공일공에 일이삼사에 오육칠팔입니다.", f"{TELEPHONE}입니다."),
    ("공일공 다시 일이삼사 다시 오육칠팔요.", f"{TELEPHONE}요."),
    ("공일공일이삼사오육칠팔", TELEPHONE),
    ("영일영 일이삼사 오육칠팔", TELEPHONE),
    ("공 일 공 일 이 삼 사 오 육 칠 팔", TELEPHONE),
    ("010에 1234에 5678이요.", f"{TELEPHONE}이요."),
    ("+82 10-1234-5678", TELEPHONE),
    ("+82-10-1234-5678로요.", f"{TELEPHONE}로요."),
    ("82 10 1234 5678", TELEPHONE),
    # A digit is missing or too many, or the rest comes later.
    ("010-1234-567", TELEPHONE),
    ("010-1234-56789", TELEPHONE),
    ("제 번호가 010-1234", f"제 번호가 {TELEPHONE}"),
    # Other telephones.
    ("02-123-4567로요.", f"{TELEPHONE}로요."),
    ("(02) 555-1234", TELEPHONE),
    ("031-555-1234", TELEPHONE),
    ("공삼일에 오오오에 일이삼사요.", f"{TELEPHONE}요."),
    ("070-1234-5678", TELEPHONE),
    ("1588-1234", TELEPHONE),
    ("일오팔팔에 일이삼사", TELEPHONE),
    ("+82-2-555-1234", TELEPHONE),
    # Registration numbers, with wrong check digits as well.
    ("주민번호는 900101-1234567입니다.", f"주민번호는 {REGISTRATION}입니다."),
    ("900101 1234567", REGISTRATION),
    ("9001011234567이요.", f"{REGISTRATION}이요."),
    ("900101-5234567", REGISTRATION),
    ("구공공일공일에 일이삼사오육칠이요.", f"{REGISTRATION}이요."),
    ("구공공일공일 다시 일 이 삼 사 오 육 칠", REGISTRATION),
    ("주민등록번호 뒷자리가 1234567이에요.", f"주민등록번호 뒷자리가 {REGISTRATION}이에요."),
    ("외국인등록번호 901332-7234567", f"외국인등록번호 {REGISTRATION}"),
    # Cards and accounts.
    ("카드 번호는 1234 5678 9012 3456이요.", f"카드 번호는 {CARD}이요."),
    ("5412-7512-3412-3456", CARD),
    ("5412751234123456", CARD),
    ("오사일이 칠오일이 삼사일이 삼사오육", CARD),
    ("3782 822463 10005", CARD),
    ("국민은행 123456-12-123456으로요.", f"국민은행 {ACCOUNT}으로요."),
    ("계좌는 110 123 456789예요.", f"계좌는 {ACCOUNT}예요."),
]

KEPT = [
    "2026년 11월 29일 10시 30분이에요.",
    "2026.01.05 10:30에 만나요.",
    "2026-11-29",
    "01 02 03 04 05 06",
    "02 13 24 35 46",
    "1 2 3 4 5 6 7 8 9 10 11 12 13",
    "일 이 삼 사 오 육 칠 팔 구 십",
    "매출이 1,234,567,890,123원이에요.",
    "계좌로 10,000,000,000원 보냈어요.",
    "계좌로 12000000000원 보냈어요.",
    "입금은 3시 30분에 했어요.",
    "010이 뭐예요?",
    "119에 전화했어요.",
    "1393에 전화했어요.",
    "1500 2000",
    "주민센터에 3번 갔어요.",
    "이 일 이 일 하지 마세요.",
    "사이사이 이 일 저 일 했어요.",
    "주문 번호 20261129",
    "비밀번호는 1234예요.",
    "키 180 몸무게 75",
    "이천이십육년 십이월 이십오일",
]


@pytest.mark.parametrize(("text", "expected"), MASKED)
def test_a_number_that_identifies_a_person_is_replaced(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize("style", NumberStyle)
@pytest.mark.parametrize("text", [text for text, _ in MASKED])
def test_the_style_of_numbers_hides_no_number_from_the_mask(text: str, style: NumberStyle) -> None:
    masks = (TELEPHONE, REGISTRATION, CARD, ACCOUNT)
    for result in (masked(written(text, style)), written(masked(text), style)):
        assert any(mask in result for mask in masks)
        assert not any(each.isdigit() for each in result.replace("2명", ""))


@pytest.mark.parametrize("text", KEPT)
def test_other_numbers_stay(text: str) -> None:
    assert masked(text) == text


TELEPHONES = [
    case for case in CHANGED if "일공" in case[0] or "010" in case[0] or "1588" in case[0]
]


@pytest.mark.parametrize(
    "text",
    [case[0] for case in CHANGED if case not in TELEPHONES and not case[0].startswith("공이")]
    + UNCHANGED
    + DIGITS_STAY,
)
def test_dates_times_money_and_words_stay(text: str) -> None:
    assert masked(text) == text


def test_real_sentences_stay() -> None:
    assert [text for text in speech_texts() if masked(text) != text] == []


SEPARATORS = st.sampled_from(["-", " ", "", " - ", "에 "])


@given(st.lists(st.from_regex(r"\A[0-9]{4}\Z"), min_size=2, max_size=2), SEPARATORS, st.booleans())
def test_no_digit_of_any_mobile_number_is_left(
    parts: list[str], separator: str, spelled: bool
) -> None:
    groups = ["010", *parts]
    number = separator.join(map(digit_names, groups) if spelled else groups)
    assert masked(f"제 번호는 {number}입니다") == f"제 번호는 {TELEPHONE}입니다"


@given(st.text(st.sampled_from("공일이삼사오육칠팔구 -에0123456789카드주민계좌원"), max_size=40))
def test_a_masked_text_is_masked_once(text: str) -> None:
    assert masked(masked(text)) == masked(text)

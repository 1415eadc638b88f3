"""One written form for the numbers of a Korean text.

Recognisers write the same number in several ways: 세 시 삼십 분, 3시 30분, 세시삼십분. `written`
brings these to one form. The policy:

| | digits | words |
|---|---|---|
| number and counter | 3시 30분, 20살, 5명, 2층 | 세 시 삼십 분, 스무 살, 다섯 명, 이 층 |
| date | 2026년 3월 5일 | 이천이십육 년 삼월 오 일 |
| money, large numbers | 5000원, 3만 5000원, 1억 원 | 오천 원, 삼만 오천 원, 일억 원 |
| percentage, decimal | 30%, 3.5% | 삼십 퍼센트, 삼점오 퍼센트 |
| telephone number | 010-1234-5678 | 공일공 일이삼사 오육칠팔 |
| fraction | 5분의 1 | 오분의 일 |
| ordinal, kind, person, up to ten | 첫 번째, 두 가지, 세 사람 | the same |

What was said does not change: every form that `written` returns can be read as the text was. So a
number that could be another word stays (이 분: this person), and so does a number whose other form
could be read in another way, with another meaning (세 번, 3번). In words, digits stay as well where
two readings are usual (35명, 24시간, 5km). Numbers with Latin letters (A4, 5G), approximations
(두세 명, 이삼 일, 수백 명) and texts without Hangul stay as they are. English stays as the
recogniser wrote it.

No library does this. Those on the package index convert a bare number and leave the question of
what is a number to the caller (korean-number, korNum), normalise other languages (wetext,
nemo-text-processing), or serve to score texts (kocer).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from hwaja.text.counters import (
    AFTER_COUNTER,
    ALONE_ATTACHED,
    ALONE_SPACED,
    READINGS,
    SMALL_IN_WORDS,
    SPAN_FOLLOWS,
    Reading,
)
from hwaja.text.digit_strings import Telephone, telephones
from hwaja.text.expressions import MOST_CHARACTERS, Expression, System, bare_at, expression_at
from hwaja.text.numerals import (
    SINO_SYLLABLES,
    digit_names,
    fraction_names,
    native,
    sino,
    sino_value,
)


class NumberStyle(StrEnum):
    """How numbers are written."""

    DIGITS = "digits"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    stop: int
    text: str


_HANGUL = re.compile(r"[가-힣]")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９％", "0123456789%")
_CLOCK = re.compile(
    r"(?<![\d:./])(\d{1,2}):([0-5]\d)(?![\d:])(?P<rest>에는|에서|에|까지는|까지|부터|쯤|경)?"
)
_HALF_OF_DAY = re.compile(r"(오전|오후|새벽|아침|점심|저녁|밤|낮) ?$")
_FRACTION = re.compile(
    rf"(?P<part>\d+|[{SINO_SYLLABLES}]+) ?분의 ?(?P<count>\d+|[{SINO_SYLLABLES}]+)"
    r"(?P<rest>[가-힣]*)"
)
_GROUP_END = re.compile(r"([만억조])(?=.)")
_MONTH_NAMES = {6: "유", 10: "시"}


def written(text: str, style: NumberStyle) -> str:
    """Return `text` with its numbers in one form, as the policy of this module says.

    A text without Hangul is returned unchanged. The result does not change when it is written
    again in the same style.
    """
    if not _HANGUL.search(text):
        return text
    text = text.translate(_FULL_WIDTH)
    result, end = "", 0
    for edit in _edits(text, style):
        result += text[end : edit.start] + edit.text
        end = edit.stop
    return result + text[end:]


def _edits(text: str, style: NumberStyle) -> Iterator[_Edit]:
    """Yield the changes, in order."""
    numbers = {each.start: each for each in telephones(text)}
    place, previous = 0, ""
    while place < len(text):
        edit: _Edit | None
        if telephone := numbers.get(place):
            edit, stop, counter = _telephone(telephone, style), telephone.stop, ""
        else:
            edit, stop, counter = _edit_at(text, place, style, previous)
        if edit:
            yield edit
        # What follows belongs to the same date or time if only a space is between.
        previous = counter if stop > place else (previous if text[place] == " " else "")
        place = max(stop, place + 1)


def _edit_at(
    text: str, place: int, style: NumberStyle, previous: str
) -> tuple[_Edit | None, int, str]:
    """Return the change of what begins at `place`, where it ends, and its counter."""
    if edit := _clock(text, place, style) or _fraction(text, place, style):
        return edit, edit.stop, ""
    found = expression_at(text, place, previous)
    if found is None and previous:
        found = expression_at(text, place)
    found = found or bare_at(text, place)
    if found is None:
        return None, place, ""
    new = _in_digits(found) if style is NumberStyle.DIGITS else _in_words(text, found)
    edit = _Edit(place, found.stop, _gap(text, found, style) + new) if new else None
    return edit, found.stop, found.counter


def _gap(text: str, found: Expression, style: NumberStyle) -> str:
    """Return the space that belongs before a number: 오후세시, 진짜20회, but not 제3차."""
    attached = text[found.number.start - 1 : found.number.start].isalnum()
    stays = found.number.system is System.DIGITS and style is NumberStyle.DIGITS
    follows = found.previous in READINGS
    return " " if attached and (follows or not stays) and found.previous != "제" else ""


def _in_digits(found: Expression) -> str:
    number, value = found.number, found.number.value or 0
    if found.counter in SMALL_IN_WORDS and 1 <= value <= 10 and not found.more:
        return _small(value, found.counter)
    if not found.counter:
        return number.digits
    counter = "%" if found.counter == "퍼센트" else found.counter
    gap = " " if number.digits[-1] in "만억조" or found.more else ""
    return f"{number.digits}{found.more}{gap}{counter}"


def _in_words(text: str, found: Expression) -> str:
    """Return the words; nothing where two readings of the digits are usual."""
    number = found.number
    if found.counter in SMALL_IN_WORDS and 1 <= (number.value or 0) <= 10 and not found.more:
        return _small(number.value or 0, found.counter)
    words = _GROUP_END.sub(r"\1 ", number.words or _read(text, found))
    if not words or not found.counter:
        return words
    # 이층 is a floor, 이 층 may be this floor.
    unclear = found.counter not in ALONE_SPACED.get(words, (found.counter,))
    attached = unclear and found.counter in ALONE_ATTACHED.get(words, ())
    together = found.counter == "월" or found.previous == "제" or attached
    return f"{words}{found.more}{'' if together else ' '}{found.counter}"


def _read(text: str, found: Expression) -> str:
    """Return the words of digits before a counter; nothing where they are uncertain."""
    value, counter = found.number.value, found.counter
    if value is None:
        whole, _, decimals = found.number.digits.partition(".")
        is_sure = READINGS[counter] is Reading.SINO
        return f"{sino(int(whole))}점{fraction_names(decimals)}" if is_sure else ""
    if found.more:
        return sino(value) if value >= 100 and value % 10 == 0 else ""
    reading = Reading.SINO if found.previous == "제" else READINGS[counter]
    hundreds = sino(value) if value >= 100 and value % 100 == 0 else ""
    match reading:
        case Reading.SINO if counter == "월":
            return _MONTH_NAMES.get(value) or sino(value)
        case Reading.SINO if counter == "분" and 0 < value <= 10 and found.previous != "시":
            # 세 분 is three persons.
            return sino(value) if SPAN_FOLLOWS.match(text, found.stop) else ""
        case Reading.SINO if counter == "일" and text[found.stop : found.stop + 1] == "도":
            return ""  # 십 일도: eleven degrees
        case Reading.SINO:
            return sino(value)
        case Reading.NATIVE:
            return native(value) if 1 <= value <= 19 else hundreds
        case Reading.AGE:
            return native(value) if 1 <= value <= 99 else hundreds
        case Reading.HOUR:
            return native(value) if 1 <= value <= 12 else sino(value) if value <= 24 else ""
        case _:
            return ""


def _small(value: int, counter: str) -> str:
    first = value == 1 and counter == "번째"
    return f"{'첫' if first else native(value)} {counter}"


def _clock(text: str, place: int, style: NumberStyle) -> _Edit | None:
    """Return the change of a time such as 오후 3:30; none where it may be a score or a verse."""
    found = _CLOCK.match(text, place)
    if not found or int(found[1]) > 24:
        return None
    if not found["rest"] and not _HALF_OF_DAY.search(text[max(0, place - 4) : place]):
        return None
    hours, minutes = int(found[1]), int(found[2])
    time = f"{hours}시" + (f" {minutes}분" if minutes else "")
    return _Edit(place, found.end(2), written(time, style))


def _fraction(text: str, place: int, style: NumberStyle) -> _Edit | None:
    """Return the change of a fraction such as 오분의 일, but not of 이분의 일 (this one's work)."""
    found = _FRACTION.match(text, place, place + 2 * MOST_CHARACTERS)
    if not found or text[place - 1 : place].isalnum() or not AFTER_COUNTER.fullmatch(found["rest"]):
        return None
    part, count = (
        int(each) if each.isdecimal() else sino_value(each)
        for each in (found["part"], found["count"])
    )
    if part is None or count is None or not 1 <= count < part or found["part"] == "이":
        return None
    if style is NumberStyle.DIGITS:
        return _Edit(place, found.end("count"), f"{part}분의 {count}")
    return _Edit(place, found.end("count"), f"{sino(part)}분의 {sino(count)}")


def _telephone(found: Telephone, style: NumberStyle) -> _Edit:
    if style is NumberStyle.DIGITS:
        parts = found.groups
    else:
        parts = tuple(digit_names(group) for group in found.groups)
    plain = "-" if style is NumberStyle.DIGITS else " "
    text = parts[0]
    for separator, part in zip(found.separators, parts[1:], strict=True):
        text += (separator or plain) + part
    return _Edit(found.start, found.stop, text)

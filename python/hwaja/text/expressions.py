"""Finds the numbers in a Korean text, with their counters.

A number is taken only where its counter, the words beside it or its own form leave no doubt.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from hwaja.text.counters import (
    AFTER_COUNTER,
    AFTER_DAY,
    ALONE_ATTACHED,
    ALONE_SPACED,
    COPULA,
    LARGEST,
    NAMES,
    NATIVE_ATTACHED,
    NEXT,
    READINGS,
    SMALL_IN_WORDS,
    SPAN_FOLLOWS,
    SPANS_ALONE,
    SURE_AFTER_NAMES,
    WORDS_AFTER_FULL,
    Reading,
)
from hwaja.text.numerals import DIGIT_VALUES, NATIVE_VALUES, SINO_SYLLABLES, grouped, sino_value


class System(Enum):
    """How a number is written in the text."""

    DIGITS = "digits"
    SINO = "sino-Korean words"
    NATIVE = "native words"


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text."""

    start: int
    stop: int
    system: System
    value: int | None
    """None: a number with decimals."""
    digits: str
    """The number in digits, grouped as in 3만 5000."""
    words: str
    """The number as it is spelled, without spaces; empty where it is written in digits."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A number with its counter."""

    number: Number
    more: str
    """여 (and more), as in 백여 명, or nothing."""
    counter: str
    """Empty: a number without a counter."""
    stop: int
    """Where the counter ends."""
    previous: str
    """The counter right before the number, if the two belong together: 시, in 세 시 삼십 분."""


_HANGUL = re.compile(r"[가-힣]*")
_PLAIN = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)"
_DIGITS = re.compile(rf"(?:{_PLAIN}[천백]?[만억조] ?)*{_PLAIN}(?:\.\d+)?[천백]?[만억조]?")
_PIECE = re.compile(rf"({_PLAIN})([천백]?)([만억조]?)")
_TENS = "열|스물|서른|마흔|쉰|예순|일흔|여든|아흔"
_BEFORE_DIGITS = re.compile(
    rf"[\dA-Za-z{SINO_SYLLABLES}열쉰]$|\d[.,]$|[~/–:-]$|점 ?$|(?:{_TENS}) $"
)
_IN_NUMBER = re.compile(r"\d[.,:~/–-]$|%$")
_AFTER_DIGITS = re.compile(r"[\dA-Za-z:/~–-]|[.,]\d")
_SINO = re.compile(rf"[{SINO_SYLLABLES}]+(?: [{SINO_SYLLABLES}]+)*")
_DECIMAL = re.compile(rf"(영|[{SINO_SYLLABLES}]+) ?점 ?([영일이삼사오육칠팔구]+)")
_NATIVE = re.compile(
    rf"(?:(?:{_TENS}) ?)?(?:한|두|세|네|다섯|여섯|일곱|여덟|아홉)"
    rf"|첫|스무|{_TENS}"
)
MOST_CHARACTERS = 48
"""A number, and the end of a word after it, are at most this long. It bounds the time."""

_MONTHS = {"유": 6, "시": 10}
_COUNTER = {
    length: {word for word in (*READINGS, "%") if len(word) == length} for length in range(1, 5)
}
_POWERS = {"": 1, "백": 100, "천": 1000, "만": 10**4, "억": 10**8, "조": 10**12}
_ATTACHABLE = re.compile(r"(?<![가-힣A-Za-z\d])(오전|오후|약|총|제)$")
_WORD_BEFORE = re.compile(r"([가-힣]+) $")
_SENTENCE_START = re.compile(r"(^|[.?!,…] ?)$")
_FEBRUARY = re.compile(rf"(에|부터|까지)|( ?[{SINO_SYLLABLES}]+ ?일| 초| 말| 중순)")


def expression_at(text: str, start: int, previous: str = "") -> Expression | None:
    """Return the number with a counter that begins at `start`; None if there is surely none.

    Args:
        text: the whole text.
        start: where to look.
        previous: see `Expression.previous`.

    """
    if _before(text, start).endswith("제") and _ATTACHABLE.search(_before(text, start)):
        previous = "제"
    if not previous and not _may_begin(text, start):
        return None
    sure = None
    for number in _numbers(text, start):
        for found in _with_counter(text, number, previous):
            if _is_whole(text, found) and _is_sure(text, found):
                if found.counter in NEXT.get(previous, (found.counter,)):
                    return found
                sure = sure or found
    return sure


def bare_at(text: str, start: int) -> Expression | None:
    """Return the number without a counter that is a word of its own; None if it may be another.

    Such a number has three syllables or more, or decimals.
    """
    if not _may_begin(text, start) or text[start].isdigit():
        return None
    for number in (*_decimals(text, start), *_sinos(text, start)):
        rest = _rest(text, number.stop)
        may_be_digit = number.value is None and rest[:1] in DIGIT_VALUES
        ending = COPULA if may_be_digit else AFTER_COUNTER  # 삼점팔이에요, but not 삼점팔이
        is_word = not text[number.stop + len(rest) :][:1].isdigit()
        clear = is_word and number.words[-1] not in "이일만" and ending.fullmatch(rest)
        whole = text[number.start : number.stop] == number.words
        long = len(number.words) >= 3 and 20 <= (number.value or 0) < 10**4
        decimal = number.value is None and number.words[0] not in "이사오구"
        if clear and whole and (long or decimal) and not _is_approximate(text, number):
            return Expression(number, "", "", number.stop, "")
    return None


def _rest(text: str, stop: int) -> str:
    """Return the end of a word after a number."""
    found = _HANGUL.match(text, stop, stop + MOST_CHARACTERS)
    return found[0] if found else ""


def _is_whole(text: str, found: Expression) -> bool:
    """Return whether only an ending follows the counter, or the next number of a date or time."""
    ends = AFTER_COUNTER.fullmatch(_rest(text, found.stop))
    return ends is not None or _goes_on(text, found)


def _goes_on(text: str, found: Expression) -> bool:
    """Return whether the next number of a date or time follows without a space: 세시삼십분."""
    follows = NEXT.get(found.counter)
    if not follows or not text[found.stop : found.stop + 1].isalnum():
        return False
    after = expression_at(text, found.stop, found.counter)
    return after is not None and after.counter in follows


def _before(text: str, start: int) -> str:
    """Return the end of the text before `start`, long enough for a word beside a number."""
    return text[max(0, start - 12) : start]


def _may_begin(text: str, start: int) -> bool:
    """Return whether a number may begin here: digits in a word, words at the start of one."""
    before = _before(text, start)
    if text[start].isdigit():
        return not _BEFORE_DIGITS.search(before)
    if _IN_NUMBER.search(before):
        return False
    return not before[-1:].isalnum() or bool(_ATTACHABLE.search(before))


def _numbers(text: str, start: int) -> Iterator[Number]:
    """Yield the numbers that could begin at `start`, the longest first."""
    if text[start].isdigit():
        yield from _digits(text, start)
        return
    yield from _decimals(text, start)
    yield from _sinos(text, start)
    if found := _NATIVE.match(text, start):
        words = found[0].replace(" ", "")
        value = 1 if words == "첫" else NATIVE_VALUES.get(words)
        if value:
            yield Number(start, found.end(), System.NATIVE, value, str(value), words)


def _digits(text: str, start: int) -> Iterator[Number]:
    found = _DIGITS.match(text, start, start + MOST_CHARACTERS)
    if found is None or _AFTER_DIGITS.match(text, found.end()):
        return
    written, stop = found[0], found.end()
    if "." in written:
        if not written[-1:].isdigit() or " " in written or re.search("[천백만억조]", written):
            return
        yield Number(start, stop, System.DIGITS, None, written.replace(",", ""), "")
        return
    value, above = 0, 10**16
    pieces = _PIECE.findall(written)
    for digits, power, group in pieces:
        has_zeros = digits.startswith("0") and len(digits) > 1
        piece = int(digits.replace(",", "")) * _POWERS[power] * _POWERS[group]
        is_amount = len(digits) > 1 and power != ""  # 34백만 is read 삼십사 백만
        is_nothing = piece == 0 and (len(pieces) > 1 or not written.isdigit())
        if has_zeros or is_amount or is_nothing or piece >= above:
            return
        value, above = value + piece, _POWERS[group]
    yield Number(start, stop, System.DIGITS, value, grouped(value), "")


def _sinos(text: str, start: int) -> Iterator[Number]:
    found = _SINO.match(text, start, start + MOST_CHARACTERS)
    for stop in range(found.end() if found else start, start, -1):
        words = text[start:stop].replace(" ", "")
        value = None if text[stop - 1] == " " else sino_value(words)
        if value is not None:
            yield Number(start, stop, System.SINO, value, grouped(value), words)
    if text[start + 1 : start + 2] == "월" and (month := _MONTHS.get(text[start])):
        yield Number(start, start + 1, System.SINO, month, str(month), text[start])


def _decimals(text: str, start: int) -> Iterator[Number]:
    found = _DECIMAL.match(text, start, start + MOST_CHARACTERS)
    whole = None if found is None else 0 if found[1] == "영" else sino_value(found[1])
    if found is None or whole is None or whole >= 10**4:
        return
    for stop in range(found.end(), found.start(2), -1):
        names = text[found.start(2) : stop]
        digits = f"{whole}.{''.join(DIGIT_VALUES[name] for name in names)}"
        yield Number(start, stop, System.SINO, None, digits, found[1] + "점" + names)


def _with_counter(text: str, number: Number, previous: str) -> Iterator[Expression]:
    """Yield the number with each counter that follows it, the longest first."""
    more = "여" if text[number.stop : number.stop + 1] == "여" else ""
    start = number.stop + len(more)
    start += text[start : start + 1] == " "
    for length in sorted(_COUNTER, reverse=True):
        counter = text[start : start + length]
        if counter in _COUNTER[length] and (counter != "%" or number.system is System.DIGITS):
            name = "퍼센트" if counter == "%" else counter
            yield Expression(number, more, name, start + length, previous)


def _is_sure(text: str, found: Expression) -> bool:
    """Return whether a number with a counter is one, and its counter is one."""
    number, counter, rest = found.number, found.counter, _rest(text, found.stop)
    if number.system is System.DIGITS:
        follows = counter in NEXT.get(found.previous, ())
        return follows or (counter != "반" and not _is_approximate(text, number))
    if found.more:
        return number.system is System.SINO and (number.value or 0) % 10 == 0
    if counter == "시" and (rest == "도" or rest.startswith("간")):
        return False
    if number.system is System.NATIVE:
        return _is_native_number(text, found)
    if number.value is None:
        is_word = counter == "도" and number.words[1] == "점" and text[number.stop] != " "
        return READINGS[counter] is Reading.SINO and not is_word  # 이점이도: advantages, too
    if number.value > LARGEST.get(counter, number.value):
        return False
    if counter == "월" and not _is_month(text, found):
        return False
    if counter in NEXT.get(found.previous, ()):
        return found.previous != "제" or text[number.stop] != " "
    if _is_approximate(text, number) or not _suits(number, counter):
        return False
    return _is_alone(text, found) if len(number.words) == 1 else _is_no_other(text, found, rest)


def _is_native_number(text: str, found: Expression) -> bool:
    number, counter, before = found.number, found.counter, _before(text, found.number.start)
    value, attached = number.value or 0, text[number.stop] != " "
    allowed = NATIVE_ATTACHED.get(number.words)
    if found.previous == "제" or (attached and allowed is not None and counter not in allowed):
        return False
    if (number.words == "첫") != (counter == "번째" and value == 1):
        return False
    if counter == "시" and value > 12:
        return False
    if (
        number.words == "네"
        and counter not in ("시", "명", "살")
        and _SENTENCE_START.search(before)
    ):
        return False  # 네: yes
    word = _WORD_BEFORE.search(before)
    if word and (NATIVE_VALUES.get(word[1]) == value - 1 or word[1] == "몇"):
        return False  # 한 두 시간: one or two hours
    return READINGS[counter] in (Reading.NATIVE, Reading.AGE, Reading.HOUR)


def _is_month(text: str, found: Expression) -> bool:
    value, words = found.number.value or 0, found.number.words
    if words == "이" and found.previous != "년":
        return _FEBRUARY.match(text, found.stop) is not None  # 이월: carried over
    return 1 <= value <= 12 and words not in ("육", "십")


def _is_approximate(text: str, number: Number) -> bool:
    """Return whether the word before belongs to the number: 몇 십 명, 사 오 분."""
    before = _before(text, number.start)
    word = _WORD_BEFORE.search(before)
    if word is None or word[1] == "만":
        return before.rstrip()[-1:].isdigit()
    return word[1] in ("몇", "수") or all(each in SINO_SYLLABLES for each in word[1])


def _suits(number: Number, counter: str) -> bool:
    """Return whether people read such a number in sino-Korean before such a counter."""
    value = number.value or 0
    match READINGS[counter]:
        case Reading.NATIVE:
            return value >= 20 and counter not in SMALL_IN_WORDS
        case Reading.AGE:
            return value >= 100
        case Reading.HOUR:
            return 13 <= value <= 24
        case Reading.EITHER:
            return value >= 10
        case _:
            return True


def _is_alone(text: str, found: Expression) -> bool:
    """Return whether a single syllable is a number: 이 퍼센트, but not 이 분 (this person)."""
    number, counter = found.number, found.counter
    if counter == "월" and number.words in _MONTHS:
        return True
    spaced = text[number.stop] == " "
    if number.words in SPANS_ALONE.get(counter, "") and SPAN_FOLLOWS.match(text, found.stop):
        return True
    if number.words == "십" and not spaced and WORDS_AFTER_FULL.match(text, found.stop):
        return False  # 십분: fully
    if counter == "월" and number.words == "이":
        return True  # `_is_month` has looked
    return counter in (ALONE_SPACED if spaced else ALONE_ATTACHED).get(number.words, ())


def _is_no_other(text: str, found: Expression, rest: str) -> bool:
    """Return whether a longer number cannot be another word, or another number."""
    number, counter = found.number, found.counter
    attached = text[number.stop] != " "
    if NAMES.fullmatch(number.words) and counter not in SURE_AFTER_NAMES:
        return False
    if attached and READINGS[counter] is Reading.EITHER and counter not in ("번", "대"):
        return False  # 백사장: a beach
    if text[number.start : number.stop].startswith("만 ") and counter in ("세", "년", "개월", "일"):
        return False  # 만 이십 세: in full years
    if counter == "일" and attached and number.words[-1] in "십백천만":
        # 이십일 is 21, or the twentieth.
        is_day = rest != "" and AFTER_DAY.fullmatch(rest) is not None
        return is_day or SPAN_FOLLOWS.match(text, found.stop) is not None
    return True

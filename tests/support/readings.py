"""Reads numbers aloud, in every way that is usual, to check that a text was not changed.

Written apart from `hwaja.text`, and from the digits: it shares no table with it.
"""

import re
import unicodedata
from itertools import product

_NAMES = dict(zip("0123456789", "영일이삼사오육칠팔구", strict=True))
_ONES = ["", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉"]
_TENS = ["", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔"]
_NUMBER = re.compile(r"\d+(?:-\d+)+|\d+(?:,\d{3})*(?:\.\d+)?[천백]?[만억조]?")

_CLOCK = re.compile(r"(\d+):(\d\d)")


def readings(text: str) -> set[str]:
    """Return what `text` sounds like, in Hangul without spaces and punctuation."""
    text = _CLOCK.sub(_clock, unicodedata.normalize("NFKC", text))
    pieces: list[list[str]] = []
    end = 0
    for found in _NUMBER.finditer(text):
        pieces += [[text[end : found.start()]], _ways(found[0], text[found.end() :])]
        end = found.end()
    pieces.append([text[end:]])
    return {_sound("".join(each)) for each in product(*pieces)}


def sound_alike(one: str, other: str) -> bool:
    """Return whether two texts can be read in the same way."""
    return not readings(one).isdisjoint(readings(other))


def _clock(found: re.Match[str]) -> str:
    minutes = int(found[2])
    return f"{found[1]}시{minutes}분" if minutes else f"{found[1]}시"


def _sound(text: str) -> str:
    text = re.sub(r"첫 ?번째", "한번째", text.replace("%", "퍼센트"))
    return "".join(letter for letter in text if letter.isalnum())


def _ways(number: str, after: str) -> list[str]:
    if "-" in number:
        return [
            "".join(_NAMES[c] for c in number if c.isdigit()).replace("영", zero) for zero in "영공"
        ]
    number = number.replace(",", "")
    unit = number.lstrip("0123456789.")
    digits = number.removesuffix(unit)
    whole, _, decimals = digits.partition(".")
    if decimals:
        return [_sino(whole) + "점" + "".join(_NAMES[c] for c in decimals) + unit]
    ways = [_sino(whole) + unit]
    if unit and whole == "1":
        ways.append(unit)
    if not unit and 1 <= int(whole) <= 99:
        ways.append(_TENS[int(whole) // 10] + _ONES[int(whole) % 10])
        ways += ["스무"] if whole == "20" else []
    if after.lstrip().startswith("월") and not unit and whole in ("6", "10"):
        ways = ["유" if whole == "6" else "시"]
    if len(whole) > 3 or whole[0] == "0":
        ways += ["".join(_NAMES[c] for c in whole).replace("영", zero) for zero in "영공"]
    return ways


def _sino(digits: str) -> str:
    """Read from the right, one digit after the other."""
    words = ""
    for place, digit in enumerate(reversed(str(int(digits)))):
        group = ["", "만", "억", "조"][place // 4]
        if place % 4 == 0 and int(str(int(digits))[: len(str(int(digits))) - place][-4:]) > 0:
            words = group + words
        if digit != "0":
            power = ["", "십", "백", "천"][place % 4]
            name = (
                ""
                if digit == "1"
                and (power or (group == "만" and place == 4 == len(str(int(digits))) - 1))
                else _NAMES[digit]
            )
            words = name + power + words
    return words or "영"

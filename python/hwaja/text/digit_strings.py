"""Finds runs of digits, written (010-1234) or named one by one (공일공 일이삼사)."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol, TypeVar

from hwaja.text.counters import AFTER_COUNTER
from hwaja.text.numerals import DIGIT_VALUES

_NAMES = "".join(DIGIT_VALUES)
_GROUP = rf"(?:\d+|[{_NAMES}]+)"
_SEPARATOR = r"(?:에|의|국에)? ?(?:[-–—~.,)]|다시|하이픈|대시)? ?"
_RUN = re.compile(rf"(?<!\d){_GROUP}(?:{_SEPARATOR}{_GROUP})*")
_GROUPS = re.compile(_GROUP)
_HANGUL = re.compile(r"[가-힣]*")
_KEPT_BETWEEN = re.compile(r"[가-힣)]")

MOBILE = r"01[016789]"
"""Prefixes of mobile telephones. 010 is followed by 8 digits, the older ones by 7 or 8."""

_TELEPHONE = re.compile(
    rf"({MOBILE}|070|080|050\d)(\d{{4}})(\d{{4}})"
    r"|(01[16789]|080)(\d{3})(\d{4})"
    r"|(02|0[3-6]\d)([1-9]\d{2,3})(\d{4})"
    r"|(15[2-9]{2}|1600|16[4-8]{2}|16[67]0|1[68]00|1811|18[3-9]{2})(\d{4})"
)
"""Mobile and Internet telephones, area codes, and the numbers of companies (1588-1234)."""

MOST_DIGITS = 20
"""Longer numbers are not looked for: a card has 16 digits."""


@dataclass(frozen=True, slots=True)
class Digit:
    """One digit of a run."""

    digit: str
    place: int
    """Index of its character in the text."""
    group: int
    """Index of its group: the groups of a run are separated by spaces, hyphens or 에."""


@dataclass(frozen=True, slots=True)
class Telephone:
    """A telephone number in a text."""

    start: int
    stop: int
    groups: tuple[str, ...]
    """Its digits: 010, 1234, 5678."""
    separators: tuple[str, ...]
    """The words between the groups that are read (에); empty where there is only punctuation."""


class _Piece(Protocol):
    """What is found in a text."""

    @property
    def stop(self) -> int:
        """Where it ends."""


Found = TypeVar("Found", bound=_Piece)


def runs(text: str) -> Iterator[list[Digit]]:
    """Yield the runs of digits and names of digits, in order.

    A run may contain a word that consists of such syllables (이, 일): what is at the start or the
    end of a group is the caller's to decide.
    """
    for run in _RUN.finditer(text):
        if run[0][0] in _NAMES and text[run.start() - 1 : run.start()].isalnum():
            continue
        yield [
            Digit(DIGIT_VALUES.get(text[place], text[place]), place, index)
            for index, group in enumerate(_GROUPS.finditer(text, run.start(), run.end()))
            for place in range(group.start(), group.end())
        ]


def each_found(
    text: str, judge: Callable[[list[Digit], list[int]], Found | None]
) -> Iterator[Found]:
    """Yield what `judge` finds in the runs of a text, in order.

    Args:
        text: the text.
        judge: takes digits from the start of a group, and how many of them may be a number of
            their own, the most first. Returns what it finds, or None.

    """
    for run in runs(text):
        first, stop = 0, 0
        for first, digit in enumerate(run):
            begins = first == 0 or run[first - 1].group != digit.group
            if begins and digit.place >= stop:
                digits = run[first : first + MOST_DIGITS + 1]
                if found := judge(digits, list(_ends(text, digits))):
                    yield found
                    stop = found.stop


def _ends(text: str, digits: list[Digit]) -> Iterator[int]:
    """Yield how many of `digits` may be a number of their own, the most first.

    A number ends with a group, or before an ending: 오육칠팔이에요 are four digits.
    """
    for count in range(min(len(digits), MOST_DIGITS), 0, -1):
        last = digits[count - 1]
        closes = count == len(digits) or digits[count].group != last.group
        if text[last.place].isdigit():
            if closes:
                yield count
        elif AFTER_COUNTER.fullmatch(_HANGUL.match(text, last.place + 1, last.place + 49)[0]):  # type: ignore[index]
            yield count


def breaks_at(
    digits: list[Digit], places: tuple[int, ...], most_dictated: int, most_groups: int = 0
) -> bool:
    """Return whether a group ends at each of `places`.

    Two other forms count as well: one group, and groups of at most `most_dictated` digits, as
    people dictate. Otherwise there are at most `most_groups` groups, and two more than `places`.
    """
    sizes = Counter(each.group for each in digits)
    if len(sizes) == 1 or max(sizes.values()) <= most_dictated:
        return True
    if len(sizes) > max(len(places) + 2, most_groups):
        return False  # a list of numbers
    return all(digits[place - 1].group != digits[place].group for place in places)


def telephones(text: str) -> Iterator[Telephone]:
    """Yield the telephone numbers of a text, in order."""
    return each_found(text, lambda digits, counts: telephone_in(text, digits, counts))


def telephone_in(text: str, digits: list[Digit], counts: list[int]) -> Telephone | None:
    """Return the telephone number with which `digits` begin; see `each_found`."""
    for count in counts:
        found = _TELEPHONE.fullmatch("".join(each.digit for each in digits[:count]))
        groups = tuple(group for group in found.groups() if group) if found else ()
        ends = list(accumulate(map(len, groups[:-1])))
        is_mobile = bool(re.match(MOBILE, groups[0])) if groups else False
        # 02 13 24 35 46 are five numbers; 010 13 24 35 46 is a telephone number.
        breaks, most_dictated = ((3,), 2) if is_mobile else (tuple(ends), 1)
        if groups and breaks_at(digits[:count], breaks, most_dictated, 5 if is_mobile else 0):
            between = [text[digits[end - 1].place + 1 : digits[end].place] for end in ends]
            separators = tuple(each if _KEPT_BETWEEN.search(each) else "" for each in between)
            return Telephone(digits[0].place, digits[count - 1].place + 1, groups, separators)
    return None

"""Korean numerals: integers to words and back.

Korean has two systems. Sino-Korean numerals (일, 이, 삼) read any number. Native numerals (한, 두,
세) count up to 99. Digits can also be read one by one (공일공).
"""

_DIGITS = "영일이삼사오육칠팔구"
_POWERS = {"십": 10, "백": 100, "천": 1000}
_GROUPS = {"조": 10**12, "억": 10**8, "만": 10**4}

SINO_SYLLABLES = _DIGITS[1:] + "".join(_POWERS) + "".join(_GROUPS)
"""The syllables of sino-Korean numbers above 0."""

MOST = 10**16
"""Numbers from here on are not read: they need 경, which no one says in a conversation."""

_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")
_ONES = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉")


def sino(number: int) -> str:
    """Return the sino-Korean words of a number below `MOST`, without spaces: 이천이십육."""
    if number == 0:
        return _DIGITS[0]
    words = ""
    for unit, size in (*_GROUPS.items(), ("", 1)):
        group, number = divmod(number, size)
        if group:
            one = unit == "만" and group == 1 and not words
            words += unit if one else _below_ten_thousand(group) + unit
    return words


def sino_value(words: str) -> int | None:
    """Return the number that sino-Korean words without spaces mean; None if they mean none.

    Only the usual words of a number are accepted, so 이사, 일이 and 일백 mean none. 일만 is usual
    beside 만.
    """
    total = group = digit = 0
    for syllable in words:
        if syllable in _POWERS:
            group += (digit or 1) * _POWERS[syllable]
            digit = 0
        elif syllable in _GROUPS:
            total += (group + digit or 1) * _GROUPS[syllable]
            group = digit = 0
        elif syllable in _DIGITS:
            digit = _DIGITS.index(syllable)
        else:
            return None
    value = total + group + digit
    usual = sino(value) if value < MOST else ""
    is_number = words == usual or (usual.startswith("만") and words == "일" + usual)
    return value if is_number else None


def grouped(number: int) -> str:
    """Return the digits of a number, grouped as it is read: 3만 5000. No group has a comma."""
    groups = []
    for unit, size in (*_GROUPS.items(), ("", 1)):
        group, number = divmod(number, size)
        if group:
            groups.append(f"{group}{unit}")
    return " ".join(groups) or "0"


def native(number: int) -> str:
    """Return the native words of a number from 1 to 99 as they stand before a counter: 스물한."""
    return "스무" if number == 20 else _TENS[number // 10] + _ONES[number % 10]


def digit_names(digits: str) -> str:
    """Return the names of digits one by one, with 공 for 0, as in telephone numbers."""
    return "".join("공" if digit == "0" else _DIGITS[int(digit)] for digit in digits)


def fraction_names(digits: str) -> str:
    """Return the names of the digits after a decimal point, with 영 for 0."""
    return "".join(_DIGITS[int(digit)] for digit in digits)


def _below_ten_thousand(number: int) -> str:
    words = ""
    for unit, size in (("천", 1000), ("백", 100), ("십", 10), ("", 1)):
        digit, number = divmod(number, size)
        if digit:
            words += ("" if digit == 1 and unit else _DIGITS[digit]) + unit
    return words


NATIVE_VALUES = {native(number): number for number in range(1, 100)}
"""The numbers of native words before a counter."""

DIGIT_VALUES = {"공": "0"} | {name: str(digit) for digit, name in enumerate(_DIGITS)}
"""The digits of digit names."""

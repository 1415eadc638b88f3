"""Replaces the numbers that identify a person by asterisks.

Masked are resident and foreigner registration numbers, card numbers, telephone numbers, and, after
a word such as 계좌 (account), account numbers: in digits or spelled (공일공), with or without
spaces, hyphens and 에 between the groups. No digit is kept, because the last four digits of a
telephone number and the first six of a registration number (the date of birth) identify a person
too, beside what else a conversation tells. The asterisks have the form of the kind of number, so a
reader sees what was said: `***-****-****` is a telephone number.

Check digits are not looked at. Registration numbers have had none since October 2020, and a number
with one digit misheard must be masked as well. So the libraries for such numbers do not serve:
python-stdnum, phonenumbers and korean-pii accept only right numbers, and only digits.

What is not masked: a number that is spoken over two utterances, if the second part alone has
nothing that shows what it is; and a number that is read as an amount (천이백삼십사).
"""

import re
from dataclasses import dataclass

from hwaja.text.digit_strings import (
    MOBILE,
    Digit,
    breaks_at,
    each_found,
    telephone_in,
)

TELEPHONE = "***-****-****"
REGISTRATION = "******-*******"
CARD = "****-****-****-****"
ACCOUNT = "***-***-******"
"""What stands for each kind of number."""


@dataclass(frozen=True, slots=True)
class _Mask:
    start: int
    stop: int
    text: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """The form of a kind of number."""

    digits: re.Pattern[str]
    breaks: tuple[int, ...]
    """Where its groups end."""
    mask: str
    keyword: re.Pattern[str] | None = None
    """What must stand shortly before it."""
    most_dictated: int = 2
    most_groups: int = 0
    """See `breaks_at`."""


_WINDOW_CHARACTERS = 25
_REGISTRATION_WORDS = re.compile(r"주민|외국인")
_CARD_WORDS = re.compile(r"카드")
_ACCOUNT_WORDS = re.compile(
    r"계좌|통장|입금|송금|이체|은행|뱅크|농협|수협|신협|새마을금고|우체국|예금주"
)
_AMOUNT_FOLLOWS = re.compile(r"[천백]?[만억조]? ?(원|달러|명|개|년|월|일|시|분|초)")
_COMMA = re.compile(r"\d,\d{3}(?!\d)")

_KINDS = (
    _Kind(re.compile(r"[2-69]\d{15}"), (4, 8, 12), CARD, most_dictated=1),
    _Kind(re.compile(r"3[47]\d{13}"), (4, 10), CARD, most_dictated=1),
    _Kind(
        re.compile(r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{7}"),
        (6,),
        REGISTRATION,
        most_groups=13,
    ),
    _Kind(re.compile(r"\d{14,16}"), (), CARD, _CARD_WORDS, most_dictated=8),
    _Kind(re.compile(r"\d{12,14}"), (), REGISTRATION, _REGISTRATION_WORDS, most_dictated=7),
)
_FOREIGN = _Kind(
    re.compile(r"82(?:0?1[016789]\d{7,8}|0?2[2-9]\d{6,7}|0?[3-6]\d[2-9]\d{6,7}|0?70\d{8})"),
    (2,),
    TELEPHONE,
    most_groups=6,
)
_UNSURE_KINDS = (
    # A digit may be misheard or missing, or the rest may be in the next utterance.
    _Kind(re.compile(rf"{MOBILE}\d{{3,9}}"), (3,), TELEPHONE, most_dictated=1),
    _Kind(re.compile(r"\d{10,14}"), (), ACCOUNT, _ACCOUNT_WORDS, most_dictated=6),
    _Kind(re.compile(r"\d{6,7}"), (), REGISTRATION, _REGISTRATION_WORDS, most_dictated=1),
)


def masked(text: str) -> str:
    """Return `text` with every number that identifies a person replaced by asterisks.

    The result does not change when it is masked again. Dates, times, amounts and all other numbers
    stay.
    """
    result, end = "", 0
    for mask in each_found(text, lambda digits, counts: _mask(text, digits, counts)):
        opened = text[end : mask.start].removesuffix("+")
        if ")" in text[mask.start : mask.stop]:
            opened = opened.removesuffix("(")
        result += opened + mask.text
        end = mask.stop
    return result + text[end:]


def _mask(text: str, digits: list[Digit], counts: list[int]) -> _Mask | None:
    for kind in (*_KINDS, _FOREIGN):
        if mask := _of_kind(kind, text, digits, counts):
            return mask
    if telephone := telephone_in(text, digits, counts):
        return _Mask(telephone.start, telephone.stop, TELEPHONE)
    return next(
        (mask for kind in _UNSURE_KINDS if (mask := _of_kind(kind, text, digits, counts))), None
    )


def _of_kind(kind: _Kind, text: str, digits: list[Digit], counts: list[int]) -> _Mask | None:
    """Return the mask of the longest number of this kind with which `digits` begin."""
    first = digits[0].place
    before = text[max(0, first - _WINDOW_CHARACTERS) : first]
    if kind.keyword and not kind.keyword.search(before):
        return None
    for count in counts:
        if not kind.digits.fullmatch("".join(each.digit for each in digits[:count])):
            continue
        stop = digits[count - 1].place + 1
        is_amount = _AMOUNT_FOLLOWS.match(text, stop) or _COMMA.search(text[first:stop])
        has_form = breaks_at(digits[:count], kind.breaks, kind.most_dictated, kind.most_groups)
        if has_form and not is_amount:
            return _Mask(first, stop, kind.mask)
    return None

"""Detection of another voice in an open utterance."""

from dataclasses import replace
from math import log

import pytest

from hwaja.speakers.parts import CERTAIN_PROBABILITY, NEXT_SECONDS, Part, next_turn

CERTAIN = log(CERTAIN_PROBABILITY / (1 - CERTAIN_PROBABILITY))
FIRST = Part(1000, 30_000, (0, 1), 1.8, (0.6, 0.1), (0.5, 0.0), (CERTAIN + 0.01, 0.0))
NEXT = Part(30_000, 48_000, (0, 1), 1.1, (0.1, 0.6), (0.0, 0.5), (0.0, CERTAIN + 0.01))


def test_the_next_turn_begins_where_another_voice_is_certain() -> None:
    assert next_turn((FIRST, NEXT)) == 30_000


def test_the_last_of_several_turns_is_the_next() -> None:
    third = replace(FIRST, start=48_000, stop=60_000)
    assert next_turn((FIRST, NEXT, third)) == 48_000


@pytest.mark.parametrize(
    "parts",
    [
        (FIRST,),
        (replace(FIRST, evidence=(CERTAIN - 0.01, 0.0)), NEXT),
        (FIRST, replace(NEXT, evidence=(0.0, CERTAIN - 0.01))),
        (FIRST, replace(NEXT, speech_seconds=NEXT_SECONDS - 0.01)),
    ],
    ids=["one voice", "the one before is not certain", "the next is not certain", "too little"],
)
def test_without_two_certain_voices_there_is_no_next_turn(parts: tuple[Part, ...]) -> None:
    assert next_turn(parts) is None

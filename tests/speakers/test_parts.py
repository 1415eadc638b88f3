"""The label, probability and margin of a part, from its voice."""

from dataclasses import replace
from math import log

import pytest

from hwaja.protocol.values import Label
from hwaja.speakers.parts import SURE_PROBABILITY, Part, without_first_overlap

SURE = log(SURE_PROBABILITY / (1 - SURE_PROBABILITY))
"""Evidence for one of two voices that just makes it sure."""

PART = Part(0, 48_000, (0, 1), 2.5, (0.5, 0.1), (0.4, 0.0), (9.0, 0.0))


def scored(speech_seconds: float, score: float) -> Part:
    return replace(PART, speech_seconds=speech_seconds, scores=(score, score - 0.3))


def test_a_voice_clearly_nearer_than_the_other_is_sure() -> None:
    assert (PART.label, PART.nearest) == (Label.SURE, 0)
    assert PART.probability == pytest.approx(1 / (1 + 2.718281828**-9))
    assert PART.margin == pytest.approx(0.4)


def test_the_nearest_voice_is_the_one_with_the_most_evidence() -> None:
    assert replace(PART, evidence=(0.0, 9.0)).nearest == 1
    assert replace(PART, speaker_ids=(0, 1, 2), evidence=(0.0, 1.0, 2.0)).nearest == 2


@pytest.mark.parametrize(
    ("evidence", "label"),
    [
        ((0.0, SURE + 0.01), Label.SURE),
        ((0.0, SURE - 0.01), Label.DOUBTFUL),
        ((SURE + 0.01, 0.0, -20.0), Label.SURE),
        ((SURE + 0.01, 0.0, 0.0), Label.DOUBTFUL),
        ((0.0,), Label.SURE),
    ],
)
def test_a_voice_is_sure_if_all_others_are_much_less_likely(
    evidence: tuple[float, ...], label: Label
) -> None:
    assert replace(PART, evidence=evidence).label is label


@pytest.mark.parametrize("speech_seconds", [0.03, 0.09])
def test_too_little_speech_to_embed_is_short(speech_seconds: float) -> None:
    part = Part(0, 1500, (0, 1), speech_seconds)
    assert part.label is Label.SHORT
    assert not part.is_exemplary


@pytest.mark.parametrize(
    ("speech_seconds", "score", "label"),
    [
        (0.9, -0.9, Label.SURE),
        (1.0, -0.06, Label.UNKNOWN),
        (1.0, -0.04, Label.SURE),
        (1.9, 0.04, Label.SURE),
        (2.0, 0.04, Label.UNKNOWN),
        (2.0, 0.06, Label.SURE),
        (3.0, 0.09, Label.UNKNOWN),
        (15.0, 0.09, Label.UNKNOWN),
        (15.0, 0.11, Label.SURE),
    ],
)
def test_a_voice_unlike_all_others_is_unknown_and_more_so_with_more_speech(
    speech_seconds: float, score: float, label: Label
) -> None:
    """It does not matter how much nearer one of the voices is."""
    assert scored(speech_seconds, score).label is label


@pytest.mark.parametrize(
    ("overlap_seconds", "label"), [(1.24, Label.SURE), (1.25, Label.OVERLAP), (2.5, Label.OVERLAP)]
)
def test_two_voices_for_half_of_the_time_are_an_overlap(
    overlap_seconds: float, label: Label
) -> None:
    assert replace(PART, overlap_seconds=overlap_seconds).label is label


def test_overlapping_speech_is_marked_even_if_the_mixture_resembles_no_voice() -> None:
    part = replace(scored(2.5, -0.5), overlap_seconds=2.5)
    assert part.label is Label.OVERLAP


@pytest.mark.parametrize(
    ("scores", "margin"),
    [((0.4,), 0.0), ((0.1, 0.4), 0.3), ((0.1, 0.4, 0.35), 0.05), ((-0.4, -0.1), 0.3)],
)
def test_the_margin_is_the_distance_to_the_next_voice(
    scores: tuple[float, ...], margin: float
) -> None:
    assert replace(PART, scores=scores).margin == pytest.approx(margin)


@pytest.mark.parametrize(
    ("changes", "is_exemplary"),
    [
        ({}, True),
        ({"speech_seconds": 2.99}, False),
        ({"overlap_seconds": 0.16}, False),
        ({"evidence": (0.0, 1.0)}, False),
        ({"scores": (0.0, -0.4)}, False),
    ],
)
def test_a_voice_may_learn_only_from_long_sure_speech_of_one_speaker(
    changes: dict[str, object], is_exemplary: bool
) -> None:
    long = replace(PART, speech_seconds=3.0)
    assert replace(long, **changes).is_exemplary is is_exemplary  # type: ignore[arg-type]


def overlap_of(nearest: int, other: int, start: int, stop: int) -> Part:
    evidence = tuple(9.0 * (index == nearest) for index in (0, 1))
    return replace(
        PART,
        start=start,
        stop=stop,
        speech_seconds=1.0,
        overlap_seconds=0.9,
        other=other,
        evidence=evidence,
    )


def test_an_overlap_is_joined_to_the_neighbour_of_its_voice() -> None:
    before = replace(PART, stop=10)
    after = replace(PART, start=20, stop=30, evidence=(0.0, 9.0))
    fewer = without_first_overlap([before, overlap_of(1, 0, 10, 20), after])
    assert fewer is not None
    assert [(p.start, p.stop, p.nearest, p.other) for p in fewer] == [
        (0, 10, 0, None),
        (10, 30, 1, 0),
    ]
    assert (fewer[1].speech_seconds, fewer[1].overlap_seconds) == (3.5, 0.9)


def test_an_overlap_beside_another_voice_only_names_the_voice_of_the_overlap() -> None:
    fewer = without_first_overlap([overlap_of(1, 0, 0, 10), replace(PART, start=10)])
    assert fewer is not None
    assert [(p.start, p.nearest, p.other) for p in fewer] == [(0, 0, 1)]


def test_there_is_nothing_to_join_without_an_overlap_beside_another_part() -> None:
    assert without_first_overlap([PART, PART]) is None
    assert without_first_overlap([overlap_of(1, 0, 0, 10)]) is None


@pytest.mark.parametrize("is_first", [True, False])
def test_an_overlap_beside_a_part_with_too_little_speech_keeps_its_voices(is_first: bool) -> None:
    short = replace(PART, start=0 if is_first else 10, speech_seconds=0.05, evidence=())
    overlap = overlap_of(1, 0, *((10, 20) if is_first else (0, 10)))
    parts = [replace(short, stop=short.start + 10), overlap]
    fewer = without_first_overlap(parts if is_first else parts[::-1])
    assert fewer is not None
    assert [(p.start, p.stop, p.nearest, p.other) for p in fewer] == [(0, 20, 1, 0)]
    assert fewer[0].overlap_seconds == 0.9

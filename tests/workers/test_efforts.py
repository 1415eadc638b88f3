"""The effort for an utterance follows the load: accuracy while cores idle, speed under load."""

import pytest

from hwaja.engines.recognition import NORMAL, Effort
from hwaja.workers.efforts import (
    GREEDY,
    PATIENT,
    QUICK,
    QUICK_FROM_USE,
    THOROUGH,
    THOROUGH_BELOW_USE,
    THOROUGH_SECONDS,
    URGENT,
    effort_of,
    patient_effort_of,
)
from hwaja.workers.overload import BEGINS_AT_SECONDS, DegradationLevel, Overload


def overloaded(level: DegradationLevel) -> Overload:
    overload = Overload()
    overload.observe(BEGINS_AT_SECONDS.get(level, 0.1), now=0.0)
    return overload


@pytest.mark.parametrize(
    ("level", "use", "effort"),
    [
        (DegradationLevel.NOTHING, 0.0, THOROUGH),
        (DegradationLevel.NOTHING, THOROUGH_BELOW_USE, NORMAL),
        (DegradationLevel.NOTHING, QUICK_FROM_USE, QUICK),
        (DegradationLevel.THOROUGH_SEARCH, 0.0, NORMAL),
        (DegradationLevel.BEAM_SEARCH, 0.0, GREEDY),
        (DegradationLevel.INTERIMS, 1.0, GREEDY),
    ],
)
def test_the_search_narrows_as_the_load_rises(
    level: DegradationLevel, use: float, effort: Effort
) -> None:
    assert effort_of(overloaded(level), use, seconds=3.0) == effort


def test_a_long_utterance_gets_no_thorough_search() -> None:
    longest = THOROUGH_SECONDS
    assert effort_of(Overload(), use=0.0, seconds=longest) == THOROUGH
    assert effort_of(Overload(), use=0.0, seconds=longest + 0.1) == NORMAL


def test_every_step_searches_less_than_the_one_before() -> None:
    sizes = [each.beam_size for each in (THOROUGH, NORMAL, QUICK, GREEDY)]
    assert sizes == sorted(sizes, reverse=True)
    assert len({*sizes}) == len(sizes)


def test_no_text_that_somebody_waits_for_is_looked_at_twice() -> None:
    """A second look at unsure texts made the median delay in an echoing room 0.4 s longer."""
    live = [effort_of(Overload(), use, 3.0) for use in (0.0, THOROUGH_BELOW_USE, QUICK_FROM_USE)]
    assert not any(each.looks_twice for each in (*live, URGENT))
    assert patient_effort_of(3.0) == PATIENT
    assert PATIENT.looks_twice


def test_a_long_utterance_of_a_file_gets_one_thorough_look() -> None:
    assert patient_effort_of(THOROUGH_SECONDS) == PATIENT
    assert patient_effort_of(THOROUGH_SECONDS + 0.1) == THOROUGH


def test_the_search_narrows_before_interim_texts_stop() -> None:
    assert DegradationLevel.BEAM_SEARCH < DegradationLevel.INTERIMS


@pytest.mark.parametrize("use", [0.0, 1.0])
def test_a_client_that_waits_gets_a_quick_text_whether_workers_are_idle_or_not(use: float) -> None:
    assert effort_of(overloaded(DegradationLevel.NOTHING), use, 3.0, is_urgent=True) == URGENT
    overload = overloaded(DegradationLevel.BEAM_SEARCH)
    assert effort_of(overload, use, 3.0, is_urgent=True) == GREEDY

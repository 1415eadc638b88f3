"""Log lines that are written, and repeated lines that are only counted."""

from hwaja.process import log_repetition as repeated_lines
from hwaja.process.log_repetition import PERIOD_SECONDS, WHOLE_LINES, Line, RepeatedLines


def refused(number: int = 0, reason: str = "origin") -> Line:
    return {"event": "refused", "reason": reason, "timestamp": str(number)}


def test_a_flood_of_one_line_becomes_a_few_lines_and_one_count_per_period() -> None:
    repeated = RepeatedLines()
    told = [line for n in range(1000) for line in repeated.take(refused(n), n / 100)]
    assert told == [refused(n) for n in range(WHOLE_LINES)]
    assert repeated.end_if_due(PERIOD_SECONDS - 0.01) == []
    assert repeated.end_if_due(PERIOD_SECONDS) == [{**refused(999), "repeated": 997}]


def test_a_continuing_flood_is_only_counted_and_a_later_one_is_logged_again() -> None:
    repeated = RepeatedLines()
    for n in range(10):
        repeated.take(refused(n), 0)
    repeated.end_if_due(PERIOD_SECONDS)
    assert repeated.take(refused(10), 1.1 * PERIOD_SECONDS) == []
    assert repeated.end_if_due(2 * PERIOD_SECONDS) == [{**refused(10), "repeated": 1}]
    assert repeated.end_if_due(3 * PERIOD_SECONDS) == []
    assert repeated.ends is None
    assert repeated.take(refused(11), 3.1 * PERIOD_SECONDS) == [refused(11)]


def test_lines_that_differ_in_a_field_are_different_lines_even_if_they_alternate() -> None:
    repeated = RepeatedLines()
    told = []
    for n in range(100):
        told += repeated.take(refused(n), 0) + repeated.take(refused(n, "token"), 0)
    assert len(told) == 2 * WHOLE_LINES
    counts = repeated.end(1)
    assert [(line["reason"], line["repeated"]) for line in counts] == [
        ("origin", 97),
        ("token", 97),
    ]


def test_distinct_lines_are_all_written_and_not_all_remembered() -> None:
    repeated = RepeatedLines()
    told = [line for n in range(5000) for line in repeated.take(refused(0, str(n)), 0)]
    assert [line["reason"] for line in told] == [str(n) for n in range(5000)]
    assert len(repeated._seen) <= repeated_lines.MAX_KINDS

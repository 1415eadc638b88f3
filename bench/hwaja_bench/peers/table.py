"""The rows and the table of the comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hwaja_bench.stats import Spread

HEADS = (
    "",
    "hears",
    "CER",
    "kocer",
    "CPU s per s of stream",
    "RTF",
    "decoding of one, p50 / p95 / max",
    "end of speech to its text, p50 / p95 / max",
    "without text",
    "memory at most",
)


@dataclass(frozen=True)
class Row:
    """The results of one contestant."""

    name: str
    hears: str
    error_rates: Mapping[str, float]
    """Error rate by room."""
    reading_error_rates: Mapping[str, float]
    """The same by kocer."""
    cpu_per_second: float
    """CPU seconds per second of the stream, with its pauses."""
    real_time_factor: float | None
    """Processing seconds per second of audio; None for a real-time stream."""
    decoding_seconds: Spread | None
    delay_seconds: Spread | None
    without_text: int
    peak_mib: float


@dataclass(frozen=True)
class Skipped:
    """A contestant that could not run."""

    name: str
    reason: str


def table(rows: Sequence[Row | Skipped]) -> str:
    """Return the table in Markdown."""
    lines = [HEADS, ("---",) * len(HEADS), *map(_cells, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(row: Row | Skipped) -> tuple[str, ...]:
    if isinstance(row, Skipped):
        return (row.name, f"skipped: {row.reason}", *("",) * (len(HEADS) - 2))
    return (
        row.name,
        row.hears,
        *(
            " / ".join(f"{rate:.3f}" for rate in rates.values())
            for rates in (row.error_rates, row.reading_error_rates)
        ),
        f"{row.cpu_per_second:.3f}",
        "-" if row.real_time_factor is None else f"{row.real_time_factor:.3f}",
        _spread(row.decoding_seconds),
        _spread(row.delay_seconds),
        f"{row.without_text}",
        f"{row.peak_mib:.0f} MiB",
    )


def _spread(times: Spread | None) -> str:
    if times is None or not times.count:
        return "-"
    return f"{times.p50:.2f} / {times.p95:.2f} / {times.longest:.2f} s"

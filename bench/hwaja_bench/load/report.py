"""Writes the report of a load test: one self-contained page, and a text summary."""

import base64
from collections.abc import Mapping
from html import escape
from pathlib import Path

from hwaja_bench.load.figures import Figures

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 }
td, th { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #ccc }
td:first-child, th:first-child { text-align: left }
img { max-width: 100% }
"""


def summary(found: Figures) -> dict[str, float | None]:
    """Return the figures for comparisons between tests."""
    rows: dict[str, float | None] = {
        "clients": found.clients,
        "turned away": found.turned_away,
        "audio, s": round(found.audio_seconds, 1),
        "share of speech": round(found.speech_share, 3),
        "texts": found.turn_delays.count,
        "utterances": found.delays.count,
        "clips lost": found.lost,
        "texts doubled": found.doubled,
        "errors": found.errors,
        "interim texts": found.interims,
    }
    rows |= {f"delay {n}, s": getattr(found.delays, n) for n in ("p50", "p95", "p99", "longest")}
    rows["delay p95 of every text, s"] = found.turn_delays.p95
    thirds = zip(("first", "second", "last"), found.by_third, strict=True)
    rows |= {f"delay p95 in the {name} third, s": third.p95 for name, third in thirds}
    rows |= {f"CPU s per s of audio, {name}": used for name, used in found.cpu.items()}
    rows["event loop late in 1 of 100 looks by under, s"] = found.loop_lag_p99
    rows |= {f"memory at most, MiB, {n}": most for n, (_, most) in found.resident_mib.items()}
    return rows


def lines(found: Figures, earlier: Mapping[str, float | None]) -> str:
    """Return the summary as text, with ratios to an earlier test's figures if given."""
    return "\n".join(
        f"{name}: {_number(value)}{_ratio(value, earlier.get(name), ' (x {})')}"
        for name, value in summary(found).items()
    )


def page(
    found: Figures,
    circumstances: Mapping[str, str],
    plot: Path,
    earlier: Mapping[str, float | None],
) -> str:
    """Return the page.

    Args:
        found: the figures.
        circumstances: the circumstances of the measurement.
        plot: a PNG file, which is embedded into the page.
        earlier: the summary of an earlier test; empty: none.

    """
    heads = ("", "found", "earlier", "ratio") if earlier else ("", "found")
    rows = []
    for name, value in summary(found).items():
        before = earlier.get(name)
        more = (_number(before), _ratio(value, before, "{}")) if earlier else ()
        rows.append((name, _number(value), *more))
    clients = [
        (f"{number}", f"{d.count}", *map(_number, (d.p50, d.p95, d.p99, d.longest)))
        for number, d in enumerate(found.by_client)
    ]
    image = base64.b64encode(plot.read_bytes()).decode()
    facts = "".join(f"<li>{escape(n)}: {escape(v)}</li>" for n, v in circumstances.items() if v)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>hwaja bench load</title>'
        f"<style>{_STYLE}</style><h1>Load</h1><ul>{facts}</ul>"
        f"{_table(heads, rows)}"
        "<p>Delay is from the end of speech until the text came, in seconds; where several speak "
        "without a pause, from the end of the last of them.</p>"
        f'<img alt="delays and memory over time" src="data:image/png;base64,{image}">'
        f"{_table(('client', 'texts', 'p50', 'p95', 'p99', 'longest'), clients)}</html>"
    )


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _ratio(value: float | None, before: float | None, form: str) -> str:
    return "" if value is None or not before else form.format(f"{value / before:.2f}")

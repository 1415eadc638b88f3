"""Prints the figures of several recognisers as one table, and sentences below it."""

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from hwaja.selection.comparison import Difference, Figures, Speech

_Cell = Callable[[Figures], str]


def show(
    speech: Speech, rows: Sequence[Figures], compared: Sequence[Difference], console: Console
) -> None:
    """Print the table, and what it says and does not say."""
    table = Table(box=None, pad_edge=False)
    table.add_column("model", overflow="fold")
    columns = _columns(rows)
    for head in columns:
        table.add_column(head, justify="right")
    for row in rows:
        table.add_row(row.model, *(cell(row) for cell in columns.values()))
    console.print(table)
    for sentence in [*map(_failure, filter(_is_incomplete, rows)), *_notes(speech, rows)]:
        console.print(sentence, markup=False)
    for each in compared:
        console.print(difference_sentence(each), markup=False)


def _columns(rows: Sequence[Figures]) -> dict[str, _Cell]:
    """Return the columns that have a value."""
    all_columns: dict[str, _Cell] = {
        "CER\n%": lambda row: _percent(row.character_error_rate),
        "kocer\n%": lambda row: _percent(row.kocer),
        "WER\n%": lambda row: _percent(row.word_error_rate),
        "CPU s\nper s": lambda row: _number(row.cpu_seconds, 2),
        "delay s\np50": lambda row: _number(row.delay_p50_seconds, 2),
        "delay s\np95": lambda row: _number(row.delay_p95_seconds, 2),
        "MB of a\nworker": lambda row: _number(row.worker_bytes and row.worker_bytes / 1e6, 0),
        "can\ntalk": lambda row: _number(row.streams, 0),
        "load\ns": lambda row: _number(row.load_seconds, 1),
    }
    return {
        head: cell for head, cell in all_columns.items() if any(cell(row) != "-" for row in rows)
    }


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _is_incomplete(row: Figures) -> bool:
    return bool(row.not_measured or row.failed)


def _failure(row: Figures) -> str:
    if row.not_measured:
        return f"{row.model} was not measured: {row.not_measured}"
    return f"{row.model} gave no result for {row.failed} utterances."


def _notes(speech: Speech, rows: Sequence[Figures]) -> list[str]:
    """Say what the figures were measured on."""
    minutes = speech.seconds / 60
    notes = [
        f"{speech.recordings} recordings, {minutes:.1f} minutes, language {speech.language}, "
        f"{speech.workers} workers. CPU: of all workers, for the text and the voice of one second "
        f"of speech. Delay: from the end of speech to its text, while one person talks "
        f"({max((row.delays for row in rows), default=0)} utterances)."
    ]
    if not speech.with_text:
        notes.append("The recordings have no texts, so no errors were counted.")
    elif speech.with_text < speech.recordings:
        notes.append(f"Errors were counted in the {speech.with_text} recordings that have a text.")
    return notes


def difference_sentence(found: Difference) -> str:
    """Say whether a recogniser differs from the first one by more than chance."""
    points = 100 * found.difference
    if found.interval is None:
        return f"{found.model} and {found.first}: one recording does not show which is better."
    low, high = (100 * end for end in found.interval)
    interval = f"95 % interval {low:+.1f} to {high:+.1f}"
    if found.is_chance:
        return (
            f"{found.model} and {found.first}: the difference in {found.score}, {points:+.1f} "
            f"points, is within chance ({interval})."
        )
    more = "more" if points > 0 else "fewer"
    return (
        f"{found.model} makes {more} errors than {found.first}: {found.score} {points:+.1f} points "
        f"({interval})."
    )

"""The table of recognisers and the sentences below it, from figures made by hand."""

from typing import Any

import pytest
from rich.console import Console

from hwaja.selection import table
from hwaja.selection.comparison import Figures, Speech, differences, figures
from hwaja.selection.measuring import Measured

SPEECH = Speech(recordings=40, with_text=40, seconds=180.0, language="ko", workers=2)


def measured(model: str, errors: int, **fields: Any) -> Measured:
    """Forty recordings of ten characters with so many errors each."""
    counts = ((errors, 10),) * 39 + ((errors + 1, 10),)
    given: dict[str, Any] = {
        "load_seconds": 2.5,
        "characters": counts,
        "readings": counts,
        "words": (),
        "cpu_seconds": 0.131,
        "delays_seconds": (0.6, 0.7, 0.8),
        "worker_bytes": 629_000_000,
        "streams": 8,
        "failed": 0,
        "texts": ("네",) * 40,
    }
    return Measured(model, **(given | fields))


def shown(columns: int, *rows: Figures, compared: Any = (), speech: Speech = SPEECH) -> str:
    console = Console(width=columns, highlight=False)
    with console.capture() as said:
        table.show(speech, rows, compared, console, "en")
    return said.get()


LONG = "streaming-zipformer-korean-2024-06-16"


@pytest.mark.parametrize("columns", [80, 200])
def test_every_figure_is_readable_on_any_terminal(columns: int) -> None:
    said = shown(columns, figures(measured("whisper-base", 1)), figures(measured(LONG, 2)))
    assert all(len(line) <= columns for line in said.splitlines())
    row = next(line.split() for line in said.splitlines() if line.startswith("whisper-base"))
    assert row[1:] == ["10.2", "10.2", "0.13", "0.70", "0.79", "629", "8", "2.5"]
    assert LONG.startswith(next(line.split()[0] for line in said.splitlines() if "strea" in line))


def test_a_column_that_no_recogniser_has_is_left_out() -> None:
    korean = shown(200, figures(measured("a", 1)))
    assert ("kocer" in korean, "WER" in korean) == (True, False)
    english = shown(200, figures(measured("a", 1, readings=(), words=((1, 4),))))
    assert ("kocer" in english, "WER" in english) == (False, True)


def test_a_recogniser_that_was_not_measured_has_its_reason_and_others_keep_their_figures() -> None:
    failed = Figures("broken", "There is no model 'broken'.")
    said = shown(80, failed, figures(measured("whisper-base", 1)))
    assert "broken was not measured: There is no model 'broken'." in said
    assert "10.2" in said


def test_a_recogniser_that_found_no_speech_has_no_cost() -> None:
    silent = measured("a", 1, cpu_seconds=None, delays_seconds=(), streams=None)
    assert (figures(silent).cpu_seconds, figures(silent).delay_p50_seconds) == (None, None)


def test_failed_utterances_are_told() -> None:
    assert "no result for 3 utterances" in shown(80, figures(measured("a", 1, failed=3)))


def test_recordings_without_texts_are_told() -> None:
    none = Speech(40, 0, 180.0, "ko", 2)
    bare = measured("a", 1, characters=(), readings=(), texts=())
    said = shown(80, figures(bare), speech=none)
    assert "have no texts" in said
    assert "CER" not in said
    assert differences([bare, bare]) == []
    assert "12 recordings that have a text" in shown(
        200, figures(measured("a", 1)), speech=Speech(40, 12, 180.0, "ko", 2)
    )


def test_a_clear_difference_and_chance_are_told_apart_in_one_sentence_each() -> None:
    first = measured("first", 2)
    once = ((6, 10), *first.readings[1:])
    worse, same = measured("worse", 4), measured("same", 2, readings=once)
    clear, chance = (
        table.difference_sentence(each, "en") for each in differences([first, worse, same])
    )
    assert clear == (
        "worse makes more errors than first: kocer +20.0 points (95 % interval +20.0 to +20.0)."
    )
    assert "same and first: the difference in kocer, +1.0 points, is within chance" in chance


def test_fewer_errors_are_told_as_such_and_one_recording_shows_nothing() -> None:
    (better,) = differences([measured("first", 4), measured("better", 1)])
    assert "better makes fewer errors than first" in table.difference_sentence(better, "en")
    one = {"characters": ((1, 10),), "readings": ()}
    (unclear,) = differences([measured("a", 1, **one), measured("b", 1, **one)])
    assert (unclear.score, unclear.interval, unclear.is_chance) == ("CER", None, True)
    assert "one recording does not show" in table.difference_sentence(unclear, "en")


def test_neither_figures_nor_differences_contain_texts() -> None:
    found = measured("a", 1, texts=("secret",) * 40)
    assert "secret" not in f"{found} {figures(found)} {differences([found, found])}"

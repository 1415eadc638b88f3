"""`hwaja models list`: what to choose a model by."""

from pathlib import Path
from typing import Any

import pytest
from model_fixtures import NEVER, entry, offer

from hwaja.models.catalogue import PublishedError
from hwaja.models.listing import print_list

CLEAN, FLEURS = "KsponSpeech eval_clean", "FLEURS"


def listed(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    root: Path,
    **fields: Any,
) -> tuple[str, str]:
    """Return the row of a model with these fields, and the lines below the table."""
    offer(monkeypatch, entry(NEVER, **fields))
    print_list(root, "en")
    _, row, notes = capsys.readouterr().out.split("\n", 2)
    return " ".join(row.split()), notes


def test_the_errors_in_korean_are_shown_by_their_source(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Errors of unlike sources cannot be compared."""
    errors = (
        PublishedError("ko", FLEURS, 0.119, "Somebody"),
        PublishedError("ko", CLEAN, 0.304, "Somebody"),
        PublishedError("ko", CLEAN, 0.2285, "Somebody else"),
        PublishedError("en", FLEURS, 0.01, "Nobody"),
    )
    row, notes = listed(capsys, monkeypatch, tmp_path, published=errors)
    assert "11.9 / 30.4 [a], - / 22.9 [b]" in row
    assert "[a] Somebody\n[b] Somebody else\n" in notes
    assert "Nobody" not in notes


@pytest.mark.parametrize(("measured", "shown"), [(True, " 629 "), (False, " ~629 ")])
def test_an_estimate_of_the_memory_is_marked(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    measured: bool,
    shown: str,
) -> None:
    fields: dict[str, Any] = {"memory_bytes": 629_000_000, "memory_is_measured": measured}
    row, _ = listed(capsys, monkeypatch, tmp_path, cost="low", **fields)
    assert f"{shown}low MIT" in row


@pytest.mark.parametrize(
    ("languages", "shown"),
    [("ko en", " en ko "), ("a b c d e f", " 6 "), ("a b c d e ko", " 6, with ko ")],
)
def test_many_languages_are_given_as_their_number(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    languages: str,
    shown: str,
) -> None:
    row, _ = listed(capsys, monkeypatch, tmp_path, languages=frozenset(languages.split()))
    assert shown in row


def test_a_restriction_of_the_licence_is_said_below_the_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, notes = listed(capsys, monkeypatch, tmp_path, restriction="Not for trade.")
    assert "tiny: Not for trade.\n" in notes

"""What `hwaja models` prints is in the language asked for: lists, advice, figures, licences."""

from pathlib import Path
from typing import Any

import pytest
from model_fixtures import NEVER, entry
from one_language import HANGUL, printed

from hwaja.doctor import advice as doctor_advice
from hwaja.language import LANGUAGES, Language
from hwaja.models.catalogue import PublishedError, all_models
from hwaja.selection import advise_command, table
from hwaja.selection.comparison import Difference, Figures, Speech

pytestmark = pytest.mark.usefixtures("clean_settings")

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path))


def assert_spoken(lines: list[str], language: Language) -> None:
    """Every line has words of the language, and none of the other."""
    for line in lines:
        assert (HANGUL.search(line) is not None) == (language == "ko"), line


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_has_its_heads_notes_and_licences_in_the_language(
    language: Language, capsys: Capture
) -> None:
    lines = printed(capsys, "models", "list", "--lang", language).splitlines()
    sources = {each.source for model in all_models() for each in model.published}
    names = {model.name for model in all_models()}
    is_of_source = [any(source in line for source in sources) for line in lines]
    notes = [
        line
        for line, is_source in zip(lines, is_of_source, strict=True)
        if line and not is_source and line.split()[0] not in names
    ]
    assert len(notes) > 6
    assert_spoken(notes, language)


MODEL = entry(
    NEVER,
    name="tiny",
    title="Tiny, 9 languages",
    languages=frozenset({"ko"}),
    memory_bytes=10**12,
    cost="gpu",
    published=(PublishedError("ko", "FLEURS", 0.1, "a paper"),),
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("arguments", [[], ["--languages", "xx"], ["--offline"]], ids=str)
def test_advice_is_in_the_language(
    arguments: list[str], language: Language, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    for module in (advise_command, doctor_advice):
        monkeypatch.setattr(module, "all_models", lambda: (MODEL,))
    said = printed(capsys, "models", "advise", *arguments, "--lang", language)
    given = ("1. tiny", "[1] a paper", "hwaja models pull tiny")
    lines = [line for line in said.splitlines() if line and not line.startswith(given)]
    assert_spoken(lines, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_are_explained_in_the_language(language: Language, capsys: Capture) -> None:
    from rich.console import Console

    rows = [Figures("a", "/nowhere is not UTF-8."), Figures("b", failed=2)]
    facts: dict[str, Any] = {"model": "b", "first": "a", "score": "CER"}
    compared = [
        Difference(**facts, difference=0.1, interval=(0.05, 0.2)),
        Difference(**facts, difference=0.1, interval=(-0.1, 0.2)),
        Difference(**facts, difference=0.1, interval=None),
    ]
    console = Console(width=1000, highlight=False)
    table.show(Speech(3, 2, 60.0, "ko", 2), rows, compared, console, language)
    _, _, _, *sentences = capsys.readouterr().out.splitlines()
    assert len(sentences) == 7
    assert_spoken(sentences, language)

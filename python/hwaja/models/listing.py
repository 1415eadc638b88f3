"""Prints the catalogue as a table: what to choose a recogniser by, and what is in the cache."""

from collections.abc import Mapping
from pathlib import Path
from string import ascii_lowercase

from rich.console import Console
from rich.table import Table

from hwaja.models.cache import files_of, imported_models, is_present
from hwaja.models.catalogue import CatalogueEntry, PublishedError, all_models

_COLUMNS = 250
"""Wider than a line of the list. A narrow terminal wraps lines better than a table wraps cells."""

_CORPORA = ("FLEURS", "KsponSpeech eval_clean")

_MAX_CODES = 5
"""A longer list of languages is given as their number."""

_NOTES = (
    "memory: MB of each worker; ~ is an estimate (docs/models.md).",
    "cost: processor time; gpu is too slow for conversations on a CPU.",
    "Korean error: published character error rates in %, on FLEURS / on clean KsponSpeech. Compare "
    "only those of one source:",
)


def print_list(root: Path) -> None:
    """Print the catalogue and which of its models are in the cache folder `root`."""
    table = Table(
        *("name", "role", "", "MB", "languages", "Korean error", "memory", "cost", "licence"),
        box=None,
    )
    models = (*all_models(), *imported_models(root))
    sources = {each.source: "" for model in models for each in _korean(model)}
    sources = {
        source: f"[{letter}]" for source, letter in zip(sources, ascii_lowercase, strict=False)
    }
    for model in models:
        is_there = is_present(model, root)
        table.add_row(
            model.name,
            model.role,
            "imported" if model.is_imported else "present" if is_there else "-",
            f"{folder_bytes(root / model.name) / 1e6:.0f}" if is_there else _to_fetch(model),
            _languages(model),
            _korean_error(model, sources),
            _memory(model),
            model.cost or "",
            model.licence,
        )
    notes = (
        *(f"{model.name}: {model.restriction}" for model in all_models() if model.restriction),
        *_NOTES,
        *(f"{mark} {source}" for source, mark in sources.items()),
        f"cache: {root}",
    )
    console = Console(width=_COLUMNS, highlight=False, markup=False)
    console.print(table)
    for line in notes:
        console.print(line, style="dim", soft_wrap=True)


def folder_bytes(folder: Path) -> int:
    """Return the size of all files of a model's folder."""
    return sum(file.stat().st_size for file in files_of(folder))


def _to_fetch(model: CatalogueEntry) -> str:
    return f"{model.fetch_bytes / 1e6:.0f} to fetch" if model.fetch_bytes else ""


def _languages(model: CatalogueEntry) -> str:
    if len(model.languages) <= _MAX_CODES:
        return " ".join(sorted(model.languages))
    return f"{len(model.languages)}{', with ko' if 'ko' in model.languages else ''}"


def _korean(model: CatalogueEntry) -> list[PublishedError]:
    """Return the published errors that the list shows."""
    return [each for each in model.published if each.language == "ko" and each.corpus in _CORPORA]


def _korean_error(model: CatalogueEntry, marks: Mapping[str, str]) -> str:
    """Return the errors by their source, for example "11.9 / 30.4 [a], - / 22.9 [b]"."""
    by_source: dict[str, dict[str, float]] = {}
    for each in _korean(model):
        by_source.setdefault(each.source, {})[each.corpus] = each.cer
    return ", ".join(
        " / ".join(f"{100 * errors[name]:.1f}" if name in errors else "-" for name in _CORPORA)
        + f" {marks[source]}"
        for source, errors in by_source.items()
    )


def _memory(model: CatalogueEntry) -> str:
    if model.memory_bytes is None:
        return ""
    return f"{'' if model.memory_is_measured else '~'}{model.memory_bytes / 1e6:.0f}"

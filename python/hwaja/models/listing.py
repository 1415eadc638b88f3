"""Prints the catalogue as a table: what to choose a recogniser by, and what is in the cache."""

from collections.abc import Mapping
from pathlib import Path
from string import ascii_lowercase

from rich.console import Console
from rich.table import Table

from hwaja.language import Language, Text, chooser
from hwaja.language.sentences import told
from hwaja.models.cache import files_of, imported_models, is_present
from hwaja.models.catalogue import CatalogueEntry, PublishedError, all_models

_COLUMNS = 250
"""Wider than a line of the list. A narrow terminal wraps lines better than a table wraps cells."""

_CORPORA = ("FLEURS", "KsponSpeech eval_clean")

_MAX_CODES = 5
"""A longer list of languages is given as their number."""

_HEADS = (
    *(Text("name", "이름"), Text("role", "역할"), Text("", ""), Text("MB", "MB")),
    *(Text("languages", "언어"), Text("Korean error", "한국어 오류율"), Text("memory", "메모리")),
    *(Text("cost", "비용"), Text("licence", "라이선스")),
)

_NOTES = (
    Text(
        "memory: MB of each worker; ~ is an estimate (docs/models.md).",
        "메모리: 작업 프로세스마다 MB. ~는 어림값입니다(docs/ko/models.md).",
    ),
    Text(
        "cost: processor time; gpu is too slow for conversations on a CPU.",
        "비용: 프로세서 시간. gpu는 CPU에서 대화를 받아쓰기에 너무 느립니다.",
    ),
    Text(
        "Korean error: published character error rates in %, on FLEURS / on clean KsponSpeech. "
        "Compare only those of one source:",
        "한국어 오류율: 공개된 글자 오류율(%), FLEURS / KsponSpeech의 clean 순서. 출처가 같은 "
        "값끼리만 비교하세요:",
    ),
)


def print_list(root: Path, language: Language) -> None:
    """Print the catalogue and which of its models are in the cache folder `root`."""
    text = chooser(language)
    table = Table(*(head.said_in(language) for head in _HEADS), box=None)
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
            _presence(model, is_there=is_there).said_in(language),
            f"{folder_bytes(root / model.name) / 1e6:.0f}"
            if is_there
            else _to_fetch(model).said_in(language),
            _languages(model).said_in(language),
            _korean_error(model, sources),
            _memory(model),
            model.cost or "",
            model.licence,
        )
    notes = (
        *(
            f"{model.name}: {told(model.restriction, language)}"
            for model in all_models()
            if model.restriction
        ),
        *(note.said_in(language) for note in _NOTES),
        *(f"{mark} {source}" for source, mark in sources.items()),
        f"{text('cache', '캐시')}: {root}",
    )
    console = Console(width=_COLUMNS, highlight=False, markup=False)
    console.print(table)
    for line in notes:
        console.print(line, style="dim", soft_wrap=True)


def folder_bytes(folder: Path) -> int:
    """Return the size of all files of a model's folder."""
    return sum(file.stat().st_size for file in files_of(folder))


def _presence(model: CatalogueEntry, *, is_there: bool) -> Text:
    if model.is_imported:
        return Text("imported", "가져옴")
    return Text("present", "있음") if is_there else Text("-", "-")


def _to_fetch(model: CatalogueEntry) -> Text:
    if not model.fetch_bytes:
        return Text("", "")
    megabytes = f"{model.fetch_bytes / 1e6:.0f}"
    return Text(f"{megabytes} to fetch", f"받을 것 {megabytes}")


def _languages(model: CatalogueEntry) -> Text:
    count = len(model.languages)
    if count <= _MAX_CODES:
        codes = " ".join(sorted(model.languages))
        return Text(codes, codes)
    if "ko" in model.languages:
        return Text(f"{count}, with ko", f"{count}개(ko 포함)")
    return Text(f"{count}", f"{count}개")


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

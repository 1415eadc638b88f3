"""docs/models.md has the facts of the catalogue, in both languages."""

import re
from pathlib import Path

import pytest
from pages import ROOT

from hwaja.models import CatalogueEntry, all_models

PAGES = [ROOT / "docs" / "models.md", ROOT / "docs" / "ko" / "models.md"]
RECOGNISERS = [model for model in all_models() if model.role == "asr"]


def rows(page: Path) -> dict[str, list[str]]:
    """Return the cells of the table of the catalogue by the name of the model."""
    found = re.findall(r"^\| `([a-z0-9.-]+)` \|(.*)\|$", page.read_text(encoding="utf-8"), re.M)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in found}


@pytest.mark.parametrize("page", PAGES, ids=["english", "korean"])
def test_the_page_lists_the_recognisers_of_the_catalogue(page: Path) -> None:
    assert [*rows(page)] == [model.name for model in RECOGNISERS]


@pytest.mark.parametrize("page", PAGES, ids=["english", "korean"])
@pytest.mark.parametrize("model", RECOGNISERS, ids=lambda model: model.name)
def test_a_row_has_the_facts_of_the_catalogue(model: CatalogueEntry, page: Path) -> None:
    download, languages, errors, memory, _, licence = rows(page)[model.name]
    estimate = "" if model.memory_is_measured else "~ "
    assert download == f"{(model.fetch_bytes or 0) / 1e6:.0f} MB"
    assert languages in (str(len(model.languages)), ", ".join(sorted(model.languages)))
    assert memory == f"{estimate}{(model.memory_bytes or 0) / 1e6:.0f} MB"
    assert licence == model.licence + " *" * bool(model.restriction)
    shown = {each.cer for each in model.published if each.corpus != "KsponSpeech eval_other"}
    assert {*re.findall(r"[0-9.]+", errors)} == {f"{100 * cer:.1f}" for cer in shown}

"""What import-linter does not see: see `[tool.importlinter]` in pyproject.toml for the layers.

And docs/architecture.md, the map of the code: its diagram and its names are those of the code.
"""

import re
from pathlib import Path

import pytest
from tools import package_diagram
from tools.generated_section import ARCHITECTURE_PAGES

import hwaja

PAGE = ARCHITECTURE_PAGES[0]
PACKAGE = Path(hwaja.__file__).parent
ROOT = Path(__file__).resolve().parents[2]


def test_the_folder_of_the_package_contains_only_packages() -> None:
    """A new reader first sees the list of jobs."""
    files = {file.name for file in PACKAGE.iterdir() if file.is_file() and file.suffix != ".so"}
    assert files == {"__init__.py", "__main__.py", "_pcm.pyi", "py.typed"}


def test_every_package_docstring_gives_its_job_its_imports_and_where_to_begin() -> None:
    packages = {file.parent.name: file.read_text("utf-8") for file in PACKAGE.glob("*/__init__.py")}
    assert len(packages) > 12
    silent = {
        name
        for name, text in packages.items()
        if not re.search(r"(Imports|May import) ", text) or "Begin with" not in text
    }
    assert silent == set()


def test_only_one_file_names_pyo3() -> None:
    """The audio path stays plain Rust: it is tested and measured without Python."""
    sources = (ROOT / "rust" / "src").rglob("*.rs")
    naming = {file.name for file in sources if re.search(r"\bpyo3\b", file.read_text("utf-8"))}
    assert naming == {"python.rs"}


@pytest.mark.parametrize("file", ARCHITECTURE_PAGES, ids=str)
def test_the_diagram_of_the_packages_is_up_to_date(file: Path) -> None:
    page = file.read_text(encoding="utf-8")
    assert page == package_diagram.filled(page), "run python -m tools.package_diagram"


def test_the_diagram_omits_only_imports_that_its_arrows_imply() -> None:
    direct = package_diagram.imports()
    drawn = package_diagram.arrows(direct)
    assert all(drawn[package] <= direct[package] for package in direct)
    assert {package: package_diagram.reachable(drawn, package) for package in direct} == {
        package: package_diagram.reachable(direct, package) for package in direct
    }


def test_an_implied_arrow_is_not_drawn() -> None:
    direct = {"a": frozenset("bc"), "b": frozenset("c"), "c": frozenset("")}
    assert package_diagram.arrows(direct) == {**direct, "a": frozenset("b")}


def test_packages_that_import_each_other_have_no_diagram() -> None:
    circle = {"a": frozenset("b"), "b": frozenset("a")}
    with pytest.raises(ValueError, match="imports itself"):
        package_diagram.reachable(circle, "a")


def test_every_package_has_a_row_in_the_table() -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"\w+", row)}
    assert named >= {*package_diagram.imports(), "web"}


def test_every_file_that_the_page_names_exists() -> None:
    """Its readers look for the files by their paths."""
    named = re.findall(r"`([\w/.-]+\.(?:py|pyi|js|rs|toml))`", PAGE.read_text("utf-8"))
    homes = (ROOT, PACKAGE, PACKAGE / "web" / "client")
    assert {name for name in named if not any((home / name).exists() for home in homes)} == set()


def test_every_identifier_that_the_page_names_exists() -> None:
    """Classes, constants, attributes: what is renamed is renamed here too."""
    named = set(
        re.findall(r"`((?:[A-Z]\w*|\w+\.[a-z_]+|[a-z]+_[a-z_]+))`", PAGE.read_text("utf-8"))
    )
    sources = "\n".join(
        file.read_text("utf-8")
        for folder in (PACKAGE, ROOT / "rust" / "src")
        for file in folder.rglob("*")
        if file.suffix in {".py", ".pyi", ".rs"}
    )
    words = set(re.findall(r"\w+", sources))
    files = {name for name in named if Path(name).suffix in {".py", ".pyi", ".js", ".rs", ".toml"}}
    assert {name for name in named - files if not set(name.split(".")) <= words} == set()

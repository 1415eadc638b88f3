"""What import-linter does not see: see `[tool.importlinter]` in pyproject.toml for the layers."""

import re
from pathlib import Path

import hwaja

PACKAGE = Path(hwaja.__file__).parent
ROOT = Path(__file__).resolve().parents[2]


def test_the_folder_of_the_package_shows_packages_only() -> None:
    """The first look at the code is a list of its jobs."""
    files = {file.name for file in PACKAGE.iterdir() if file.is_file() and file.suffix != ".so"}
    assert files == {"__init__.py", "__main__.py", "_pcm.pyi", "py.typed"}


def test_every_package_says_its_job_what_it_imports_and_where_to_begin() -> None:
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

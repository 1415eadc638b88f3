"""The content of the wheel: the product, without the measurements."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

from pages import ROOT


def project(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    return found


def names(requirements: list[str]) -> set[str]:
    """The distributions that requirements name, as modules are written."""
    found = (re.match(r"[\w-]+", each) for each in requirements)
    return {name[0].lower().replace("-", "_") for name in found if name}


PRODUCT, BENCH = project(ROOT), project(ROOT / "bench")
SOURCE = ROOT / PRODUCT["tool"]["maturin"]["python-source"]
EXTRAS = PRODUCT["project"]["optional-dependencies"]
ONLY_MEASURES = names(BENCH["project"]["dependencies"]) - names(
    PRODUCT["project"]["dependencies"] + EXTRAS["compare"] + ["hwaja"]
)


def test_the_wheel_contains_one_package() -> None:
    assert [file.parent.name for file in SOURCE.glob("*/__init__.py")] == ["hwaja"]


def test_no_extra_requires_a_library_for_measurements() -> None:
    extras = [each for extra in EXTRAS.values() for each in extra]
    assert {"scipy", "matplotlib"} <= ONLY_MEASURES
    assert names(extras) & ONLY_MEASURES == set()


def test_nothing_in_the_wheel_imports_the_measurements_or_their_libraries() -> None:
    imported = set()
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    assert imported & (ONLY_MEASURES | {"hwaja_bench"}) == set()

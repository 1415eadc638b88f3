"""Writes the diagram of hwaja's packages into both architecture.md, from the imports of the code.

`python -m tools.package_diagram` replaces what stands between two marks. A test compares them.
"""

from collections.abc import Mapping

import grimp

from tools.generated_section import GeneratedSection, rewrite

SECTION = GeneratedSection(
    "<!-- packages: written by python -m tools.package_diagram -->", "<!-- /packages -->"
)

_ROOT = "hwaja"

Imports = Mapping[str, frozenset[str]]
"""The packages that each package imports."""


def imports() -> Imports:
    """Return what each package imports directly; modules beside the packages are left out."""
    graph = grimp.build_graph(_ROOT, cache_dir=None)
    packages = sorted(name for name in graph.find_children(_ROOT) if graph.find_children(name))
    return {
        _short(importer): frozenset(
            _short(imported)
            for imported in packages
            if imported != importer
            and graph.direct_import_exists(importer=importer, imported=imported, as_packages=True)
        )
        for importer in packages
    }


def arrows(direct: Imports) -> Imports:
    """Return the imports without those that others imply: the transitive reduction.

    Raises:
        ValueError: for packages that import each other in a circle.

    """
    return {
        importer: frozenset(
            imported
            for imported in targets
            if not any(imported in reachable(direct, other) for other in targets - {imported})
        )
        for importer, targets in direct.items()
    }


def reachable(direct: Imports, package: str) -> frozenset[str]:
    """Return what a package imports, directly or through others.

    Raises:
        ValueError: for packages that import each other in a circle.

    """
    found: set[str] = set()
    waiting = list(direct[package])
    while waiting:
        imported = waiting.pop()
        if imported == package:
            raise ValueError(f"{package} imports itself through other packages")
        if imported not in found:
            found.add(imported)
            waiting += direct[imported]
    return frozenset(found)


def diagram() -> str:
    """Return the diagram as Mermaid draws it; an arrow leads from who imports to what."""
    lines = [
        f"    {importer} --> {imported}"
        for importer, targets in arrows(imports()).items()
        for imported in sorted(targets)
    ]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def filled(page: str) -> str:
    """Return the page with the diagram between its marks.

    Raises:
        ValueError: for a page without marks.

    """
    return SECTION.replace(page, diagram())


def _short(name: str) -> str:
    return name.removeprefix(f"{_ROOT}.")


if __name__ == "__main__":
    rewrite(filled)

"""A section of a page that a program writes, between two marks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_DOCS = Path(__file__).parents[1] / "docs"

ARCHITECTURE_PAGES = (_DOCS / "architecture.md", _DOCS / "ko" / "architecture.md")
"""In English and Korean. The diagrams are the same."""


def rewrite(filled: Callable[[str], str]) -> None:
    """Write each of these pages again, as `filled` makes it of the text that is there."""
    for page in ARCHITECTURE_PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class GeneratedSection:
    """The marks around a section. HTML comments: a reader of the page does not see them."""

    begin: str
    end: str

    def replace(self, page: str, content: str) -> str:
        """Return the page with `content` between the marks.

        Raises:
            ValueError: for a page without the marks.

        """
        before, begin, rest = page.partition(self.begin)
        _, end, after = rest.partition(self.end)
        if not begin or not end:
            raise ValueError(f"no {self.begin} ... {self.end} in the page")
        return f"{before}{begin}\n{content}\n{end}{after}"

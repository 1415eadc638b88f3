"""A section of a page that a program writes, between two marks."""

from dataclasses import dataclass
from pathlib import Path

ARCHITECTURE_PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"


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

"""A page of the documentation, taken apart as far as two languages can be compared."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^(?P<level>#+) (?P<title>.+)$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)]+)\)")
_CODE = re.compile(r"`([^`]+)`")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_BETWEEN_THOUSANDS = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")


def english_of(file: Path) -> Path:
    """The English page or drawing of a Korean one; of any other file itself."""
    if file.parent == ROOT / "docs" / "ko":
        return ROOT / "docs" / file.name
    return file.with_name(file.name.replace(".ko.", "."))


@dataclass(frozen=True)
class Section:
    """What stands under a heading, up to the next."""

    level: int
    title: str
    text: str
    """Without its blocks of code."""

    @property
    def anchor(self) -> str:
        """What a link to the heading names, as GitHub makes it."""
        return re.sub(r"[^\w\- ]", "", self.title.lower()).replace(" ", "-")

    @property
    def targets(self) -> list[str]:
        """Where its links lead, as written."""
        return _LINK.findall(self.text)

    @property
    def code(self) -> set[str]:
        """What is set as code: names, options, values."""
        return set(_CODE.findall(self.text))

    @property
    def numbers(self) -> Counter[str]:
        """Every number that is written in digits, and how often."""
        told = _LINK.sub("", self.text)
        return Counter(_NUMBER.findall(_BETWEEN_THOUSANDS.sub("", told)))

    @property
    def rows(self) -> list[tuple[int, list[str]]]:
        """Of each row of a table: how many cells it has, and what is set as code in the first."""
        lines = [line for line in self.text.splitlines() if line.startswith("|")]
        return [(line.count("|"), _CODE.findall(line.split("|")[1])) for line in lines]


@dataclass(frozen=True)
class Page:
    """A Markdown file."""

    file: Path
    languages: str
    """The line that leads to the same page in the other language."""
    sections: list[Section]
    blocks: list[tuple[str, str]]
    """Kind and text of each block of code."""

    def resolved(self, target: str) -> tuple[Path, int]:
        """The English file that a link means, and the number of the section in it; else 0.

        An address of elsewhere stands for itself.
        """
        if "://" in target:
            return Path(target), 0
        path, _, fragment = target.partition("#")
        file = (self.file.parent / path).resolve() if path else self.file
        if not fragment:
            return english_of(file), 0
        anchors = [section.anchor for section in page(file).sections]
        return english_of(file), anchors.index(fragment)


def page(file: Path) -> Page:
    """Take a page apart."""
    title, languages, body = file.read_text(encoding="utf-8").split("\n\n", 2)
    blocks = _BLOCK.findall(body)
    _, *parts = _HEADING.split(f"{title}\n\n{_BLOCK.sub('', body)}")
    sections = [
        Section(len(level), name, text)
        for level, name, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    ]
    return Page(file, languages, sections, blocks)

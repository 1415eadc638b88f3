"""The Korean and English texts have the same content."""

import re
from os.path import relpath
from pathlib import Path

import pytest
from pages import ROOT, Page, english_of, page
from tools.asyncapi import korean
from tools.asyncapi import page as tables

KOREAN = [ROOT / "README.ko.md", *sorted((ROOT / "docs" / "ko").glob("*.md"))]
DRAWINGS = sorted((ROOT / "docs" / "images").glob("*.ko.svg"))


ONLY_ENGLISH = {"results.md", "changelog.md"}
"""Pages of the site that are no files of docs/: they grow with each measurement and change."""


def identify(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.fixture(params=KOREAN, ids=identify)
def pages(request: pytest.FixtureRequest) -> tuple[Page, Page]:
    """A page in English and in Korean."""
    return page(english_of(request.param)), page(request.param)


def test_every_page_exists_in_both_languages() -> None:
    english = {file.name for file in (ROOT / "docs").glob("*.md")}
    assert {file.name for file in KOREAN[1:]} == english


def test_both_languages_have_the_same_navigation() -> None:
    """The same pages in the same order, in sections of their own titles."""
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\n  - English:\n")[2]
    english, korean_ones = (
        [(indent, page.removeprefix("ko/")) for indent, page in _ENTRY.findall(part)]
        for part in nav.split("  - 한국어:\n")
    )
    assert {page for _, page in english} >= ONLY_ENGLISH
    assert korean_ones == [entry for entry in english if entry[1] not in ONLY_ENGLISH]


_ENTRY = re.compile(r"^( +)- [^:]+:(?: (\S+))?$", re.MULTILINE)


def test_each_page_begins_with_a_link_to_the_other_language(pages: tuple[Page, Page]) -> None:
    english, other = pages
    to_korean = relpath(other.file, english.file.parent)
    to_english = relpath(english.file, other.file.parent)
    assert english.languages == f"English · [한국어]({to_korean})"
    assert other.languages == f"[English]({to_english}) · 한국어"


def test_both_languages_have_the_same_headings_by_number_and_level(
    pages: tuple[Page, Page],
) -> None:
    english, other = ([section.level for section in found.sections] for found in pages)
    assert other == english


def test_both_languages_have_the_same_code_except_for_comments(
    pages: tuple[Page, Page],
) -> None:
    english, other = ([_bare(*block) for block in found.blocks] for found in pages)
    assert other == english


def _bare(kind: str, text: str) -> tuple[str, list[object]]:
    """A block without what people read: comments, and in what is no program all but names."""
    if kind:
        return kind, [line.partition("#")[0].rstrip() for line in text.splitlines()]
    return kind, [re.findall(r"[a-z]+(?:_[a-z]+)+|->|<-", line) for line in text.splitlines()]


def test_both_languages_have_the_same_links_and_korean_pages_link_to_korean_ones(
    pages: tuple[Page, Page],
) -> None:
    english, other = pages
    for section, same in zip(english.sections, other.sections, strict=True):
        led, led_same = (
            sorted(found.resolved(target) for target in part.targets)
            for found, part in ((english, section), (other, same))
        )
        assert led_same == led, same.title
        in_english = [
            target
            for target in same.targets
            if (other.file.parent / target.partition("#")[0]).resolve() in _TRANSLATED
        ]
        assert in_english == [], same.title


_TRANSLATED = {english_of(file) for file in KOREAN}


def test_both_languages_name_the_same_options_fields_and_values_in_each_section(
    pages: tuple[Page, Page],
) -> None:
    english, other = pages
    for section, same in zip(english.sections, other.sections, strict=True):
        assert same.code == section.code, same.title


def test_both_languages_have_the_same_numbers_in_each_section(
    pages: tuple[Page, Page],
) -> None:
    """A number that is a word in one language is a word in the other."""
    english, other = pages
    for section, same in zip(english.sections, other.sections, strict=True):
        assert same.numbers == section.numbers, same.title


def test_both_languages_have_the_same_table_rows(pages: tuple[Page, Page]) -> None:
    english, other = pages
    for section, same in zip(english.sections, other.sections, strict=True):
        assert same.rows == section.rows, same.title


@pytest.mark.parametrize("drawing", DRAWINGS, ids=identify)
def test_both_languages_have_the_same_drawing_except_for_its_words(drawing: Path) -> None:
    english, korean_one = (
        re.sub(r">[^<]*<", "><", file.read_text(encoding="utf-8")).replace('lang="ko"', 'lang="en"')
        for file in (english_of(drawing), drawing)
    )
    assert korean_one == english


def test_the_korean_tables_of_the_protocol_are_up_to_date() -> None:
    written = korean.FILE.read_text(encoding="utf-8")
    assert tables.filled(written, korean.say) == written, "run: make asyncapi"
    assert "<!-- made: transcription -->" in written


def test_there_is_a_korean_sentence_for_each_sentence_of_the_tables_and_no_other() -> None:
    asked = set()

    def listen(english: str) -> str:
        asked.add(english)
        return english

    tables.filled(tables.FILE.read_text(encoding="utf-8"), listen)
    spoken = {english for english in asked if korean.say(english) != english}
    assert spoken == set(korean.SENTENCES)


def test_a_sentence_that_was_changed_only_in_english_is_detected() -> None:
    with pytest.raises(KeyError):
        korean.say("The voice has been sent, perhaps.")
    assert korean.say("`ready`, `idle`") == "`ready`, `idle`"  # nothing to translate

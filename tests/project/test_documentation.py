"""The tests, files, options and variables that the documentation names exist."""

import argparse
import re
from pathlib import Path

import pytest
from deployment import variables
from pages import ROOT

from hwaja.cli import main as cli
from hwaja.server import config
from hwaja_bench import command as benchmarks
from hwaja_bench.command import program_names, program_parser

PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "bench" / "RESULTS.md",
]
TESTS = ROOT / "tests"

_BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def identify(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.fixture(params=PAGES, ids=identify)
def page(request: pytest.FixtureRequest) -> Path:
    file: Path = request.param
    return file


def prose(file: Path) -> str:
    """A page without its blocks of code."""
    return _BLOCK.sub("", file.read_text(encoding="utf-8"))


def anchors(file: Path) -> set[str]:
    """What a link into a page can name, as GitHub makes it of the headings."""
    titles = re.findall(r"^#+ (.+)$", prose(file), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_test_that_the_documentation_names_exists(page: Path) -> None:
    named = re.findall(r"`((?:browser/)?test_\w+)(\*?)(?:\.py)?`", prose(page))
    missing = {name for name, star in named if not list(TESTS.rglob(f"{name}{star}.py"))}
    assert missing == set()


def test_every_benchmark_program_that_the_documentation_names_exists(page: Path) -> None:
    named = re.findall(r"\bbench (soak|experiment) ([a-z_]+)", page.read_text(encoding="utf-8"))
    assert {name for kind, name in named if name not in program_names(kind)} == set()


def test_every_link_has_a_target(page: Path) -> None:
    dead = set()
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if "://" in target:
            continue
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.add(target)
    assert dead == set()


def test_every_documented_command_accepts_its_options(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r"\bhwaja ([a-z-]+)((?: [^\n`|#]*)?)", text)
    commands = {name: options_of(parser) for name, parser in subparsers(cli._parser("en")).items()}
    unknown = {
        (name, flag)
        for name, rest in shown
        if name in commands
        for flag in re.findall(r"(?<!\S)--[a-z-]+", rest)
        if flag not in (benchmark_options(rest) if name == "bench" else commands[name])
    }
    assert unknown == set()


def test_every_documented_variable_is_read(page: Path) -> None:
    known = {f"HWAJA_{option.name.upper()}" for option in config.options()}
    named = variables(page.read_text(encoding="utf-8"))
    assert named <= known | {"HWAJA_CACHE", "HWAJA_CONFIG"}


def benchmark_options(rest: str) -> set[str]:
    """The flags of what follows `hwaja bench`."""
    program = re.match(r" (soak|experiment) ([a-z_]+)", rest)
    return options_of(program_parser(*program.groups()) if program else benchmarks.parser())


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    actions = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    return {name: found for action in actions for name, found in action.choices.items()}


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """The flags of a command and of the commands below it."""
    own = {flag for action in parser._actions for flag in action.option_strings}
    return own.union(*map(options_of, subparsers(parser).values()))

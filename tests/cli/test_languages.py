"""What the commands print for a person is in one language: that of `--lang` or of the locale."""

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from one_language import HANGUL, VALUES, assert_in_one_language, printed

from hwaja.cli import strings
from hwaja.cli.parser import Parser
from hwaja.language import LANGUAGES, Language
from hwaja.language.sentences import told
from hwaja.server import config

pytestmark = pytest.mark.usefixtures("clean_settings")

Capture = pytest.CaptureFixture[str]

COMMANDS = ("serve", "demo", "transcribe", "enroll-check", "doctor")

ACTIONS = ("list", "pull", "import", "remove", "path", "advise", "compare")
"""Of `hwaja models`."""

# Help -----------------------------------------------------------------------------------------


def without_names(text: str) -> str:
    """Help without the usage, the names of options, commands and variables, and placeholders."""
    body = VALUES.sub("", re.sub(r"^(usage|사용법): .*?\n\n", "", text, flags=re.DOTALL))
    body = re.sub(r"--?[a-z][\w-]*|HWAJA_\w+|\b[A-Z]+\b|%|\{ko,en\}|^ {4}\S+", "", body, flags=re.M)
    for option in config.options():
        body = re.sub(rf"\b{option.name}\b", "", body)
    return body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", [*COMMANDS, *(f"models {each}" for each in ACTIONS)])
def test_every_line_of_the_help_is_in_the_language(
    command: str, language: Language, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    text = printed(capsys, *command.split(), "--help", "--lang", language)
    examples = ("3시 30분", "세 시 삼십 분")  # of Korean texts, in both languages
    assert_in_one_language(without_names(text), language, *examples)
    if language == "ko":
        names = re.compile(r" *(--[\w-]+(, --[\w-]+)?( [A-Z]+)?)?")  # on a line of their own
        lines = [line for line in text.splitlines() if not names.fullmatch(line)]
        assert [line for line in lines if not HANGUL.search(line)] == []


def test_the_help_of_all_commands_is_in_the_language(capsys: Capture) -> None:
    assert_in_one_language(without_names(printed(capsys, "--help", "--lang", "ko")), "ko")
    assert_in_one_language(without_names(printed(capsys, "--help", "--lang", "en")), "en")


@pytest.mark.parametrize("arguments", [["serve", "--help"], ["serve", "--lang"], ["serv"], []])
def test_a_korean_locale_gets_help_and_refusals_in_korean(
    arguments: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    assert printed(capsys, *arguments).startswith("사용법: hwaja")
    assert printed(capsys, *arguments, "--lang=en").startswith("usage: hwaja")


def test_the_help_of_the_commands_for_models_is_in_the_language(capsys: Capture) -> None:
    for language in LANGUAGES:
        said = printed(capsys, "models", "--help", "--lang", language)
        assert_in_one_language(without_names(said), language)


def test_lines_of_korean_help_fit_the_terminal(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Hangul syllable takes two cells."""
    monkeypatch.setenv("COLUMNS", "80")
    for line in printed(capsys, "transcribe", "--help", "--lang", "ko").splitlines():
        assert len(line) + len(HANGUL.findall(line)) <= 80, line


# Refusals of the parser -----------------------------------------------------------------------


REFUSED = [
    ["serve", "--prot", "1"],
    ["serve", "--port"],
    ["serve", "--nonsense"],
    ["serve", "--hos", "a"],
    ["serve", "--lan=1"],
    ["serve", "more"],
    ["demo", "--keep"],
    ["demo", "more"],
    ["enroll-check"],
    ["enroll-check", "--strict"],
    ["transcribe", "one.wav", "two.wav"],
    ["transcribe", "--event", "lags"],
    ["transcribe", "--format", "doc"],
    ["transcribe", "--speed", "fast"],
    ["transcribe", "--max-speakers", "2.5"],
    ["transcribe", "--save-voice", "voice"],
    ["models", "pul"],
    ["models", "path"],
    ["models", "path", "whispre"],
    ["models", "import", "/nowhere"],
    ["models", "advise", "--talking", "0"],
    ["models", "compare", "whisper-base"],
    ["models", "compare", "whisper-base", "--speech", "/nowhere"],
    ["models", "compare", "whisper-base", "--speech", "/nowhere", "--minutes", "0"],
    ["doctor", "--seconds", "long"],
    ["doctor", "--seconds", "-1"],
    ["serv"],
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_a_refusal_of_the_parser_is_in_the_language(
    arguments: list[str], language: Language, capsys: Capture
) -> None:
    text = printed(capsys, *arguments, "--lang", language)
    refusal = text.splitlines()[-1]
    prefix = {"en": "error: ", "ko": "오류: "}[language]
    assert re.match(rf"hwaja( [a-z-]+)*: ({prefix})?", refusal)
    assert_in_one_language(refusal, language)


def test_what_was_probably_meant_is_told_in_korean(capsys: Capture) -> None:
    said = printed(capsys, "serve", "--prot", "1", "--lang", "ko")
    assert said.endswith("hwaja serve: 오류: --prot 옵션은 없습니다. 혹시 --port인가요?\n")


def test_every_sentence_of_this_argparse_about_arguments_has_a_korean_one() -> None:
    """Versions of Python differ in them."""
    missing = [text for text in sentences_of_argparse() if told(text, "ko") == text]
    assert missing == []


def sentences_of_argparse() -> Iterator[str]:
    """The texts that argparse translates; not those of help, and of faults of a program."""
    others = re.compile(
        "__call__|conflict|mode|merge|positional|must start|dest=|mutually|subparser|callable"
        "|usage|options$|show |error: |warning: |deprecated|default: |heading|subcommands"
    )
    for node in ast.walk(ast.parse(Path(argparse.__file__).read_text(encoding="utf-8"))):
        match node:
            case ast.Call(ast.Name("_" | "ngettext"), [ast.Constant(str(text)), *_]):
                if not others.search(text):
                    yield re.sub(r"%(\(\w+\))?[sr]", "x", text.replace("%(type)s", "int"))


def test_a_parser_gives_its_language_to_its_commands(capsys: Capture) -> None:
    parser = Parser(language="ko", prog="hwaja")
    parser.add_subparsers().add_parser("a").add_subparsers().add_parser("b")
    with pytest.raises(SystemExit):
        parser.parse_args(["a", "b", "--help"])
    assert capsys.readouterr().out.startswith("사용법: hwaja a b")


@pytest.mark.parametrize("key", strings._TEXTS)
def test_every_text_is_in_both_languages_with_the_same_values(key: str) -> None:
    english, korean = strings._TEXTS[key]
    assert names_in(english) == names_in(korean)
    assert not HANGUL.search(english)
    has_words = re.search("[A-Za-z]", re.sub(r"\{.*?\}", "", english)) is not None
    assert has_words == (HANGUL.search(korean) is not None)


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}

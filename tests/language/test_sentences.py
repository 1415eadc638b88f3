"""Korean for every English sentence with which a command can end."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from types import ModuleType

import pytest

import hwaja
from hwaja.language.korean import system
from hwaja.language.sentences import TABLES, told
from hwaja.protocol.codes import Rejection
from hwaja.server.files.problems import FileError, Problem
from hwaja.server.http.plain_http import explained

PACKAGE = Path(hwaja.__file__).parent

ELSEWHERE = re.compile(r"^(adapters|language|doctor/(?!certificates))")
"""What a program with a client runs, or says its texts in both languages where they are."""

RAISES = {
    *("ConfigError", "EngineError", "ModelError", "TlsError", "_UnusableError"),
    *("ClientError", "CertificateError", "ConnectionLostError", "ServerStoppedError"),
    *("SessionLostError", "UnauthorizedError", "AudioError", "ArgumentTypeError"),
    *("_check", "kind", "error", "of"),
}
"""Names of what is called with a sentence: errors, and functions that raise one."""

HANGUL = re.compile("[가-힣]")


def rendered(node: ast.expr) -> str | None:
    """A text with a mark for each value; None: it is no text of the source."""
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr(parts):
            return "".join(map(mark_of, parts, range(len(parts))))
        case ast.Call(ast.Attribute(ast.Constant(str(text)), "join")):
            return text
    return None


def mark_of(part: ast.expr, number: int) -> str:
    match part:
        case ast.Constant(str(text)):
            return text
        case ast.FormattedValue(ast.Name("guess") | ast.Call(ast.Name("did_you_mean"))):
            return f" Did you mean ‹{number}›?"
    return f"‹{number}›"


def texts_of(tree: ast.AST) -> Iterator[ast.expr]:
    """What a module raises or refuses with."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(name) | ast.Attribute(attr=name), args=arguments):
                if name in RAISES:
                    yield from arguments
            case ast.Assign([ast.Name("sentence")], value):
                yield value
            case ast.Yield(ast.Tuple([_, sentence])):
                yield sentence


def sentences() -> Iterator[tuple[str, str]]:
    for file in sorted(PACKAGE.rglob("*.py")):
        name = str(file.relative_to(PACKAGE))
        if ELSEWHERE.match(name):
            continue
        for node in texts_of(ast.parse(file.read_text(encoding="utf-8"))):
            text = rendered(node)
            if text is None:
                continue
            if name == "server/config_checks.py":
                text = f"{text}."
            # What neither begins nor ends as a sentence is only for the log.
            if re.search(r"^[A-Z‹-]|\.$", text) and re.search("[a-z]{2}", text):
                yield name, text
    for problem in Problem:
        yield "server/files/problems.py", problem.value[1]
    yield "server/files/problems.py", FileError.of_full(Rejection.SERVER_FULL).fields["message"]


SENTENCES = sorted(set(sentences()))

SAID = "\n".join(
    node.value
    for file in PACKAGE.rglob("*.py")
    if "language" not in file.parts
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    if isinstance(node, ast.Constant) and isinstance(node.value, str)
) + (PACKAGE / "models" / "catalogue.toml").read_text(encoding="utf-8")
"""All texts of the source, and of the catalogue."""

EXPLAINED = [("server/http/plain_http.py", explained(reason)[1].strip()) for reason in Rejection]
"""What the body of a refused upload says."""


@pytest.mark.parametrize(("file", "sentence"), SENTENCES + EXPLAINED)
def test_every_sentence_of_a_command_has_a_korean_one_with_the_same_facts(
    file: str, sentence: str
) -> None:
    korean = told(sentence, "ko")
    assert HANGUL.search(korean), f"{file}: {sentence}"
    assert sorted(re.findall("‹.*?›", korean)) == sorted(re.findall("‹.*?›", sentence))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__.rpartition(".")[2])
def test_both_languages_have_the_same_placeholders(table: ModuleType) -> None:
    for english, korean in table.SENTENCES.items():
        assert names_in(english) == names_in(korean), english


def names_in(sentence: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(sentence) if name)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__.rpartition(".")[2])
def test_no_table_has_a_sentence_that_nothing_says(table: ModuleType) -> None:
    """What the system and the libraries say is not in the source."""
    if table is system:
        return
    unsaid = {
        english
        for english in table.SENTENCES
        for literal, *_ in Formatter().parse(english.replace(" Did you mean {guess}?", ""))
        if literal.strip(" .") not in SAID
    }
    assert unsaid == set()


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        (
            "/a b.wav cannot be read: Permission denied.",
            "/a b.wav 파일을 읽을 수 없습니다(권한이 없음).",
        ),
        (
            "There is no model 'whispre'. Did you mean whisper-base? See: hwaja models list",
            "'whispre' 모델은 없습니다. 혹시 whisper-base인가요? "
            "다음을 실행해 보세요: hwaja models list",
        ),
        (
            "hosts: 'a b' is not a host name; write it as b.example or *.b.example.",
            "hosts: 'a b'은(는) 호스트 이름의 형식이 아닙니다. "
            "b.example 또는 *.b.example처럼 쓰세요.",
        ),
        (
            "a.toml is not TOML: Unclosed array (at line 3, column 7).",
            "a.toml 파일은 TOML이 아닙니다(3행 7열: 닫지 않은 배열).",
        ),
        ("none does not exist.", "none 파일이 없습니다."),  # a name, although it is a word too
        ("What no table has.", "What no table has."),
    ],
)
def test_a_sentence_keeps_its_values_and_translates_the_sentences_in_it(
    english: str, korean: str
) -> None:
    assert told(english, "ko") == korean
    assert told(english, "en") == english

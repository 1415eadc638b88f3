"""Whisper's vocabulary, and its pieces with their times and probabilities."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.engines.ctranslate2.whisper_tokens import Vocabulary, read_vocabulary, timed
from hwaja.engines.interface import EngineError
from hwaja.models import locate
from hwaja.protocol.values import Token

TASKS = ["<|translate|>", "<|transcribe|>", "<|notimestamps|>"]
NAMES = ["a", "Ġ", "íķľ", "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|ko|>", *TASKS]


def folder_of(tmp_path: Path, content: str | bytes, name: str = "vocabulary.json") -> Path:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "content"),
    [("vocabulary.json", json.dumps(NAMES)), ("vocabulary.txt", "\n".join(NAMES) + "\n")],
)
def test_a_vocabulary_gives_bytes_languages_and_prompts(
    name: str, content: str, tmp_path: Path
) -> None:
    vocabulary = read_vocabulary(folder_of(tmp_path, content, name))
    assert vocabulary.pieces == (b"a", b" ", "한".encode())
    assert vocabulary.count == len(NAMES)
    assert vocabulary.languages(multilingual=True) == {"en", "ko", "auto"}
    assert vocabulary.languages(multilingual=False) == {"en"}
    assert vocabulary.prompt("ko") == [4, 6, 8, 9]
    assert vocabulary.prompt(None) == [4, 9]
    assert vocabulary.of_text([4, 0, 3, 2, 6]) == [0, 2]
    assert vocabulary.text([1, 0, 2, 1]) == "a한"


@pytest.fixture(scope="module")
def whisper() -> Vocabulary:
    return read_vocabulary(locate("whisper-base"))


@pytest.mark.models
@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (" Hello, world!", [2425, 11, 1002, 0]),
        (" It's 2024", [467, 311, 45237]),
        (" 안녕하세요", [19289]),
        (" 삼계탕", [32391, 14597, 47780]),
        (" 메트포르민", [34810, 8857, 13248, 1698, 22702, 9609]),
        ("  a_b\n", [220, 257, 62, 65, 198]),
        ("", []),
    ],
)
def test_a_text_has_the_tokens_that_whisper_was_trained_on(
    text: str, tokens: list[int], whisper: Vocabulary
) -> None:
    assert whisper.encode(text) == tokens


@pytest.mark.models
def test_the_numbers_of_the_tokens_are_the_ranks_of_the_merges(whisper: Vocabulary) -> None:
    tokenizer = json.loads((locate("whisper-base") / "tokenizer.json").read_text("utf-8"))
    vocabulary, merges = tokenizer["model"]["vocab"], tokenizer["model"]["merges"]
    assert [vocabulary["".join(merge)] for merge in merges] == list(range(256, 50_256))


@pytest.mark.models
@given(text=st.text())
def test_the_tokens_of_a_text_join_to_it(text: str, whisper: Vocabulary) -> None:
    assert b"".join(whisper.pieces_of(whisper.encode(text))) == text.encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        "{}",
        "null",
        "[" * 100_000,
        json.dumps(NAMES)[:-5],
        json.dumps(NAMES[:3]),
        json.dumps(NAMES[:-1]),
        json.dumps(["한", *NAMES]),
        json.dumps([7, *NAMES]),
        json.dumps([["a"], *NAMES]),
        json.dumps([*NAMES, []]),
    ],
)
def test_another_file_is_no_vocabulary(content: str | bytes, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"vocabulary\.json [^\n]+\.$"):
        read_vocabulary(folder_of(tmp_path, content))


def test_a_folder_without_a_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"has no vocabulary\.json\.$"):
        read_vocabulary(folder_of(tmp_path, "", "vocabulary.bak"))


def at_each_second(*pieces: bytes) -> list[tuple[str, float]]:
    """The tokens of pieces that follow each other at each second."""
    seconds = [float(second) for second in range(len(pieces))]
    tokens = timed(pieces, seconds, [0.5] * len(pieces))
    return [(token.text, token.start_seconds) for token in tokens]


def test_pieces_that_are_whole_are_the_tokens() -> None:
    assert at_each_second(b" One", b" two", b".") == [(" One", 0), (" two", 1), (".", 2)]


def test_a_character_belongs_to_the_piece_that_it_begins_in() -> None:
    """Of three bytes, in two pieces and in three, and two characters in the midst of pieces."""
    first, second, third = ("한".encode(), "국".encode(), "어".encode())
    assert at_each_second(b" " + first[:2], first[2:], second[:1], second[1:2], second[2:]) == [
        (" 한", 0),
        ("국", 2),
    ]
    cut = (first[:2], first[2:] + second[:1], second[1:] + third[:1], third[1:])
    assert at_each_second(*cut) == [("한", 0), ("국", 1), ("어", 2)]


def test_bytes_that_are_no_character_are_in_no_token() -> None:
    pieces = (b" a\xeb", "해".encode(), b"\xff", b"b")
    assert "".join(text for text, _ in at_each_second(*pieces)) == " a해b"


def test_a_token_has_the_probability_of_its_piece() -> None:
    assert timed((b"a", b"\xff", b"b"), [0.0, 1.0, 2.0], [0.9, 0.1, 0.5]) == (
        Token("a", 0.0, 0.9),
        Token("b", 2.0, 0.5),
    )


@given(text=st.text(), data=st.data())
def test_whatever_is_said_and_however_it_is_cut_the_tokens_join_to_it(
    text: str, data: st.DataObject
) -> None:
    content = text.encode()
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(content) - 1)))))
    begins = list(pairwise([0, *cuts, len(content)]))
    tokens = at_each_second(*(content[a:b] for a, b in begins))
    assert "".join(text for text, _ in tokens) == text
    at = 0
    for piece_text, second in tokens:
        assert begins[int(second)][0] <= at < begins[int(second)][1]
        at += len(piece_text.encode())

"""Whisper's vocabulary, and its pieces with their times and probabilities."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.engines.interface import EngineError
from hwaja.engines.whisper_tokens import read_vocabulary, timed
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

"""The encoding and parsing of messages change only with the protocol."""

import sys
from collections.abc import Iterator

import pytest
import recorded


def test_every_message_is_encoded_as_it_was_recorded() -> None:
    lines = recorded.WRITTEN.read_text(encoding="utf-8").split("\n")
    assert [*recorded.written(), ""] == lines


@pytest.fixture
def recursion_limit() -> Iterator[None]:
    """Python's own, as a server has it: Hypothesis may leave a higher one behind."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("recursion_limit")
def test_every_text_is_parsed_as_it_was_recorded() -> None:
    lines = recorded.READ.read_text(encoding="utf-8").split("\n")
    assert [*recorded.read(), ""] == lines

"""The fuzzers' targets: over the stored corpus, and over some inputs that hypothesis makes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import TARGETS

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
STORED = sorted(CORPUS.glob("*/*"))


@pytest.mark.parametrize("file", STORED, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_stored_input_breaks_no_promise(file: Path) -> None:
    TARGETS[file.parent.name](file.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
@given(content=st.binary(max_size=300))
def test_no_bytes_at_all_break_a_promise(target: str, content: bytes) -> None:
    TARGETS[target](content)


def test_every_target_has_a_corpus() -> None:
    assert {file.parent.name for file in STORED} == set(TARGETS)

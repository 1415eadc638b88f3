"""The fuzzers' targets: over the stored corpus, and over some inputs that hypothesis makes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import TARGETS

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
STORED = sorted(CORPUS.glob("*/*"))


@pytest.mark.parametrize("file", STORED, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_stored_input_passes_its_fuzz_target(file: Path) -> None:
    TARGETS[file.parent.name](file.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
@given(content=st.binary(max_size=300))
def test_any_bytes_pass_every_fuzz_target(target: str, content: bytes) -> None:
    TARGETS[target](content)


def test_every_target_has_a_corpus() -> None:
    assert {file.parent.name for file in STORED} == set(TARGETS)

"""Folders of CTranslate2 that it would end the process over, or that are no Whisper model."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from ct2_folders import CONFIG, NAMES, POSITIONS, WEIGHTS, WIDTH, ct2_file, write_ct2_folder
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from hwaja.engines.ctranslate2.model_files import check_folder
from hwaja.engines.interface import EngineError
from hwaja.engines.loading import load_recogniser
from hwaja.engines.model_checks.exports import open_export

WHOLE = ct2_file(WEIGHTS)

Change = Callable[[Path], object]


def model(content: bytes) -> Change:
    return lambda folder: (folder / "model.bin").write_bytes(content)


def weights(name: str, value: ArrayLike, kind: str = "<f2") -> Change:
    return model(ct2_file(WEIGHTS | {name: np.asarray(value, kind)}))


def config(**changes: object) -> Change:
    return lambda folder: (folder / "config.json").write_text(json.dumps(CONFIG | changes))


def vocabulary(names: list[str]) -> Change:
    return lambda folder: (folder / "vocabulary.json").write_text(json.dumps(names))


BAD: dict[str, tuple[Change, str]] = {
    "empty": (model(b""), "truncated"),
    "cut in a header": (model(WHOLE[:40]), "truncated"),
    "junk": (model(b"\xff" * 1000), "not a Whisper model"),
    "of another version": (model(ct2_file(WEIGHTS, version=5)), "not a Whisper model"),
    "another model": (model(ct2_file(WEIGHTS, "TransformerSpec")), "not a Whisper model"),
    "without weights": (model(ct2_file({})), "lacks encoder/conv1/weight"),
    "with no heads": (weights("decoder/num_heads", 0, "<i2"), "2 and 0 heads"),
    "with too many heads": (weights("encoder/num_heads", 3, "<i2"), "3 and 2 heads"),
    "for other bands": (weights("encoder/conv1/weight", np.zeros((WIDTH, 40, 3))), "shape"),
    "of one axis": (weights("decoder/embeddings/weight", np.zeros(WIDTH)), "shape"),
    "transposed": (
        weights("decoder/embeddings/weight", np.zeros((WIDTH, len(NAMES)))),
        "shape",
    ),
    "with fewer tokens": (
        weights("decoder/embeddings/weight", np.zeros((9, WIDTH))),
        "9 tokens, its vocabulary 10",
    ),
    "with a longer vocabulary": (vocabulary([*NAMES, "<|0.00|>"]), "10 tokens, its vocabulary 11"),
    "with a token twice": (vocabulary([*NAMES, NAMES[-1]]), "10 tokens, its vocabulary 11"),
    "without a configuration": (lambda folder: (folder / "config.json").unlink(), "missing"),
    "with an empty configuration": (
        lambda folder: (folder / "config.json").write_text(""),
        "not the config.json",
    ),
    "with another configuration": (config(alignment_heads="x"), "not the config.json"),
    "with a layer too many": (config(alignment_heads=[[2, 0]]), "does not belong"),
    "with a head too many": (config(alignment_heads=[[0, 2]]), "does not belong"),
    "with a head below 0": (config(alignment_heads=[[0, -1]]), "does not belong"),
    "with a token too many": (config(suppress_ids=[10]), "does not belong"),
    "with a token below 0": (config(suppress_ids_begin=[-1]), "does not belong"),
    "with a language that is none": (config(lang_ids=[0]), "does not belong"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_folder_that_is_no_whisper_model_is_refused_in_one_sentence(
    case: str, tmp_path: Path
) -> None:
    change, sentence = BAD[case]
    change(write_ct2_folder(tmp_path))
    with pytest.raises(EngineError, match=sentence) as caught:
        check_folder(tmp_path)
    assert re.fullmatch(r"[^\n]+\.", str(caught.value))


def test_a_good_folder_gives_its_vocabulary_and_positions(tmp_path: Path) -> None:
    checked = check_folder(write_ct2_folder(tmp_path))
    assert checked.vocabulary.language_tokens == {"en": 5, "ko": 6}
    assert checked.max_tokens == POSITIONS


def test_what_ctranslate2_refuses_itself_is_one_sentence_too(tmp_path: Path) -> None:
    """The folder has too few weights."""
    with pytest.raises(
        EngineError, match=r"^[^\n]+cannot be loaded by CTranslate2 on cpu: [^\n]+$"
    ):
        load_recogniser(write_ct2_folder(tmp_path), "en")


def test_whisper_of_ctranslate2_takes_no_other_decoding_method(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="decoded by greedy_search, not by"):
        open_export(write_ct2_folder(tmp_path), "en", "modified_beam_search")


@settings(deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=4))
def test_a_file_with_wrong_bytes_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, wrong: bytes
) -> None:
    folder = write_ct2_folder(tmp_path_factory.mktemp("altered"))
    (folder / "model.bin").write_bytes(WHOLE[:at] + wrong + WHOLE[at + len(wrong) :])
    with suppress(EngineError):
        assert check_folder(folder).max_tokens > 0

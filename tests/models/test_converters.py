"""The converters of Moonshine and CAM++, and models that are used as they come."""

import base64
from pathlib import Path

import numpy as np
import pytest
from model_files import state_dict_file
from model_fixtures import convert

from hwaja.models import ModelError
from hwaja.models.conversion import campplus, moonshine, plain


def test_a_model_without_conversion_is_the_members_of_its_wheel(tmp_path: Path) -> None:
    convert(plain, {"a.onnx": b"1", "b.wav": b""}, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a.onnx": b"1",
        "b.wav": b"",
    }


def test_parts_of_a_file_become_the_file_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    parts = {f"model.bin.{number}": b"%d " % number for number in (10, 2, 1, 9)}
    convert(plain, {**parts, "config.json": b"{}", "v1.2.bin": b""}, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "model.bin": b"1 2 9 10 ",
        "config.json": b"{}",
        "v1.2.bin": b"",
    }


MOONSHINE = {
    "encoder_model.ort": b"encoder",
    "decoder_model_merged.ort": b"decoder",
    "tokenizer.bin": b"\x03<s>\x00\x02\xff\xfe",
}


def test_moonshine_keeps_its_graphs_unchanged_and_gets_a_token_table(tmp_path: Path) -> None:
    convert(moonshine, MOONSHINE, tmp_path)
    assert (tmp_path / "encoder_model.ort").read_bytes() == b"encoder"
    assert (tmp_path / "decoder_model_merged.ort").read_bytes() == b"decoder"
    lines = [line.split(" ") for line in (tmp_path / "tokens.txt").read_text().splitlines()]
    assert [(base64.b64decode(piece), token) for piece, token in lines] == [
        (b"<s>", "0"),
        (b"", "1"),
        (b"\xff\xfe", "2"),
    ]


def test_weights_of_another_model_are_refused_as_campplus(tmp_path: Path) -> None:
    other = state_dict_file({"layer.weight": np.zeros((2, 2), "<f4")})
    with pytest.raises(ModelError, match=r"has no head\.conv1\.weight"):
        convert(campplus, {"campplus.pt": other}, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_of_another_kind_is_refused_as_campplus(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        convert(campplus, {"campplus.pt": b"garbage"}, tmp_path)

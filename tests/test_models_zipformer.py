"""Zipformer: its graphs as they come, and the table by which hotwords are cut into pieces."""

import contextlib
import math
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from hwaja.models import ModelError, zipformer
from model_fixtures import convert

PIECES = [("<blk>", 0.0), ("<unk>", 0.0), ("▁안녕", -3.25), ("하", -7.5), ("세요", -1e-05)]


def message_class() -> Any:
    """SentencePiece's message as its .proto describes it, by protobuf's own runtime."""
    file = descriptor_pb2.FileDescriptorProto(name="pieces.proto", package="tests")
    field = descriptor_pb2.FieldDescriptorProto
    piece = file.message_type.add(name="Piece")
    one, many = field.LABEL_OPTIONAL, field.LABEL_REPEATED
    piece.field.add(name="piece", number=1, type=field.TYPE_STRING, label=one)
    piece.field.add(name="score", number=2, type=field.TYPE_FLOAT, label=one)
    piece.field.add(name="type", number=3, type=field.TYPE_INT32, label=one)
    model = file.message_type.add(name="Model")
    pieces = model.field.add(name="pieces", number=1, type=field.TYPE_MESSAGE, label=many)
    pieces.type_name = ".tests.Piece"
    model.field.add(name="trainer", number=2, type=field.TYPE_BYTES, label=one)
    model.field.add(name="checksum", number=9, type=field.TYPE_FIXED64, label=one)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tests.Model"))


MODEL = message_class()


def bpe_model(pieces: list[tuple[str, float]]) -> bytes:
    model = MODEL(trainer=b"\x0a\x03abc", checksum=7)
    for piece, score in pieces:
        model.pieces.add(piece=piece, score=score, type=300)
    return bytes(model.SerializeToString())


def test_the_model_comes_untouched_with_a_table_of_its_pieces(tmp_path: Path) -> None:
    members = {"encoder.int8.onnx": b"1", "tokens.txt": b"2", "bpe.model": bpe_model(PIECES)}
    convert(zipformer, members, tmp_path)
    written = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    vocabulary = written.pop("bpe.vocab").decode()
    assert written == members
    lines = [line.split("\t") for line in vocabulary.splitlines()]
    assert [piece for piece, _ in lines] == [piece for piece, _ in PIECES]
    assert [float(score) for _, score in lines] == pytest.approx([score for _, score in PIECES])


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1)
SCORES = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.dictionaries(WORDS, SCORES, min_size=1))
def test_pieces_and_scores_are_what_protobuf_reads(pieces: dict[str, float]) -> None:
    content = bpe_model(list(pieces.items()))
    read = {piece.decode(): score for piece, score in zipformer.read_pieces(content)}
    assert read == pieces
    lines = [line.split("\t") for line in zipformer.bpe_vocabulary(content).decode().split("\n")]
    assert {piece: float(score) for piece, score in lines[:-1]} == pytest.approx(pieces, rel=1e-7)


def test_a_piece_without_a_score_has_none() -> None:
    model = MODEL()
    model.pieces.add(piece="<blk>")
    assert zipformer.bpe_vocabulary(model.SerializeToString()) == b"<blk>\t0\n"


@pytest.mark.parametrize(
    "piece",
    [("", 0.0), ("a b", 0.0), ("a\n", 0.0), (" ", 0.0), ("a", math.nan), ("a", math.inf)],
)
def test_a_piece_on_which_sherpa_onnx_would_end_the_process_is_refused(
    piece: tuple[str, float],
) -> None:
    with pytest.raises(ModelError, match="has a piece that sherpa-onnx cannot read"):
        zipformer.bpe_vocabulary(bpe_model([("before", 0.0), piece]))


def test_a_piece_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ModelError, match="has a piece that sherpa-onnx cannot read"):
        zipformer.bpe_vocabulary(bpe_model([("a", 0.0), ("b", 0.0), ("a", -1.0)]))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x12\x01a", id="no piece"),
        pytest.param(b"\x0a", id="cut before a length"),
        pytest.param(b"\x0a\x05\x0a\x01a", id="cut inside a piece"),
        pytest.param(b"\x0d\0\0\0\0", id="a number for a piece"),
        pytest.param(b"\x0a\x02\x08\x01", id="a number for a text"),
        pytest.param(b"\x0a\x05\x15\0\0\0\0", id="no text"),
        pytest.param(b"\x0a\x05\x0a\x01a\x10\x01", id="an integer for a score"),
        pytest.param(b"\x0b", id="an unknown type"),
        pytest.param(b"\xff" * 11, id="a number too long"),
    ],
)
def test_another_file_is_no_sentencepiece_model(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"bpe\.model"):
        convert(zipformer, {"bpe.model": content}, tmp_path)
    assert not list(tmp_path.iterdir())


@given(st.integers(0, len(bpe_model(PIECES)) - 1), st.integers(0, 255), st.booleans())
def test_a_damaged_model_is_read_otherwise_or_refused_and_nothing_else(
    at: int, byte: int, cut: bool
) -> None:
    content = bpe_model(PIECES)
    damaged = content[:at] + (b"" if cut else bytes([byte]) + content[at + 1 :])
    try:
        vocabulary = zipformer.bpe_vocabulary(damaged)
    except ModelError:
        return
    assert all(len(line.split()) == 2 for line in vocabulary.split(b"\n")[:-1])


@given(st.binary(max_size=60))
def test_bytes_of_any_kind_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(ModelError):
        assert zipformer.bpe_vocabulary(content).endswith(b"\n")

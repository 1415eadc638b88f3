"""Hotwords in sherpa-onnx's notation, and those that it could not encode."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streaming_models
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given, settings
from hypothesis import strategies as st

from hwaja.engines.interface import EngineError
from hwaja.engines.loading import load_recogniser
from hwaja.engines.sherpa.hotwords import HotwordUnits, encode_hotwords, hotword_units
from hwaja.engines.sherpa.online import OnlineRecognizer
from hwaja.protocol.values import Hotword, Options

SYLLABLES = HotwordUnits("cjkchar", frozenset("가나다"))


@pytest.mark.parametrize(
    ("hotwords", "notation"),
    [
        ([Hotword("가나")], "가나"),
        ([Hotword(" 가  나 ")], "가 나"),
        ([Hotword("가"), Hotword("나다", 2.5)], "가/나다 :2.5000"),
        ([Hotword("가", 100), Hotword("나", 1e-3)], "가 :100.0000/나 :0.0010"),
    ],
)
def test_hotwords_are_written_in_the_notation_of_sherpa_onnx(
    hotwords: list[Hotword], notation: str
) -> None:
    assert encode_hotwords(hotwords, SYLLABLES) == notation


@pytest.mark.parametrize(
    ("hotword", "sentence"),
    [
        (Hotword(""), "empty"),
        (Hotword("  "), "empty"),
        (Hotword("가/나"), "one of / : # @"),
        (Hotword("가 :3"), "one of / : # @"),
        (Hotword("#가"), "one of / : # @"),
        (Hotword("가 @나"), "one of / : # @"),
        (Hotword("가\n나"), "line break"),
        (Hotword("가\r나"), "line break"),
        (Hotword("가\u2028나"), "line break"),
        (Hotword("가\0"), "control character"),
        (Hotword("힣"), "does not write"),
        (Hotword("가a"), "does not write"),
        (Hotword("가", 0), "boost"),
        (Hotword("가", -1), "boost"),
        (Hotword("가", 101), "boost"),
        (Hotword("가", float("nan")), "boost"),
        (Hotword("가", float("inf")), "boost"),
    ],
)
def test_a_hotword_that_sherpa_onnx_would_drop_or_misread_is_refused(
    hotword: Hotword, sentence: str
) -> None:
    with pytest.raises(EngineError, match=sentence) as caught:
        encode_hotwords([Hotword("나"), hotword], SYLLABLES)
    assert not set("가나") & set(str(caught.value)), "what a client sent is not quoted"


def test_single_characters_can_be_units_of_a_vocabulary(tmp_path: Path) -> None:
    units = hotword_units(["<blk>", "<unk>", "가", "나", "a", "b", " "], tmp_path)
    assert units == HotwordUnits("cjkchar", frozenset("가나")), "letters side by side are one"


SCORES = {"<unk>": 0.0, "▁가나": -1.0, "▁": -2.5, "가": -3.0}


def vocabulary_of(scores: dict[str, float]) -> bytes:
    return "".join(f"{piece}\t{score:g}\n" for piece, score in scores.items()).encode()


def model_of(scores: dict[str, float]) -> bytes:
    """A SentencePiece model as Protocol Buffers themselves write it, with more than is read."""
    described = descriptor_pb2.FileDescriptorProto(name="m.proto", package="m", syntax="proto2")
    for name, fields in {
        "Piece": [("piece", 1, 9), ("score", 2, 2), ("kind", 3, 5), ("weight", 4, 1)],
        "Model": [("trainer", 2, 9), ("pieces", 1, 11)],
    }.items():
        message = described.message_type.add(name=name)
        for field, number, kind in fields:
            message.field.add(
                name=field,
                number=number,
                type=kind,
                label=3 if kind == 11 else 1,
                type_name=".m.Piece" if kind == 11 else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(described)
    classes = message_factory.GetMessageClassesForFiles(["m.proto"], pool)
    model = classes["m.Model"](trainer="x" * 300)
    for index, (piece, score) in enumerate(scores.items()):
        model.pieces.add(piece=piece, score=score, kind=1 + index, weight=0.5)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("name", "written"), [("bpe.vocab", vocabulary_of), ("bpe.model", model_of)]
)
def test_pieces_can_be_units_if_their_scores_are_known(
    name: str, written: Callable[[dict[str, float]], bytes], tmp_path: Path
) -> None:
    tokens = ["<blk>", "▁가나", "▁", "가", "나"]
    assert hotword_units(tokens, tmp_path) is None
    (tmp_path / name).write_bytes(written(SCORES))
    assert hotword_units(tokens, tmp_path) == HotwordUnits("bpe", frozenset("가"), SCORES)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("bpe.vocab", "▁가나\n".encode(), "not one of SentencePiece's"),
        ("bpe.vocab", "▁가나\tmany\n".encode(), "not one of SentencePiece's"),
        ("bpe.vocab", "▁가 나 -1\n".encode(), "not one of SentencePiece's"),
        ("bpe.vocab", "▁다\t-1\n".encode(), "pieces of another model"),
        ("bpe.model", model_of({"▁다": -1.0}), "pieces of another model"),
        ("bpe.model", b"<html>Not found</html>", "not one of SentencePiece's"),
        *(
            ("bpe.model", model_of(SCORES)[:-length], "not one of SentencePiece's")
            for length in (1, 5, 9, 14, 20)
        ),
    ],
)
def test_an_unsuitable_vocabulary_is_explained(
    name: str, content: bytes, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EngineError, match=sentence):
        hotword_units(["<blk>", "▁가나", "▁", "가"], tmp_path)


@pytest.fixture(scope="module", params=["cjkchar", "bpe"])
def recogniser(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> OnlineRecognizer:
    folder = streaming_models.write("zipformer2", tmp_path_factory.mktemp("hotwords"))
    if request.param == "bpe":
        table = ["<blk>", "<s>", "<unk>", "가", "나", "▁", "▁가나", "나가", "다"]
        streaming_models.write_tokens(folder, table)
        scores = "".join(f"{piece}\t-{index}\n" for index, piece in enumerate(table[3:]))
        (folder / "bpe.vocab").write_text(scores, "utf-8")
    loaded = load_recogniser(folder, "ko", "modified_beam_search")
    assert isinstance(loaded, OnlineRecognizer)
    return loaded


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.sampled_from("가나다 힣:/#@a\n"), max_size=6), max_size=4))
def test_sherpa_onnx_can_encode_every_accepted_hotword(
    recogniser: OnlineRecognizer, texts: list[str]
) -> None:
    """sherpa-onnx reports a hotword that it cannot encode on standard error."""
    hotwords = tuple(Hotword(text, boost=1.5) for text in texts)
    with contextlib.suppress(EngineError):
        recogniser.open(Options(hotwords=hotwords))


@pytest.fixture(autouse=True)
def silent(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """sherpa-onnx complains of no hotword in any of these tests."""
    yield
    assert "otword" not in capfd.readouterr().err

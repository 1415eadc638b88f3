"""The Whisper converter, on a small model with random weights."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from model_files import Tensors, ct2_file
from model_fixtures import convert
from numpy.typing import NDArray
from whisper_numpy import PlainWhisper
from whisper_runs import Decoder, encode, encode_bare, metadata_of

from hwaja.models import ModelError, whisper, whisper_encoder

WIDTH, HEADS, MELS, POSITIONS = 8, 2, 4, 10
SPECIAL = [
    *("endoftext", "startoftranscript", "en", "ko", "translate", "transcribe"),
    *("startoflm", "startofprev", "nospeech", "notimestamps"),
]
PIECES = {"a": b"a", "Ġ": b" ", "íķľ": "한".encode()}
VOCABULARY = len(PIECES) + len(SPECIAL)


def tokenizer(special: list[str] = SPECIAL) -> bytes:
    names = [f"<|{name}|>" for name in special]
    added = [{"content": name, "id": token} for token, name in enumerate(names, start=len(PIECES))]
    vocab = {piece: token for token, piece in enumerate(PIECES)}
    return json.dumps({"added_tokens": added, "model": {"vocab": vocab}}).encode()


def weights() -> Tensors:
    """Draw the tensors of one encoder layer and two decoder layers, as CTranslate2 names them."""
    rng = np.random.default_rng(0)
    tensors: Tensors = {"encoder/num_heads": np.array(HEADS, "<i2")}

    def draw(name: str, *shape: int) -> None:
        tensors[name] = (rng.standard_normal(shape) / 2).astype("<f2")

    def linear(name: str, outputs: int, inputs: int = WIDTH) -> None:
        draw(f"{name}/weight", outputs, inputs)
        draw(f"{name}/bias", outputs)

    def norm(name: str) -> None:
        draw(f"{name}/gamma", WIDTH)
        draw(f"{name}/beta", WIDTH)

    def layer(name: str) -> None:
        for part in ("self_attention", "ffn"):
            norm(f"{name}/{part}/layer_norm")
        linear(f"{name}/self_attention/linear_0", 3 * WIDTH)
        linear(f"{name}/self_attention/linear_1", WIDTH)
        linear(f"{name}/ffn/linear_0", 4 * WIDTH)
        linear(f"{name}/ffn/linear_1", WIDTH, 4 * WIDTH)

    for name, channels in (("encoder/conv1", MELS), ("encoder/conv2", WIDTH)):
        draw(f"{name}/weight", WIDTH, channels, 3)
        draw(f"{name}/bias", WIDTH)
    draw("encoder/position_encodings/encodings", whisper_encoder.POSITIONS, WIDTH)
    draw("decoder/position_encodings/encodings", POSITIONS, WIDTH)
    draw("decoder/embeddings/weight", VOCABULARY, WIDTH)
    layer("encoder/layer_0")
    for name in ("decoder/layer_0", "decoder/layer_1"):
        layer(name)
        norm(f"{name}/attention/layer_norm")
        for index, outputs in enumerate((WIDTH, 2 * WIDTH, WIDTH)):
            linear(f"{name}/attention/linear_{index}", outputs)
    norm("encoder/layer_norm")
    norm("decoder/layer_norm")
    return tensors


def config(alignment_heads: object) -> bytes:
    return json.dumps({"alignment_heads": alignment_heads, "suppress_ids": []}).encode()


MODEL = ct2_file(weights())
MEMBERS = {
    "model.bin.1": MODEL[:999],
    "model.bin.2": MODEL[999:],
    "tokenizer.json": tokenizer(),
    "config.json": config([[1, 1], [0, 1], [1, 0]]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whisper")
    convert(whisper, MEMBERS, folder, precision="fp32")
    return folder


def mel(frames: int, batch: int = 1) -> NDArray[np.float32]:
    shape = (batch, MELS, frames)
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(
    ("precision", "files"),
    [
        ("fp32", {"encoder.onnx", "decoder.onnx", "tokens.txt"}),
        ("int8", {"encoder.int8.onnx", "decoder.int8.onnx", "tokens.txt"}),
    ],
)
def test_a_model_consists_of_two_graphs_and_a_token_table(
    tmp_path: Path, precision: str, files: set[str]
) -> None:
    convert(whisper, MEMBERS, tmp_path, precision=precision)
    assert {path.name for path in tmp_path.iterdir()} == files


def test_the_token_table_has_the_bytes_of_every_piece_and_no_special_token(folder: Path) -> None:
    lines = [line.split() for line in (folder / "tokens.txt").read_text().splitlines()]
    read = {int(token): base64.b64decode(piece) for piece, token in lines}
    assert read == dict(enumerate(PIECES.values()))


def test_the_metadata_has_the_models_dimensions_and_special_tokens(folder: Path) -> None:
    metadata = metadata_of(folder / "encoder.onnx")
    numbers = {name: str(token) for token, name in enumerate(SPECIAL, start=len(PIECES))}
    assert metadata == {
        "model_type": "whisper",
        "version": "1",
        "is_multilingual": "1",
        "n_mels": "4",
        "n_audio_ctx": "1500",
        "n_audio_state": "8",
        "n_audio_head": "2",
        "n_audio_layer": "1",
        "n_vocab": str(VOCABULARY),
        "n_text_ctx": "10",
        "n_text_state": "8",
        "n_text_head": "2",
        "n_text_layer": "2",
        "all_language_codes": "en,ko",
        "all_language_tokens": "5,6",
        "blank_id": "1",
        "sot_sequence": "4,5,8",
        "sot_index": "0",
        "sot": numbers["startoftranscript"],
        "eot": numbers["endoftext"],
        "no_speech": numbers["nospeech"],
        "transcribe": numbers["transcribe"],
        "translate": numbers["translate"],
        "sot_prev": numbers["startofprev"],
        "sot_lm": numbers["startoflm"],
        "no_timestamps": numbers["notimestamps"],
        "non_speech_tokens": "",
        "n_alignment_heads": "3",
        "adds_silence": "1",
    }


@pytest.mark.parametrize("frames", [6, 20, 33])
def test_the_graphs_compute_what_whisper_is_defined_to_compute(folder: Path, frames: int) -> None:
    plain, tokens = PlainWhisper(weights()), [4, 5, 8, 0, 2]
    heard = plain.encode(mel(frames)[0].astype(np.float64), layers=1)
    cross = encode_bare(folder / "encoder.onnx", mel(frames))
    for index in range(2):
        for found, expected in zip(cross, plain.cross(heard, index), strict=True):
            np.testing.assert_allclose(found[index, 0], expected, atol=1e-4)
    decoder = Decoder(folder / "decoder.onnx", cross)
    logits = decoder.decode(tokens)
    np.testing.assert_allclose(logits, plain.decode(tokens, heard, layers=2), atol=1e-4)
    expected = np.stack([plain.looks[0][1], plain.looks[1][0], plain.looks[1][1]])
    np.testing.assert_allclose(decoder.looks, expected, atol=1e-4)


@pytest.mark.parametrize("frames", [2, 33, 1500, 2901])
def test_silence_fills_the_audio_up_to_half_a_minute_and_counts_in_full(
    folder: Path, frames: int
) -> None:
    """The output is that of Whisper with 30 s of audio and every fourth position of silence."""
    audio = mel(frames)[0].astype(np.float64)
    silence = np.full((MELS, 3000 - frames), audio.max() - whisper_encoder.SILENCE_BELOW_PEAK)
    stride = whisper_encoder.STRIDE
    near = min((frames + whisper_encoder.DENSE_FRAMES + 1) // 2, whisper_encoder.POSITIONS)
    far = range(near + stride // 2, whisper_encoder.POSITIONS, stride)
    counts = dict.fromkeys(range(near), 1) | dict.fromkeys(far, stride)
    heard = PlainWhisper(weights()).encode(np.hstack([audio, silence]), 1, counts)
    expected = PlainWhisper(weights()).cross(heard, 1)
    for found, wanted in zip(encode(folder / "encoder.onnx", mel(frames)), expected, strict=True):
        assert found.shape[2] == len(counts)
        # The last one or two lie beside the end of the 30 s, which the graph takes for silence.
        np.testing.assert_allclose(found[1, 0, :-2], wanted[:-2], atol=2e-3)


def test_each_utterance_of_a_batch_gives_the_output_that_it_gives_alone(folder: Path) -> None:
    pair = mel(20, batch=2)
    together = encode(folder / "encoder.onnx", pair)
    for k in range(2):
        for whole, alone in zip(together, encode(folder / "encoder.onnx", pair[[k]]), strict=True):
            np.testing.assert_allclose(whole[:, [k]], alone, atol=1e-5)


def test_tokens_one_by_one_give_the_output_of_all_at_once(folder: Path) -> None:
    """The cache of keys and values and the mask give equal output."""
    heard = encode(folder / "encoder.onnx", mel(20))
    tokens = [4, 5, 8, 0, 2]
    at_once = Decoder(folder / "decoder.onnx", heard).decode(tokens)
    stepwise = Decoder(folder / "decoder.onnx", heard)
    each = np.concatenate([stepwise.decode([token]) for token in tokens])
    np.testing.assert_allclose(each, at_once, atol=1e-5)
    assert np.ptp(at_once, axis=0).max() > 0.1  # the steps do differ


def test_eight_bit_weights_give_nearly_the_same_output(folder: Path, tmp_path: Path) -> None:
    convert(whisper, MEMBERS, tmp_path, precision="int8")
    for whole, rounded in zip(
        encode(folder / "encoder.onnx", mel(20)),
        encode(tmp_path / "encoder.int8.onnx", mel(20)),
        strict=True,
    ):
        assert np.abs(whole - rounded).max() < 0.05 * np.abs(whole).max()
    assert metadata_of(tmp_path / "encoder.int8.onnx").items() >= {
        *metadata_of(folder / "encoder.onnx").items()
    }


def test_only_matrix_products_are_quantised(tmp_path: Path) -> None:
    """Convolutions and the embedding table in 8 bits would cost accuracy."""
    convert(whisper, MEMBERS, tmp_path, precision="int8")
    nodes = onnx.load(tmp_path / "encoder.int8.onnx").graph.node
    kinds = {node.op_type for node in nodes}
    assert "MatMulInteger" in kinds
    assert "Conv" in kinds
    assert "ConvInteger" not in kinds


def test_conversion_is_reproducible(folder: Path, tmp_path: Path) -> None:
    convert(whisper, MEMBERS, tmp_path, precision="fp32")
    for name in ("encoder.onnx", "decoder.onnx", "tokens.txt"):
        assert (folder / name).read_bytes() == (tmp_path / name).read_bytes()


@pytest.mark.parametrize("missing", sorted({*SPECIAL} - {"ko"}))
def test_a_tokenizer_without_a_token_that_whisper_needs_is_refused(
    tmp_path: Path, missing: str
) -> None:
    lacking = tokenizer([name for name in SPECIAL if name != missing])
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        convert(whisper, MEMBERS | {"tokenizer.json": lacking}, tmp_path, precision="fp32")


def test_the_older_name_of_the_no_speech_token_is_accepted(folder: Path, tmp_path: Path) -> None:
    older = MEMBERS["tokenizer.json"].replace(b"nospeech", b"nocaptions")
    convert(whisper, MEMBERS | {"tokenizer.json": older}, tmp_path, precision="fp32")
    assert metadata_of(tmp_path / "encoder.onnx") == metadata_of(folder / "encoder.onnx")


def test_a_tokenizer_without_a_space_is_refused(tmp_path: Path) -> None:
    """Its number is the "blank_id" of the metadata."""
    spaceless = tokenizer().replace(b'"\\u0120": 1, ', b"")
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        convert(whisper, MEMBERS | {"tokenizer.json": spaceless}, tmp_path, precision="fp32")


@pytest.mark.parametrize(
    "content",
    [
        b"junk",
        b"{}",
        b"[]",
        config(None),
        config([]),
        config([[0, 1], [1]]),
        config([["a", 1]]),
        config([[2, 0]]),
        config([[0, 2]]),
        config([[-1, 0]]),
    ],
)
def test_missing_or_foreign_alignment_heads_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModelError, match=r"config\.json"):
        convert(whisper, MEMBERS | {"config.json": content}, tmp_path, precision="fp32")


@pytest.mark.parametrize(
    "missing",
    ["encoder/num_heads", "encoder/conv2/bias", "decoder/layer_1/attention/linear_1/weight"],
)
def test_a_model_without_a_tensor_is_refused_with_its_name(tmp_path: Path, missing: str) -> None:
    lacking = {name: tensor for name, tensor in weights().items() if name != missing}
    members: dict[str, Any] = {"model.bin.1": ct2_file(lacking), "model.bin.2": b""}
    with pytest.raises(ModelError, match=missing):
        convert(whisper, MEMBERS | members, tmp_path, precision="fp32")

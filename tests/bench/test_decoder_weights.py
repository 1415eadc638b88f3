"""The decoder that WhisperLiveKit gets for the comparison. WhisperLiveKit is not needed."""

from pathlib import Path

import numpy as np
import pytest
from ct2_folders import CONFIG, LAYERS, NAMES, WEIGHTS, WIDTH, ct2_file, write_ct2_folder
from model_files import Tensors

from hwaja_bench.peers.decoder_weights import Decoder, read_decoder

OUTSIDE: Tensors = {
    "decoder/layer_norm/gamma": np.full(WIDTH, 7, "<f2"),
    "decoder/layer_norm/beta": np.full(WIDTH, 8, "<f2"),
}


def joined(layer: int) -> Tensors:
    """Return projections of a layer; each row has the number of its projection."""
    rows = np.repeat(np.arange(3, dtype="<f2") + 10 * layer, WIDTH)
    weights = np.repeat(rows[:, None], WIDTH, axis=1)
    attention = f"decoder/layer_{layer}"
    return {
        f"{attention}/self_attention/linear_0/weight": weights,
        f"{attention}/self_attention/linear_0/bias": rows,
        f"{attention}/attention/linear_1/weight": weights[: 2 * WIDTH],
        f"{attention}/attention/linear_1/bias": rows[: 2 * WIDTH],
    }


@pytest.fixture
def decoder(tmp_path: Path) -> Decoder:
    layers = {name: each for layer in range(LAYERS) for name, each in joined(layer).items()}
    write_ct2_folder(tmp_path)
    (tmp_path / "model.bin").write_bytes(ct2_file({**WEIGHTS, **OUTSIDE, **layers}))
    return read_decoder(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("blocks.0.attn.query.weight", 0),
        ("blocks.0.attn.key.weight", 1),
        ("blocks.0.attn.value.weight", 2),
        ("blocks.1.attn.value.bias", 12),
        ("blocks.1.cross_attn.key.weight", 10),
        ("blocks.1.cross_attn.value.bias", 11),
        ("ln.weight", 7),
        ("ln.bias", 8),
    ],
)
def test_each_projection_has_the_weights_of_its_own(
    decoder: Decoder, name: str, value: float
) -> None:
    weights = decoder.weights[f"decoder.{name}"]
    assert weights.dtype == np.float32
    assert weights.shape == ((WIDTH, WIDTH) if "attn" in name and "weight" in name else (WIDTH,))
    assert (weights == value).all()


def test_a_key_has_no_bias(decoder: Decoder) -> None:
    assert not [name for name in decoder.weights if name.endswith("key.bias")]


def test_the_dimensions_and_the_heads_are_those_of_the_model(decoder: Decoder) -> None:
    assert decoder.dimensions["n_vocab"] == len(NAMES)
    assert decoder.dimensions["n_text_layer"] == LAYERS
    assert decoder.dimensions["n_text_state"] == WIDTH
    assert decoder.alignment_heads == CONFIG["alignment_heads"]

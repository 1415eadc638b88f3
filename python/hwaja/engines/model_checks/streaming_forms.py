"""The metadata and graph shapes that sherpa-onnx 2.0.1 expects of each streaming model family.

They were found in its source and by experiment.
"""

from collections.abc import Callable

from hwaja.engines.model_checks.forms import Form, fixed
from hwaja.engines.model_checks.model_files import Numbers


def _with_states(states: Callable[[Numbers], int]) -> Callable[[Numbers], tuple[int, int]]:
    """Return the shape of a graph with features and states as inputs and as many outputs."""
    return lambda numbers: (1 + states(numbers), 1 + states(numbers))


_CHUNKS = ("T", "decode_chunk_len")
_STACKS = ("encoder_dims", "num_encoder_layers", "cnn_module_kernels", "left_context_len")

ZIPFORMER2 = Form(
    _with_states(lambda numbers: 6 * sum(numbers["num_encoder_layers"]) + 2),
    positive=_CHUNKS,
    lists=(*_STACKS, "query_head_dims", "value_head_dims", "num_heads"),
    steps=_CHUNKS,
)
TRANSDUCER_ENCODERS = {
    "zipformer2": ZIPFORMER2,
    "zipformer": Form(
        _with_states(lambda numbers: 7 * len(numbers["num_encoder_layers"])),
        positive=_CHUNKS,
        lists=(*_STACKS, "attention_dims"),
        steps=_CHUNKS,
    ),
    "conformer": Form(
        fixed(4, 3),
        positive=(*_CHUNKS, "num_encoder_layers", "left_context", "encoder_dim"),
        natural=("pad_length", "cnn_module_kernel"),
        steps=_CHUNKS,
    ),
    "lstm": Form(
        fixed(3, 3),
        positive=(*_CHUNKS, "num_encoder_layers", "rnn_hidden_size", "d_model"),
        steps=_CHUNKS,
    ),
    "ebranchformer": Form(
        _with_states(lambda numbers: 4 * numbers["num_hidden_layers"][0] + 1),
        positive=(
            *_CHUNKS,
            "num_hidden_layers",
            "hidden_size",
            "intermediate_size",
            "csgu_kernel_size",
            "merge_conv_kernel",
            "left_context_len",
            "num_heads",
            "head_dim",
        ),
        steps=_CHUNKS,
    ),
}
"""Encoder forms by the metadata key model_type."""

TRANSDUCER_DECODER = Form(fixed(1, 1), positive=("vocab_size", "context_size"))
JOINER = Form(fixed(2, 1))

_NEMO_CACHED = (
    "vocab_size",
    "window_size",
    "chunk_shift",
    "subsampling_factor",
    *(f"cache_last_{cache}_dim{axis}" for cache in ("channel", "time") for axis in (1, 2, 3)),
)
_NEMO_PREDICTOR = ("pred_rnn_layers", "pred_hidden")
NEMO_CTC = Form(fixed(5, 5), positive=_NEMO_CACHED, steps=("window_size", "chunk_shift"))
NEMO_ENCODER = Form(
    fixed(5, 5), positive=(*_NEMO_CACHED, *_NEMO_PREDICTOR), steps=("window_size", "chunk_shift")
)
NEMO_MULTILINGUAL_ENCODER = Form(
    fixed(6, 5), positive=NEMO_ENCODER.positive, steps=NEMO_ENCODER.steps
)
PARAKEET_ENCODER = Form(
    fixed(2, 2),
    positive=(
        "vocab_size",
        "subsampling_factor",
        *_NEMO_PREDICTOR,
        "chunk_feature_frames",
        "chunk_encoder_frames",
    ),
    natural=(
        "left_feature_frames",
        "right_feature_frames",
        "left_encoder_frames",
        "right_encoder_frames",
    ),
)
NEMO_DECODER = Form(fixed(4, 4))

WENET_CTC = Form(
    fixed(6, 3),
    positive=(
        "head",
        "num_blocks",
        "output_size",
        "cnn_module_kernel",
        "subsampling_factor",
        "vocab_size",
    ),
    natural=("right_context",),
)
T_ONE_CTC = Form(fixed(2, 2), positive=("frame_length_ms", "state_dim", "sample_rate"))
CTC: dict[str, tuple[str, Form, int | None]] = {
    "cache_last_channel_dim1": ("nemo_ctc", NEMO_CTC, 1),
    "decode_chunk_len": ("zipformer2_ctc", ZIPFORMER2, 2),
    "right_context": ("wenet_ctc", WENET_CTC, 2),
    "frame_length_ms": ("t_one_ctc", T_ONE_CTC, None),
}
"""CTC families by a metadata key that only the family has.

The values are the family's name, its form, and the input axis with the mel bins; None where the
input is samples.
"""

PARAFORMER_ENCODER = Form(
    fixed(2, 3),
    positive=(
        "vocab_size",
        "lfr_window_size",
        "lfr_window_shift",
        "encoder_output_size",
        "decoder_num_blocks",
        "decoder_kernel_size",
    ),
)


def paraformer_decoder(blocks: int) -> Form:
    """Return the form of a Paraformer decoder with a number of blocks, each with its cache."""
    return Form(fixed(4 + blocks, 2 + blocks))

"""Streaming model folders are identified, and rejected where sherpa-onnx would end the process."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import streaming_models
from breaking import (
    Change,
    batch_of_one,
    graph,
    metadata,
    named,
    no_batch,
    one_input_more,
    one_output_less,
    part,
    removed,
    tokens,
    unknown_axis,
)
from streaming_models import FAMILIES

from hwaja.engines.interface import EngineError
from hwaja.engines.loading import load_recogniser
from hwaja.engines.model_checks.exports import open_export
from hwaja.engines.model_checks.streaming_exports import StreamingExport

BEAM_SEARCH = "modified_beam_search"

ENCODERS = ["zipformer2", "zipformer", "conformer", "lstm", "ebranchformer"]
NEMO = ["nemo-transducer", "nemotron", "parakeet-unified"]
CTC = ["zipformer2-ctc", "nemo-ctc", "wenet-ctc", "t-one-ctc"]

READ_BY_SHERPA = {
    "zipformer2": "encoder_dims query_head_dims value_head_dims num_heads num_encoder_layers "
    "cnn_module_kernels left_context_len T decode_chunk_len",
    "zipformer": "encoder_dims attention_dims num_encoder_layers cnn_module_kernels "
    "left_context_len T decode_chunk_len",
    "conformer": "num_encoder_layers T decode_chunk_len left_context encoder_dim pad_length "
    "cnn_module_kernel",
    "lstm": "num_encoder_layers T decode_chunk_len rnn_hidden_size d_model",
    "ebranchformer": "decode_chunk_len T num_hidden_layers hidden_size intermediate_size "
    "csgu_kernel_size merge_conv_kernel left_context_len num_heads head_dim",
    "nemo-transducer": "vocab_size window_size chunk_shift subsampling_factor pred_rnn_layers "
    "pred_hidden cache_last_channel_dim1 cache_last_channel_dim2 cache_last_channel_dim3 "
    "cache_last_time_dim1 cache_last_time_dim2 cache_last_time_dim3",
    "parakeet-unified": "vocab_size subsampling_factor pred_rnn_layers pred_hidden "
    "left_feature_frames chunk_feature_frames right_feature_frames left_encoder_frames "
    "chunk_encoder_frames right_encoder_frames",
    "paraformer": "vocab_size lfr_window_size lfr_window_shift encoder_output_size "
    "decoder_num_blocks decoder_kernel_size neg_mean inv_stddev",
    "zipformer2-ctc": "encoder_dims query_head_dims value_head_dims num_heads num_encoder_layers "
    "cnn_module_kernels left_context_len T",
    "nemo-ctc": "window_size chunk_shift subsampling_factor vocab_size cache_last_channel_dim2 "
    "cache_last_channel_dim3 cache_last_time_dim1 cache_last_time_dim2 cache_last_time_dim3",
    "wenet-ctc": "head num_blocks output_size cnn_module_kernel subsampling_factor vocab_size",
    "t-one-ctc": "state_dim sample_rate",
}
"""Metadata without which it ends the process, by what it says when it does."""

MISSING = [(family, key) for family, keys in READ_BY_SHERPA.items() for key in keys.split()]

BROKEN: dict[str, tuple[str, Change, str]] = {
    "no tokens": ("zipformer2", removed("tokens.txt"), r"no file named \*tokens\.txt"),
    "no decoder": ("zipformer2", removed("decoder*"), r"no file named \*decoder\*\.onnx"),
    "no encoder": ("nemotron", removed("encoder*"), r"no file named \*encoder\*\.onnx"),
    "no model": ("nemo-ctc", removed("*.onnx"), r"no file named \*\.onnx"),
    "no decoder of a Paraformer": ("paraformer", removed("decoder*"), r"no file named \*decoder"),
    "two chunk lengths": (
        "zipformer2",
        named("encoder", "encoder-epoch-99-avg-1-chunk-32-left-128.int8.onnx"),
        r"2 files named \*encoder\*\.onnx \(.*chunk-32.*\)",
    ),
    "two CTC models": ("zipformer2-ctc", named("", "ctc-chunk-64.int8.onnx"), "2 files named"),
    "a web page": (
        "nemo-ctc",
        lambda folder: part(folder, "").write_bytes(b"<html>Not found</html>"),
        "is not an ONNX file",
    ),
    "a model of a family that is not there": (
        "zipformer2",
        metadata("encoder", "model_type", "whisper-base"),
        "is no streaming encoder",
    ),
    "a transducer without a family": (
        "lstm",
        metadata("encoder", "model_type", None),
        "is no streaming encoder",
    ),
    "an offline CTC model": (
        "wenet-ctc",
        metadata("", "right_context", None),
        "has 6 inputs and 3 outputs, not 2",
    ),
    "an encoder of another family beside a Parakeet decoder": (
        "parakeet-unified",
        metadata("encoder", "streaming_model_type", "other"),
        "of another family than the decoder",
    ),
    "a number that is none": ("lstm", metadata("encoder", "T", "nine"), "T that is no number"),
    "a number that is too small": ("nemo-ctc", metadata("", "chunk_shift", "0"), "too small"),
    "a negative number": (
        "parakeet-unified",
        metadata("encoder", "left_feature_frames", "-1"),
        "too small",
    ),
    "a number that takes all memory": (
        "nemo-ctc",
        metadata("", "cache_last_time_dim2", "2000000000"),
        "too large",
    ),
    "a list where a number belongs": ("lstm", metadata("encoder", "T", "9,9"), "has a list"),
    "lists of unlike length": (
        "zipformer2",
        metadata("encoder", "num_heads", "2"),
        "lists of unlike length",
    ),
    "a step longer than what is heard": (
        "zipformer2",
        metadata("encoder", "decode_chunk_len", "46"),
        "advances by more than it hears",
    ),
    "too few layers": (
        "zipformer2",
        metadata("encoder", "num_encoder_layers", "1,1"),
        "has 21 inputs and 21 outputs, not 15 and 15",
    ),
    "a state that is not returned": (
        "nemo-ctc",
        graph("", one_output_less),
        "has 5 inputs and 4 outputs, not 5 and 5",
    ),
    "an input too many": ("t-one-ctc", graph("", one_input_more), "has 3 inputs"),
    "a joiner of one input too many": ("lstm", graph("joiner", one_input_more), "has 3 inputs"),
    "a Paraformer decoder of fewer blocks": (
        "paraformer",
        metadata("encoder", "decoder_num_blocks", "1"),
        "has 6 inputs and 4 outputs, not 5 and 3",
    ),
    "a Paraformer that joins other frames": (
        "paraformer",
        metadata("encoder", "lfr_window_size", "5"),
        "joins frames in a way",
    ),
    "too few means": ("paraformer", metadata("encoder", "neg_mean", "0.0"), "1 numbers as neg"),
    "means that are none": ("paraformer", metadata("encoder", "neg_mean", "zero"), "no number"),
    "a vocabulary that is not the joiner's": (
        "zipformer2",
        metadata("decoder", "vocab_size", "5"),
        "scores 6 tokens, not 5",
    ),
    "a vocabulary that is not the scores'": (
        "nemo-ctc",
        metadata("", "vocab_size", "9"),
        "scores 6 tokens, not 10",
    ),
    "scores without a batch": ("t-one-ctc", graph("", no_batch), "scores of 2 axes, not 3"),
    "a batch of one only": ("nemo-ctc", graph("", batch_of_one), "cannot run the model"),
    "a Parakeet that skips frames": (
        "parakeet-unified",
        metadata("encoder", "left_encoder_frames", "2"),
        "left_feature_frames, not 8",
    ),
    "no known number of mel bins": (
        "nemo-transducer",
        graph("encoder", unknown_axis("input", 1)),
        "does not say how many mel bins",
    ),
    "features normalised unlike": (
        "nemo-transducer",
        metadata("encoder", "normalize_type", "all_features"),
        "normalised in a way",
    ),
    "prompts that are no dictionary": (
        "nemotron",
        metadata("encoder", "prompt_dictionary", "[1, 2]"),
        "no dictionary as prompt_dictionary",
    ),
    "prompts in Python's notation": (  # sherpa-onnx would hear every language as any
        "nemotron",
        metadata("encoder", "prompt_dictionary", "{'ko-KR': 7}"),
        "no dictionary as prompt_dictionary",
    ),
    "a negative prompt": (
        "nemotron",
        metadata("encoder", "prompt_dictionary", '{"ko-KR": -1}'),
        "negative number as a prompt",
    ),
    "a prompt for all that is none": (
        "nemotron",
        metadata("encoder", "auto_prompt_id", "many"),
        "no number",
    ),
    "a token of three words": (
        "nemo-ctc",
        tokens(lambda table: table + b"a b 9\n"),
        "is not a token table",
    ),
    "a token without a number": (
        "nemo-ctc",
        tokens(lambda table: table + b"a b\n"),
        "is not a token table",
    ),
    "a negative token": (
        "nemo-ctc",
        tokens(lambda table: table + b"a -1\n"),
        "is not a token table",
    ),
    "half a character": (
        "nemo-ctc",
        tokens(lambda table: table.replace("가".encode(), "가".encode()[:2])),
        "is not a token table",
    ),
    "a number twice": ("lstm", tokens(lambda table: table + b"x 3\n"), "two tokens with"),
    "a token that is missing": (
        "zipformer2",
        tokens(lambda table: table.replace(b" 3\n", b" 33\n")),
        "lacks tokens: it needs 6",
    ),
    "no tokens at all": ("wenet-ctc", tokens(lambda _: b""), "lacks tokens"),
    "no blank": (
        "zipformer2-ctc",
        tokens(lambda table: table.replace(b"<blk>", b"<x>")),
        "no token <blk>, <eps> or <blank>",
    ),
    "a blank that is not the last": (
        "nemo-transducer",
        tokens(lambda table: table.replace(b"<blk>", b"x").replace(b"<unk>", b"<blk>")),
        "of which <blk> is the last",
    ),
    "a token too many": (
        "nemo-ctc",
        tokens(lambda table: table + b"x 6\n"),
        "must have 6 tokens",
    ),
    "a state of another shape": (
        "nemo-ctc",
        metadata("", "cache_last_channel_dim2", "5"),
        "cannot run the model",
    ),
    "a context of another length": (
        "zipformer2",
        metadata("decoder", "context_size", "3"),
        "cannot run the model",
    ),
}


def assert_refused(folder: Path, sentence: str, method: str = "greedy_search") -> None:
    with pytest.raises(EngineError, match=sentence) as caught:
        load_recogniser(folder, "ko", method)
    assert re.fullmatch(r"[^\n]{15,}\.", str(caught.value))


@pytest.mark.parametrize("case", BROKEN)
def test_an_unusable_model_is_explained(case: str, tmp_path: Path) -> None:
    family, change, sentence = BROKEN[case]
    change(streaming_models.write(family, tmp_path))
    assert_refused(tmp_path, sentence)


@pytest.mark.parametrize(("family", "key"), MISSING)
def test_a_model_without_required_metadata_is_refused(
    family: str, key: str, tmp_path: Path
) -> None:
    streaming_models.write(family, tmp_path)
    name = "" if family in CTC else "encoder"
    metadata(name, key, None)(tmp_path)
    assert_refused(tmp_path, f"lacks the metadata {key}")


@pytest.mark.parametrize("key", ["vocab_size", "context_size"])
def test_a_decoder_without_metadata_is_refused(key: str, tmp_path: Path) -> None:
    streaming_models.write("zipformer2", tmp_path)
    metadata("decoder", key, None)(tmp_path)
    assert_refused(tmp_path, f"lacks the metadata {key}")


@pytest.mark.parametrize("family", ["parakeet-unified", "paraformer", *CTC])
def test_beam_search_is_refused_if_sherpa_onnx_does_not_support_it(
    family: str, tmp_path: Path
) -> None:
    streaming_models.write(family, tmp_path)
    assert_refused(tmp_path, "decoded by greedy_search, not by 'modified", BEAM_SEARCH)


@pytest.mark.parametrize("family", [*ENCODERS, "nemotron"])
def test_an_unknown_decoding_method_is_refused(family: str, tmp_path: Path) -> None:
    streaming_models.write(family, tmp_path)
    assert_refused(tmp_path, "not by 'fast'", "fast")


def test_a_language_that_a_multilingual_model_has_no_prompt_for_is_refused(
    tmp_path: Path,
) -> None:
    streaming_models.write("nemotron", tmp_path)
    with pytest.raises(EngineError, match=r"does not know the language 'xx'\."):
        open_export(tmp_path, "xx")


FACTORIES = dict.fromkeys([*ENCODERS, *NEMO], "transducer") | {
    "paraformer": "paraformer",
    "zipformer2-ctc": "zipformer2_ctc",
    "nemo-ctc": "nemo_ctc",
    "wenet-ctc": "wenet_ctc",
    "t-one-ctc": "t_one_ctc",
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_model_family_is_identified_by_the_files_of_the_folder(
    family: str, tmp_path: Path
) -> None:
    export = open_export(streaming_models.write(family, tmp_path), "ko")
    assert isinstance(export, StreamingExport)
    assert export.family == FACTORIES[family]
    assert all(file.is_file() for file in export.files.values())


@pytest.mark.parametrize("prefer_int8", [True, False])
def test_the_preferred_precision_of_the_weights_is_used(prefer_int8: bool, tmp_path: Path) -> None:
    """The names are those of k2-fsa's archives. If there is only one kind, it is used."""
    streaming_models.write("zipformer2", tmp_path)
    named("encoder", "encoder-epoch-99-avg-1.onnx")(tmp_path)
    export = open_export(tmp_path, "ko", prefer_int8=prefer_int8)
    assert isinstance(export, StreamingExport)
    names = {name: file.name for name, file in export.files.items()}
    int8 = ".int8" if prefer_int8 else ""
    assert names == {
        "encoder": f"encoder-epoch-99-avg-1{int8}.onnx",
        "decoder": "decoder-epoch-99-avg-1.onnx",
        "joiner": "joiner-epoch-99-avg-1.int8.onnx",
        "tokens": "tokens.txt",
    }


def test_scores_with_a_dynamic_number_of_tokens_use_the_size_of_the_token_table(
    tmp_path: Path,
) -> None:
    streaming_models.write("zipformer2-ctc", tmp_path)
    graph("", unknown_axis("output", -1))(tmp_path)
    assert load_recogniser(tmp_path, "ko").abilities.streaming
    tokens(lambda table: table.replace(b" 3\n", b" 33\n"))(tmp_path)
    assert_refused(tmp_path, "lacks tokens: it needs 6")


def test_a_line_that_holds_only_a_number_is_the_token_of_a_space(tmp_path: Path) -> None:
    streaming_models.write("nemo-ctc", tmp_path)
    tokens(lambda table: table.replace("라".encode(), b""))(tmp_path)
    assert load_recogniser(tmp_path, "ko").abilities.streaming


def test_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    streaming_models.write("t-one-ctc", tmp_path)
    tokens(lambda table: table.replace(b"\n", b"\r\n"))(tmp_path)
    assert load_recogniser(tmp_path, "ko").abilities.streaming


UNCHECKED: dict[str, tuple[str, Change]] = {
    "metadata that is missing": ("nemo-ctc", metadata("", "window_size", None)),
    "no blank": ("wenet-ctc", tokens(lambda table: table.replace(b"<blank>", b"<x>"))),
    "a token of three words": ("t-one-ctc", tokens(lambda table: table + b"a b 9\n")),
}
LOAD = """
import glob, sys
import numpy as np
from sherpa_onnx import OnlineRecognizer
load = getattr(OnlineRecognizer, sys.argv[2])
recogniser = load(tokens=sys.argv[1] + "/tokens.txt", model=glob.glob(sys.argv[1] + "/*.onnx")[0])
stream = recogniser.create_stream()
stream.accept_waveform(16000, np.zeros(16000, np.float32).data)
recogniser.decode_streams([stream])
print("alive")
"""


@pytest.mark.parametrize("case", UNCHECKED)
def test_every_refused_model_would_end_the_process(case: str, tmp_path: Path) -> None:
    """Why folders are checked; if this fails, some checks may be dropped."""
    family, change = UNCHECKED[case]
    change(streaming_models.write(family, tmp_path))
    command = [sys.executable, "-c", LOAD, str(tmp_path), f"from_{FACTORIES[family]}"]
    ended = subprocess.run(command, check=False, timeout=60, capture_output=True, text=True)
    assert ended.returncode != 0
    assert "alive" not in ended.stdout
    assert "Traceback" not in ended.stderr

"""Offline model folders are identified, and rejected where sherpa-onnx would end the process."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import offline_models
import onnx
import pytest
from breaking import (
    Change,
    graph,
    metadata,
    named,
    one_input_more,
    one_output_less,
    part,
    removed,
    tokens,
    unknown_axis,
)
from offline_models import FAMILIES

from hwaja.engines.interface import EngineError
from hwaja.engines.loading import load_recogniser
from hwaja.engines.model_checks.exports import open_export
from hwaja.engines.model_checks.offline_exports import OfflineExport

CONSTRUCTORS = {
    "transducer": "transducer",
    "nemo-transducer": "transducer",
    "parakeet-tdt": "transducer",
    "zipformer-ctc": "zipformer_ctc",
    "nemo-ctc": "nemo_ctc",
    "wenet-ctc": "wenet_ctc",
    "telespeech-ctc": "telespeech_ctc",
    "dolphin-ctc": "dolphin_ctc",
    "omnilingual-ctc": "omnilingual_asr_ctc",
    "medasr-ctc": "medasr_ctc",
    "fire-red-ctc": "fire_red_asr_ctc",
    "sense-voice": "sense_voice",
    "sense-voice-nano": "sense_voice",
    "paraformer": "paraformer",
    "whisper": "whisper",
    "canary": "nemo_canary",
    "cohere": "cohere_transcribe",
    "fire-red": "fire_red_asr",
    "moonshine": "moonshine",
    "moonshine-v2": "moonshine_v2",
    "qwen3-asr": "qwen3_asr",
    "funasr-nano": "funasr_nano",
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_family_is_identified_by_the_files_of_the_folder(family: str, tmp_path: Path) -> None:
    export = open_export(offline_models.write(family, tmp_path), "ko")
    assert isinstance(export, OfflineExport)
    assert export.family.name == CONSTRUCTORS[family]
    assert all(path.exists() for path in export.files.values())


def test_every_offline_family_of_the_library_has_a_model_here() -> None:
    """TDNN is for 8 kHz and writes "yes" and "no" only."""
    import sherpa_onnx

    offered = {name[5:] for name in dir(sherpa_onnx.OfflineRecognizer) if name[:5] == "from_"}
    assert offered - {"tdnn_ctc"} == set(CONSTRUCTORS.values())


@pytest.mark.parametrize("prefer_int8", [True, False])
def test_the_preferred_precision_of_the_weights_is_used(prefer_int8: bool, tmp_path: Path) -> None:
    offline_models.write("zipformer-ctc", tmp_path)
    named("", "model.onnx")(tmp_path)
    export = open_export(tmp_path, "ko", prefer_int8=prefer_int8)
    assert isinstance(export, OfflineExport)
    assert export.files["model"].name == ("model.int8.onnx" if prefer_int8 else "model.onnx")


def element_type(kind: str, number: int, element: int) -> Any:
    def change(model: Any) -> None:
        getattr(model.graph, kind)[number].type.tensor_type.elem_type = element

    return change


def length(kind: str, number: int, axis: int, value: int) -> Any:
    def change(model: Any) -> None:
        shape = getattr(model.graph, kind)[number].type.tensor_type.shape
        shape.dim[axis].dim_value = value

    return change


def json_file(name: str, change: Any) -> Change:
    def changed(folder: Path) -> None:
        content = json.loads((folder / name).read_text("utf-8"))
        (folder / name).write_text(json.dumps(change(content)), "utf-8")

    return changed


def without(*keys: str) -> Any:
    return lambda content: {key: value for key, value in content.items() if key not in keys}


def renamed(old: str, new: str) -> Change:
    return tokens(lambda table: table.replace(old.encode(), new.encode()))


def weights_elsewhere(folder: Path) -> None:
    """Keep the weights in a file beside the model, and lose it."""
    file = part(folder, "encoder")
    model = onnx.load(file)
    onnx.save(model, file, save_as_external_data=True, location="encoder.weights", size_threshold=0)
    (folder / "encoder.weights").unlink()


VOCABULARY = "Qwen3-0.6B/vocab.json"
CONFIG = "tokenizer/tokenizer_config.json"

BROKEN: dict[str, tuple[str, Change, str]] = {
    "no model": ("zipformer-ctc", removed("*.onnx"), r"no file named \*\.onnx"),
    "two models": ("nemo-ctc", named("", "old.int8.onnx"), r"2 files named \*\.onnx"),
    "an unknown family": ("zipformer-ctc", metadata("", "model_type", "x"), "of no family"),
    "a graph with fewer inputs": (
        "telespeech-ctc",
        metadata("", "model_type", "wenet_ctc"),
        "lacks the metadata",
    ),
    "a graph with more inputs": ("medasr-ctc", graph("", one_input_more), "has 3 inputs"),
    "a graph with fewer outputs": ("zipformer-ctc", graph("", one_output_less), "1 outputs"),
    "lengths of another type": (
        "wenet-ctc",
        graph("", element_type("output", 1, 6)),
        "cannot use \\(element type 6",
    ),
    "fewer mel bins than means": (
        "dolphin-ctc",
        metadata("", "mean", "0.0,0.0"),
        "2 numbers as mean, not 80",
    ),
    "numbers that only Python reads": ("dolphin-ctc", metadata("", "vocab_size", "1_0"), "no num"),
    "no blank": ("fire-red-ctc", renamed("<blk>", "x"), "no token <blk>"),
    "a missing token": ("omnilingual-ctc", renamed("다 5\n", ""), "lacks tokens: it needs 6"),
    "scores without a known number": (
        "zipformer-ctc",
        lambda folder: (
            graph("", unknown_axis("output", -1))(folder),
            renamed("가 3", "가 9")(folder),
        ),
        "lacks tokens: it needs 6",
    ),
    "scores of more frames than there are": (
        "nemo-ctc",
        metadata("", "subsampling_factor", "2"),
        "subsampling_factor that is too small",
    ),
    "features normalised unlike": (
        "nemo-ctc",
        metadata("", "normalize_type", "all_features"),
        "normalised in a way",
    ),
    "no mel bins": ("nemo-ctc", graph("", unknown_axis("input", 1)), "how many mel bins"),
    "features normalised unlike in Canary": (
        "canary",
        metadata("encoder", "normalize_type", "NA"),
        "normalised in a way",
    ),
    "no end of the text": ("paraformer", renamed("</s>", "x"), "lacks the tokens </s>"),
    "plain tokens for tokens in base64": (
        "sense-voice-nano",
        lambda folder: (folder / "tokens.txt").write_text("가 0\n나 1\n", "utf-8"),
        "base64",
    ),
    "a joiner of another model": (
        "transducer",
        metadata("decoder", "vocab_size", "5"),
        "scores 6 tokens, not 5",
    ),
    "durations that are not expected": (
        "parakeet-tdt",
        metadata("encoder", "url", None),
        "scores 11 tokens, not 6",
    ),
    "durations that are missing": (
        "nemo-transducer",
        metadata("encoder", "url", "parakeet-tdt-0.6b-v2"),
        "scores 6 tokens, no durations after 6",
    ),
    "a blank that is not the last": (
        "parakeet-tdt",
        tokens(lambda table: table.replace(b"<blk>", b"x").replace(b"<unk>", b"<blk>")),
        "of which <blk> is the last",
    ),
    "weights that are missing": ("nemo-transducer", weights_elsewhere, "is not beside it"),
    "a predictor of other states": (
        "nemo-transducer",
        metadata("encoder", "pred_hidden", "9"),
        "cannot run the model",
    ),
    "fewer tokens than Canary counts": (
        "canary",
        metadata("encoder", "vocab_size", "15"),
        "scores 16 tokens, not 15",
    ),
    "another number of layers": (
        "canary",
        metadata("encoder", "num_decoder_layers", "3"),
        "has 5 inputs and 3 outputs, not 6 and 4",
    ),
    "a prompt without its marks": ("cohere", renamed("<|pnc|>", "x"), r"lacks the tokens <\|pnc"),
    "no languages of Cohere": (
        "cohere",
        tokens(lambda table: table.replace(b"<|ko|>", b"x").replace(b"<|en|>", b"y")),
        "no token of a language",
    ),
    "a cache of unknown length": (
        "cohere",
        lambda folder: (
            [graph("decoder", unknown_axis("output", 0))(folder)]
            and graph("decoder", length("output", 1, 3, 7))(folder)
        ),
        "does not belong to the encoder",
    ),
    "other heads than the decoder": (
        "fire-red",
        metadata("encoder", "num_head", "4"),
        "does not belong to the encoder",
    ),
    "a cache that takes all memory": (
        "fire-red",
        metadata("encoder", "max_len", "1000000"),
        "cache that is too large|does not belong",
    ),
    "a start that is no token": ("fire-red", metadata("encoder", "sos", "99"), "no token sos"),
    "decoders of unlike states": ("moonshine", graph("uncached", one_output_less), "has 5 inputs"),
    "a Moonshine in another order": (
        "moonshine-v2",
        lambda folder: (
            (folder / "encoder_model.ort").replace(folder / "decoder_model_merged.ort")
            and offline_models.FAMILIES["moonshine-v2"]().write(folder / "x")
            and (folder / "x/decoder_model_merged.ort").replace(folder / "encoder_model.ort")
        ),
        "cannot use|of a form",
    ),
    "no tokenizer": (
        "qwen3-asr",
        lambda folder: (folder / "tokenizer/vocab.json").unlink(),
        "0 folders with a vocab.json",
    ),
    "no merges": (
        "qwen3-asr",
        lambda folder: (folder / "tokenizer/merges.txt").unlink(),
        "no file named merges.txt",
    ),
    "no configuration of the tokenizer": (
        "qwen3-asr",
        lambda folder: (folder / CONFIG).unlink(),
        "no file named tokenizer_config.json",
    ),
    "a configuration without tokens": (
        "qwen3-asr",
        json_file(CONFIG, without("added_tokens_decoder")),
        "no tokens as added_tokens_decoder",
    ),
    "no place for the audio": (
        "qwen3-asr",
        json_file(
            CONFIG,
            lambda content: {
                "added_tokens_decoder": {
                    number: entry
                    for number, entry in content["added_tokens_decoder"].items()
                    if entry["content"] != "<|audio_pad|>"
                }
            },
        ),
        r"lacks the tokens <\|audio_pad\|>",
    ),
    "tokens of another model": (
        "funasr-nano",
        json_file(VOCABULARY, lambda words: words | {"more": 99_999}),
        "tokens of another model",
    ),
    "a token without a number": (
        "funasr-nano",
        json_file(VOCABULARY, lambda words: words | {"more": "x"}),
        "a token without a number",
    ),
    "a vocabulary that is a list": (
        "funasr-nano",
        json_file(VOCABULARY, list),
        "no dictionary of tokens",
    ),
    "a vocabulary that is cut off": (
        "funasr-nano",
        lambda folder: (folder / VOCABULARY).write_text('{"a": 1,', "utf-8"),
        "is not a JSON file",
    ),
    "a cache that is rewritten": (
        "funasr-nano",
        metadata("llm", "model_type", "qwen3"),
        "no model that adds to its cache",
    ),
    "another number of layers than the graph": (
        "funasr-nano",
        metadata("llm", "num_layers", "3"),
        "num_layers that does not fit",
    ),
    "another length of the cache": (
        "funasr-nano",
        metadata("llm", "max_total_len", "2048"),
        "max_total_len that does not fit",
    ),
    "files of unlike widths": (
        "funasr-nano",
        metadata("encoder_adaptor", "llm_dim", "512"),
        "widths differ",
    ),
    "a cache of unknown shape": (
        "qwen3-asr",
        graph("decoder", lambda model: length("input", 4, 3, 5)(model)),
        "does not fit them",
    ),
    "a layer too few": ("qwen3-asr", graph("decoder", one_output_less), "two for a layer"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_an_unusable_model_is_explained(case: str, tmp_path: Path) -> None:
    family, change, sentence = BROKEN[case]
    change(offline_models.write(family, tmp_path))
    with pytest.raises(EngineError, match=sentence) as caught:
        load_recogniser(tmp_path, "ko")
    assert re.fullmatch(r"[^\n]{15,}\.", str(caught.value))


@pytest.mark.parametrize(
    "family", sorted(FAMILIES.keys() - {"transducer", "nemo-transducer", "parakeet-tdt"})
)
def test_beam_search_is_refused_if_sherpa_onnx_does_not_support_it(
    family: str, tmp_path: Path
) -> None:
    offline_models.write(family, tmp_path)
    with pytest.raises(EngineError, match="decoded by greedy_search, not by 'modified"):
        load_recogniser(tmp_path, "ko", "modified_beam_search")


# Every family, damaged in the same ways, in a process of its own ----------------------------------

DAMAGE = Path(offline_models.__file__).with_name("offline_damage.py")


@pytest.mark.parametrize("family", FAMILIES)
def test_damaged_and_mixed_up_folders_are_explained_and_do_not_end_the_process(
    family: str, tmp_path: Path
) -> None:
    command = [sys.executable, str(DAMAGE), family, str(tmp_path)]
    ended = subprocess.run(command, check=False, timeout=120, capture_output=True, text=True)
    *lines, last = ended.stdout.splitlines() or [""]
    assert last == "alive", (last, ended.stderr[-500:])
    assert len(lines) > 8
    unexplained = [line for line in lines if not re.fullmatch(r"[^\t]+\t[^\n]{15,}\.", line)]
    assert unexplained == []

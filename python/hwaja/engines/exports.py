"""Detects the model family of a sherpa-onnx model folder and checks that its files are complete.

sherpa-onnx ends the process on an invalid file. So this module checks all that sherpa-onnx looks
up: names, metadata, token tables, the kind of graph.
"""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

from hwaja.engines.interface import HOP_SAMPLES, WINDOW_SAMPLES, EngineError
from hwaja.engines.model_files import MAX_NUMBER, Model, only_file, preferred_file, read_model
from hwaja.engines.streaming_exports import (
    AUTO_LANGUAGE,
    GREEDY_SEARCH,
    StreamingExport,
    open_ctc,
    open_paraformer,
    open_transducer,
)
from hwaja.protocol.audio import SAMPLE_RATE

_WHISPER_METADATA = (
    "n_mels",
    "n_text_layer",
    "n_text_ctx",
    "n_text_state",
    "sot",
    "eot",
    "blank_id",
    "translate",
    "transcribe",
    "is_multilingual",
    "no_timestamps",
    "no_speech",
    "sot_sequence",
)
_EMBEDDER_METADATA = (
    "framework",
    "language",
    "sample_rate",
    "output_dim",
    "normalize_samples",
    "feature_normalize_type",
)
HEARD = ("n_layer_cross_k", "n_layer_cross_v")
"""Keys and values of the cross-attention: outputs of Whisper's encoder, inputs of its decoder."""

SAID = ("n_layer_self_k_cache", "n_layer_self_v_cache")
"""Keys and values of the self-attention: decoder inputs after "in_", outputs after "out_"."""

_WHISPER_ENCODER = {"mel"}, {*HEARD}
_WHISPER_DECODER = (
    {"tokens", "offset", *HEARD, *(f"in_{name}" for name in SAID)},
    {"logits", *(f"out_{name}" for name in SAID)},
)

_ADDS_SILENCE = "adds_silence"  # metadata of the exports that hwaja made before CTranslate2

_ORT_IDENTIFIER = b"ORTM"  # at bytes 4 to 8 of a FlatBuffer that holds an onnxruntime model


@dataclass(frozen=True, slots=True)
class CTranslate2Model:
    """A folder with a Whisper model of CTranslate2."""

    folder: Path


@dataclass(frozen=True, slots=True)
class WhisperExport:
    """The files of a Whisper model of sherpa-onnx."""

    encoder: Path
    decoder: Path
    tokens: Path


@dataclass(frozen=True, slots=True)
class MoonshineExport:
    """The files of a Moonshine v2 model."""

    encoder: Path
    decoder: Path
    tokens: Path


def open_export(
    folder: Path,
    language: str,
    decoding_method: str = GREEDY_SEARCH,
    prefer_int8: bool = True,
) -> CTranslate2Model | WhisperExport | MoonshineExport | StreamingExport:
    """Return the recogniser in a folder. Its files determine the model family.

    Args:
        folder: a Whisper model for CTranslate2, a Whisper or Moonshine v2 export for sherpa-onnx,
            or a model for its streaming recognisers.
        language: code of the spoken language, for example "ko"; "auto": a multilingual model
            detects it.
        decoding_method: "greedy_search", or "modified_beam_search" for most transducers.
        prefer_int8: where the folder has both, use the file with int8 weights, not the other one.

    Raises:
        EngineError: where the folder or an argument is invalid; the message is one sentence.

    """
    if not folder.is_dir():
        raise EngineError(f"The model folder {folder} does not exist.")
    if (folder / "model.bin").is_file():
        _check_greedy(folder, decoding_method)
        return CTranslate2Model(folder)
    if any(folder.glob("*joiner*.onnx")):
        export = open_transducer(folder, decoding_method, prefer_int8)
    elif any(folder.glob("*encoder*")) or any(folder.glob("*decoder*")):
        return _open_with_encoder(folder, language, decoding_method, prefer_int8)
    else:
        export = open_ctc(folder, decoding_method, prefer_int8)
    if export.languages and language not in export.languages:
        raise EngineError(f"{folder.name} does not know the language {language!r}.")
    return export


def check_embedder(model: Path) -> None:
    """Check that a file is a speaker embedding model for 16 kHz.

    Raises:
        EngineError: where it is not; the message gives the reason in one sentence.

    """
    read = read_model(model)
    read.require(_EMBEDDER_METADATA)
    if read.metadata["sample_rate"] != str(SAMPLE_RATE):
        raise EngineError(f"{model} is not for {SAMPLE_RATE} Hz.")
    windows = {"window_samples": str(WINDOW_SAMPLES), "hop_samples": str(HOP_SAMPLES)}
    if not windows.items() <= read.metadata.items():
        raise EngineError(f"{model} does not embed windows of speech as hwaja needs them.")


def _open_with_encoder(
    folder: Path, language: str, decoding_method: str, prefer_int8: bool
) -> WhisperExport | MoonshineExport | StreamingExport:
    if any(folder.glob("*.ort")):
        _check_greedy(folder, decoding_method)
        return _open_moonshine(folder, language)
    encoder = read_model(preferred_file(folder, "*encoder*.onnx", prefer_int8))
    if encoder.metadata.get("model_type") == "paraformer":
        return open_paraformer(folder, encoder, decoding_method, prefer_int8)
    _check_greedy(folder, decoding_method)
    decoder = read_model(preferred_file(folder, "*decoder*.onnx", prefer_int8))
    return _open_whisper(folder, encoder, decoder, language)


def _check_greedy(folder: Path, decoding_method: str) -> None:
    if decoding_method != GREEDY_SEARCH:
        raise EngineError(f"{folder.name} is decoded by {GREEDY_SEARCH} only.")


def _open_whisper(folder: Path, encoder: Model, decoder: Model, language: str) -> WhisperExport:
    if not encoder.metadata.get("model_type", "").startswith("whisper"):
        raise EngineError(f"{encoder.path} is not a Whisper encoder for sherpa-onnx.")
    encoder.require(_WHISPER_METADATA)
    numbers = {key: encoder.numbers(key) for key in _WHISPER_METADATA}
    for model, part, (inputs, outputs) in (
        (encoder, "encoder", _WHISPER_ENCODER),
        (decoder, "decoder", _WHISPER_DECODER),
    ):
        if not (model.inputs.keys() >= inputs and model.outputs.keys() >= outputs):
            raise EngineError(f"{model.path} is not a Whisper {part} for sherpa-onnx.")
    if _ADDS_SILENCE in encoder.metadata:
        raise EngineError(
            f"{folder} is a model of an older hwaja; run `hwaja models pull whisper-base`."
        )
    tokens = only_file(folder, "*tokens.txt")
    _check_pieces(tokens, numbers["eot"][0])
    if language not in _languages(encoder):
        raise EngineError(f"{folder.name} does not know the language {language!r}.")
    return WhisperExport(encoder.path, decoder.path, tokens)


def _languages(encoder: Model) -> frozenset[str]:
    """Return the codes of the languages, with "auto" where the model can detect one."""
    if encoder.metadata["is_multilingual"] == "0":
        return frozenset({"en"})
    encoder.require(("all_language_codes", "all_language_tokens"))
    codes = encoder.metadata["all_language_codes"].split(",")
    if len(codes) != len(encoder.numbers("all_language_tokens")):
        raise EngineError(f"{encoder.path} does not have one token for each language.")
    return frozenset({*codes, AUTO_LANGUAGE})


def _open_moonshine(folder: Path, language: str) -> MoonshineExport:
    tokens = only_file(folder, "*tokens.txt")
    if language != "en":
        raise EngineError(f"{folder.name} knows English only, not {language!r}.")
    encoder, decoder = only_file(folder, "*encoder*.ort"), only_file(folder, "*decoder*.ort")
    for file in (encoder, decoder):
        with file.open("rb") as stream:
            if stream.read(8)[4:] != _ORT_IDENTIFIER:
                raise EngineError(f"{file} is not an onnxruntime model.")
    _check_pieces(tokens, 1)
    return MoonshineExport(encoder, decoder, tokens)


def _check_pieces(path: Path, count: int) -> None:
    """Check that a token table has pieces of bytes with the numbers 0 to `count` - 1."""
    numbers = set()
    # Bytes that are not ASCII are invalid in base64 too.
    for line in path.read_text(encoding="ascii", errors="replace").splitlines():
        # One token of Whisper is empty: its line has only the number.
        encoded, _, number = line.rpartition(" ")
        if not number.isdecimal() or len(number) > len(str(MAX_NUMBER)):
            raise EngineError(f"{path} is not a token table (base64 and number on each line).")
        try:
            base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise EngineError(
                f"{path} is not a token table (base64 and number on each line)."
            ) from None
        numbers.add(int(number))
    if not numbers.issuperset(range(count)):
        raise EngineError(f"{path} lacks tokens: it needs {count}, from 0 on.")

"""Model folders for sherpa-onnx: which family a folder holds, and whether it is whole.

sherpa-onnx answers a bad file by ending the process. What is checked here is what it looks up:
names, metadata, token tables, the kind of graph.
"""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

from hwaja.engine import HOP_SAMPLES, WINDOW_SAMPLES, EngineError
from hwaja.engines.model_files import MAX_NUMBER, Model, only_file, preferred_file, read_model
from hwaja.engines.streaming_exports import (
    AUTO_LANGUAGE,
    GREEDY_SEARCH,
    StreamingExport,
    open_ctc,
    open_paraformer,
    open_transducer,
)
from hwaja.gate import SAMPLE_RATE

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
_WHISPER_DECODER_INPUTS = {"tokens", "n_layer_cross_k", "n_layer_cross_v", "offset"}
_WHISPER_ALIGNMENT = "cross_attention_weights"

_ORT_IDENTIFIER = b"ORTM"  # at bytes 4 to 8 of a FlatBuffer that holds an onnxruntime model


@dataclass(frozen=True, slots=True)
class WhisperExport:
    """The files of a Whisper model."""

    encoder: Path
    decoder: Path
    tokens: Path
    languages: frozenset[str]
    """Codes of the languages that it knows; with "auto" it finds out which is spoken."""
    dates_tokens: bool
    """Whether the decoder gives out what sherpa-onnx makes token times of."""


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
) -> WhisperExport | MoonshineExport | StreamingExport:
    """Return the recogniser in a folder; its files say which family it is.

    Args:
        folder: a Whisper or Moonshine v2 export for sherpa-onnx, or a model for its streaming
            recognisers.
        language: code of the language that will be spoken, for example "ko"; "auto" where a
            multilingual model shall find out.
        decoding_method: "greedy_search", or "modified_beam_search" for most transducers.
        prefer_int8: which file is used where there is one with int8 weights and one without.

    Raises:
        EngineError: in one sentence what is wrong with the folder or what is asked of it.

    """
    if not folder.is_dir():
        raise EngineError(f"The model folder {folder} does not exist.")
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
        EngineError: in one sentence why it is not.

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
    tokens = only_file(folder, "*tokens.txt")
    if not encoder.metadata.get("model_type", "").startswith("whisper"):
        raise EngineError(f"{encoder.path} is not a Whisper encoder for sherpa-onnx.")
    encoder.require(_WHISPER_METADATA)
    numbers = {key: encoder.numbers(key) for key in _WHISPER_METADATA}
    languages = _whisper_languages(encoder)
    if language not in languages:
        raise EngineError(f"{folder.name} does not know the language {language!r}.")
    _check_tokens(tokens, numbers["eot"][0])
    if not decoder.inputs.keys() >= _WHISPER_DECODER_INPUTS:
        raise EngineError(f"{decoder.path} is not a Whisper decoder for sherpa-onnx.")
    dates_tokens = _dates_tokens(encoder, decoder)
    return WhisperExport(encoder.path, decoder.path, tokens, languages, dates_tokens)


def _dates_tokens(encoder: Model, decoder: Model) -> bool:
    """Return whether a Whisper decoder gives out its cross-attention.

    sherpa-onnx takes any fourth output for it, and then reads how many heads there are.
    """
    if len(decoder.outputs) < 4:
        return False
    if encoder.metadata.get("n_alignment_heads") and encoder.numbers("n_alignment_heads")[0] < 0:
        raise EngineError(f"{encoder.path} has metadata n_alignment_heads below 0.")
    name, shape = list(decoder.outputs.items())[3]
    return name == _WHISPER_ALIGNMENT and len(shape) == 4


def _whisper_languages(encoder: Model) -> frozenset[str]:
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
    _check_tokens(tokens, 1)
    return MoonshineExport(encoder, decoder, tokens)


def _check_tokens(path: Path, count: int) -> None:
    """Check that a token table has at least the tokens from 0 to `count`."""
    # Bytes that are not ASCII are not base64 either.
    lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    numbers = [_token_of(line) for line in lines]
    if None in numbers:
        raise EngineError(f"{path} is not a token table (base64 and number on each line).")
    if len({number for number in numbers if number is not None and number < count}) < count:
        raise EngineError(f"{path} lacks tokens: it needs {count}, from 0 on.")


def _token_of(line: str) -> int | None:
    # One token of Whisper is empty: its line holds the number alone.
    encoded, _, number = line.rpartition(" ")
    try:
        base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        return None
    is_number = number.isdecimal() and len(number) <= len(str(MAX_NUMBER))
    return int(number) if is_number else None

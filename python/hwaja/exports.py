"""Model files as sherpa-onnx wants them: found in their folder, and checked to be whole.

sherpa-onnx answers a bad file by ending the process. What is checked here is what it looks up:
names, metadata, token tables, the kind of graph.
"""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwaja.engine import EngineError
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
AUTO_LANGUAGE = "auto"
"""Asks a model that knows several languages to find out which one is spoken."""

_WHISPER_DECODER_INPUTS = {"tokens", "n_layer_cross_k", "n_layer_cross_v", "offset"}

_ORT_IDENTIFIER = b"ORTM"  # at bytes 4 to 8 of a FlatBuffer that holds an onnxruntime model


@dataclass(frozen=True, slots=True)
class WhisperExport:
    """The files of a Whisper model."""

    encoder: Path
    decoder: Path
    tokens: Path
    languages: frozenset[str]
    """Codes of the languages that it knows; with "auto" it finds out which is spoken."""


@dataclass(frozen=True, slots=True)
class MoonshineExport:
    """The files of a Moonshine v2 model."""

    encoder: Path
    decoder: Path
    tokens: Path


def open_export(
    folder: Path, language: str, *, prefer_int8: bool = True
) -> WhisperExport | MoonshineExport:
    """Return the recogniser in a folder; its files say which family it is.

    Args:
        folder: a Whisper or Moonshine v2 export for sherpa-onnx.
        language: code of the language that will be spoken, for example "ko"; "auto" where a
            multilingual Whisper shall find out.
        prefer_int8: which files to take where the folder has both precisions.

    Raises:
        EngineError: in one sentence what is wrong with the folder or the language.

    """
    if not folder.is_dir():
        raise EngineError(f"The model folder {folder} does not exist.")
    tokens = _only(folder, "*tokens.txt")
    if any(folder.glob("*.ort")):
        return _open_moonshine(folder, tokens, language)
    return _open_whisper(folder, tokens, language, prefer_int8)


def check_embedder(model: Path) -> None:
    """Check that a file is a speaker embedding model for 16 kHz.

    Raises:
        EngineError: in one sentence why it is not.

    """
    metadata = _metadata(model)
    _require(model, metadata, _EMBEDDER_METADATA)
    if metadata["sample_rate"] != str(SAMPLE_RATE):
        raise EngineError(f"{model} is not for {SAMPLE_RATE} Hz.")


def _open_whisper(folder: Path, tokens: Path, language: str, prefer_int8: bool) -> WhisperExport:
    encoder = _preferred(folder, "encoder", prefer_int8)
    decoder = _preferred(folder, "decoder", prefer_int8)
    metadata = _metadata(encoder)
    if not metadata.get("model_type", "").startswith("whisper"):
        raise EngineError(f"{encoder} is not a Whisper encoder for sherpa-onnx.")
    _require(encoder, metadata, _WHISPER_METADATA)
    numbers = {key: _numbers(encoder, metadata, key) for key in _WHISPER_METADATA}
    languages = _whisper_languages(encoder, metadata)
    if language not in languages:
        raise EngineError(f"{folder.name} does not know the language {language!r}.")
    _check_tokens(tokens, numbers["eot"][0])
    if not {value.name for value in _load(decoder).graph.input} >= _WHISPER_DECODER_INPUTS:
        raise EngineError(f"{decoder} is not a Whisper decoder for sherpa-onnx.")
    return WhisperExport(encoder, decoder, tokens, languages)


def _whisper_languages(encoder: Path, metadata: dict[str, str]) -> frozenset[str]:
    if metadata["is_multilingual"] == "0":
        return frozenset({"en"})
    _require(encoder, metadata, ("all_language_codes", "all_language_tokens"))
    codes = metadata["all_language_codes"].split(",")
    if len(codes) != len(_numbers(encoder, metadata, "all_language_tokens")):
        raise EngineError(f"{encoder} does not have one token for each language.")
    return frozenset({*codes, AUTO_LANGUAGE})


def _open_moonshine(folder: Path, tokens: Path, language: str) -> MoonshineExport:
    if language != "en":
        raise EngineError(f"{folder.name} knows English only, not {language!r}.")
    encoder, decoder = _only(folder, "*encoder*.ort"), _only(folder, "*decoder*.ort")
    for file in (encoder, decoder):
        with file.open("rb") as stream:
            if stream.read(8)[4:] != _ORT_IDENTIFIER:
                raise EngineError(f"{file} is not an onnxruntime model.")
    _check_tokens(tokens, 1)
    return MoonshineExport(encoder, decoder, tokens)


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(file for file in folder.glob(pattern) if file.is_file())
    if len(found) != 1:
        count = "no file" if not found else f"{len(found)} files"
        raise EngineError(f"{folder} has {count} named {pattern}; one is needed.")
    return found[0]


def _preferred(folder: Path, part: str, prefer_int8: bool) -> Path:
    """Return the file of a part: int8 is as accurate, and faster on a CPU, slower on a GPU."""
    int8 = sorted(folder.glob(f"*{part}.int8.onnx"))
    fp32 = sorted(folder.glob(f"*{part}.onnx"))
    if len(int8) == 1 and (prefer_int8 or not fp32):
        return int8[0]
    return _only(folder, f"*{part}.onnx")


def _load(path: Path) -> Any:
    import onnx

    try:
        return onnx.load(path, load_external_data=False)
    except FileNotFoundError:
        raise EngineError(f"The model file {path} does not exist.") from None
    except Exception as error:
        raise EngineError(f"{path} is not an ONNX file ({type(error).__name__}).") from error


def _metadata(path: Path) -> dict[str, str]:
    return {entry.key: entry.value for entry in _load(path).metadata_props}


def _require(path: Path, metadata: dict[str, str], keys: tuple[str, ...]) -> None:
    missing = sorted(set(keys) - metadata.keys())
    if missing:
        raise EngineError(f"{path} lacks the metadata {', '.join(missing)}.")


def _numbers(path: Path, metadata: dict[str, str], key: str) -> list[int]:
    try:
        return [int(number) for number in metadata[key].split(",")]
    except ValueError:
        raise EngineError(f"{path} has metadata {key} that is no number.") from None


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
    return int(number) if number.isdecimal() else None

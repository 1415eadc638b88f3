"""Detects the model family of a sherpa-onnx model folder and checks that its files are complete.

sherpa-onnx ends the process on an invalid file. So this module checks all that sherpa-onnx looks
up: names, metadata, token tables, the kind of graph.
"""

from dataclasses import dataclass
from pathlib import Path

from hwaja.engines.interface import HOP_SAMPLES, WINDOW_SAMPLES, EngineError
from hwaja.engines.model_files import check_pieces, only_file, preferred_file, read_model
from hwaja.engines.streaming_exports import (
    GREEDY_SEARCH,
    StreamingExport,
    open_ctc,
    open_paraformer,
    open_transducer,
)
from hwaja.engines.whisper_exports import WhisperExport, open_whisper
from hwaja.protocol.audio import SAMPLE_RATE

_EMBEDDER_METADATA = (
    "framework",
    "language",
    "sample_rate",
    "output_dim",
    "normalize_samples",
    "feature_normalize_type",
)

_ORT_IDENTIFIER = b"ORTM"  # at bytes 4 to 8 of a FlatBuffer that holds an onnxruntime model


@dataclass(frozen=True, slots=True)
class CTranslate2Model:
    """A folder with a Whisper model of CTranslate2."""

    folder: Path


@dataclass(frozen=True, slots=True)
class MoonshineExport:
    """The files of a Moonshine v2 model."""

    encoder: Path
    decoder: Path
    tokens: Path
    languages: frozenset[str] = frozenset({"en"})


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
    export: WhisperExport | MoonshineExport | StreamingExport
    if any(folder.glob("*joiner*.onnx")):
        export = open_transducer(folder, decoding_method, prefer_int8)
    elif any(folder.glob("*encoder*")) or any(folder.glob("*decoder*")):
        export = _open_with_encoder(folder, decoding_method, prefer_int8)
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
    folder: Path, decoding_method: str, prefer_int8: bool
) -> WhisperExport | MoonshineExport | StreamingExport:
    if any(folder.glob("*.ort")):
        _check_greedy(folder, decoding_method)
        return _open_moonshine(folder)
    encoder = read_model(preferred_file(folder, "*encoder*.onnx", prefer_int8))
    if encoder.metadata.get("model_type") == "paraformer":
        return open_paraformer(folder, encoder, decoding_method, prefer_int8)
    _check_greedy(folder, decoding_method)
    decoder = read_model(preferred_file(folder, "*decoder*.onnx", prefer_int8))
    return open_whisper(folder, encoder, decoder)


def _check_greedy(folder: Path, decoding_method: str) -> None:
    if decoding_method != GREEDY_SEARCH:
        raise EngineError(f"{folder.name} is decoded by {GREEDY_SEARCH} only.")


def _open_moonshine(folder: Path) -> MoonshineExport:
    tokens = only_file(folder, "*tokens.txt")
    encoder, decoder = only_file(folder, "*encoder*.ort"), only_file(folder, "*decoder*.ort")
    for file in (encoder, decoder):
        with file.open("rb") as stream:
            if stream.read(8)[4:] != _ORT_IDENTIFIER:
                raise EngineError(f"{file} is not an onnxruntime model.")
    check_pieces(tokens, 1)
    return MoonshineExport(encoder, decoder, tokens)

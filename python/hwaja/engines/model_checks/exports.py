"""Detects the model family of a sherpa-onnx model folder and checks that its files are complete.

sherpa-onnx ends the process on an invalid file. So this module checks all that sherpa-onnx looks
up: names, metadata, token tables, the kind of graph.
"""

from dataclasses import dataclass
from pathlib import Path

from hwaja.engines.interface import HOP_SAMPLES, WINDOW_SAMPLES, EngineError
from hwaja.engines.model_checks.export_checks import GREEDY_SEARCH, check_method
from hwaja.engines.model_checks.model_files import preferred_file, read_model
from hwaja.engines.model_checks.offline_exports import OfflineExport, open_offline
from hwaja.engines.model_checks.offline_layouts import LAYOUTS
from hwaja.engines.model_checks.streaming_exports import StreamingExport, streaming_opener
from hwaja.protocol.audio import SAMPLE_RATE

_EMBEDDER_METADATA = (
    "framework",
    "language",
    "sample_rate",
    "output_dim",
    "normalize_samples",
    "feature_normalize_type",
)


@dataclass(frozen=True, slots=True)
class CTranslate2Model:
    """A folder with a Whisper model of CTranslate2."""

    folder: Path


def open_export(
    folder: Path,
    language: str | None,
    decoding_method: str = GREEDY_SEARCH,
    prefer_int8: bool = True,
) -> CTranslate2Model | OfflineExport | StreamingExport:
    """Return the recogniser in a folder. Its files determine the model family.

    Args:
        folder: a Whisper model for CTranslate2, or a model of sherpa-onnx (`offline_forms`,
            `streaming_forms`).
        language: code of the spoken language, for example "ko"; "auto": a multilingual model
            detects it; None: whichever the model knows.
        decoding_method: "greedy_search", or "modified_beam_search" for most transducers.
        prefer_int8: where the folder has both, use the file with int8 weights, not the other one.

    Raises:
        EngineError: where the folder or an argument is invalid; the message is one sentence.

    """
    if not folder.is_dir():
        raise EngineError(f"The model folder {folder} does not exist.")
    if (folder / "model.bin").is_file():
        check_method(folder, decoding_method, (GREEDY_SEARCH,))
        return CTranslate2Model(folder)
    layout = next((layout for layout in LAYOUTS if any(folder.glob(layout.mark))), LAYOUTS[-1])
    models = {
        part: read_model(preferred_file(folder, pattern, prefer_int8))
        for part, pattern in layout.files.items()
    }
    open_streaming = streaming_opener(models)
    export: OfflineExport | StreamingExport
    if open_streaming is not None:
        export = open_streaming(folder, models, decoding_method)
    else:
        export = open_offline(folder, models, layout.families, decoding_method)
    if export.languages and language not in (None, *export.languages):
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

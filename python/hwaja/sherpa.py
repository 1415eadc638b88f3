"""The only file that names sherpa_onnx: validates everything, then adapts.

sherpa-onnx answers misuse by ending the process, without an exception. So every file, option and
array is checked here before it crosses.
"""

import base64
import binascii
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hwaja.engine import Embedding, EngineError, Hypothesis, Samples
from hwaja.gate import SAMPLE_RATE

# The library below sherpa-onnx reads this when it is loaded; hwaja sends nothing anywhere.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import sherpa_onnx

MAX_UTTERANCE_SECONDS = 29.0
"""Whisper hears 30 s at most; sherpa-onnx discards the rest, so longer audio is refused."""

MIN_UTTERANCE_SECONDS = 0.025
"""One window of Whisper's spectrogram; a fifth of it, and sherpa-onnx ends the process."""

WHISPER_CLOSING_SILENCE = 0.4
"""Silence put behind an utterance, as a share of its length. sherpa-onnx takes at most about 6
tokens for each second that it is given, and who talks fast would lose the ending; 0.4 of 0.2 to
0.5 gave the fewest errors on the test dialogue (bench/RESULTS.md)."""

MIN_EMBEDDING_SECONDS = 0.1
"""Shorter audio says nothing about a voice."""

_WHISPER_METADATA = frozenset(
    {
        "n_mels",
        "n_text_layer",
        "n_text_ctx",
        "n_text_state",
        "sot",
        "sot_sequence",
        "eot",
        "blank_id",
        "translate",
        "transcribe",
        "is_multilingual",
        "no_timestamps",
        "no_speech",
    }
)
_EMBEDDER_METADATA = frozenset(
    {
        "framework",
        "language",
        "sample_rate",
        "output_dim",
        "normalize_samples",
        "feature_normalize_type",
    }
)


class OfflineRecognizer:
    """A sherpa-onnx offline recogniser on whole utterances. One thread at a time."""

    def __init__(self, recogniser: Any, closing_silence: float = 0.0) -> None:
        """Adapt a recogniser.

        Args:
            recogniser: sherpa-onnx's.
            closing_silence: what it needs behind an utterance, as a share of its length.

        """
        self._recogniser = recogniser
        self._closing_silence = closing_silence

    def recognise(self, samples: Samples) -> Hypothesis:
        """Return the text; see `engine.Recognizer.recognise`."""
        _check_samples(samples)
        if len(samples) < MIN_UTTERANCE_SECONDS * SAMPLE_RATE:
            raise EngineError(f"an utterance has at least {MIN_UTTERANCE_SECONDS:g} s")
        room = round(MAX_UTTERANCE_SECONDS * SAMPLE_RATE) - len(samples)
        if room < 0:
            raise EngineError(f"an utterance has at most {MAX_UTTERANCE_SECONDS:g} s")
        silence = np.zeros(min(room, round(self._closing_silence * len(samples))), np.float32)
        closed = np.concatenate([samples, silence])
        stream = self._recogniser.create_stream()
        # As a memoryview (`data`) it is converted ten times as fast as an array (design notes).
        stream.accept_waveform(SAMPLE_RATE, closed.data)
        closed.fill(0)
        self._recogniser.decode_stream(stream)
        return Hypothesis(text=stream.result.text.strip())


class SpeakerEmbedder:
    """A sherpa-onnx speaker embedding extractor. One thread at a time."""

    def __init__(self, model: Path) -> None:
        """Load the model.

        Raises:
            EngineError: where the file is not a speaker embedding model for 16 kHz.

        """
        metadata = _metadata(model)
        _require(model, metadata, _EMBEDDER_METADATA)
        if metadata["sample_rate"] != str(SAMPLE_RATE):
            raise EngineError(f"{model} is not for {SAMPLE_RATE} Hz.")
        self._extractor = sherpa_onnx.SpeakerEmbeddingExtractor(
            sherpa_onnx.SpeakerEmbeddingExtractorConfig(model=str(model), num_threads=1)
        )

    def embed(self, samples: Samples) -> Embedding:
        """Return the embedding; see `engine.Embedder.embed`."""
        _check_samples(samples)
        if len(samples) < MIN_EMBEDDING_SECONDS * SAMPLE_RATE:
            raise EngineError(f"a voice needs at least {MIN_EMBEDDING_SECONDS:g} s")
        stream = self._extractor.create_stream()
        stream.accept_waveform(SAMPLE_RATE, samples.data)
        stream.input_finished()
        if not self._extractor.is_ready(stream):
            raise EngineError("too little audio for the speaker model")
        return np.array(self._extractor.compute(stream), np.float32)


def load_recogniser(folder: Path, language: str) -> OfflineRecognizer:
    """Load the recogniser in a model folder; its file names say which family it is.

    Args:
        folder: a folder with a Whisper or Moonshine v2 export for sherpa-onnx.
        language: code of the language spoken, for example "ko".

    Raises:
        EngineError: in one sentence what is wrong with the folder or the language.

    """
    if not folder.is_dir():
        raise EngineError(f"The model folder {folder} does not exist.")
    tokens = _only(folder, "*tokens.txt")
    if any(folder.glob("*.ort")):
        return _load_moonshine(folder, tokens, language)
    return _load_whisper(folder, tokens, language)


def _load_whisper(folder: Path, tokens: Path, language: str) -> OfflineRecognizer:
    encoder = _preferred(folder, "encoder")
    decoder = _preferred(folder, "decoder")
    metadata = _metadata(encoder)
    if not metadata.get("model_type", "").startswith("whisper"):
        raise EngineError(f"{encoder} is not a Whisper encoder for sherpa-onnx.")
    _require(encoder, metadata, _WHISPER_METADATA)
    languages = metadata.get("all_language_codes", "").split(",")
    if metadata["is_multilingual"] == "0":
        languages = ["en"]
    if language not in languages:
        raise EngineError(f"{folder.name} does not know the language {language!r}.")
    _check_tokens(tokens)
    _check_decoder(decoder)
    return OfflineRecognizer(
        sherpa_onnx.OfflineRecognizer.from_whisper(
            encoder=str(encoder),
            decoder=str(decoder),
            tokens=str(tokens),
            language=language,
            num_threads=1,
        ),
        closing_silence=WHISPER_CLOSING_SILENCE,
    )


def _load_moonshine(folder: Path, tokens: Path, language: str) -> OfflineRecognizer:
    if language != "en":
        raise EngineError(f"{folder.name} knows English only, not {language!r}.")
    return OfflineRecognizer(
        sherpa_onnx.OfflineRecognizer.from_moonshine_v2(
            encoder=str(_only(folder, "*encoder*.ort")),
            decoder=str(_only(folder, "*decoder*.ort")),
            tokens=str(tokens),
            num_threads=1,
        )
    )


def _check_samples(samples: Samples) -> None:
    # An int16 array would be taken unscaled, a second dimension would end the process.
    whole = samples.flags.c_contiguous and samples.flags.aligned
    if samples.dtype != np.float32 or samples.ndim != 1 or not whole:
        raise EngineError("audio must be a contiguous, aligned float32 array of one dimension")
    if len(samples) == 0:
        raise EngineError("there is no audio")
    if not np.isfinite(samples).all():
        raise EngineError("audio must be finite")


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        count = "no file" if not found else f"{len(found)} files"
        raise EngineError(f"{folder} has {count} named {pattern}; one is needed.")
    return found[0]


def _preferred(folder: Path, part: str) -> Path:
    """Return the int8 file of a part where there is one: as accurate, and faster on a CPU."""
    int8 = sorted(folder.glob(f"*{part}.int8.onnx"))
    return int8[0] if len(int8) == 1 else _only(folder, f"*{part}.onnx")


def _load_graph(path: Path) -> Any:
    import onnx

    try:
        return onnx.load(path, load_external_data=False)
    except FileNotFoundError:
        raise EngineError(f"The model file {path} does not exist.") from None
    except Exception as error:
        raise EngineError(f"{path} is not an ONNX file ({type(error).__name__}).") from error


def _metadata(path: Path) -> dict[str, str]:
    return {entry.key: entry.value for entry in _load_graph(path).metadata_props}


def _require(path: Path, metadata: dict[str, str], keys: frozenset[str]) -> None:
    missing = sorted(keys - metadata.keys())
    if missing:
        raise EngineError(f"{path} lacks the metadata {', '.join(missing)}.")


def _check_decoder(path: Path) -> None:
    names = {value.name for value in _load_graph(path).graph.input}
    if not {"tokens", "n_layer_cross_k", "n_layer_cross_v", "offset"} <= names:
        raise EngineError(f"{path} is not a Whisper decoder for sherpa-onnx.")


def _check_tokens(path: Path) -> None:
    if not all(_is_token(line) for line in _lines(path)):
        raise EngineError(f"{path} is not a Whisper token table (base64 and id on each line).")


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="ascii", errors="replace") as lines:
        yield from lines


def _is_token(line: str) -> bool:
    # One token of Whisper is empty: its line holds the number alone.
    encoded, _, token_id = line.rstrip("\r\n").rpartition(" ")
    try:
        base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        return False
    return token_id.isdecimal()

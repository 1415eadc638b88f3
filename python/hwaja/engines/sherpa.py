"""Adapts sherpa-onnx's offline recogniser and speaker embedder, and loads a folder's recogniser.

sherpa-onnx ends the process on invalid input, without an exception. So every file is checked (in
`exports` and `streaming_exports`), and every array and option (in `checks`), before sherpa-onnx
receives it.
"""

from pathlib import Path
from typing import Any

import numpy as np

from hwaja.engines.checks import check_options, check_samples, check_utterance
from hwaja.engines.exports import (
    CTranslate2Model,
    check_embedder,
    open_export,
)
from hwaja.engines.interface import HOP_SAMPLES, Embeddings, EngineError, Samples
from hwaja.engines.recognition import NORMAL, Abilities, Choose, Effort, Hypothesis, first
from hwaja.engines.sherpa_json import text_of, written
from hwaja.engines.sherpa_library import sherpa_onnx
from hwaja.engines.sherpa_online import OnlineRecognizer, load_streaming
from hwaja.engines.streaming_exports import AUTO_LANGUAGE, GREEDY_SEARCH, StreamingExport
from hwaja.engines.whisper import WhisperRecognizer
from hwaja.engines.whisper_exports import WhisperExport
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options

ONNXRUNTIME_VERSION: str = sherpa_onnx.onnxruntime_version
"""Version of the onnxruntime that sherpa-onnx uses: its own, or the one that `runtime` set."""

MIN_EMBEDDING_SECONDS = 0.1
"""Shorter audio gives no meaningful speaker embedding."""


class OfflineRecognizer:
    """A sherpa-onnx offline recogniser on whole utterances. One thread at a time."""

    def __init__(self, recogniser: Any, language: str, languages: frozenset[str]) -> None:
        """Adapt sherpa-onnx's `recogniser`.

        Args:
            recogniser: the recogniser; a Whisper where there is more than one language.
            language: the language of sessions that do not name one.
            languages: the languages that a session may choose from.

        """
        self._recogniser = recogniser
        self._language = language
        self.abilities = Abilities(languages=languages)

    def recognise(
        self,
        samples: Samples,
        options: Options,
        _effort: Effort = NORMAL,
        _choose: Choose = first,
    ) -> Hypothesis:
        """Return the text; see `interface.Recognizer.recognise`."""
        check_options(options, self.abilities)
        check_utterance(samples)
        self._set_language(options.language or self._language)
        stream = self._recogniser.create_stream()
        # The binding converts a memoryview (`data`) ten times as fast as an array (design notes).
        stream.accept_waveform(SAMPLE_RATE, samples.data)
        self._recogniser.decode_stream(stream)
        fields = written(stream.result)
        return Hypothesis(text_of(fields), language=fields["lang"] or None)

    def _set_language(self, language: str) -> None:
        if len(self.abilities.languages) > 1:
            config = self._recogniser.config
            config.model_config.whisper.language = _code(language)
            self._recogniser.recognizer.set_config(config)


class SpeakerEmbedder:
    """A sherpa-onnx speaker embedding extractor. One thread at a time."""

    def __init__(self, model: Path, provider: str = "cpu") -> None:
        """Load the model to run on `provider`, "cpu" or "cuda".

        Raises:
            EngineError: where the file is not a speaker embedding model for 16 kHz.

        """
        check_embedder(model)
        self._extractor = sherpa_onnx.SpeakerEmbeddingExtractor(
            sherpa_onnx.SpeakerEmbeddingExtractorConfig(
                model=str(model), num_threads=1, provider=provider
            )
        )

    def embed(self, samples: Samples) -> Embeddings:
        """Return the embeddings; see `interface.Embedder.embed`."""
        check_samples(samples)
        if len(samples) < MIN_EMBEDDING_SECONDS * SAMPLE_RATE:
            raise EngineError(f"a voice needs at least {MIN_EMBEDDING_SECONDS:g} s")
        stream = self._extractor.create_stream()
        stream.accept_waveform(SAMPLE_RATE, samples.data)
        stream.input_finished()
        if not self._extractor.is_ready(stream):
            raise EngineError("too little audio for the speaker model")
        # All rows come in one vector: sherpa-onnx returns the second axis, of any length.
        rows = np.array(self._extractor.compute(stream), np.float32)
        rows = rows.reshape(-1, self._extractor.dim)
        # A last hop of less than half a frame has no window; it gets the previous one.
        hops = -(-len(samples) // HOP_SAMPLES)
        return np.concatenate([rows, *[rows[-1:]] * (1 + hops - len(rows))])


def load_recogniser(
    folder: Path,
    language: str,
    decoding_method: str = GREEDY_SEARCH,
    provider: str = "cpu",
) -> OfflineRecognizer | OnlineRecognizer | WhisperRecognizer:
    """Load the recogniser in a model folder to run on `provider`, "cpu" or "cuda".

    The folder's files determine the model family. For the other arguments see
    `exports.open_export`.

    Raises:
        EngineError: where the folder or the language is invalid; the message is one sentence.

    """
    export = open_export(folder, language, decoding_method, prefer_int8=provider == "cpu")
    if isinstance(export, StreamingExport):
        return load_streaming(export, language, decoding_method, provider)
    if isinstance(export, CTranslate2Model):
        return WhisperRecognizer(export.folder, language, provider)
    files = {
        "encoder": str(export.encoder),
        "decoder": str(export.decoder),
        "tokens": str(export.tokens),
    }
    common = {**files, "num_threads": 1, "provider": provider}
    if isinstance(export, WhisperExport):
        whole = sherpa_onnx.OfflineRecognizer.from_whisper(language=_code(language), **common)
    else:
        whole = sherpa_onnx.OfflineRecognizer.from_moonshine_v2(**common)
    return OfflineRecognizer(whole, language, export.languages)


def _code(language: str) -> str:
    """Return a language as sherpa-onnx names it: it detects the language ""."""
    return "" if language == AUTO_LANGUAGE else language

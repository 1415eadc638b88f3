"""Loads a folder's recogniser, and adapts sherpa-onnx's speaker embedder.

sherpa-onnx ends the process on invalid input, without an exception. So every file is checked (in
`exports`), and every array and option (in `checks`), before sherpa-onnx receives it.
"""

from pathlib import Path

import numpy as np

from hwaja.engines.checks import check_samples
from hwaja.engines.ctranslate2.whisper import WhisperRecognizer
from hwaja.engines.interface import HOP_SAMPLES, Embeddings, EngineError, Samples
from hwaja.engines.model_checks.export_checks import GREEDY_SEARCH
from hwaja.engines.model_checks.exports import CTranslate2Model, check_embedder, open_export
from hwaja.engines.model_checks.streaming_exports import StreamingExport
from hwaja.engines.recognition import BATCH_SIZES
from hwaja.engines.sherpa.library import sherpa_onnx
from hwaja.engines.sherpa.offline import OfflineRecognizer, load_offline
from hwaja.engines.sherpa.online import OnlineRecognizer, load_streaming
from hwaja.protocol.audio import SAMPLE_RATE

ONNXRUNTIME_VERSION: str = sherpa_onnx.onnxruntime_version
"""Version of the onnxruntime that sherpa-onnx uses: its own, or the one that `runtime` set."""

MIN_EMBEDDING_SECONDS = 0.1
"""Shorter audio gives no meaningful speaker embedding."""


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
    if isinstance(export, CTranslate2Model):
        return WhisperRecognizer(export.folder, language, provider)
    if isinstance(export, StreamingExport):
        return load_streaming(export, language, decoding_method, provider)
    return load_offline(export, language, decoding_method, provider, BATCH_SIZES[provider])

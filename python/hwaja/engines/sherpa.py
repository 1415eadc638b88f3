"""sherpa-onnx's recognisers of whole utterances, its speaker embedder, and which one to load.

sherpa-onnx answers misuse by ending the process, without an exception. So every file is checked
(in `exports` and `streaming_exports`), and every array and option (in `admission`), before it
crosses.
"""

from pathlib import Path
from typing import Any

import numpy as np

from hwaja.engine import Embeddings, EngineError, Samples
from hwaja.engines.admission import check_options, check_samples
from hwaja.engines.dated_pieces import tokens_of
from hwaja.engines.exports import MoonshineExport, check_embedder, open_export
from hwaja.engines.sherpa_library import sherpa_onnx
from hwaja.engines.sherpa_online import OnlineRecognizer, load_streaming
from hwaja.engines.streaming_exports import AUTO_LANGUAGE, GREEDY_SEARCH, StreamingExport
from hwaja.engines.written_result import text_of, written
from hwaja.gate import SAMPLE_RATE
from hwaja.recognition import Abilities, Hypothesis, Options

ONNXRUNTIME_VERSION: str = sherpa_onnx.onnxruntime_version
"""Version of the library below sherpa-onnx: its own, or the one that `runtime` put there."""

MAX_UTTERANCE_SECONDS = 29.0
"""Whisper hears 30 s at most; sherpa-onnx discards the rest, so longer audio is refused."""

MIN_UTTERANCE_SECONDS = 0.025
"""One window of Whisper's spectrogram; a fifth of it, and sherpa-onnx ends the process."""

WHISPER_CONTEXT_SECONDS = 10.0
"""An utterance is filled up with silence to this length. Whisper was trained on windows of 30 s,
and on less it errs more; sherpa-onnx's default, 10 s behind every utterance, is dearer and no
better (bench/RESULTS.md). It also takes at most about 6 tokens for each second that it is given,
of which fast talkers need more than their own seconds give."""

WHISPER_MIN_SILENCE_SECONDS = 4.0
"""Silence behind a long utterance."""

WHISPER_TAIL_FRAMES = 50
"""sherpa-onnx's own padding, in frames of 10 ms: nearly none."""

MIN_EMBEDDING_SECONDS = 0.1
"""Shorter audio says nothing about a voice."""


class OfflineRecognizer:
    """A sherpa-onnx offline recogniser on whole utterances. One thread at a time."""

    def __init__(
        self,
        recogniser: Any,
        abilities: Abilities,
        language: str,
        context_seconds: float = 0,
        min_silence_seconds: float = 0,
    ) -> None:
        """Adapt a recogniser.

        Args:
            recogniser: sherpa-onnx's.
            abilities: what it can do.
            language: what is spoken where a session does not say.
            context_seconds: an utterance is filled up to this length with silence,
            min_silence_seconds: of which there is at least this much, as far as the model hears.

        """
        self._recogniser = recogniser
        self.abilities = abilities
        self._default_language = self._language = language
        self._context_samples = round(context_seconds * SAMPLE_RATE)
        self._min_silence_samples = round(min_silence_seconds * SAMPLE_RATE)

    def recognise(self, samples: Samples, options: Options) -> Hypothesis:
        """Return the text; see `engine.Recognizer.recognise`."""
        check_options(options, self.abilities)
        check_samples(samples)
        if len(samples) < MIN_UTTERANCE_SECONDS * SAMPLE_RATE:
            raise EngineError(f"an utterance has at least {MIN_UTTERANCE_SECONDS:g} s")
        room = round(MAX_UTTERANCE_SECONDS * SAMPLE_RATE) - len(samples)
        if room < 0:
            raise EngineError(f"an utterance has at most {MAX_UTTERANCE_SECONDS:g} s")
        wanted = max(self._min_silence_samples, self._context_samples - len(samples))
        closed = np.concatenate([samples, np.zeros(min(room, wanted), np.float32)])
        stream = self._recogniser.create_stream()
        # As a memoryview (`data`) it is converted ten times as fast as an array (design notes).
        stream.accept_waveform(SAMPLE_RATE, closed.data)
        closed.fill(0)
        self._speak(options.language or self._default_language)
        self._recogniser.decode_stream(stream)
        fields = written(stream.result)
        tokens = tokens_of(fields, len(samples) / SAMPLE_RATE)
        return Hypothesis(text_of(fields), tokens, fields["lang"] or None)

    def _speak(self, language: str) -> None:
        """Expect a language from now on; `create_stream` cannot be told one."""
        if language != self._language:
            config = self._recogniser.config
            config.model_config.whisper.language = _whisper_language(language)
            self._recogniser.recognizer.set_config(config)
            self._language = language


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
        """Return the embeddings; see `engine.Embedder.embed`."""
        check_samples(samples)
        if len(samples) < MIN_EMBEDDING_SECONDS * SAMPLE_RATE:
            raise EngineError(f"a voice needs at least {MIN_EMBEDDING_SECONDS:g} s")
        stream = self._extractor.create_stream()
        stream.accept_waveform(SAMPLE_RATE, samples.data)
        stream.input_finished()
        if not self._extractor.is_ready(stream):
            raise EngineError("too little audio for the speaker model")
        # All rows in one: sherpa-onnx hands on what is in the second axis, however long.
        rows = np.array(self._extractor.compute(stream), np.float32)
        return rows.reshape(-1, self._extractor.dim)


def load_recogniser(
    folder: Path,
    language: str,
    decoding_method: str = GREEDY_SEARCH,
    provider: str = "cpu",
) -> OfflineRecognizer | OnlineRecognizer:
    """Load the recogniser in a model folder to run on `provider`, "cpu" or "cuda".

    Its files say which family it is; for the other arguments see `exports.open_export`.

    Raises:
        EngineError: in one sentence what is wrong with the folder or the language.

    """
    export = open_export(folder, language, decoding_method, prefer_int8=provider == "cpu")
    if isinstance(export, StreamingExport):
        return load_streaming(export, language, decoding_method, provider)
    files = {part: str(getattr(export, part)) for part in ("encoder", "decoder", "tokens")}
    if isinstance(export, MoonshineExport):
        moonshine = sherpa_onnx.OfflineRecognizer.from_moonshine_v2(
            **files, num_threads=1, provider=provider
        )
        return OfflineRecognizer(moonshine, Abilities(languages=frozenset({language})), language)
    whisper = sherpa_onnx.OfflineRecognizer.from_whisper(
        **files,
        language=_whisper_language(language),
        tail_paddings=WHISPER_TAIL_FRAMES,
        enable_token_timestamps=export.dates_tokens,
        num_threads=1,
        provider=provider,
    )
    return OfflineRecognizer(
        whisper,
        Abilities(languages=export.languages),
        language,
        WHISPER_CONTEXT_SECONDS,
        WHISPER_MIN_SILENCE_SECONDS,
    )


def _whisper_language(language: str) -> str:
    return "" if language == AUTO_LANGUAGE else language

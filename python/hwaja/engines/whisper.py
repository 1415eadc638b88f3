"""Whisper on onnxruntime: the graphs of a sherpa-onnx export, decoded greedily.

sherpa-onnx decodes the same way. But half of its time goes into the spectrogram, which it makes by
a Fourier transform that computes a sine and a cosine for every product (bench/RESULTS.md).
"""

import numpy as np

from hwaja.engines.alignment import first_frames
from hwaja.engines.checks import check_options, check_utterance
from hwaja.engines.exports import HEARD, WhisperExport
from hwaja.engines.interface import Samples
from hwaja.engines.mel import (
    FRAMES_PER_SECOND,
    HOP_SAMPLES,
    SILENCE_BELOW_PEAK,
    Mel,
    log_mel,
)
from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.engines.runtime import open_session, run_bound
from hwaja.engines.streaming_exports import AUTO_LANGUAGE
from hwaja.engines.token_timestamps import dated, text_of
from hwaja.engines.whisper_decoder import Decoded, Decoder, Heard
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options, Token

CONTEXT_SECONDS = 10.0
"""Silence fills an utterance up to this length, unless the encoder adds its own. Whisper was
trained on windows of 30 s, and on less it errs more (bench/RESULTS.md)."""

MIN_SILENCE_SECONDS = 4.0
"""Silence behind a long utterance, unless the encoder adds its own."""

MIN_TOKENS = 24
TOKENS_PER_SECOND = 16
"""No one speaks more; without a limit, a model that repeats itself would go on to its end."""

NO_SPEECH_WEIGHT = 2.0
"""What the probability that nobody speaks counts in a score: of speech the mean log-probability of
the tokens is 1 to 2 higher than of other sounds, and this is 0.5 to 0.9 lower."""

POSITION_SAMPLES = 2 * HOP_SAMPLES
"""What one position of the encoder is about, 20 ms: its second convolution skips every other."""


class WhisperRecognizer:
    """Recognises whole utterances. One thread at a time."""

    def __init__(self, export: WhisperExport, language: str, provider: str = "cpu") -> None:
        """Load a model to run on `provider`, "cpu" or "cuda".

        Args:
            export: what to load.
            language: what is spoken where a session does not say; one that the model knows.
            provider: see above.

        Raises:
            EngineError: where onnxruntime is not installed, or twice, or not for the provider, or
                a file cannot be loaded.

        """
        self.abilities = Abilities(languages=export.languages)
        self._export = export
        self._language = language
        self._encoder = open_session(export.encoder, provider)
        self._decoder = Decoder(export.decoder, provider)
        self._heard_on = dict.fromkeys(HEARD, provider)

    def recognise(self, samples: Samples, options: Options) -> Hypothesis:
        """Return the text; see `engine.Recognizer.recognise`."""
        check_options(options, self.abilities)
        check_utterance(samples)
        heard = self._hear(log_mel(samples, self._export.mels))
        language = self._spoken(options.language or self._language, heard)
        limit = MIN_TOKENS + round(TOKENS_PER_SECOND * len(samples) / SAMPLE_RATE)
        decoded = self._decoder.decode(
            heard, self._export.prompt(language), self._export.end, self._export.no_speech, limit
        )
        pieces = [self._export.pieces.get(token, b"") for token in decoded.tokens]
        tokens = self._dated(pieces, decoded, len(samples))
        score = decoded.log_probability - NO_SPEECH_WEIGHT * decoded.no_speech_probability
        return Hypothesis(text_of(pieces), tokens, language, score)

    def _hear(self, mel: Mel) -> Heard:
        """Return the keys and values that the decoder attends to."""
        if not self._export.adds_silence:
            frames = round(FRAMES_PER_SECOND * CONTEXT_SECONDS) - mel.shape[1]
            frames = max(frames, round(FRAMES_PER_SECOND * MIN_SILENCE_SECONDS))
            frames = min(frames, FRAMES_PER_SECOND * 30 - mel.shape[1])
            silence = mel.max() - SILENCE_BELOW_PEAK
            mel = np.pad(mel, ((0, 0), (0, frames)), constant_values=silence)
        return run_bound(self._encoder, {"mel": mel[np.newaxis]}, self._heard_on)

    def _spoken(self, language: str, heard: Heard) -> str:
        """Find out which language is spoken, if that is asked for."""
        if language != AUTO_LANGUAGE:
            return language
        logits = self._decoder.first_logits(heard, self._export.begins_with[0])
        codes = self._export.language_tokens
        return max(codes, key=lambda code: logits[codes[code]])

    def _dated(self, pieces: list[bytes], decoded: Decoded, samples: int) -> tuple[Token, ...]:
        if decoded.scores is None or not pieces:
            return ()
        spoken = min(-(-samples // POSITION_SAMPLES), decoded.scores.shape[-1])
        starts = first_frames(decoded.scores[..., :spoken])
        return dated(pieces, [start * POSITION_SAMPLES / SAMPLE_RATE for start in starts])

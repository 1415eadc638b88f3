"""Whisper on onnxruntime: runs the graphs of a sherpa-onnx export with greedy decoding.

sherpa-onnx decodes in the same way, but spends half of its time on the spectrogram. Its Fourier
transform computes a sine and a cosine for every product (bench/RESULTS.md).
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
"""A shorter utterance is padded with silence to this length, unless the encoder pads it.

Whisper was trained on windows of 30 s and makes more errors on shorter ones (bench/RESULTS.md).
"""

MIN_SILENCE_SECONDS = 4.0
"""Silence after a long utterance, unless the encoder adds it."""

MIN_TOKENS = 24
TOKENS_PER_SECOND = 16
"""Nobody speaks faster. Without a limit, a model in a loop would emit tokens until its maximum."""

NO_SPEECH_WEIGHT = 2.0
"""Weight of the no-speech probability in a score.

Compared with other sounds, speech has a mean log-probability of the tokens that is 1 to 2 higher,
and a no-speech probability that is 0.5 to 0.9 lower.
"""

POSITION_SAMPLES = 2 * HOP_SAMPLES
"""Duration of an encoder position, 20 ms: the second convolution has stride 2."""


class WhisperRecognizer:
    """Recognises whole utterances. One thread at a time."""

    def __init__(self, export: WhisperExport, language: str, provider: str = "cpu") -> None:
        """Load a model to run on `provider`, "cpu" or "cuda".

        Args:
            export: the model's files.
            language: language code for sessions that do not name one; the model must know it.
            provider: "cpu" or "cuda".

        Raises:
            EngineError: where onnxruntime is not installed, is installed twice, does not support
                the provider, or cannot load a file.

        """
        self.abilities = Abilities(languages=export.languages)
        self._export = export
        self._language = language
        self._encoder = open_session(export.encoder, provider)
        self._decoder = Decoder(export.decoder, provider)
        self._heard_on = dict.fromkeys(HEARD, provider)

    def recognise(self, samples: Samples, options: Options) -> Hypothesis:
        """Return the text; see `interface.Recognizer.recognise`."""
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
        """Run the encoder; return the keys and values that the decoder attends to."""
        if not self._export.adds_silence:
            frames = round(FRAMES_PER_SECOND * CONTEXT_SECONDS) - mel.shape[1]
            frames = max(frames, round(FRAMES_PER_SECOND * MIN_SILENCE_SECONDS))
            frames = min(frames, FRAMES_PER_SECOND * 30 - mel.shape[1])
            silence = mel.max() - SILENCE_BELOW_PEAK
            mel = np.pad(mel, ((0, 0), (0, frames)), constant_values=silence)
        return run_bound(self._encoder, {"mel": mel[np.newaxis]}, self._heard_on)

    def _spoken(self, language: str, heard: Heard) -> str:
        """Return `language`; for "auto", detect the spoken language."""
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

"""Whisper on CTranslate2: encodes an utterance, decodes it by beam search, dates the tokens."""

import math
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hwaja.engines import runtime
from hwaja.engines.checks import check_options, check_utterance
from hwaja.engines.ct2_files import check_folder
from hwaja.engines.hallucination_filter import MIN_CAPTION_SCORE
from hwaja.engines.hotword_search import Found, HotwordSearch
from hwaja.engines.interface import EngineError, Samples
from hwaja.engines.mel import FRAMES_PER_SECOND, HOP_SAMPLES, SILENCE_BELOW_PEAK, log_mel
from hwaja.engines.recognition import (
    NORMAL,
    Abilities,
    Candidate,
    Choose,
    Effort,
    Hypothesis,
    first,
)
from hwaja.engines.streaming_exports import AUTO_LANGUAGE
from hwaja.engines.whisper_tokens import timed
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options, Token

MIN_SILENCE_SECONDS = 4.0
"""Silence after an utterance that is about as long as its context, or longer."""

MAX_CONTEXT_SECONDS = 30
"""Whisper knows positions for 30 s."""

MIN_TOKENS = 24
TOKENS_PER_SECOND = 16
"""Nobody speaks faster. Without a limit, a model in a loop would emit tokens until its maximum."""

NO_SPEECH_WEIGHT = 2.0
"""Weight of the no-speech probability in a score.

Compared with other sounds, speech has a mean log-probability of the tokens that is 1 to 2 higher,
and a no-speech probability that is 0.5 to 0.9 lower.
"""

MIN_PROBABILITY = 1e-10
"""Probability of a token whose own one rounds to 0."""

POSITION_SECONDS = 2 * HOP_SAMPLES / SAMPLE_RATE
"""Duration of an encoder position, 20 ms: the second convolution has stride 2."""

_COMPUTE_TYPES = {"cpu": ("int8",), "cuda": ("float16", "int8_float16")}
"""In the order of preference; float32 runs everywhere."""

_FAULTS = (RuntimeError, ValueError, LookupError, OverflowError)
"""What CTranslate2 raises: the exceptions that pybind11 makes of those of C++. A MemoryError is not
among them. It ends the worker, and the next one does the job: this one would fail again and again.
"""


class WhisperRecognizer:
    """Recognises whole utterances. One thread at a time; CTranslate2 computes on one thread."""

    def __init__(self, folder: Path, language: str, provider: str = "cpu") -> None:
        """Load a model to run on `provider`, "cpu" or "cuda".

        Args:
            folder: a Whisper model of CTranslate2: model.bin, config.json, vocabulary.json.
            language: language code for sessions that do not name one; the model must know it.
            provider: "cpu" or "cuda".

        Raises:
            EngineError: where CTranslate2 is not installed, does not support the provider, or
                cannot load the model, or where the model does not know the language.

        """
        checked = check_folder(folder)
        self._vocabulary = checked.vocabulary
        self._max_tokens = checked.max_tokens
        self._model = _load(folder, provider)
        self._multilingual = bool(self._model.is_multilingual)
        languages = self._vocabulary.languages(multilingual=self._multilingual)
        if language not in languages:
            raise EngineError(f"{folder.name} does not know the language {language!r}.")
        self.abilities = Abilities(languages=languages, takes_any_hotword=True, has_efforts=True)
        self._language = language

    def recognise(
        self,
        samples: Samples,
        options: Options,
        effort: Effort = NORMAL,
        choose: Choose = first,
    ) -> Hypothesis:
        """Return the text; see `interface.Recognizer.recognise`."""
        check_options(options, self.abilities)
        check_utterance(samples)
        try:
            return self._recognised(samples, options, effort, choose)
        except _FAULTS as error:
            raise EngineError(f"CTranslate2 failed: {type(error).__name__}.") from None

    def _recognised(
        self, samples: Samples, options: Options, effort: Effort, choose: Choose
    ) -> Hypothesis:
        encoded = self._encode(samples, effort.context_seconds)
        language = self._spoken_language(options.language or self._language, encoded)
        prompt = self._vocabulary.prompt(language if self._multilingual else None)
        decoded = self._decode(encoded, prompt, effort, _most_tokens(samples))
        if not np.isfinite([*decoded.scores, decoded.no_speech_prob]).all():
            raise EngineError("the recogniser returned values that are not finite")
        tokens = [self._vocabulary.of_text(sequence) for sequence in decoded.sequences_ids]
        found = [
            Found(each, Candidate(self._vocabulary.text(each), score * (len(each) + 1), len(each)))
            for each, score in zip(tokens, decoded.scores, strict=True)
        ]
        align = partial(self._align, encoded, prompt, samples)
        if options.hotwords and _may_have_hotwords(found[0], decoded.no_speech_prob):
            most_tokens = self._max_tokens - len(prompt)
            log_probability = partial(_log_probability, align, most_tokens)
            search = HotwordSearch(options.hotwords, self._vocabulary.encode, log_probability)
            found = search.search(found)
        offered = [each.boosted for each in found]
        chosen = found[choose(offered, language) if len(offered) > 1 else 0]
        return Hypothesis(
            chosen.candidate.text,
            self._timed(chosen.tokens, align),
            language,
            _score(chosen, decoded.no_speech_prob),
            decoded.no_speech_prob,
        )

    def _encode(self, samples: Samples, context_seconds: float) -> Any:
        """Run the encoder on the utterance and the silence behind it."""
        mel = log_mel(samples, self._model.n_mels)
        spoken = mel.shape[1]
        frames = max(
            round(FRAMES_PER_SECOND * context_seconds),
            spoken + round(FRAMES_PER_SECOND * MIN_SILENCE_SECONDS),
        )
        frames += frames % 2  # an odd number costs a hundredth of the characters
        frames = min(frames, FRAMES_PER_SECOND * MAX_CONTEXT_SECONDS)
        silence = mel.max() - SILENCE_BELOW_PEAK
        padded = np.pad(mel, ((0, 0), (0, frames - spoken)), constant_values=silence)
        try:
            return self._model.encode(_view(padded[np.newaxis]))
        finally:
            mel.fill(0)
            padded.fill(0)

    def _spoken_language(self, language: str, encoded: Any) -> str:
        """Return `language`; for "auto", detect the spoken language."""
        if language != AUTO_LANGUAGE:
            return language
        ((token, _), *_) = self._model.detect_language(encoded)[0]
        return str(token).strip("<|>")

    def _decode(self, encoded: Any, prompt: list[int], effort: Effort, most_tokens: int) -> Any:
        """Return the best sequences of tokens with their scores: one for each beam."""
        if effort.temperature > 0:
            drawn = {"sampling_topk": 0, "sampling_temperature": effort.temperature}
            search = {"beam_size": 1, **drawn}
        else:
            search = {"beam_size": effort.beam_size, "num_hypotheses": effort.beam_size}
        (found,) = self._model.generate(
            encoded,
            [prompt],
            max_length=2 * min(most_tokens, self._max_tokens - len(prompt)),  # it takes a half
            return_scores=True,
            return_no_speech_prob=True,
            **search,
        )
        return found

    def _align(
        self, encoded: Any, prompt: list[int], samples: Samples, tokens: Sequence[int]
    ) -> Any:
        """Return the position and probability of each of the tokens of a text, at least one."""
        frames = min(-(-len(samples) // HOP_SAMPLES), FRAMES_PER_SECOND * MAX_CONTEXT_SECONDS)
        (aligned,) = self._model.align(encoded, prompt[:-1], [list(tokens)], frames)
        return aligned

    def _timed(
        self, tokens: Sequence[int], align: Callable[[Sequence[int]], Any]
    ) -> tuple[Token, ...]:
        """Return the pieces of text with the time and probability of each."""
        if not tokens:
            return ()
        aligned = align(tokens)
        starts: dict[int, int] = {}
        for token, position in aligned.alignments:
            starts.setdefault(token, position)
        pieces = self._vocabulary.pieces_of(tokens)
        seconds = [starts[index] * POSITION_SECONDS for index in range(len(pieces))]
        return timed(pieces, seconds, aligned.text_token_probs)


def _score(found: Found, no_speech_prob: float) -> float:
    """Return `recognition.Hypothesis.score`."""
    return found.candidate.mean_log_probability - NO_SPEECH_WEIGHT * no_speech_prob


def _may_have_hotwords(likeliest: Found, no_speech_prob: float) -> bool:
    """Return whether a text may be what was said; hotwords in it would hide that nobody spoke."""
    return bool(likeliest.tokens) and _score(likeliest, no_speech_prob) > MIN_CAPTION_SCORE


def _log_probability(
    align: Callable[[Sequence[int]], Any], most_tokens: int, tokens: Sequence[int]
) -> float:
    if len(tokens) > most_tokens:
        return -math.inf
    return sum(math.log(max(each, MIN_PROBABILITY)) for each in align(tokens).text_token_probs)


def _most_tokens(samples: Samples) -> int:
    return MIN_TOKENS + round(TOKENS_PER_SECOND * len(samples) / SAMPLE_RATE)


def compute_type(provider: str) -> str:
    """Return the type that CTranslate2 computes with on `provider`, "cpu" or "cuda".

    Raises:
        EngineError: where CTranslate2 is not installed, or cannot run on the provider.

    """
    try:
        known = _ctranslate2().get_supported_compute_types(provider)
    except _FAULTS as error:
        raise EngineError(f"CTranslate2 does not run on {provider}: {_reason(error)}.") from None
    if provider == "cuda":
        runtime.load_cublas()
    return next((each for each in _COMPUTE_TYPES[provider] if each in known), "float32")


def _load(folder: Path, provider: str) -> Any:
    kind = compute_type(provider)
    try:
        return _ctranslate2().models.Whisper(
            str(folder), provider, compute_type=kind, intra_threads=1, inter_threads=1
        )
    except (*_FAULTS, MemoryError) as error:
        raise EngineError(
            f"{folder} cannot be loaded by CTranslate2 on {provider}: {_reason(error)}."
        ) from None


def _reason(error: Exception) -> str:
    """Return the first sentence of an error of CTranslate2, without its full stop."""
    return re.split(r"\.?(?:\s*\n|\s*$|\. )", str(error))[0]


def _ctranslate2() -> Any:
    try:
        import ctranslate2
    except ImportError:
        raise EngineError("CTranslate2 is not installed; install hwaja[server].") from None
    return ctranslate2


def _view(features: Any) -> Any:
    return _ctranslate2().StorageView.from_array(features)

"""Whisper on CTranslate2: encodes an utterance, decodes it by beam search, dates the tokens.

An utterance whose text is unsure gets a second look, if its effort says so (`second_look`).
"""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hwaja.engines.checks import check_options, check_utterance
from hwaja.engines.ctranslate2.library import FAULTS, ctranslate2, load
from hwaja.engines.ctranslate2.mel import (
    FRAMES_PER_SECOND,
    HOP_SAMPLES,
    SILENCE_BELOW_PEAK,
    log_mel,
)
from hwaja.engines.ctranslate2.model_files import check_folder
from hwaja.engines.ctranslate2.second_look import (
    MAX_CONTEXT_SECONDS,
    Chosen,
    Decoded,
    Encoded,
    better,
    is_speech,
)
from hwaja.engines.ctranslate2.whisper_tokens import timed
from hwaja.engines.interface import EngineError, Samples, Utterance
from hwaja.engines.model_checks.export_checks import AUTO_LANGUAGE
from hwaja.engines.recognition import (
    BATCH_SIZES,
    Abilities,
    Candidate,
    Effort,
    Hypothesis,
)
from hwaja.engines.texts.hallucination_filter import is_stuck
from hwaja.engines.texts.hotword_search import Found, HotwordSearch
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Token

MIN_SILENCE_SECONDS = 4.0
"""Silence after an utterance that is about as long as its context, or longer."""

MIN_TOKENS = 24
USUAL_TOKENS_PER_SECOND = 8
TOKENS_PER_SECOND = 16
"""Limits of the first search, and of a second one for a text that reached the first limit without
being a loop: so many tokens, and so many for each second of audio.

Of 264 Korean lines, none has more than 7.8 tokens in a second of its speech, and nobody speaks
faster than the second limit (bench/RESULTS.md, "Loops"). A text that reaches the first limit is
nearly always a loop. It then costs half as much as with the second one only. With fewer tokens,
loops of a few seconds could not be told from other texts yet.
"""

MIN_PROBABILITY = 1e-10
"""Probability of a token whose own one rounds to 0."""

POSITION_SECONDS = 2 * HOP_SAMPLES / SAMPLE_RATE
"""Duration of an encoder position, 20 ms: the second convolution has stride 2."""


class WhisperRecognizer:
    """Recognises whole utterances. One thread at a time; CTranslate2 computes on one thread."""

    def __init__(
        self, folder: Path, language: str, provider: str = "cpu", batch_size: int | None = None
    ) -> None:
        """Load a model to run on `provider`, "cpu" or "cuda".

        Args:
            folder: a Whisper model of CTranslate2: model.bin, config.json, and vocabulary.json or
                vocabulary.txt. Weights of every type and size are accepted.
            language: language code for sessions that do not name one; the model must know it.
            provider: "cpu" or "cuda".
            batch_size: most utterances in one call. None: that of the provider.

        Raises:
            EngineError: where CTranslate2 is not installed, does not support the provider, or
                cannot load the model, or where the model does not know the language.

        """
        checked = check_folder(folder)
        self._vocabulary = checked.vocabulary
        self._max_tokens = checked.max_tokens
        self._model = load(checked, provider)
        self._multilingual = bool(self._model.is_multilingual)
        languages = self._vocabulary.languages(multilingual=self._multilingual)
        if language not in languages:
            raise EngineError(f"{folder.name} does not know the language {language!r}.")
        self.abilities = Abilities(
            languages=languages,
            takes_any_hotword=True,
            has_efforts=True,
            batch_size=BATCH_SIZES[provider] if batch_size is None else batch_size,
        )
        self._language = language

    def recognise(self, utterance: Utterance) -> Hypothesis:
        """Return the text; see `interface.Recognizer.recognise`."""
        (found,) = self.recognise_batch([utterance])
        return found

    def recognise_batch(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Return the texts; see `interface.BatchRecognizer.recognise_batch`."""
        for each in utterances:
            check_options(each.options, self.abilities)
            check_utterance(each.samples)
        found: dict[int, Hypothesis] = {}
        try:
            for effort in dict.fromkeys(each.effort for each in utterances):
                rows = [k for k, each in enumerate(utterances) if each.effort == effort]
                texts = self._recognised([utterances[k] for k in rows], effort)
                found.update(zip(rows, texts, strict=True))
        except FAULTS as error:
            raise EngineError(f"CTranslate2 failed: {type(error).__name__}.") from None
        return [found[row] for row in range(len(utterances))]

    def _recognised(self, utterances: Sequence[Utterance], effort: Effort) -> list[Hypothesis]:
        """Return the texts of utterances that are all decoded with this effort."""
        chosen = [self._chosen(each) for each in self._decoded(utterances, effort)]
        if effort.looks_twice:
            rows = [row for row, each in enumerate(chosen) if each.is_unsure]
            looks = self._second_looks([chosen[row] for row in rows], effort)
            for row, look in zip(rows, looks, strict=False):  # none where they failed
                chosen[row] = better(chosen[row], look)
        decoded = [each.decoded for each in chosen]
        tokens = self._timed(decoded, [each.found.tokens for each in chosen])
        return [each.dated(pieces) for each, pieces in zip(chosen, tokens, strict=True)]

    def _second_looks(self, chosen: Sequence[Chosen], effort: Effort) -> list[Chosen]:
        """Return the texts of the same utterances without the reverberation of their room.

        Nothing where the decoder fails: the texts of the first look stay.
        """
        dry: list[Utterance] = []
        try:
            dry.extend(each.dry for each in chosen)
            return [self._chosen(each) for each in self._decoded(dry, effort)] if dry else []
        except (*FAULTS, EngineError):
            return []
        finally:
            for each in dry:
                each.samples.fill(0)

    def _decoded(self, utterances: Sequence[Utterance], effort: Effort) -> list[Decoded]:
        audio = [each.samples for each in utterances]
        encoded = self._encode(audio, effort.context_seconds)
        languages = self._spoken_languages([each.options.language for each in utterances], encoded)
        prompts = [
            self._vocabulary.prompt(each if self._multilingual else None) for each in languages
        ]
        results = self._searched(encoded, prompts, effort, audio)
        return [
            Decoded(utterance, encoded[k : k + 1], language, prompt, result)
            for k, (utterance, language, prompt, result) in enumerate(
                zip(utterances, languages, prompts, results, strict=True)
            )
        ]

    def _encode(self, audio: Sequence[Samples], context_seconds: float) -> Encoded:
        """Run the encoder on utterances and the silence behind them, up to the same length.

        The result is in the memory of the processor, so that parts of it can be taken. It is small:
        1 MB for each utterance of up to 10 s and Whisper base.
        """
        mels = [log_mel(samples, self._model.n_mels) for samples in audio]
        frames = max(
            round(FRAMES_PER_SECOND * context_seconds),
            max(mel.shape[1] for mel in mels) + round(FRAMES_PER_SECOND * MIN_SILENCE_SECONDS),
        )
        frames += frames % 2  # an odd number costs a hundredth of the characters
        frames = min(frames, FRAMES_PER_SECOND * MAX_CONTEXT_SECONDS)
        padded = np.empty((len(mels), self._model.n_mels, frames), np.float32)
        for row, mel in zip(padded, mels, strict=True):
            spoken = mel.shape[1]
            row[:, :spoken] = mel
            row[:, spoken:] = mel.max() - SILENCE_BELOW_PEAK
            mel.fill(0)
        try:
            return np.asarray(self._model.encode(_view(padded), to_cpu=True))
        finally:
            padded.fill(0)

    def _spoken_languages(self, named: Sequence[str | None], encoded: Encoded) -> list[str]:
        """Return the language of each utterance. Where it is "auto", detect the spoken one."""
        languages = [each or self._language for each in named]
        rows = [k for k, language in enumerate(languages) if language == AUTO_LANGUAGE]
        if rows:
            detected = self._model.detect_language(_view(encoded[rows]))
            for row, ((token, _), *_) in zip(rows, detected, strict=True):
                languages[row] = str(token).strip("<|>")
        return languages

    def _searched(
        self,
        encoded: Encoded,
        prompts: Sequence[list[int]],
        effort: Effort,
        audio: Sequence[Samples],
    ) -> Sequence[Any]:
        """Return for each utterance the best sequences of tokens with their scores.

        A search that the usual limit ended is made again with the next limit, unless it is a loop.
        """
        usual_tokens = _most_tokens(audio, USUAL_TOKENS_PER_SECOND)
        results = list(self._generate(encoded, prompts, effort, usual_tokens))
        rows = [
            row
            for row, (result, samples) in enumerate(zip(results, audio, strict=True))
            if len(result.sequences_ids[0]) >= usual_tokens and not self._loops(result, samples)
        ]
        if rows:
            most_tokens = _most_tokens([audio[row] for row in rows], TOKENS_PER_SECOND)
            longer = self._generate(
                encoded[rows], [prompts[row] for row in rows], effort, most_tokens
            )
            for row, result in zip(rows, longer, strict=True):
                results[row] = result
        return results

    def _loops(self, result: Any, samples: Samples) -> bool:
        text = self._vocabulary.text(self._vocabulary.of_text(result.sequences_ids[0]))
        return is_stuck(text, len(samples) / SAMPLE_RATE)

    def _generate(
        self, encoded: Encoded, prompts: Sequence[list[int]], effort: Effort, most_tokens: int
    ) -> Sequence[Any]:
        """Return for each utterance the best sequences of at most so many tokens."""
        if effort.temperature > 0:
            drawn = {"sampling_topk": 0, "sampling_temperature": effort.temperature}
            search = {"beam_size": 1, **drawn}
        else:
            search = {"beam_size": effort.beam_size, "num_hypotheses": effort.beam_size}
        results: Sequence[Any] = self._model.generate(
            _view(encoded),
            prompts,
            max_length=2 * min(most_tokens, self._max_tokens - len(prompts[0])),  # it takes a half
            return_scores=True,
            return_no_speech_prob=True,
            **search,
        )
        if not np.isfinite(
            [x for each in results for x in (*each.scores, each.no_speech_prob)]
        ).all():
            raise EngineError("the recogniser returned values that are not finite")
        return results

    def _chosen(self, decoded: Decoded) -> Chosen:
        """Return the text that is chosen among those that were decoded, and those with hotwords."""
        result, utterance = decoded.result, decoded.utterance
        tokens = [self._vocabulary.of_text(sequence) for sequence in result.sequences_ids]
        found = [
            Found(each, Candidate(self._vocabulary.text(each), score * (len(each) + 1), len(each)))
            for each, score in zip(tokens, result.scores, strict=True)
        ]
        hotwords = utterance.options.hotwords
        if hotwords and is_speech(found[0], decoded.no_speech_prob):
            log_probability = partial(self._log_probability, decoded)
            found = HotwordSearch(hotwords, self._vocabulary.encode, log_probability).search(found)
        offered = [each.boosted for each in found]
        index = utterance.choose(offered, decoded.language) if len(offered) > 1 else 0
        return Chosen(decoded, found[index])

    def _log_probability(self, decoded: Decoded, tokens: Sequence[int]) -> float:
        if len(tokens) > self._max_tokens - len(decoded.prompt):
            return -math.inf
        (aligned,) = self._align([decoded], [tokens])
        return sum(math.log(max(each, MIN_PROBABILITY)) for each in aligned.text_token_probs)

    def _align(self, decoded: Sequence[Decoded], texts: Sequence[Sequence[int]]) -> Sequence[Any]:
        """Return the position and probability of each token of a text of each utterance.

        A text has a token at least. The utterances are of one kind.
        """
        aligned: Sequence[Any] = self._model.align(
            _view(np.concatenate([each.encoded for each in decoded])),
            decoded[0].prompt[:-1],
            [list(tokens) for tokens in texts],
            [each.frames for each in decoded],
        )
        return aligned

    def _timed(
        self, decoded: Sequence[Decoded], texts: Sequence[Sequence[int]]
    ) -> list[tuple[Token, ...]]:
        """Return the pieces of each text with the time and probability of each."""
        pieces: list[tuple[Token, ...]] = [()] * len(texts)
        worded = [row for row, tokens in enumerate(texts) if tokens]
        for kind in {decoded[row].kind for row in worded}:
            rows = [row for row in worded if decoded[row].kind == kind]
            aligned = self._align([decoded[row] for row in rows], [texts[row] for row in rows])
            for row, found in zip(rows, aligned, strict=True):
                pieces[row] = self._pieces(texts[row], found)
        return pieces

    def _pieces(self, tokens: Sequence[int], aligned: Any) -> tuple[Token, ...]:
        starts: dict[int, int] = {}
        for token, position in aligned.alignments:
            starts.setdefault(token, max(0, position))  # CTranslate2 may begin at -1
        pieces = self._vocabulary.pieces_of(tokens)
        seconds = [starts[index] * POSITION_SECONDS for index in range(len(pieces))]
        return timed(pieces, seconds, aligned.text_token_probs)


def _most_tokens(audio: Sequence[Samples], tokens_per_second: float) -> int:
    """Return the limit of a search for the texts of utterances."""
    return MIN_TOKENS + round(tokens_per_second * max(map(len, audio)) / SAMPLE_RATE)


def _view(features: Any) -> Any:
    return ctranslate2().StorageView.from_array(features)

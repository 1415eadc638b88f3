"""The text chosen for an utterance, and the choice between two looks at the utterance.

The first look is at the audio as it is. Where its text is unsure, the second one is at the audio
without the reverberation of its room.
"""

from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hwaja.engines.ctranslate2.mel import FRAMES_PER_SECOND, HOP_SAMPLES
from hwaja.engines.dereverberation import without_reverberation
from hwaja.engines.interface import Utterance
from hwaja.engines.recognition import Candidate, Hypothesis
from hwaja.engines.texts.hallucination_filter import MIN_CAPTION_SCORE
from hwaja.engines.texts.hotword_search import Found
from hwaja.engines.texts.repeats import may_loop
from hwaja.protocol.values import Token

MAX_CONTEXT_SECONDS = 30
"""Whisper knows positions for 30 s."""

NO_SPEECH_WEIGHT = 2.0
"""Weight of the no-speech probability in a score.

Compared with other sounds, speech has a mean log-probability of the tokens that is 1 to 2 higher,
and a no-speech probability that is 0.5 to 0.9 lower.
"""

UNSURE_BELOW = -0.3
"""Mean log-probability of a token below which an utterance gets a second look (`Effort`). These
are a fifth to a half of the utterances, and have most of the errors (bench/RESULTS.md)."""

Encoded = NDArray[np.floating[Any]]
"""The encoder's output, shape (utterances, positions, width), float32 or float16."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """An utterance and what the decoder found for it."""

    utterance: Utterance
    encoded: Encoded
    """That of this utterance only, shape (1, positions, width)."""
    language: str
    prompt: list[int]
    result: Any

    @property
    def no_speech_prob(self) -> float:
        """Probability that nobody speaks."""
        return float(self.result.no_speech_prob)

    @property
    def kind(self) -> tuple[str, int]:
        """The language and the positions, which are the same for utterances aligned in one call."""
        return self.language, self.encoded.shape[1]

    @property
    def frames(self) -> int:
        """Frames of the spectrogram that have a sample of the utterance."""
        frames = -(-len(self.utterance.samples) // HOP_SAMPLES)
        return min(frames, FRAMES_PER_SECOND * MAX_CONTEXT_SECONDS)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The text that was chosen for an utterance."""

    decoded: Decoded
    found: Found

    @property
    def candidate(self) -> Candidate:
        """The text as it is offered to a choice."""
        return self.found.boosted

    @property
    def is_unsure(self) -> bool:
        """Whether somebody said something, but perhaps not this."""
        is_unlikely = self.found.candidate.mean_log_probability < UNSURE_BELOW
        return is_unlikely and is_speech(self.found, self.decoded.no_speech_prob)

    @property
    def dry(self) -> Utterance:
        """The utterance without reverberation, in new memory, in the language that was found."""
        utterance = self.decoded.utterance
        options = msgspec.structs.replace(utterance.options, language=self.decoded.language)
        samples = without_reverberation(utterance.samples)
        return replace(utterance, samples=samples, options=options)

    def dated(self, tokens: tuple[Token, ...]) -> Hypothesis:
        """Return the text with its tokens."""
        no_speech_prob = self.decoded.no_speech_prob
        return Hypothesis(
            self.found.candidate.text,
            tokens,
            self.decoded.language,
            _score(self.found, no_speech_prob),
            no_speech_prob,
        )


def is_speech(likeliest: Found, no_speech_prob: float) -> bool:
    """Return whether a text may be what was said.

    Of noise, neither hotwords nor a second look may make a text that passes for speech.
    """
    return bool(likeliest.tokens) and _score(likeliest, no_speech_prob) > MIN_CAPTION_SCORE


def better(first: Chosen, second: Chosen) -> Chosen:
    """Return the text of two looks at an utterance that is likelier, by `Utterance.choose`.

    A second text that repeats itself is not taken: the audio without reverberation starts loops.
    """
    if not second.found.tokens or may_loop(second.candidate.text):
        return first
    looks = sorted((first, second), key=lambda each: -each.candidate.log_probability)
    decoded = first.decoded
    return looks[decoded.utterance.choose([each.candidate for each in looks], decoded.language)]


def _score(found: Found, no_speech_prob: float) -> float:
    """Return `recognition.Hypothesis.score`."""
    return found.candidate.mean_log_probability - NO_SPEECH_WEIGHT * no_speech_prob

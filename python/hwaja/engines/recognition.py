"""A recogniser's abilities, the effort it is asked for, and its results; no audio."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hwaja.protocol.codes import Reason
from hwaja.protocol.values import Options, Token

BATCH_SIZES = {"cpu": 1, "cuda": 16}
"""Most utterances that a recogniser takes in one call, by provider. All wait until the call ends.

On one core a batch of Whisper saves a sixth of the time at best, at 16 it costs a fifth more
(bench/RESULTS.md). On a GPU it should take little longer than its longest utterance: for each
token, the weights are read once for all. That is not measured yet. 16 utterances of 29 s fit a
frame (`workers.wire.MAX_BATCH`).
"""


@dataclass(frozen=True, slots=True)
class Abilities:
    """The features of a loaded recogniser."""

    streaming: bool = False
    """Whether it decodes an utterance while it is spoken (`interface.StreamingRecognizer`)."""
    languages: frozenset[str] = frozenset()
    """Language codes that a session may choose from; one where the model offers no choice."""
    hotword_characters: frozenset[str] = frozenset()
    """Characters that hotwords may have besides spaces; empty: hotwords are not supported, unless
    it takes any."""
    takes_any_hotword: bool = False
    """Whether hotwords may have any character."""
    has_efforts: bool = False
    """Whether it follows an `Effort`, and offers several candidates for a text."""
    batch_size: int = 1
    """Most utterances that it recognises in one call; above 1 it is a `BatchRecognizer`."""

    def refusal(self, options: Options) -> Reason | None:
        """Return why the recogniser does not support a session's options; None: it does."""
        if options.language is not None and options.language not in self.languages:
            return Reason.LANGUAGE_UNSUPPORTED
        if not options.hotwords or self.takes_any_hotword:
            return None
        if not self.hotword_characters:
            return Reason.HOTWORDS_UNSUPPORTED
        letters = "".join(hotword.text for hotword in options.hotwords).replace(" ", "")
        return None if self.hotword_characters.issuperset(letters) else Reason.HOTWORD_UNKNOWN


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a recogniser computes for one utterance."""

    beam_size: int = 5
    """Hypotheses that the search keeps at each step, and candidates for the text. 1: greedy."""
    context_seconds: float = 10.0
    """A shorter utterance is followed by silence up to this length.

    Whisper was trained on windows of 30 s and makes more errors on shorter ones (bench/RESULTS.md).
    """
    temperature: float = 0.0
    """Above 0, each token is drawn at random from the scores divided by it; then there is no beam.
    """
    looks_twice: bool = False
    """Whether an utterance whose text is unsure is decoded again, without its reverberation."""


NORMAL = Effort()


def compression_ratio(text: str) -> float:
    """Return the bytes of a text (UTF-8) for each byte that zlib compresses it to.

    A text that repeats itself has a high ratio.
    """
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of several texts that a recogniser found for an utterance."""

    text: str
    log_probability: float
    """Log-probability of the text by the recogniser: the sum over its tokens and the end of text.
    """
    tokens: int
    """How many tokens it has, without the end of text."""

    @property
    def mean_log_probability(self) -> float:
        """Mean log-probability of a token."""
        return self.log_probability / (self.tokens + 1)


Choose = Callable[[Sequence[Candidate], str], int]
"""Returns the index of the candidate to take. Takes the candidates, of which the first is the
likeliest, and the code of their language."""


def first(_candidates: Sequence[Candidate], _language: str) -> int:
    """Return the index of the likeliest candidate."""
    return 0


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A recogniser's result for an utterance, or for the part of it that is decoded so far."""

    text: str
    tokens: tuple[Token, ...] = ()
    """Pieces of `text` with their times from the first sample of the utterance, in seconds.

    Empty where the model gives no times.
    """
    language: str | None = None
    """Code of the language that the model detected; None where the model does not report it."""
    score: float | None = None
    """The model's confidence in the text, 0 at most; None where the model does not report it.

    It is the mean log-probability of the tokens, minus twice the probability that nobody speaks.
    """
    no_speech_probability: float | None = None
    """The model's probability that nobody speaks; None where the model does not report it."""
    attempts: int = 1
    """How often the utterance was decoded (`fallback.recognise`)."""
    is_noise: bool = False
    """Whether the recogniser wrote a text, and all of it was removed: nobody can have said it."""

    @property
    def compression_ratio(self) -> float:
        """That of the text; see `compression_ratio`."""
        return compression_ratio(self.text)

    def earlier(self, seconds: float) -> "Hypothesis":
        """Return the hypothesis with its tokens moved earlier by `seconds`; no time is below 0."""
        moved = (
            Token(token.text, max(0.0, round(token.start_seconds - seconds, 3)), token.probability)
            for token in self.tokens
        )
        return replace(self, tokens=tuple(moved))

"""A recogniser's abilities and its results; no audio."""

from dataclasses import dataclass, replace

from hwaja.protocol.codes import Reason
from hwaja.protocol.values import Options, Token


@dataclass(frozen=True, slots=True)
class Abilities:
    """The features of a loaded recogniser."""

    streaming: bool = False
    """Whether it decodes an utterance while it is spoken (`interface.StreamingRecognizer`)."""
    languages: frozenset[str] = frozenset()
    """Language codes that a session may choose from; one where the model offers no choice."""
    hotword_characters: frozenset[str] = frozenset()
    """Characters that hotwords may have besides spaces; empty: hotwords are not supported."""

    def refusal(self, options: Options) -> Reason | None:
        """Return why the recogniser does not support a session's options; None: it does."""
        if options.language is not None and options.language not in self.languages:
            return Reason.LANGUAGE_UNSUPPORTED
        if not options.hotwords:
            return None
        if not self.hotword_characters:
            return Reason.HOTWORDS_UNSUPPORTED
        letters = "".join(hotword.text for hotword in options.hotwords).replace(" ", "")
        return None if self.hotword_characters.issuperset(letters) else Reason.HOTWORD_UNKNOWN


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

    def earlier(self, seconds: float) -> "Hypothesis":
        """Return the hypothesis with its tokens moved earlier by `seconds`; no time is below 0."""
        starts = (max(0.0, round(token.start_seconds - seconds, 3)) for token in self.tokens)
        moved = zip(self.tokens, starts, strict=True)
        return replace(self, tokens=tuple(Token(token.text, start) for token, start in moved))

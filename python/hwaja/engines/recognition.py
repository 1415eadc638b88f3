"""What a recogniser can do, and what it answers; no audio."""

from dataclasses import dataclass, replace

from hwaja.protocol.codes import Reason
from hwaja.protocol.values import Options, Token


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a loaded recogniser can do."""

    streaming: bool = False
    """Whether it hears an utterance while it is spoken (`engine.StreamingRecognizer`)."""
    languages: frozenset[str] = frozenset()
    """Codes that a session may choose between; one alone where the model gives no choice."""
    hotword_characters: frozenset[str] = frozenset()
    """What hotwords may be made of, spaces apart; empty where it takes no hotwords."""

    def refusal(self, options: Options) -> Reason | None:
        """Return what a session asks for that cannot be done; None where all of it can."""
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
    """What a recogniser made of an utterance, or of what it has heard of it so far."""

    text: str
    tokens: tuple[Token, ...] = ()
    """Pieces of `text`, dated from the first sample of the utterance; empty where the model gives
    no times."""
    language: str | None = None
    """Code of the language that the model heard; None where it does not say."""
    score: float | None = None
    """How sure the model is that this was said, 0 at most; None where it does not say. The mean
    log-probability of its tokens, less twice the probability that nobody speaks."""

    def earlier(self, seconds: float) -> "Hypothesis":
        """Return it with its tokens as much earlier, not before the utterance begins."""
        starts = (max(0.0, round(token.start_seconds - seconds, 3)) for token in self.tokens)
        moved = zip(self.tokens, starts, strict=True)
        return replace(self, tokens=tuple(Token(token.text, start) for token, start in moved))

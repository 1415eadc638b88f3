"""What a recogniser can do, what a session asks of it and what it answers; no audio."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hotword:
    """A word or phrase that is likelier to be said than the model would think."""

    text: str
    boost: float | None = None
    """Added to the score of each of its tokens; None: the engine's default."""


@dataclass(frozen=True, slots=True)
class Options:
    """What one session asks of the recogniser; must lie within its `Abilities`."""

    language: str | None = None
    """Code of the language that is spoken; None: the one that the server was started with."""
    hotwords: tuple[Hotword, ...] = ()


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a loaded recogniser can do."""

    streaming: bool = False
    """Whether it hears an utterance while it is spoken (`engine.StreamingRecognizer`)."""
    languages: frozenset[str] = frozenset()
    """Codes that a session may choose between; one alone where the model gives no choice."""
    hotword_characters: frozenset[str] = frozenset()
    """What hotwords may be made of, spaces apart; empty where it takes no hotwords."""

    def knows_language(self, options: Options) -> bool:
        """Return whether the language asked for can be recognised."""
        return options.language is None or options.language in self.languages

    def takes_hotwords(self, options: Options) -> bool:
        """Return whether hotwords can be asked for, if any are."""
        return bool(self.hotword_characters) or not options.hotwords

    def spells_hotwords(self, options: Options) -> bool:
        """Return whether the recogniser could ever write the hotwords."""
        letters = "".join(hotword.text for hotword in options.hotwords).replace(" ", "")
        return self.hotword_characters.issuperset(letters)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text, and when it was spoken."""

    text: str
    start_seconds: float
    """From the first sample of the utterance, as the model dates it."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a recogniser made of an utterance, or of what it has heard of it so far."""

    text: str
    tokens: tuple[Token, ...] = ()
    """Pieces of `text` with their times; empty where the model gives none."""
    language: str | None = None
    """Code of the language that the model heard; None where it does not say."""

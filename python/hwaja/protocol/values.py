"""The values inside messages that are more than a number or a string."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Hotword:
    """A word or phrase that is likelier to be said than the model would think."""

    text: str
    """The word or phrase. Spaces around it are taken off, and several count as one."""
    boost: float | None = None
    """Added to the score of each of its tokens; 1.5 without it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What one session asks of the recogniser; must lie within its `Abilities`."""

    language: str | None = None
    """Code of the language that is spoken, as the model names it: `"ko"`, `"en"`; with Whisper and
    Nemotron also `"auto"`. Without it, the one that the server was started with."""
    hotwords: tuple[Hotword, ...] = ()
    """Words or phrases to expect, each as a string or with its `boost`. Only streaming transducers
    take them, on a server started with `--decoding-method modified_beam_search`."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text, and when it was spoken."""

    text: str
    """The piece, as it stands in the text."""
    start_seconds: float
    """When it begins, as the model dates it."""


class Label(StrEnum):
    """How far a speaker can be trusted; a client with `details` gets it."""

    SURE = "sure"
    """No other voice is nearly as near."""
    DOUBTFUL = "doubtful"
    """Another voice is nearly as near."""
    UNKNOWN = "unknown"
    """Like none of the enrolled voices."""
    OVERLAP = "overlap"
    """For half of it or more two speak at once, and it is given to who is heard better."""
    SHORT = "short"
    """Less than 0.1 s of speech, so that the speaker is a guess from who spoke before."""

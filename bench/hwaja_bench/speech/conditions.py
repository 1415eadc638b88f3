"""The conditions of a benchmark: how turns follow each other, and how much noise there is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """How turns follow each other."""

    name: str
    pause_seconds: tuple[float, float]
    """From, to: a pause is drawn evenly from between; a negative one is an overlap."""
    is_cut: bool = False
    """Whether clips are cut into short pieces."""


CONDITIONS = {
    condition.name: condition
    for condition in (
        # Longer than the hang-over of 0.5 s, so that every clip is an utterance of its own.
        Condition("spaced", (0.8, 1.5)),
        Condition("short", (0.8, 1.5), is_cut=True),
        Condition("mixed", (-0.5, 1.5)),
        Condition("no-pause", (0.0, 0.0)),
    )
}

SNRS_DB: dict[str, float | None] = {"clean": None, "20": 20.0, "10": 10.0}
"""The acoustic conditions by name; clean has neither noise nor reverberation."""

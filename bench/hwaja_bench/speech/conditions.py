"""The conditions of a benchmark: pauses between turns, and noise."""

from dataclasses import dataclass

from hwaja_bench.speech.noises import party, traffic
from hwaja_bench.speech.sounds import crowd, fan, hold_music, pink


@dataclass(frozen=True, slots=True)
class Condition:
    """Pauses or overlaps between turns."""

    name: str
    pause_seconds: tuple[float, float]
    """Range of the uniformly random pause; a negative pause is an overlap."""
    is_cut: bool = False
    """Whether clips are cut into short pieces."""


CONDITIONS = {
    condition.name: condition
    for condition in (
        # Longer than the hang-over of 0.5 s, so that every clip is one utterance.
        Condition("spaced", (0.8, 1.5)),
        Condition("short", (0.8, 1.5), is_cut=True),
        Condition("mixed", (-0.5, 1.5)),
        Condition("no-pause", (0.0, 0.0)),
    )
}

SNRS_DB: dict[str, float | None] = {"clean": None, "20": 20.0, "10": 10.0}
"""The acoustic conditions by name; clean has neither noise nor reverberation."""

NOISES = {
    "pink": pink,
    "fan": fan,
    "babble": party,
    "traffic": traffic,
    "cafe": crowd,
    "music": hold_music,
}
"""The noises that a conversation may have behind it; otherwise a random steady one."""

LOUD_SNRS_DB = {"15": 15.0, "5": 5.0, **{f"10-{noise}": 10.0 for noise in NOISES}}
"""More acoustic conditions: an SNR, and after a hyphen one of `NOISES`."""

"""Whether another voice has begun while an utterance goes on."""

from collections.abc import Sequence

from hwaja.speakers.parts import Part

CERTAIN_PROBABILITY = 0.95
"""Of the voices on both sides of a change: a cut cannot be taken back. At 0.99 some
changes are noticed seconds later (bench/RESULTS.md)."""

NEXT_SECONDS = 0.6
"""Speech of the next voice before a change is believed."""


def next_turn(parts: Sequence[Part]) -> int | None:
    """Return the sample from which on the last voice speaks; None while it is not sure.

    Args:
        parts: of the end of an utterance that goes on, as of `reading.read_parts`.

    """
    if len(parts) < 2:
        return None
    before, after = parts[-2:]
    is_certain = min(before.probability, after.probability) >= CERTAIN_PROBABILITY
    return after.start if is_certain and after.speech_seconds >= NEXT_SECONDS else None

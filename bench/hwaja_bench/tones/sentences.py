"""A dialogue that the tone model understands: it is known what must be answered, and when."""

import random
from collections.abc import Iterable
from functools import cache

import clips
from tone_speech import Hummed as Hummed
from tone_speech import hummed

PAUSE_SECONDS = 1
PAUSE = clips.silence(PAUSE_SECONDS)


@cache
def voices() -> tuple[bytes, bytes]:
    """Return what is enrolled: one who speaks in tones, and somebody else.

    Tones over speech are like neither of two people, and would be divided between them.
    """
    return hummed(range(8)).pcm, clips.voices()[0]


def random_sentences(chance: random.Random, count: int = 8) -> list[Hummed]:
    """Return sentences that are all different; eight of them last about 20 s."""
    made: dict[str, Hummed] = {}
    while len(made) < count:
        said = hummed([chance.randrange(8) for _ in range(chance.randrange(4, 9))])
        made.setdefault(said.text, said)
    return list(made.values())


def seeded_sentences(seed: int, count: int) -> list[Hummed]:
    """Return the same sentences for the same seed."""
    return random_sentences(random.Random(seed), count)  # noqa: S311 (no secret)


def spoken(sentences: Iterable[Hummed]) -> bytes:
    """Return sentences as PCM16, each with a pause behind it."""
    return b"".join(sentence.pcm + PAUSE for sentence in sentences)

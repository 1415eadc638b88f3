"""Generates dialogues of tones, for which the correct texts and times are known."""

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
    """Return two enrolments: a voice of tones, and another voice.

    Tones over speech match neither of two human voices, so the labels would alternate.
    """
    return hummed(range(8)).pcm, clips.voices()[0]


def random_sentences(chance: random.Random, count: int = 8) -> list[Hummed]:
    """Return distinct sentences; eight of them last about 20 s."""
    made: dict[str, Hummed] = {}
    while len(made) < count:
        said = hummed([chance.randrange(8) for _ in range(chance.randrange(4, 9))])
        made.setdefault(said.text, said)
    return list(made.values())


def seeded_sentences(seed: int, count: int) -> list[Hummed]:
    """Return the same sentences for the same seed."""
    return random_sentences(random.Random(seed), count)  # noqa: S311 (no secret)


def spoken(sentences: Iterable[Hummed]) -> bytes:
    """Return sentences as PCM16, each followed by a pause."""
    return b"".join(sentence.pcm + PAUSE for sentence in sentences)

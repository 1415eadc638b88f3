"""Clips of noise that stand for speech, conversations placed by hand, and answers to them."""

import numpy as np

from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.attribution.conversation import Conversation, Turn
from hwaja_bench.attribution.decisions import Decision, SessionResult
from hwaja_bench.speech.conditions import CONDITIONS
from hwaja_bench.speech.corpus import Clip
from hwaja_bench.speech.levels import levelled, trimmed


def murmur(seconds: float, seed: int = 0) -> Samples:
    """Noise as loud as speech, without a pause."""
    random = np.random.default_rng(seed)
    return (0.1 * random.standard_normal(round(seconds * SAMPLE_RATE))).astype(np.float32)


def syllables(seconds: float, seed: int = 0) -> Samples:
    """Murmur that is quiet for 60 ms after every 240 ms."""
    samples = murmur(seconds, seed)
    samples[np.arange(len(samples)) % 4800 >= 3840] *= 0.001
    return samples


def clip(
    speaker: str, samples: Samples, text: str | None = None, group: str = "room", name: str = "clip"
) -> Clip:
    return Clip(f"{speaker}-{name}.wav", speaker, group, text, levelled(trimmed(samples)))


def speakers(*names: str, count: int = 8, seconds: float = 4.0, group: str = "room") -> list[Clip]:
    """Some clips of each speaker, no two of which are alike."""
    return [
        clip(name, syllables(seconds, seed=1000 * n + i), group=group, name=str(i))
        for n, name in enumerate(names)
        for i in range(count)
    ]


def said(*turns: tuple[int, float, float, str | None]) -> Conversation:
    """A conversation of turns: speaker, from, to in seconds, text."""
    return Conversation(
        "room/a-b/0/mixed",
        "room",
        CONDITIONS["mixed"],
        ((), ()),
        tuple(
            Turn(
                speaker_id,
                clip("ab"[speaker_id], murmur(stop - start, seed=i), text),
                round(start * SAMPLE_RATE),
            )
            for i, (speaker_id, start, stop, text) in enumerate(turns)
        ),
    )


def answered(*answers: tuple[int, float, float, str], label: str = "sure") -> SessionResult:
    """What a server says: speaker, from, to in seconds, text."""
    return SessionResult(
        10.0,
        tuple(
            Decision(i, speaker_id, start, stop, (0.5, 0.1), 0.4, label, text)
            for i, (speaker_id, start, stop, text) in enumerate(answers)
        ),
    )

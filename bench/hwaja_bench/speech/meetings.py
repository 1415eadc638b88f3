"""Makes recordings of two to four people who talk in turns, from clips of single speakers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.speech.acoustics import (
    RT60_SECONDS,
    Signal,
    impulse_response,
    noise,
    noise_spectrum,
    reverberant,
)
from hwaja_bench.speech.corpus import seeded
from hwaja_bench.speech.levels import SPEECH_DBFS, amplitude, levelled, stretches, trimmed
from hwaja_bench.speech.people import Speaker

CUT_SHARE = 0.4
"""Share of the clips that are cut in two at a random place, for shorter turns."""

LEAD_SECONDS = 0.5

Span = tuple[int, float, float]
"""Number of a speaker, start and end of speech in seconds."""


@dataclass(frozen=True)
class Meeting:
    """The audio of a conversation, and who speaks when."""

    group: str
    names: tuple[str, ...]
    snr: str
    pauses: str
    sound: Signal
    lines: tuple[Span, ...]
    """The turns, with the pauses in them."""
    spans: tuple[Span, ...]
    """The speech in the turns."""


def parties(people: Sequence[Speaker], count: int, at_most: int, seed: int) -> list[list[Speaker]]:
    """Return sets of `count` people of one group, `at_most` of each group, drawn by the seed."""
    found = []
    for group in sorted({person.group for person in people}):
        own = [person for person in people if person.group == group]
        sets = list(combinations(own, count))
        drawn = seeded(seed, group, str(count)).permutation(len(sets))[:at_most]
        found += [list(sets[i]) for i in drawn]
    return found


def meeting(
    people: Sequence[Speaker],
    seconds: float,
    pauses: tuple[str, tuple[float, float]],
    snr: tuple[str, float | None],
    seed: int,
) -> Meeting:
    """Return a conversation of about `seconds`; each person has a place in one room.

    Clips are repeated where a person has too few, each time cut elsewhere.

    Args:
        people: who talks, of one group.
        seconds: duration.
        pauses: a name, and the range of the pause between two turns; negative: an overlap.
        snr: a name, and the signal-to-noise ratio in dB; None: neither room nor noise.
        seed: of all random choices.

    """
    names = tuple(person.name for person in people)
    random = seeded(seed, *names, pauses[0])
    turns = _turns(people, seconds, pauses[1], random)
    length = max(start + len(speech) for _, start, speech in turns)
    tracks = np.zeros((len(people), length + round(LEAD_SECONDS * SAMPLE_RATE)))
    for number, start, speech in turns:
        tracks[number, start : start + len(speech)] = speech
    lines = tuple(
        (number, start / SAMPLE_RATE, (start + len(speech)) / SAMPLE_RATE)
        for number, start, speech in turns
    )
    spans = tuple(
        (number, start / SAMPLE_RATE + first, start / SAMPLE_RATE + last)
        for number, start, speech in turns
        for first, last in stretches(speech.astype(np.float32))
    )
    sound = tracks.sum(axis=0) if snr[1] is None else _disturbed(tracks, snr[1], random)
    return Meeting(people[0].group, names, snr[0], pauses[0], sound, lines, spans)


_Turn = tuple[int, int, Signal]
"""Number of the speaker, first sample, speech."""


def _turns(
    people: Sequence[Speaker],
    seconds: float,
    pause_seconds: tuple[float, float],
    random: np.random.Generator,
) -> list[_Turn]:
    speech = [_pieces(person, random) for person in people]
    silent_from = [round(LEAD_SECONDS * SAMPLE_RATE)] * len(people)
    turns: list[_Turn] = []
    last, stop = -1, silent_from[0]
    while stop < seconds * SAMPLE_RATE:
        number = int(random.choice([k for k in range(len(people)) if k != last]))
        pause = round(random.uniform(*pause_seconds) * SAMPLE_RATE) if turns else 0
        start = max(silent_from[number], stop + pause)
        turns.append((number, start, next(speech[number])))
        silent_from[number] = stop = start + len(turns[-1][2])
        last = number
    return turns


def _pieces(person: Speaker, random: np.random.Generator) -> Iterator[Signal]:
    while True:
        for number in random.permutation(len(person.clips)):
            clip = levelled(trimmed(person.clips[number])).astype(np.float64)
            if random.random() < CUT_SHARE:
                cut = round(random.uniform(0.3, 0.7) * len(clip))
                yield clip[:cut]
                yield clip[cut:]
            else:
                yield clip


def _disturbed(tracks: Signal, snr_db: float, random: np.random.Generator) -> Signal:
    rt60_seconds = random.uniform(*RT60_SECONDS)
    heard = sum(
        (reverberant(track, impulse_response(rt60_seconds, random)) for track in tracks),
        np.zeros(tracks.shape[1]),
    )
    spectrum = noise_spectrum(tracks.sum(axis=0), random)
    return heard + amplitude(SPEECH_DBFS - snr_db) * noise(spectrum, len(heard), random)

"""Measures how often `"strangers": "separate"` gives a third person an id of their own.

hwaja bench experiment strangers_apart ../shared/speech

Every pair of a group is enrolled with 4.5 s each, in the same room and noise as they speak. Both
say three pieces of 3 s. Then a third person of the group says a piece, and another one of 3 s.
Counted are the third persons who get a new id with the first and with the second piece, and the
pieces of the enrolled voices that do.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np

from hwaja.engines.interface import Embedding, VoiceTrack
from hwaja.engines.loading import SpeakerEmbedder
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import MOST_SPEAKERS
from hwaja.server.application import embedder_file
from hwaja.speakers.discovery import Discovery
from hwaja.speakers.parts import Part
from hwaja.speakers.voices import Cohort, Voices, pool
from hwaja_bench.speech.acoustics import disturbed
from hwaja_bench.speech.conditions import SNRS_DB
from hwaja_bench.speech.corpus import seeded
from hwaja_bench.speech.levels import levelled, trimmed
from hwaja_bench.speech.people import Speaker, cut, speakers
from hwaja_bench.stats import share

ENROLMENT_SECONDS = 4.5
OWN_SECONDS = 3.0
SECONDS = (1.0, 2.0, 3.0)
SEED = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("--half", choices=("chosen", "reported"), default="reported")


def run(args: argparse.Namespace) -> None:
    embedder, cohort = SpeakerEmbedder(embedder_file()), Cohort.load()
    people = [one for one in speakers(args.speech, args.half) if len(one.clips) > 1]
    for group in sorted({one.group for one in people}):
        own = [one for one in people if one.group == group]
        for snr in SNRS_DB:
            for seconds in SECONDS if len(own) > 2 else ():
                units = {one.name: units_of(one, snr, seconds, embedder) for one in own}
                counts: Counter[str] = Counter()
                for names in permutations(units, 3):
                    if names[0] < names[1]:
                        counts += tried([units[name] for name in names], seconds, cohort)
                told = [share(counts[k], counts["strangers"]) for k in ("first", "second")]
                wrong = share(counts["wrong"], counts["own"])
                print(
                    f"{group} {snr} {seconds:g} s: told at once {told[0]}, with 3 s more {told[1]}"
                )
                print(f"  enrolled voices taken for strangers: {wrong}", flush=True)


def units_of(
    person: Speaker, snr: str, seconds: float, embedder: SpeakerEmbedder
) -> dict[str, list[Embedding]]:
    """Return the embeddings of an enrolment, of three own pieces, and of a piece of `seconds`."""
    random = seeded(SEED, person.name, snr)
    needed_seconds = ENROLMENT_SECONDS + 4 * OWN_SECONDS + seconds
    speech, _ = cut(person, needed_seconds + 4, random)
    clean = levelled(trimmed(speech)).astype(np.float64)
    snr_db = SNRS_DB[snr]
    heard = np.asarray(clean if snr_db is None else disturbed(clean, snr_db, random), np.float32)
    edges = np.cumsum([0, ENROLMENT_SECONDS, *[OWN_SECONDS] * 4, seconds]) * SAMPLE_RATE
    pieces = [
        embedder.embed(np.ascontiguousarray(heard[round(first) : round(stop)]))[0].copy()
        for first, stop in pairwise(edges)
    ]
    return {"enrolment": pieces[:1], "own": pieces[1:4], "more": pieces[4:5], "first": pieces[5:]}


def tried(
    three: Sequence[dict[str, list[Embedding]]], seconds: float, cohort: Cohort
) -> Counter[str]:
    """Return what became of two enrolled people and a third one."""
    voices = Voices(cohort)
    for speaker_id, person in enumerate(three[:2]):
        voices.enrol(speaker_id, pool(None, person["enrolment"][0].copy(), ENROLMENT_SECONDS))
    discovery, counts = Discovery(voices), Counter[str](strangers=1)
    at = 0

    def heard(unit: Embedding, spoken_seconds: float) -> int:
        nonlocal at
        at += 10 * SAMPLE_RATE
        track = VoiceTrack(unit.copy(), unit[None].copy(), np.zeros(1, np.float32))
        whole = Part(at, at + round(spoken_seconds * SAMPLE_RATE), (), spoken_seconds)
        (part,), _ = discovery.take(track, whole, MOST_SPEAKERS, divides=False)
        return part.speaker_ids[part.nearest]

    for number in range(3):
        for person in three[:2]:
            counts["own"] += 1
            counts["wrong"] += heard(person["own"][number], OWN_SECONDS) > 1
    counts["first"] += heard(three[2]["first"][0], seconds) > 1
    counts["second"] += heard(three[2]["more"][0], OWN_SECONDS) > 1
    return counts

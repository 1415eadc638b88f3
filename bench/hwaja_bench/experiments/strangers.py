"""Measures how often unknown voices, and how often enrolled voices, are labelled unknown.

hwaja bench experiment strangers ../shared/speech

Every pair of test speakers of a group is enrolled with 4.5 s each. hwaja's attribution then labels
pieces of their other clips, and of all other speakers in the folder.
"""

import argparse
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np

from hwaja.engines.interface import Embedding, VoiceTrack
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Label
from hwaja.speakers.diarize import split_by_voice
from hwaja.speakers.parts import Part
from hwaja.speakers.voices import Cohort, Voices, pool
from hwaja_bench.experiments.calibration import ENROLMENT_SECONDS, PIECES, SEED
from hwaja_bench.speech.conditions import SNRS_DB
from hwaja_bench.speech.index import ROOMS
from hwaja_bench.speech.voices import Listener, pieces, several_clips_each

SECONDS = (1.0, 2.0, 3.0)

Key = tuple[str, str]
"""Group and speaker."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)


def run(args: argparse.Namespace) -> None:
    listener, clips = Listener(), list(several_clips_each(args.speech, SEED))
    for snr in SNRS_DB:
        enrolled: dict[Key, Embedding] = {}
        tried: dict[Key, list[tuple[float, Embedding]]] = {}
        for key in dict.fromkeys((clip.group, clip.speaker) for clip in clips):
            own = [c.samples for c in clips if (c.group, c.speaker, c.snr) == (*key, snr)]
            joined = np.concatenate(own)
            limit = round(ENROLMENT_SECONDS * SAMPLE_RATE)
            enrolled[key] = listener.unit(joined[:limit])
            tried[key] = [
                (seconds, listener.unit(piece))
                for seconds in SECONDS
                for piece in pieces(joined[limit:], seconds, PIECES * len(own))
            ]
        report(snr, enrolled, tried)


def report(
    snr: str, enrolled: dict[Key, Embedding], tried: dict[Key, list[tuple[float, Embedding]]]
) -> None:
    cohort = Cohort.load()
    found: dict[tuple[str, str, float], Counter[Label]] = {}
    for pair in combinations(enrolled, 2):
        if pair[0][0] != pair[1][0]:
            continue
        voices = Voices(cohort)
        for speaker_id, key in enumerate(pair):
            voices.enrol(speaker_id, pool(None, enrolled[key], 1.0))
        for key, units in tried.items():
            if key not in pair and {key[0], pair[0][0]} == set(ROOMS):
                continue  # both rooms have the same two women
            who = "own" if key in pair else "same group" if key[0] == pair[0][0] else "others"
            for seconds, unit in units:
                count = found.setdefault((pair[0][0], who, seconds), Counter())
                count[label(unit, seconds, voices)] += 1
    for (group, who, seconds), count in sorted(found.items()):
        shares = {name.value: f"{count[name] / count.total():.1%}" for name in Label if count[name]}
        print(f"{snr} {group}, {who}, {seconds:g} s ({count.total()}): {shares}")


def label(unit: Embedding, seconds: float, voices: Voices) -> Label:
    samples = round(seconds * SAMPLE_RATE)
    track = VoiceTrack(unit, unit[None], np.zeros(1, np.float32))
    (part,) = split_by_voice(track, Part(0, samples, voices.speaker_ids, seconds), voices)
    return part.label

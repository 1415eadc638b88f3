"""Measures two people who speak at once: who is named, for how long, and whose words are whose.

hwaja bench experiment simultaneous ../shared/speech [--half chosen] [--kinds 1 whole]
    [--snrs clean 20] [--limit 2] [--divided-seconds 99]

The second of two lines begins before the first has ended, or with it ("whole"), or is left out
("single"). Each pair of lines is a stream of its own. It goes through a session with the real
models, as in `turn_taking`. --divided-seconds is the least overlap that becomes a part of its own.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.server_messages import Transcription
from hwaja.protocol.values import Details, Label
from hwaja.selection.error_counts import edits, normalise
from hwaja.speakers import overlap
from hwaja.speakers.voices import Cohort, Voices, pool
from hwaja_bench.experiments.turn_taking import Engines, Room
from hwaja_bench.speech.acoustics import (
    RT60_SECONDS,
    Signal,
    impulse_response,
    noise,
    noise_spectrum,
    reverberant,
)
from hwaja_bench.speech.conditions import SNRS_DB
from hwaja_bench.speech.corpus import seeded
from hwaja_bench.speech.dialogue import Clip, load_clips, load_lines
from hwaja_bench.speech.index import OF_TWO_SPEAKERS
from hwaja_bench.speech.levels import (
    FRAME_SAMPLES,
    SPEECH_DBFS,
    amplitude,
    levelled,
    stretches,
    trimmed,
)
from hwaja_bench.speech.texts import aligned
from hwaja_bench.stats import share_of

SEED = 1
KINDS = ("single", "0.3", "0.6", "1", "2", "whole")
LINE_SECONDS = (2.0, 6.5)
LEAD_SECONDS, TAIL_SECONDS = 0.5, 1.25
NEAR_SECONDS = 0.3
"""Times that differ by less are equal."""
REST_SECONDS = 0.5
"""Least part of each line outside the overlap."""

HALVES = {
    "chosen": ("AirbnbStudio", ("pfb", "pfi", "pma", "pmb")),
    "reported": ("DanceStudio", ("pfc", "pfl", "pfo", "pmd", "pmj")),
}

Frames = NDArray[np.bool_]
"""Whether a speaker speaks, in frames of 20 ms; shorter pauses than 0.3 s are speech."""


@dataclass(frozen=True, eq=False)
class Case:
    """Two voices to enrol, a stream, and what is said in it by each."""

    voices: tuple[Samples, Samples]
    stream: Samples
    speaking: tuple[Frames, Frames]
    texts: tuple[str, str]
    """Normalised."""


@dataclass(frozen=True)
class Result:
    """The judgement of one stream."""

    names_both: bool
    """Whether an answer names both speakers."""
    has_right_overlap: bool
    """Whether the overlap is right within `NEAR_SECONDS`."""
    has_right_seconds: bool
    """Whether the seconds of both speakers are right within `NEAR_SECONDS`."""
    answers: int
    unmarked: int
    """Answers without the label `overlap` in at least half of whose speech the other speaks."""
    chars: int
    edits: int
    """Without speakers: numerator of the CER."""
    edits_by_speaker: int
    """Numerator of cpCER."""
    aligned_chars: int
    right_chars: int
    """Aligned characters with the right speaker."""


def pairs(speech: Path, half: str, limit: int) -> Iterator[tuple[str, list[Clip], list[Clip], int]]:
    """Yield two people's lines, and how many pairs of lines to take of them."""
    room, names = HALVES[half]
    lines = load_clips(speech, room)
    women = [line for line in lines if fits(line) and line.name not in OF_TWO_SPEAKERS]
    sides = [[line for line in women if line.speaker_id == k] for k in (0, 1)]
    yield room, sides[0], sides[1], 4 * limit
    actors = {name: [x for x in load_lines(speech, name) if fits(x)] for name in names}
    for one, other in combinations(names, 2):
        yield f"{one}+{other}", actors[one], actors[other], limit


def fits(line: Clip) -> bool:
    return LINE_SECONDS[0] <= len(trimmed(line.samples)) / SAMPLE_RATE <= LINE_SECONDS[1]


def spoken(line: Clip) -> Signal:
    return levelled(trimmed(line.samples)).astype(np.float64)


def cases(
    one: list[Clip],
    other: list[Clip],
    kinds: Sequence[str],
    snr_db: float | None,
    random: np.random.Generator,
) -> Iterator[tuple[str, Case]]:
    """Yield a case of each kind, with the same lines."""
    sides = [[side[k] for k in random.permutation(len(side))[:3]] for side in (one, other)]
    if random.integers(2):
        sides.reverse()
    lines = [[spoken(line) for line in side] for side in sides]
    responses = [impulse_response(random.uniform(*RT60_SECONDS), random) for _ in sides]
    spectrum = noise_spectrum(np.concatenate(lines[0] + lines[1]), random)

    def heard(tracks: list[Signal], rooms: list[Signal]) -> Samples:
        if snr_db is None:
            return np.asarray(np.sum(tracks, axis=0), np.float32)
        clear = np.sum([reverberant(*pair) for pair in zip(tracks, rooms, strict=True)], axis=0)
        quiet = amplitude(SPEECH_DBFS - snr_db) * noise(spectrum, len(clear), random)
        return np.asarray(clear + quiet, np.float32)

    takes = [np.concatenate(own[1:])[: 5 * SAMPLE_RATE] for own in lines]
    voices = heard([takes[0]], [responses[0]]), heard([takes[1]], [responses[1]])
    lead = round(LEAD_SECONDS * SAMPLE_RATE)
    spans = [len(own[0]) for own in lines]
    for kind in kinds:
        shared = spans[0] if kind in ("single", "whole") else round(float(kind) * SAMPLE_RATE)
        if kind not in ("single", "whole") and shared > min(spans) - REST_SECONDS * SAMPLE_RATE:
            continue
        starts = lead, lead + spans[0] - shared
        length = max(np.add(starts, spans)) + round(TAIL_SECONDS * SAMPLE_RATE)
        tracks = [np.zeros(length), np.zeros(length)]
        for track, own, start in zip(tracks, lines, starts, strict=True):
            track[start : start + len(own[0])] = own[0]
        texts = [normalise(side[0].text) for side in sides]
        if kind == "single":
            tracks[1][:] = 0
            texts[1] = ""
        speaking = speech_in(tracks[0]), speech_in(tracks[1])
        stream = heard(tracks, responses)
        yield kind, Case(voices, stream, speaking, (texts[0], texts[1]))


def speech_in(track: Signal) -> Frames:
    frames = np.zeros(len(track) // FRAME_SAMPLES, np.bool_)
    for start, stop in stretches(track.astype(np.float32)):
        frames[round(start * 50) : round(stop * 50)] = True
    return frames


def hear(engines: Engines, case: Case) -> list[Transcription]:
    voices = Voices(Cohort.load())
    for speaker_id, take in enumerate(case.voices):
        voices.enrol(speaker_id, pool(None, engines.track(take).whole, 1.0))
    return Room(engines, voices, case.stream, is_watched=True).hear().said


def judge(case: Case, said: list[Transcription]) -> Result:
    by_speaker = ["".join(normalise(m.text) for m in said if m.speaker_id == k) for k in (0, 1)]
    reference = "".join(case.texts)
    owners = [k for k, text in enumerate(case.texts) for _ in text]
    found = [(m.speaker_id, char) for m in said for char in normalise(m.text)]
    heard = "".join(char for _, char in found)
    matches = aligned(reference, heard)
    details = [m.details for m in said if m.details is not None]
    spoken = [
        sum(s.speech_seconds for each in details for s in each.speakers if s.speaker_id == k)
        for k in (0, 1)
    ]
    wrong = [abs(one - 0.02 * own.sum()) for one, own in zip(spoken, case.speaking, strict=True)]
    shared = 0.02 * float(np.logical_and(*case.speaking).sum())
    return Result(
        names_both=any(len(each.speakers) > 1 for each in details),
        has_right_overlap=abs(sum(d.overlap_seconds for d in details) - shared) < NEAR_SECONDS,
        has_right_seconds=max(wrong) < NEAR_SECONDS,
        answers=len(said),
        unmarked=sum(is_unmarked(case, m.speaker_id, m.details) for m in said if m.details),
        chars=len(reference),
        edits=edits(reference, heard),
        edits_by_speaker=sum(map(edits, case.texts, by_speaker)),
        aligned_chars=len(matches),
        right_chars=sum(owners[i] == found[j][0] for i, j in matches),
    )


def is_unmarked(case: Case, speaker_id: int, details: Details) -> bool:
    """Return whether the other speaks in half of an answer, which does not say so."""
    span = slice(round(50 * details.start_seconds), round(50 * details.end_seconds))
    own, other = case.speaking[speaker_id][span], case.speaking[1 - speaker_id][span]
    return details.label is not Label.OVERLAP and 2 * other.sum() >= max(1, (own | other).sum())


def report(results: list[Result]) -> str:
    total = {
        name: sum(getattr(result, name) for result in results)
        for name in ("answers", "unmarked", "chars", "edits", "edits_by_speaker", "right_chars")
    }
    matched = sum(result.aligned_chars for result in results)
    return (
        f"both named {share_of([r.names_both for r in results])},"
        f" overlap right {share_of([r.has_right_overlap for r in results])},"
        f" seconds right {share_of([r.has_right_seconds for r in results])},"
        f" unmarked {total['unmarked']} of {total['answers']},"
        f" right speaker {total['right_chars'] / max(1, matched):.3f},"
        f" CER {total['edits'] / total['chars']:.3f},"
        f" cpCER {total['edits_by_speaker'] / total['chars']:.3f}"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("--half", choices=HALVES, default="reported")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--snrs", nargs="+", choices=SNRS_DB, default=["clean"])
    parser.add_argument("--limit", type=int, default=2, help="of each two; 4 times in a room")
    parser.add_argument("--divided-seconds", type=float, default=overlap.DIVIDED_SECONDS)


def run(args: argparse.Namespace) -> None:
    overlap.DIVIDED_SECONDS = args.divided_seconds
    engines = Engines()
    for snr in args.snrs:
        results: dict[str, list[Result]] = defaultdict(list)
        for name, one, other, count in pairs(args.speech, args.half, args.limit):
            random = seeded(SEED, name, snr)
            for _ in range(count):
                for kind, case in cases(one, other, args.kinds, SNRS_DB[snr], random):
                    results[kind].append(judge(case, hear(engines, case)))
        for kind in args.kinds:
            print(f"{snr}, {kind}: {report(results[kind])}", flush=True)

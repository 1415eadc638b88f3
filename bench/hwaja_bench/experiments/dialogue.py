"""Measures error rate, speaker labels and delay of a whole dialogue over the network.

hwaja bench experiment dialogue ../shared/speech AirbnbStudio DanceStudio
hwaja bench experiment dialogue ../shared/speech pfb+pma pfc+pmb pfi+pmd pfl+pmj pfo+pfb
"""

import argparse
import asyncio
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwaja.selection.error_counts import edits, normalise, reading_edits
from hwaja_bench.arguments import add_serve
from hwaja_bench.client import Arrival, Way, finals, texts, whole_session
from hwaja_bench.server import running_server
from hwaja_bench.speech.dialogue import Dialogue, Placed, load_dialogue
from hwaja_bench.speech.texts import error_rate, reading_error_rate
from hwaja_bench.stats import share_of, spread


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("rooms", nargs="+")
    parser.add_argument("--speed", type=float, default=1.0, help="0: as fast as the server takes")
    parser.add_argument("--show", action="store_true", help="print every clip and its text")
    add_serve(parser)


def run(args: argparse.Namespace) -> None:
    with running_server(*args.serve) as service:
        for room in args.rooms:
            dialogue = load_dialogue(args.speech, room)
            way = Way(args.speed)
            arrivals = asyncio.run(whole_session(service, dialogue.voices, dialogue.pcm, way))
            print(room, report(dialogue, arrivals, timed=args.speed == 1, show=args.show))


@dataclass(frozen=True)
class Score:
    """The transcription result of one clip."""

    text: str
    mistakes: int
    readings: tuple[int, int]
    """See `reading_edits`."""
    is_speaker_right: bool
    delay_seconds: float


def report(dialogue: Dialogue, arrivals: list[Arrival], *, timed: bool, show: bool) -> str:
    """Judge the transcript clip by clip, and as one text."""
    scores = judged(dialogue, arrivals)
    if show:
        for placed, mark in zip(dialogue.placed, scores, strict=True):
            print(f"{placed.clip.name} {mark.mistakes:3d} {placed.clip.text} | {mark.text}")
    lines = [placed.clip.text for placed in dialogue.placed]
    mistakes = sum(mark.mistakes for mark in scores)
    unlike, read = (sum(counts) for counts in zip(*(mark.readings for mark in scores), strict=True))
    # Some recordings are cut after their line's end; as one text they match nevertheless.
    text = (
        f"clips {len(scores)} CER {mistakes / len(normalise(''.join(lines))):.4f}"
        f" in a row {error_rate(lines, texts(arrivals)):.4f}"
        f" kocer {unlike / read:.4f} in a row {reading_error_rate(lines, texts(arrivals)):.4f}"
        f" speaker {share_of([mark.is_speaker_right for mark in scores])}"
        f" without text {sum(not mark.text for mark in scores)}"
        f" errors {sum(a.kind == 'error' for a in arrivals)} messages {len(arrivals)}"
    )
    return f"{text} delay {spread(delays(scores))}" if timed else text


def delays(scores: list[Score]) -> list[float]:
    """Return, for each clip, the delay of its last text after the end of its speech."""
    return [mark.delay_seconds for mark in scores if mark.text]


def judged(dialogue: Dialogue, arrivals: list[Arrival]) -> list[Score]:
    """Return the transcription result of each clip."""
    of_clip = assign(dialogue.placed, arrivals)
    return [score(placed, of_clip[placed.clip.name]) for placed in dialogue.placed]


def score(placed: Placed, found: list[Arrival]) -> Score:
    """Judge the answers for a clip."""
    heard = " ".join(arrival.message["text"] for arrival in found)
    text = normalise(heard)
    return Score(
        text,
        edits(normalise(placed.clip.text), text),
        reading_edits([placed.clip.text], [heard]),
        bool(found) and speaker_of(found) == placed.clip.speaker_id,
        found[-1].at_seconds - placed.speech_end_seconds if found else np.inf,
    )


def assign(placed: tuple[Placed, ...], arrivals: list[Arrival]) -> dict[str, list[Arrival]]:
    """Assign each utterance to the clip with the longest overlap."""
    found: dict[str, list[Arrival]] = {p.clip.name: [] for p in placed}
    for arrival in finals(arrivals):
        message = arrival.message
        shares = [
            min(p.end_seconds, message["end_seconds"])
            - max(p.start_seconds, message["start_seconds"])
            for p in placed
        ]
        found[placed[int(np.argmax(shares))].clip.name].append(arrival)
    return found


def speaker_of(found: list[Arrival]) -> int:
    """Return the speaker to whom the answers assign most of the clip's time."""
    seconds = [0.0, 0.0]
    for arrival in found:
        message = arrival.message
        seconds[message["speaker_id"]] += message["end_seconds"] - message["start_seconds"]
    return int(np.argmax(seconds))

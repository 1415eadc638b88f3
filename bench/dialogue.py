"""Error rate, speakers and delay of a whole dialogue over the wire.

python bench/dialogue.py ../shared/speech AirbnbStudio DanceStudio
"""

import argparse
import asyncio
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus import Dialogue, Placed, edits, load_dialogue, normalise
from hwaja.benchmark.serving import running_server
from service import Arrival, answers, said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    parser.add_argument("rooms", nargs="+")
    parser.add_argument("--speed", type=float, default=1.0, help="0: as fast as the server takes")
    parser.add_argument("--show", action="store_true", help="print every clip and its text")
    parser.add_argument("--serve", nargs=argparse.REMAINDER, default=[], help="server options")
    args = parser.parse_args()
    with running_server(*args.serve) as service:
        for room in args.rooms:
            dialogue = load_dialogue(args.speech, room)
            arrivals = asyncio.run(answers(service, dialogue, args.speed))
            print(room, report(dialogue, arrivals, timed=args.speed == 1, show=args.show))


def report(dialogue: Dialogue, arrivals: list[Arrival], *, timed: bool, show: bool) -> str:
    """Judge the transcript, clip by clip and in a row."""
    of_clip = assign(dialogue.placed, arrivals)
    scores = [score(placed, of_clip[placed.clip.name]) for placed in dialogue.placed]
    if show:
        for placed, mark in zip(dialogue.placed, scores, strict=True):
            print(f"{placed.clip.name} {mark.mistakes:3d} {placed.clip.text} | {mark.text}")
    # Not every recording is cut where its line ends; in a row they match all the same.
    lines = normalise("".join(placed.clip.text for placed in dialogue.placed))
    heard = normalise("".join(text for _, text in said(arrivals)))
    mistakes = sum(mark.mistakes for mark in scores)
    right = sum(mark.is_speaker_right for mark in scores)
    text = (
        f"clips {len(scores)} CER {mistakes / len(lines):.4f}"
        f" in a row {edits(lines, heard) / len(lines):.4f}"
        f" speaker {right / len(scores):.1%} ({right}/{len(scores)})"
        f" without text {sum(not mark.text for mark in scores)}"
        f" errors {sum(a.message['type'] == 'error' for a in arrivals)} messages {len(arrivals)}"
    )
    if timed:
        delays = [mark.delay_seconds for mark in scores if mark.text]
        p50, p95 = np.percentile(delays, [50, 95])
        text += f" delay p50 {p50:.2f} s p95 {p95:.2f} s max {max(delays):.2f} s"
    return text


@dataclass(frozen=True)
class Score:
    """How one clip was transcribed."""

    text: str
    mistakes: int
    is_speaker_right: bool
    delay_seconds: float


def score(placed: Placed, found: list[Arrival]) -> Score:
    """Judge what was answered for a clip."""
    text = normalise("".join(arrival.message["text"] for arrival in found))
    return Score(
        text,
        edits(normalise(placed.clip.text), text),
        bool(found) and speaker_of(found) == placed.clip.speaker_id,
        found[-1].at_seconds - placed.speech_end_seconds if found else np.inf,
    )


def assign(placed: tuple[Placed, ...], arrivals: list[Arrival]) -> dict[str, list[Arrival]]:
    """Give each utterance to the clip that it shares most time with."""
    found: dict[str, list[Arrival]] = {p.clip.name: [] for p in placed}
    for arrival in arrivals:
        message = arrival.message
        if message["type"] == "transcription":
            shares = [
                min(p.end_seconds, message["end_seconds"])
                - max(p.start_seconds, message["start_seconds"])
                for p in placed
            ]
            found[placed[int(np.argmax(shares))].clip.name].append(arrival)
    return found


def speaker_of(found: list[Arrival]) -> int:
    """Return the speaker who is given most of the clip's time."""
    seconds = [0.0, 0.0]
    for arrival in found:
        message = arrival.message
        seconds[message["speaker_id"]] += message["end_seconds"] - message["start_seconds"]
    return int(np.argmax(seconds))


if __name__ == "__main__":
    main()

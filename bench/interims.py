"""Interim results of a whole dialogue: how soon a word appears, and what the finals pay for it.

python bench/interims.py ../shared/speech AirbnbStudio

The dialogue is streamed in real time without interim results and then with them, on one server.
"""

import argparse
import asyncio
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus import LEVEL_FRAME_SAMPLES, Dialogue, Placed, load_dialogue, normalise
from dialogue import assign, score
from hwaja.benchmark.serving import running_server
from hwaja.protocol.audio import SAMPLE_RATE
from service import Arrival, answers


@dataclass(frozen=True)
class Word:
    """A word of a clip, as it was found in the final text."""

    text: str
    end_seconds: float
    """In the stream; estimated: the clip's syllables, spread evenly over its loud frames."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    parser.add_argument("room")
    parser.add_argument("--serve", nargs=argparse.REMAINDER, default=[], help="server options")
    args = parser.parse_args()
    dialogue = load_dialogue(args.speech, args.room)
    with running_server(*args.serve) as service:
        runs = {
            name: asyncio.run(answers(service, dialogue, speed=1, interims=wanted))
            for name, wanted in (("off", False), ("on", True), ("off again", False))
        }
    percentiles = {name: final_delays(dialogue, arrivals) for name, arrivals in runs.items()}
    for name, (p50, p95) in percentiles.items():
        print(f"interims {name}: final delay p50 {p50:.3f} s p95 {p95:.3f} s")
    off = np.mean([percentiles["off"], percentiles["off again"]], axis=0)
    print("ratio on / off: p50 {:.3f} p95 {:.3f}".format(*(percentiles["on"] / off)))
    print(report(dialogue, runs["on"]))


def final_delays(dialogue: Dialogue, arrivals: list[Arrival]) -> tuple[float, float]:
    """Return the median and the 95th percentile of the delay of final texts."""
    of_clip = assign(dialogue.placed, arrivals)
    scores = [score(placed, of_clip[placed.clip.name]) for placed in dialogue.placed]
    p50, p95 = np.percentile([mark.delay_seconds for mark in scores if mark.text], [50, 95])
    return float(p50), float(p95)


def report(dialogue: Dialogue, arrivals: list[Arrival]) -> str:
    """Say how soon words appeared, and how much of what was called stable stayed."""
    finals = assign(dialogue.placed, arrivals)
    delays, missed = [], 0
    for placed in dialogue.placed:
        segments = {arrival.message["segment_id"] for arrival in finals[placed.clip.name]}
        seen = [a for a in arrivals if a.message.get("segment_id") in segments]
        for word in words(placed):
            shown = [a.at_seconds for a in seen if word.text in normalise(a.message["text"])]
            if shown:
                delays.append(shown[0] - word.end_seconds)
            else:
                missed += 1
    interims = [a.message for a in arrivals if a.message["type"] == "interim"]
    p50, p95 = np.percentile(delays, [50, 95])
    kept, stable = stability(arrivals)
    return (
        f"interims {len(interims)}, words that appeared {len(delays)}, never {missed};"
        f" end of word to its first appearance p50 {p50:.2f} s p95 {p95:.2f} s;"
        f" stable characters that stayed to the next text {kept / stable:.1%}"
    )


def words(placed: Placed) -> list[Word]:
    """Return the words of a clip, with the time at which each ends."""
    loud = placed.clip.loud_frames
    texts = [text for text in map(normalise, placed.clip.text.split()) if text]
    ends = np.cumsum([len(text) for text in texts]) / sum(map(len, texts))
    frame_seconds = LEVEL_FRAME_SAMPLES / SAMPLE_RATE
    return [
        Word(text, placed.start_seconds + (loud[int(end * (len(loud) - 1))] + 1) * frame_seconds)
        for text, end in zip(texts, ends, strict=True)
    ]


def stability(arrivals: list[Arrival]) -> tuple[int, int]:
    """Return how many characters called stable were in the segment's next text, of how many."""
    kept = stable = 0
    last: dict[int, str] = {}
    for message in (
        a.message for a in arrivals if a.message["type"] in ("interim", "transcription")
    ):
        before = last.pop(message["segment_id"], "")
        stable += len(before)
        kept += next(
            (k for k, c in enumerate(before) if message["text"][k : k + 1] != c), len(before)
        )
        if message["type"] == "interim":
            last[message["segment_id"]] = message["text"][: message["stable_chars"]]
    return kept, stable


if __name__ == "__main__":
    main()

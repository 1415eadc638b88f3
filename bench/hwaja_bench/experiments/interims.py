"""Measures how soon interim texts show a word, and how much they delay final texts.

hwaja bench experiment interims ../shared/speech AirbnbStudio

The dialogue is streamed in real time, without interim texts and then with them, on one server.
"""

import argparse
import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.selection.error_counts import normalise
from hwaja_bench.arguments import add_serve
from hwaja_bench.client import Arrival, Way, whole_session
from hwaja_bench.experiments.dialogue import assign, delays, judged
from hwaja_bench.server import running_server
from hwaja_bench.speech.dialogue import Dialogue, Placed, load_dialogue
from hwaja_bench.speech.levels import FRAME_SAMPLES
from hwaja_bench.stats import spread


@dataclass(frozen=True)
class Word:
    """A word of a clip, found in the final text."""

    text: str
    end_seconds: float
    """Time in the stream. It is an estimate: the clip's syllables spread evenly over its speech."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("room")
    add_serve(parser)


def run(args: argparse.Namespace) -> None:
    dialogue = load_dialogue(args.speech, args.room)
    with running_server(*args.serve) as service:

        def hear(way: Way) -> list[Arrival]:
            return asyncio.run(whole_session(service, dialogue.voices, dialogue.pcm, way))

        arrivals = off_on_off(hear, lambda found: delays(judged(dialogue, found)))
    print(report(dialogue, arrivals))


def off_on_off(
    hear: Callable[[Way], list[Arrival]], final_delays: Callable[[list[Arrival]], list[float]]
) -> list[Arrival]:
    """Print the delay that interim texts add to final texts; return the messages with interims.

    Args:
        hear: runs a session.
        final_delays: returns the delays of a session's final texts, in seconds.

    """
    runs = [hear(Way(interims=wanted)) for wanted in (False, True, False)]
    found = [final_delays(arrivals) for arrivals in runs]
    for name, late in zip(("off", "on", "off again"), found, strict=True):
        print(f"interims {name}: final delay {spread(late)}")
    before, on, after = (np.percentile(late, [50, 95]) for late in found)
    ratios = on / np.mean([before, after], axis=0)
    print("ratio on / off: p50 {:.3f} p95 {:.3f}".format(*ratios))
    return runs[1]


def report(dialogue: Dialogue, arrivals: list[Arrival]) -> str:
    """Report how soon words appeared, and how much of the text marked stable stayed unchanged."""
    of_clip = assign(dialogue.placed, arrivals)
    late, missed = [], 0
    for placed in dialogue.placed:
        segments = {arrival.message["segment_id"] for arrival in of_clip[placed.clip.name]}
        seen = [a for a in arrivals if a.message.get("segment_id") in segments]
        for word in words(placed):
            shown = [a.at_seconds for a in seen if word.text in normalise(a.message["text"])]
            if shown:
                late.append(shown[0] - word.end_seconds)
            else:
                missed += 1
    interims = sum(a.kind == "interim" for a in arrivals)
    kept, stable = stability(arrivals)
    return (
        f"interims {interims}, words that appeared {len(late)}, never {missed};"
        f" end of word to its first appearance {spread(late)};"
        f" stable characters that stayed to the next text {kept / stable:.1%}"
    )


def words(placed: Placed) -> list[Word]:
    """Return the words of a clip with their end times."""
    loud = placed.clip.loud_frames
    texts = [text for text in map(normalise, placed.clip.text.split()) if text]
    ends = np.cumsum([len(text) for text in texts]) / sum(map(len, texts))
    frame_seconds = FRAME_SAMPLES / SAMPLE_RATE
    return [
        Word(text, placed.start_seconds + (loud[int(end * (len(loud) - 1))] + 1) * frame_seconds)
        for text, end in zip(texts, ends, strict=True)
    ]


def stability(arrivals: list[Arrival]) -> tuple[int, int]:
    """Return how many characters marked stable stayed in the segment's next text, and the total."""
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

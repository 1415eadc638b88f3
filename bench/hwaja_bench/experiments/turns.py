"""Compares two ways to divide an utterance of two speakers: cut its text, or recognise its parts.

hwaja bench experiment turns ../shared/speech AirbnbStudio 0 0.15

Two consecutive lines of the dialogue are joined without a pause, or with a pause of the given
seconds, and recognised as one utterance. Its text is cut at the speaker change by the tokens'
times. For comparison, each line is recognised alone.
"""

import argparse
from dataclasses import dataclass
from itertools import accumulate, product
from pathlib import Path

import numpy as np

from hwaja.engines.checks import MAX_UTTERANCE_SECONDS
from hwaja.engines.interface import Recognizer, Samples, Utterance
from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.selection.error_counts import edits, normalise
from hwaja_bench.offline import whole_recogniser
from hwaja_bench.speech.dialogue import Clip, load_clips
from hwaja_bench.speech.levels import trimmed
from hwaja_bench.speech.texts import aligned

SPARSE_CHARS_PER_SECOND = 1.5
"""The recogniser omitted a part with fewer characters: it sometimes ends after the first line."""

SHIFTS_SECONDS = (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2)
"""Offsets of the assumed from the actual speaker change."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("room")
    parser.add_argument("pauses_seconds", type=float, nargs="+")


def run(args: argparse.Namespace) -> None:
    recogniser = whole_recogniser("whisper-base")
    clips = load_clips(args.speech, args.room)
    alone = [normalise(heard(recogniser, trimmed(clip.samples)).text) for clip in clips]
    for pause_seconds in args.pauses_seconds:
        turns = [
            hear_joined(recogniser, clips[k], clips[k + 1], pause_seconds, (alone[k], alone[k + 1]))
            for k in range(len(clips) - 1)
            if clips[k].speaker_id != clips[k + 1].speaker_id and fits(clips[k], clips[k + 1])
        ]
        print(f"{args.room} pause {pause_seconds:g} s {report(turns)}")


@dataclass(frozen=True)
class Turns:
    """Two lines: reference, recognised together, recognised alone; all but `heard` normalised."""

    lines: tuple[str, str]
    alone: tuple[str, str]
    heard: Hypothesis
    change_seconds: float
    seconds: tuple[float, float]

    @property
    def text(self) -> str:
        """The recognised text of both lines."""
        return normalise(self.heard.text)

    def starts(self, *, words_only: bool) -> list[tuple[float, int]]:
        """Return the start time of each token or word start, and the characters before it."""
        tokens = self.heard.tokens
        before = accumulate((len(normalise(t.text)) for t in tokens), initial=0)
        return [
            (token.start_seconds, count)
            for token, count in zip(tokens, before, strict=False)
            if token.text[0].isspace() or not words_only
        ]

    def cut(self, shift_seconds: float, *, words_only: bool) -> int:
        """Return the number of characters before the token that begins nearest to the change."""
        looked_for = self.change_seconds + shift_seconds
        starts = [s for s in self.starts(words_only=words_only) if 0 < s[1] < len(self.text)]
        return min(starts, key=lambda s: abs(s[0] - looked_for), default=(0.0, 0))[1]

    def parts(self, count: int) -> tuple[str, str]:
        """Return the text with that many characters in the first part."""
        return self.text[:count], self.text[count:]

    def surer_parts(self, count: int) -> tuple[str, str]:
        """Return the parts; where one is nearly empty, return the texts of the lines alone."""
        parts = self.parts(count)
        rates = [len(part) / seconds for part, seconds in zip(parts, self.seconds, strict=True)]
        return self.alone if min(rates) < SPARSE_CHARS_PER_SECOND else parts

    def mistakes(self, parts: tuple[str, str]) -> int:
        """Return the number of character errors in both lines."""
        return sum(edits(*pair) for pair in zip(self.lines, parts, strict=True))


def report(turns: list[Turns]) -> str:
    length = sum(len(line) for turn in turns for line in turn.lines)
    together = sum(edits("".join(turn.lines), turn.text) for turn in turns)
    alone = sum(turn.mistakes(turn.alone) for turn in turns)
    undated = sum(not turn.heard.tokens for turn in turns)
    rows = [
        f"pairs {len(turns)} without times {undated}"
        f" CER alone {alone / length:.4f} together, uncut {together / length:.4f}"
    ]
    for shift, words_only in product(SHIFTS_SECONDS, (False, True)):
        cuts = [(turn, turn.cut(shift, words_only=words_only)) for turn in turns]
        wrong = sum(turn.mistakes(turn.parts(cut)) for turn, cut in cuts)
        surer = sum(turn.mistakes(turn.surer_parts(cut)) for turn, cut in cuts)
        again = sum(turn.parts(cut) != turn.surer_parts(cut) for turn, cut in cuts)
        good, known = map(sum, zip(*(right(*cut) for cut in cuts), strict=True))
        rows.append(
            f"{shift:+.1f} s, {'words' if words_only else 'tokens'}: right side {good / known:.4f}"
            f" CER {wrong / length:.4f}, {surer / length:.4f} with {again} pairs heard again"
        )
    return "\n  ".join(rows)


def right(turn: Turns, cut: int) -> tuple[int, int]:
    """Return how many characters are on the right side, and how many match either line."""
    first, stems = len(turn.lines[0]), aligned("".join(turn.lines), turn.text)
    return sum((stem < first) == (k < cut) for stem, k in stems), len(stems)


def hear_joined(
    recogniser: Recognizer,
    first: Clip,
    second: Clip,
    pause_seconds: float,
    alone: tuple[str, str],
) -> Turns:
    """Recognise two lines as one utterance; the speaker change is in the middle of the pause."""
    pause = np.zeros(round(pause_seconds * SAMPLE_RATE), np.float32)
    joined = np.concatenate([trimmed(first.samples), pause, trimmed(second.samples)])
    seconds = len(trimmed(first.samples)) / SAMPLE_RATE, len(trimmed(second.samples)) / SAMPLE_RATE
    lines = normalise(first.text), normalise(second.text)
    found = heard(recogniser, joined)
    return Turns(lines, alone, found, seconds[0] + pause_seconds / 2, seconds)


def fits(first: Clip, second: Clip) -> bool:
    samples = len(trimmed(first.samples)) + len(trimmed(second.samples))
    return samples < (MAX_UTTERANCE_SECONDS - 1) * SAMPLE_RATE


def heard(recogniser: Recognizer, samples: Samples) -> Hypothesis:
    return recogniser.recognise(Utterance(samples))

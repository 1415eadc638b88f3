"""Measures hallucinated text on sounds, and how much real speech the filter removes.

hwaja bench experiment invented [--seeds 20 40] [--show]
hwaja bench experiment invented --sounds noises --seeds 30 60
hwaja bench experiment invented ../shared/speech AirbnbStudio DanceStudio pfb pma

Without speech: takes of 20 s of every kind of sound, one for each seed; 30 takes are ten minutes.
With speech: the lines of each voice (a room of the dialogue, or one of emotiontts), and words of
one to three syllables before a pause at the beginning of a line, in a quiet room, near and far. For
pfi also its only "감사드립니다", cut at four places and played at four speeds, in rooms with noise.
"""

import argparse
import asyncio
import itertools
import re
from pathlib import Path

import numpy as np
import soxr

from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.selection.error_counts import edits, normalise, reading_edits
from hwaja_bench.offline import Offline, offline, silence
from hwaja_bench.speech.acoustics import Signal, disturbed
from hwaja_bench.speech.dialogue import PAUSE_SECONDS, Clip, load_lines
from hwaja_bench.speech.levels import (
    FRAME_SAMPLES,
    SPEECH_DBFS,
    amplitude,
    frame_levels_db,
    levelled,
    trimmed,
)
from hwaja_bench.speech.noises import NOISES
from hwaja_bench.speech.sounds import HOUSEHOLD, Sound, at_level, in_room

SOUNDS = {"household": HOUSEHOLD, "noises": NOISES}
TAKE_SECONDS = 20.0
ANSWER = re.compile(r"[가-힣]{1,3}[,.?!]")
ANSWER_SECONDS = (0.14, 1.0)
ANSWER_DBFS = (-28.0, -40.0)
THANKS_CLIP = "pfi00005"
THANKS_FROM = (0.38, 0.42, 0.46, 0.5)  # start of the cut, as a share of the line
SPEEDS = (0.85, 1.0, 1.15, 1.3)
SNRS_DB = (30, 15, 10, 5)
PAUSE_FRAMES = 3
PAUSE_BELOW_DB = 22.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path, nargs="?")
    parser.add_argument("voices", nargs="*")
    parser.add_argument("--seeds", type=int, nargs=2, default=(20, 40), help="first, and behind")
    parser.add_argument("--sounds", choices=SOUNDS, default="household")
    parser.add_argument("--show", action="store_true", help="print every text")


def run(args: argparse.Namespace) -> None:
    if args.speech is None:
        asyncio.run(report_sounds(SOUNDS[args.sounds], range(*args.seeds), show=args.show))
    else:
        asyncio.run(report_voices(args.speech, args.voices, show=args.show))


async def report_voices(speech: Path, voices: list[str], *, show: bool) -> None:
    """Print what the filter removes of real speech."""
    async with offline() as voice_engines:
        for voice in voices:
            clips = load_lines(speech, voice)
            await report_lines(voice_engines, voice, clips)
            await report_answers(voice_engines, voice, clips, show=show)
            for clip in clips:
                if clip.name == THANKS_CLIP:
                    await report_thanks(voice_engines, clip)


async def report_sounds(
    sounds: dict[str, tuple[Sound, tuple[float, float]]], seeds: range, *, show: bool
) -> None:
    """Print how many takes of each sound give text."""
    total = 0
    async with offline() as voice_engines:
        for kind, (sound, dbfs) in sounds.items():
            spoilt = 0
            for seed in seeds:
                random = np.random.default_rng([seed, *kind.encode()])
                take = in_room(at_level(sound(TAKE_SECONDS, random), random.uniform(*dbfs)), random)
                texts = await texts_of(voice_engines, take)
                spoilt += bool(texts)
                if show and texts:
                    print(f"  {kind}, seed {seed}: {texts}")
            total += spoilt
            print(f"{kind}: {spoilt} of {len(seeds)} takes with text", flush=True)
    print(f"together: {total} of {len(seeds) * len(sounds)}")


async def report_lines(voice_engines: Offline, voice: str, clips: list[Clip]) -> None:
    """Print the error rate of lines, and how many give no text."""
    mistakes, silent, readings = 0, 0, []
    for clip in clips:
        line = np.concatenate([clip.samples, silence(PAUSE_SECONDS)])
        texts = await texts_of(voice_engines, line)
        mistakes += edits(normalise(clip.text), normalise("".join(texts)))
        readings.append(reading_edits([clip.text], texts))
        silent += not texts
    letters = sum(len(normalise(clip.text)) for clip in clips)
    unlike, read = (sum(counts) for counts in zip(*readings, strict=True))
    print(
        f"{voice}: {len(clips)} lines, {silent} without text, CER {mistakes / letters:.4f},"
        f" kocer {unlike / read:.4f}"
    )


async def report_answers(
    voice_engines: Offline, voice: str, clips: list[Clip], *, show: bool
) -> None:
    """Print how many isolated words give text."""
    random = np.random.default_rng(0)
    words = [word for clip in clips if (word := answer(clip)) is not None]
    for dbfs in ANSWER_DBFS:
        found = []
        for word in words:
            alone = np.concatenate([silence(1), word, silence(1)]) * amplitude(dbfs - SPEECH_DBFS)
            found.append(await texts_of(voice_engines, in_room(alone, random)))
        print(f"{voice}: {len(words)} words at {dbfs:g} dBFS, {sum(map(bool, found))} with text")
        if show:
            print(f"  {found}", flush=True)


async def report_thanks(voice_engines: Offline, clip: Clip) -> None:
    """Print how often spoken thanks give text."""
    random, speech = np.random.default_rng(0), spoken(clip)
    for snr_db in SNRS_DB:
        texts = []
        for share, speed in itertools.product(THANKS_FROM, SPEEDS):
            thanks = soxr.resample(speech[round(share * len(speech)) :], 1000 * speed, 1000)
            alone = np.concatenate([silence(1), thanks, silence(1)]).astype(np.float64)
            texts.append(await texts_of(voice_engines, disturbed(alone, snr_db, random)))
        print(f"thanks at {snr_db} dB: {sum(map(bool, texts))} of {len(texts)} with text: {texts}")


def spoken(clip: Clip) -> Samples:
    """Return the speech of a line, at SPEECH_DBFS."""
    return trimmed(levelled(clip.samples))


def answer(clip: Clip) -> Signal | None:
    """Return the first word of a line if it is short and a pause follows it; else None."""
    if not ANSWER.match(clip.text):
        return None
    speech = spoken(clip)
    levels_db = frame_levels_db(speech)
    quiet = levels_db < np.percentile(levels_db, 90) - PAUSE_BELOW_DB
    first, last = (round(seconds * SAMPLE_RATE / FRAME_SAMPLES) for seconds in ANSWER_SECONDS)
    ends = [k for k in range(first, last) if quiet[k : k + PAUSE_FRAMES].all()]
    return speech[: (ends[0] + 1) * FRAME_SAMPLES].astype(np.float64) if ends else None


async def texts_of(voice_engines: Offline, sound: Signal) -> list[str]:
    """Return the recognised texts of a sound."""
    return [text for each in await voice_engines.heard(sound) if (text := each.hypothesis.text)]

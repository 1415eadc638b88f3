"""Whether the speech that `hwaja doctor` measures with costs what real speech does.

hwaja bench experiment capacity ../shared/speech AirbnbStudio

How fast the workers are on generated utterances and on real ones, each for some seconds and in
turns. How late texts then come where many speak at once: `hwaja bench load`.
"""

import argparse
import asyncio
from pathlib import Path

import numpy as np

from hwaja.doctor.babble import babble
from hwaja.doctor.capacity import CANDIDATES, throughput, typical
from hwaja.doctor.language import Said
from hwaja.doctor.recogniser import UTTERANCE_SECONDS
from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server.application import worker_setup
from hwaja.server.config import Config
from hwaja.workers.pool import Pool
from hwaja_bench.speech.dialogue import load_clips

ROUNDS = 2
ROUND_SECONDS = 20.0
LOUD = 0.02  # the first sample above it is taken for the beginning of speech
WORKERS = 2


def ignore(_: Said) -> None:
    """Show nothing."""


def cut(clip: Samples) -> Samples:
    """Return as much of a clip as a generated utterance is long, from where it gets loud."""
    start = max(0, int(np.argmax(np.abs(clip) > LOUD)) - SAMPLE_RATE // 10)
    return clip[start:][: round(UTTERANCE_SECONDS * SAMPLE_RATE)].copy()


async def compare(clips: list[Samples]) -> None:
    """Print the throughput of the default recogniser on generated and on real utterances."""
    pool = Pool(worker_setup(Config(), "cpu"), WORKERS)
    await pool.start()
    whole = round(UTTERANCE_SECONDS * SAMPLE_RATE)
    generated = [babble(UTTERANCE_SECONDS, seed) for seed in range(CANDIDATES)]
    sets = {
        "generated": await typical(pool, generated),
        "real, cut to the same length": [c for c in map(cut, clips) if len(c) == whole],
        "real, whole clips": clips,
    }
    for _ in range(ROUNDS):
        for name, utterances in sets.items():
            done = await throughput(pool, utterances, 2 * WORKERS, ROUND_SECONDS, ignore)
            rate = done.audio_seconds / done.wall_seconds
            print(f"{name:30} {rate:5.1f} s of audio a second, {done.streams} streams", flush=True)
    await pool.close()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("room")


def run(args: argparse.Namespace) -> None:
    asyncio.run(compare([clip.samples for clip in load_clips(args.speech, args.room)]))

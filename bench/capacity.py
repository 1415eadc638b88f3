"""Whether the number of speakers that `hwaja doctor` promises is right.

python bench/capacity.py ../shared/speech AirbnbStudio SESSIONS

First, how fast the workers are on generated utterances and on real ones, each for some seconds and
in turns; then how late texts come over the wire where SESSIONS clients stream in real time at once,
in the first and in the second half of the time: a delay that grows means too many.
"""

import argparse
import asyncio
from pathlib import Path

import numpy as np

from corpus import Dialogue, load_clips, load_dialogue
from hwaja.benchmark.serving import Service, running_server
from hwaja.doctor.babble import babble
from hwaja.doctor.capacity import CANDIDATES, throughput, typical
from hwaja.doctor.recogniser import UTTERANCE_SECONDS
from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server.application import worker_setup
from hwaja.server.config import Config
from hwaja.workers.pool import Pool
from service import enrol, transcribe

ROUNDS = 2
ROUND_SECONDS = 20.0
STREAM_SECONDS = 75
STAGGER_SECONDS = 1.3  # between two clients, so that they do not end their utterances together
LOUD = 0.02  # the first sample above it is taken for the beginning of speech
WORKERS = 2


def ignore(_: str) -> None:
    """Show nothing."""


def real(speech: Path, room: str) -> list[Samples]:
    """Return the clips as the engine takes them."""
    return [clip.pcm.astype(np.float32) / 32768 for clip in load_clips(speech, room)]


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


async def delays(service: Service, dialogue: Dialogue, sessions: int) -> None:
    """Print how long after the end of each utterance its text came."""
    total = len(dialogue.pcm) // 2 - STREAM_SECONDS * SAMPLE_RATE

    async def one(number: int) -> list[tuple[float, float]]:
        await asyncio.sleep(STAGGER_SECONDS * number)
        start = number * 37 * SAMPLE_RATE % total
        async with service.open() as client:
            await enrol(client, dialogue)
            pcm = dialogue.pcm[2 * start : 2 * (start + STREAM_SECONDS * SAMPLE_RATE)]
            arrivals = await transcribe(client, pcm)
        return [
            (arrival.at_seconds, arrival.at_seconds - arrival.message["end_seconds"])
            for arrival in arrivals
            if "end_seconds" in arrival.message
        ]

    told = [each for got in await asyncio.gather(*map(one, range(sessions))) for each in got]
    middle = STREAM_SECONDS / 2
    halves = {
        "first": [delay for at, delay in told if at < middle],
        "second": [delay for at, delay in told if at >= middle],
    }
    for name, half in halves.items():
        p50, p95 = np.percentile(half, [50, 95])
        print(f"{sessions} sessions, {name} half: p50 {p50:.2f} s, p95 {p95:.2f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    parser.add_argument("room")
    parser.add_argument("sessions", type=int, nargs="+")
    args = parser.parse_args()
    asyncio.run(compare(real(args.speech, args.room)))
    dialogue = load_dialogue(args.speech, args.room)
    for sessions in args.sessions:
        with running_server("--max-connections", str(sessions)) as service:
            asyncio.run(delays(service, dialogue, sessions))


if __name__ == "__main__":
    main()

"""Measures the memory of the processes of `hwaja serve` (Linux).

hwaja bench experiment serving_memory ../shared/speech [--clients 2] [--workers 2]

First it measures one worker and one process for interim texts, by utterance length. Then it runs a
server with clients: each streams the dialogue of a room in real time, then the lines of one speaker
without pauses, and requests interim texts. The proportional set size (PSS) counts shared memory
once, so its sum is the server's total.
"""

import argparse
import asyncio
from contextlib import suppress
from pathlib import Path

import psutil
from msgspec.structs import replace

from hwaja.doctor.speaking import analysed, pcm16
from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.server.application import worker_setup
from hwaja.server.config import Config
from hwaja.workers.pool import Pool
from hwaja_bench.client import Way, whole_session
from hwaja_bench.processes import named
from hwaja_bench.server import Service, running_server
from hwaja_bench.speech.corpus import samples_of
from hwaja_bench.speech.dialogue import load_clips, load_dialogue

ROOMS = ("AirbnbStudio", "DanceStudio")
LENGTHS_SECONDS = (3, 5, 8, 11, 15)
TRIES = 3
DIALOGUE_SECONDS, MONOLOGUE_SECONDS = 60, 60
PERIOD_SECONDS = 1.0

Sizes = dict[str, tuple[float, float]]
"""Resident and proportional set size in MiB, by process."""


def monologue(speech: Path, room: str) -> bytes:
    """Return the lines of one speaker without pauses."""
    return b"".join(clip.pcm for clip in load_clips(speech, room) if clip.speaker_id == 0)


async def by_length(speech: Path) -> None:
    """Print the memory of a worker and of the process for interim texts, for each length."""
    setup = worker_setup(Config(), "cpu")
    lines = samples_of(monologue(speech, ROOMS[1]))
    for name, pool in (
        ("worker", Pool(setup, 1)),
        ("interims", Pool(replace(setup, voices=None), 1)),
    ):
        await pool.start()
        told = [resident_mib(pool)]
        for seconds in LENGTHS_SECONDS:
            length = seconds * SAMPLE_RATE
            for number in range(TRIES):
                said = lines[number * length : (number + 1) * length]
                await (analysed(pool, name, said) if name == "worker" else draft(pool, said))
            told.append(resident_mib(pool))
        await pool.close()
        print(f"{name}, RSS in MiB: loaded, {LENGTHS_SECONDS} s: {told}", flush=True)


async def draft(pool: Pool, samples: Samples) -> None:
    """Recognise an utterance in the way of interim texts."""
    await pool.recognise("interims", lambda: pcm16(samples), len(samples), Options())


def resident_mib(pool: Pool) -> int:
    return round(int(psutil.Process(pool.processes[0].pid).memory_info().rss) / 2**20)


async def say(service: Service, speech: Path, number: int) -> None:
    """Run one client's whole session."""
    room = ROOMS[number % len(ROOMS)]
    dialogue = load_dialogue(speech, room)
    talk = dialogue.pcm[: 2 * SAMPLE_RATE * DIALOGUE_SECONDS]
    talk += monologue(speech, room)[: 2 * SAMPLE_RATE * MONOLOGUE_SECONDS]
    await whole_session(service, dialogue.voices, talk, Way(interims=True))


def sizes(service: Service) -> Sizes:
    """Return the sizes of every process and their sum."""
    found: Sizes = {}
    for name, process in named(service):
        with suppress(psutil.NoSuchProcess):  # the process has just ended
            held = process.memory_full_info()
            found[name] = held.rss / 2**20, held.pss / 2**20
    rss, pss = zip(*found.values(), strict=True)
    return found | {"together": (sum(rss), sum(pss))}


async def watch(service: Service, most: Sizes) -> None:
    """Keep the largest sizes in `most` until cancelled."""
    while True:
        for name, (rss, pss) in sizes(service).items():
            before = most.get(name, (0.0, 0.0))
            most[name] = max(before[0], rss), max(before[1], pss)
        await asyncio.sleep(PERIOD_SECONDS)


async def served(service: Service, speech: Path, clients: int) -> None:
    """Print the memory before the first client, and the peak while clients talk."""
    report("idle", sizes(service))
    most: Sizes = {}
    watching = asyncio.create_task(watch(service, most))
    await asyncio.gather(*(say(service, speech, number) for number in range(clients)))
    watching.cancel()
    report(f"{clients} clients, at most", most)


def report(when: str, found: Sizes) -> None:
    """Print sizes."""
    for name, (rss, pss) in found.items():
        print(f"{when}, {name}: RSS {rss:.0f}, PSS {pss:.0f} MiB", flush=True)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)


def run(args: argparse.Namespace) -> None:
    asyncio.run(by_length(args.speech))
    with running_server("--workers", str(args.workers)) as service:
        asyncio.run(served(service, args.speech, args.clients))

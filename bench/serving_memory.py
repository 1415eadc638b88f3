"""What memory the processes of `hwaja serve` take (Linux).

python bench/serving_memory.py ../shared/speech [--clients 2] [--workers 2]

First one worker, and one process that makes interim texts, by the length of the utterances that
they were given. Then a server with clients that talk: each streams the dialogue of a room in real
time, then the lines of one speaker without a pause, and asks for interim texts. The proportional
set size (PSS) counts what processes share once: its sum is what the server takes.
"""

import argparse
import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from corpus import load_clips, load_dialogue
from hwaja.benchmark.serving import Service, resident_bytes, running_server
from hwaja.doctor.speaking import analysed
from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.server.application import worker_setup
from hwaja.server.config import Config
from hwaja.workers.pool import Pool, Utterance
from service import enrol, transcribe

ROOMS = ("AirbnbStudio", "DanceStudio")
LENGTHS_SECONDS = (3, 5, 8, 11, 15)
TRIES = 3
DIALOGUE_SECONDS, MONOLOGUE_SECONDS = 60, 60
PERIOD_SECONDS = 1.0

Sizes = dict[str, tuple[float, float]]
"""Resident and proportional set size in MiB, by process."""


def monologue(speech: Path, room: str) -> Samples:
    """Return the lines of one speaker without a pause between them."""
    pcm = np.concatenate([clip.pcm for clip in load_clips(speech, room) if clip.speaker_id == 0])
    return pcm.astype(np.float32) / 32768


async def by_length(speech: Path) -> None:
    """Print what a worker and the process for interim texts take, one length after the other."""
    setup = worker_setup(Config(), "cpu")
    lines = monologue(speech, ROOMS[1])
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
    """Have a text found as interim texts are."""
    utterance = Utterance(samples, len(samples) / SAMPLE_RATE)
    await pool.recognise("interims", lambda: utterance, len(samples), Options())


def resident_mib(pool: Pool) -> int:
    return round(resident_bytes(pool.processes[0].pid) / 2**20)


async def say(service: Service, speech: Path, number: int) -> None:
    """Run one client's whole session."""
    room = ROOMS[number % len(ROOMS)]
    dialogue = load_dialogue(speech, room)
    lines = (monologue(speech, room) * 32768).astype(np.int16).tobytes()
    talk = dialogue.pcm[: 2 * SAMPLE_RATE * DIALOGUE_SECONDS]
    async with service.open() as client:
        await enrol(client, dialogue)
        talk += lines[: 2 * SAMPLE_RATE * MONOLOGUE_SECONDS]
        await transcribe(client, talk, interims=True)


def processes(service: Service) -> Iterator[tuple[str, int]]:
    """Name the front, the workers and, as it yields, the process that makes interim texts."""
    front = service.process.pid
    yield "front", front
    usual = os.getpriority(os.PRIO_PROCESS, front)
    for pid in sorted(service.worker_pids):
        yields = os.getpriority(os.PRIO_PROCESS, pid) > usual
        yield "interims" if yields else f"worker {pid}", pid


def sizes(service: Service) -> Sizes:
    """Look at every process, and at their sum."""
    found: Sizes = {}
    for name, pid in processes(service):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        found[name] = kilobytes["Rss"] / 1024, kilobytes["Pss"] / 1024
    rss, pss = zip(*found.values(), strict=True)
    return found | {"together": (sum(rss), sum(pss))}


async def watch(service: Service, most: Sizes) -> None:
    """Keep the largest sizes in `most` until cancelled."""
    while True:
        with suppress(OSError):  # a process that is just starting
            for name, (rss, pss) in sizes(service).items():
                before = most.get(name, (0.0, 0.0))
                most[name] = max(before[0], rss), max(before[1], pss)
        await asyncio.sleep(PERIOD_SECONDS)


async def served(service: Service, speech: Path, clients: int) -> None:
    """Print what is taken before anybody has come, and at most while clients talk."""
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    asyncio.run(by_length(args.speech))
    with running_server("--workers", str(args.workers)) as service:
        asyncio.run(served(service, args.speech, args.clients))


if __name__ == "__main__":
    main()

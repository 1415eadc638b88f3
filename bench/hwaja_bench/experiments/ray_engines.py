"""Measures what engines on Ray cost beside worker processes of the server's machine (Linux).

hwaja bench experiment ray_engines ../shared/speech [--calls 300] [--utterances 60] [--kills 10]

A Ray cluster of two nodes runs on this machine. First, workers without an engine answer utterances
of several lengths at once, in turns over Ray and over a pipe: the difference is the delay that Ray
adds. Then Whisper recognises Korean utterances in the same way, and the processor time of the
server and the engine is compared, actor included. Ray's own processes are measured beside that.

Then two servers with two engines speak at once: each with an engine of its own, and both with the
same two. At last, machines with engines are killed: how long does it take until an utterance that
they had is done elsewhere?
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from ray_cluster import RayCluster, ray_cluster

from hwaja.engines.interface import Pcm16
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.server.application import worker_setup
from hwaja.server.config import Config
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire
from hwaja.workers.transport.model_origin import with_origin
from hwaja.workers.transport.ray_engines import RayEngines
from hwaja.workers.transport.shared_engines import SharedEngines
from hwaja.workers.transport.worker_link import Spawn, WorkerTransport
from hwaja.workers.transport.worker_process import WorkerProcess
from hwaja_bench.processes import cpu_seconds
from hwaja_bench.speech.dialogue import load_clips

LENGTHS_SECONDS = (1, 3, 5, 10, 15)
ROOM = "AirbnbStudio"


@dataclass
class Way:
    """A pool over one transport, and what its utterances took."""

    pool: Pool
    processes: Sequence[psutil.Process]
    """The server's, which is this one, and those of the engine."""
    delays_seconds: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    """Processor time of the processes."""

    async def recognise(self, pcm: Pcm16) -> None:
        """Recognise an utterance."""
        began, before = time.perf_counter(), cpu_of(self.processes)
        await self.pool.recognise("session", pcm.copy, len(pcm), Options())
        self.delays_seconds.append(time.perf_counter() - began)
        self.cpu_seconds += cpu_of(self.processes) - before


async def in_turns(ways: Sequence[Way], utterances: Sequence[Pcm16]) -> None:
    """Recognise each utterance in each way, after the first one, which is slower."""
    for number, pcm in enumerate([utterances[0], *utterances]):
        for way in ways if number % 2 else reversed(ways):
            await way.recognise(pcm)
            if not number:
                way.delays_seconds.clear()
                way.cpu_seconds = 0.0


def report(name: str, ways: Sequence[Way]) -> None:
    """Print the delays in milliseconds, and what Ray adds to them."""
    local, ray = (np.array(way.delays_seconds) * 1000 for way in ways)
    told = [
        f"{way} p50 {np.median(each):.2f} p95 {np.percentile(each, 95):.2f}"
        for way, each in (("local", local), ("ray", ray), ("added", ray - local))
    ]
    print(f"{name}: {'; '.join(told)} ms", flush=True)


def instant(spawn: Spawn) -> Spawn:
    """Start workers that answer at once, and know no model."""

    async def spawned(_module: str) -> WorkerTransport:
        return await spawn("instant_worker")

    return spawned


@asynccontextmanager
async def ways_of(
    setup: wire.Setup, spawns: Sequence[Spawn], cluster: RayCluster
) -> AsyncIterator[list[Way]]:
    """Yield a started pool of one worker for each transport."""
    local, ray = (Pool(setup, 1, spawn=spawn) for spawn in spawns)
    await asyncio.gather(local.start(), ray.start())
    server = psutil.Process()
    worker = [psutil.Process(process.pid) for process in local.processes.values()]
    engines = [each for actor in cluster.engines for each in (actor, *actor.children())]
    yield [Way(local, [server, *worker]), Way(ray, [server, *engines])]
    await asyncio.gather(local.close(), ray.close())


async def two_servers(engines: RayEngines, calls: int) -> None:
    """Let two servers of two sessions each recognise 5 s at once, in turns.

    Once each server has an engine of its own, and once both have the same two.
    """
    audio, setup = np.zeros(5 * SAMPLE_RATE, np.int16), wire.Setup("", None, "ko")
    own = [Pool(setup, 1, spawn=instant(engines.spawn)) for _ in range(2)]
    shared = [
        Pool(setup, 2, spawn=instant(SharedEngines(engines, "all", setup).spawn)) for _ in range(2)
    ]
    await asyncio.gather(*(pool.start() for pool in (*own, *shared)))
    delays: dict[str, list[float]] = {"own": [], "shared": []}

    async def say(pool: Pool, kind: str, session: int) -> None:
        began = time.perf_counter()
        await pool.recognise(session, audio.copy, len(audio), Options())
        delays[kind].append(time.perf_counter() - began)

    for _ in range(calls):
        for kind, pools in (("own", own), ("shared", shared)):
            await asyncio.gather(
                *(say(pool, kind, session) for pool in pools for session in (1, 2))
            )
    await asyncio.gather(*(pool.close() for pool in (*own, *shared)))
    for kind, seconds in delays.items():
        p50, p95 = np.percentile(1000 * np.array(seconds), (50, 95))
        print(f"two servers, {kind} engines: p50 {p50:.2f} p95 {p95:.2f} ms", flush=True)


async def kill_nodes(engines: RayEngines, cluster: RayCluster, kills: int) -> None:
    """Kill machines while utterances are sent to their engines; print how soon they are done."""
    pool = Pool(wire.Setup("", None, "ko"), 2, spawn=instant(engines.spawn))
    nodes = [cluster.add_node(1) for _ in range(2)]
    await pool.start()
    took = []
    audio = np.zeros(SAMPLE_RATE, np.int16)
    for _ in range(kills):
        while pool.running_workers < 2 or not all(node.engines for node in nodes):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
        began = time.perf_counter()
        await asyncio.to_thread(cluster.kill_node, nodes.pop(0))
        said = [pool.recognise(number, audio.copy, len(audio), Options()) for number in range(4)]
        await asyncio.gather(*said)
        took.append(time.perf_counter() - began)
        print(f"dead machine: {took[-1]:.2f} s", flush=True)
        nodes.append(await asyncio.to_thread(cluster.add_node, 1))
    await pool.close()
    print(f"{kills} dead machines: p50 {np.median(took):.2f} s, max {max(took):.2f} s", flush=True)


def cpu_of(processes: Sequence[psutil.Process]) -> float:
    """Return the processor time of processes, in seconds. Ended ones do not count."""
    spent = 0.0
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            spent += cpu_seconds(each)
    return spent


async def measure(args: argparse.Namespace) -> None:
    clips = load_clips(args.speech, ROOM)[: args.utterances]
    utterances = [np.frombuffer(clip.pcm, "<i2") for clip in clips]
    with ray_cluster() as cluster:
        first = cluster.add_node(4)  # as many as `two_servers` needs
        engines = RayEngines(cluster.address, 1, 0)
        await engines.connect()
        try:
            spawns = [instant(WorkerProcess.spawn), instant(engines.spawn)]
            for seconds in LENGTHS_SECONDS:
                async with ways_of(wire.Setup("", None, "ko"), spawns, cluster) as ways:
                    audio = np.zeros(seconds * SAMPLE_RATE, np.int16)
                    await in_turns(ways, [audio] * args.calls)
                report(f"{seconds} s", ways)
            setup = with_origin(worker_setup(Config(), "cpu"))
            async with ways_of(setup, [WorkerProcess.spawn, engines.spawn], cluster) as ways:
                own = [each for each in cluster.processes if each not in ways[1].processes]
                began, before = time.perf_counter(), cpu_of(own)
                await in_turns(ways, utterances)
                share = (cpu_of(own) - before) / (time.perf_counter() - began)
            report("Whisper", ways)
            print(f"Ray's own processes, on {len(cluster.nodes)} nodes: {share:.3f} cores")
            local, ray = (way.cpu_seconds / len(utterances) for way in ways)
            print(f"processor time of an utterance: local {local:.3f} s, ray {ray:.3f} s")
            print(f"ratio {ray / local:.3f}", flush=True)
            await two_servers(engines, args.calls)
            await asyncio.to_thread(cluster.kill_node, first)
            await kill_nodes(engines, cluster, args.kills)
        finally:
            await engines.close()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--utterances", type=int, default=60)
    parser.add_argument("--kills", type=int, default=10)


def run(args: argparse.Namespace) -> None:
    asyncio.run(measure(args))

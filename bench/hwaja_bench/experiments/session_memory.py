"""Measures a session's memory in the front process, by the client's activity.

hwaja bench experiment session_memory [--sessions 20] [--chunk-samples 524288]

The workers are stopped during the measurement, so that nothing is answered and every buffer fills.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial

from hwaja.client.sound_files import paced
from hwaja.client.websocket import Connection
from hwaja.protocol.audio import CHUNK_SAMPLES
from hwaja_bench.client import Way, begin, enrol
from hwaja_bench.processes import front_bytes
from hwaja_bench.server import Service, tone_server
from hwaja_bench.tones.sentences import seeded_sentences, spoken, voices

FULL_SECONDS = 30.0
"""How long a client sends at full speed; all its buffers are full before the end."""

FREED_SECONDS = 3.0
"""Wait before the measurement after all clients have left: reference cycles are collected."""


async def connected(client: Connection) -> None:
    """Stay connected and do nothing."""


async def enrolled(client: Connection) -> None:
    """Enrol two voices."""
    await enrol(client, voices())


async def begun(client: Connection) -> None:
    """Begin a transcription."""
    await begin(client, Way(details=False))


async def send_on(client: Connection, pcm: bytes, chunk_samples: int) -> None:
    """Send speech until all buffers are full."""
    with suppress(TimeoutError):
        async with asyncio.timeout(FULL_SECONDS):
            while True:
                async for chunk in paced(pcm, 0, chunk_samples):
                    await client.send_chunk(chunk)  # `send_audio` would wait for the server


async def measure(service: Service, count: int, chunk_samples: int) -> None:
    """Print the additional memory of a session after each step."""
    pcm = spoken(seeded_sentences(1, 30))  # longer than the session's buffers
    before = front_bytes(service)

    async def step(name: str, do: Callable[[Connection], Awaitable[None]]) -> None:
        await asyncio.gather(*map(do, clients))
        each = (front_bytes(service) - before) / count
        print(f"{name}: {each / 2**20:.2f} MiB a session")

    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(service.open()) for _ in range(count)]
        await step("connected", connected)
        await step("enrolled", enrolled)
        await step("transcribing", begun)
        workers = service.workers
        for worker in workers:
            worker.suspend()
        try:
            await step("not answered", partial(send_on, pcm=pcm, chunk_samples=chunk_samples))
        finally:
            for worker in workers:
                worker.kill()
    await asyncio.sleep(FREED_SECONDS)
    left = front_bytes(service) - before
    print(f"all have left: {left / 2**20:.2f} MiB more than before they came")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--chunk-samples", type=int, default=CHUNK_SAMPLES)


def run(args: argparse.Namespace) -> None:
    options = ("--max-connections", str(args.sessions), "--max-audio-speed", "1000")
    with tone_server(*options) as service:
        asyncio.run(measure(service, args.sessions, args.chunk_samples))

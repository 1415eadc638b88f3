"""Connects and disconnects many clients: `hwaja bench soak cycles --cycles 1000`.

The program cuts this many connections right after the handshake, then runs as many short sessions.
It fails where memory grows with the cycles or a file stays open.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from raw_client import UPGRADE, dialled
from tone_speech import hummed

from hwaja_bench.promises import BrokenPromiseError, Usage, growth_bytes, kept, usage
from hwaja_bench.server import Service
from hwaja_bench.tones.visitor import PATIENCE_SECONDS, answered_right, placed

LOOKS = 40
"""Number of memory measurements."""

SETTLED_CYCLES = 400
"""Fewer cycles cannot judge memory."""

GROWTH_BYTES = 1024
"""Growth per cycle: more is not allocator noise. A session holds a thousand times as much."""

SENTENCE = hummed([0, 3, 1, 5])


async def aborted_session(service: Service) -> None:
    """Connect, and cut the connection as soon as the server has opened it."""
    async with dialled(service.port, service.tls) as client:
        await client.upgrade(UPGRADE)
        client.reset()


async def short_session(service: Service) -> None:
    """Run a whole session; wait for a seat where earlier sessions still hold theirs."""
    async with AsyncExitStack() as stack:
        await answered_right(await placed(service, stack), SENTENCE)


async def repeat(
    name: str, cycle: Callable[[Service], Awaitable[None]], service: Service, cycles: int
) -> None:
    """Run one kind of cycle `cycles` times and print the server's memory and files.

    Raises:
        BrokenPromiseError: where memory or files grow.

    """
    began = time.monotonic()
    looks: list[tuple[float, Usage]] = [(0, usage(service))]
    for number in range(1, cycles + 1):
        await cycle(service)
        if number % max(1, cycles // LOOKS) == 0:
            looks.append((number, usage(service)))
    front, workers = growth_bytes(looks)
    print(
        f"{cycles} {name} in {time.monotonic() - began:.0f} s: before {looks[0][1]}, after "
        f"{looks[-1][1]}; growth in the second half {front:.0f} bytes a cycle in the front, "
        f"{workers:.0f} in the workers",
        flush=True,
    )
    if cycles >= SETTLED_CYCLES and max(front, workers) > GROWTH_BYTES:
        raise BrokenPromiseError(f"Memory grows with {name}.")


async def connect_and_leave(service: Service, cycles: int) -> None:
    """Run both kinds of cycles.

    Raises:
        BrokenPromiseError: where a promise is broken.

    """
    await short_session(service)
    files = usage(service).front_files
    await repeat("connections torn off", aborted_session, service, cycles)
    await repeat("short sessions", short_session, service, cycles)
    began = time.monotonic()
    while usage(service).front_files > files:  # the last connection is still closing
        if time.monotonic() > began + PATIENCE_SECONDS:
            raise BrokenPromiseError("Files are left open.")
        await asyncio.sleep(0.1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cycles", type=int, default=1000)


def run(asked: argparse.Namespace) -> int:
    """Run a server and the cycles; return the exit code."""
    return kept(lambda service: connect_and_leave(service, asked.cycles))

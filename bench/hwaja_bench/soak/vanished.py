"""Measures how long a vanished client keeps its seat: `hwaja bench soak vanished`.

The client opens a session and then neither sends, nor answers pings, nor closes, like a client
without network.
"""

import argparse
import asyncio
import time

from raw_client import dialled

from hwaja.client import ClientError
from hwaja_bench.promises import BrokenPromiseError, kept
from hwaja_bench.server import Service


async def vanish(service: Service, ping_seconds: float) -> None:
    """Take the only seat, vanish, and measure when the seat is free.

    Raises:
        BrokenPromiseError: where that takes longer than a ping interval and its timeout.

    """
    async with dialled(service.port, service.tls) as client:
        await client.upgrade()
        began = time.monotonic()
        while True:
            try:
                async with service.open():
                    seconds = time.monotonic() - began
                    break
            except ClientError:  # the server is full
                await asyncio.sleep(0.05)
    print(f"the place was free after {seconds:.1f} s; pings every {ping_seconds:g} s")
    if seconds > 2 * ping_seconds + 1:
        raise BrokenPromiseError("The place of a client that vanished was kept for longer.")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ping-seconds", type=float, default=20)


def run(asked: argparse.Namespace) -> int:
    """Run a server and the check; return the exit code."""
    options = ("--max-connections", "1", "--ping-seconds", str(asked.ping_seconds))
    return kept(lambda service: vanish(service, asked.ping_seconds), *options)

"""Floods a server with connections without a session: `hwaja bench soak floods --attempts 10000`.

There are three kinds, each from one address and from twenty: silent connections, unfinished TLS
handshakes, and requests with an endless header. Meanwhile the program pings sessions and opens new
sessions from another address. It fails where pongs are late, the server refuses a new client, or
the front process grows large or does not free its memory afterwards.
"""

import argparse
import asyncio
import multiprocessing
import os
import resource
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from raw_client import UPGRADE, client_hello

from hwaja.client import ClientError
from hwaja.client.trust import client_tls
from hwaja.client.websocket import Connection
from hwaja_bench.processes import cpu_seconds, front_bytes
from hwaja_bench.promises import BrokenPromiseError, kept
from hwaja_bench.server import Service
from hwaja_bench.tones.visitor import PATIENCE_SECONDS, placed

SOURCES = {
    "one address": ["127.0.0.2"],
    "20 addresses": [f"127.0.0.{last}" for last in range(2, 22)],
}
"""Addresses of the floods. The sessions and new clients use another one, `localhost`."""

SESSIONS = 4
PING_SECONDS = 0.05
NEWCOMER_SECONDS = 0.5
LOOK_SECONDS = 0.1
QUIET_SECONDS = 5.0

MAX_PING_SECONDS = 0.020
MAX_FRONT_BYTES = 200 << 20
GROWTH_BYTES = 16 << 20
"""More than this after a flood is unfreed memory, not allocator noise."""

SETTLED_ATTEMPTS = 2000
"""Fewer pings cannot be judged, because of other load on the machine."""

UNFINISHED = UPGRADE[:-2] + 2 * (b"X-Padding: " + b"x" * 7500 + b"\r\n")
"""A header of the maximum length that the server reads, in lines of allowed length."""


@dataclass
class Seen:
    """Effects of a flood on other clients."""

    ping_seconds: list[float] = field(default_factory=list)
    newcomer_seconds: list[float] = field(default_factory=list)
    kept_out: int = 0
    front_bytes: list[int] = field(default_factory=list)

    @property
    def ping_p95_seconds(self) -> float:
        """95th percentile of the ping times; 0 without pings."""
        return float(np.percentile(self.ping_seconds or [0.0], 95))

    def __str__(self) -> str:
        p95, longest = self.ping_p95_seconds * 1000, max(self.ping_seconds, default=0) * 1000
        return (
            f"{len(self.ping_seconds)} pings, p95 {p95:.1f} ms, the longest {longest:.0f}; "
            f"{len(self.newcomer_seconds)} newcomers, the longest "
            f"{max(self.newcomer_seconds, default=0):.2f} s, {self.kept_out} kept out; "
            f"front at most {max(self.front_bytes) / 2**20:.0f} MiB"
        )


# The flood, in a process of its own


@asynccontextmanager
async def connected(address: str, port: int) -> AsyncIterator[socket.socket]:
    """Connect from an address of this machine."""
    with socket.socket() as connection:
        connection.setblocking(False)
        connection.bind((address, 0))
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
        yield connection


async def say(content: bytes, address: str, port: int) -> None:
    """Send bytes, then nothing until the server closes."""
    loop = asyncio.get_running_loop()
    async with connected(address, port) as connection:
        await loop.sock_sendall(connection, content)
        while await loop.sock_recv(connection, 1 << 16):
            pass


async def request(tls: ssl.SSLContext, address: str, port: int) -> None:
    """Send an unfinished request over TLS, then nothing until the server closes."""
    loop, incoming, outgoing = asyncio.get_running_loop(), ssl.MemoryBIO(), ssl.MemoryBIO()
    # asyncio's own TLS costs a client too much CPU for 500 connections a second.
    secured = tls.wrap_bio(incoming, outgoing, server_hostname="localhost")
    async with connected(address, port) as connection:
        is_open = False
        while not is_open:
            with suppress(ssl.SSLWantReadError):
                secured.do_handshake()
                secured.write(UNFINISHED)
                is_open = True
            await loop.sock_sendall(connection, outgoing.read())
            if not (content := await loop.sock_recv(connection, 1 << 16)):
                return
            incoming.write(content)
        while await loop.sock_recv(connection, 1 << 16):
            pass


KINDS: dict[str, Callable[[ssl.SSLContext], Callable[[str, int], Awaitable[None]]]] = {
    "silent connections": lambda _: lambda address, port: say(b"", address, port),
    "half TLS handshakes": lambda tls: lambda *to: say(client_hello(tls), *to),
    "unfinished requests": lambda tls: lambda *to: request(tls, *to),
}


@dataclass(frozen=True)
class Flood:
    """Size and rate of a flood."""

    attempts: int
    rate: float
    """Attempts per second."""
    held_seconds: float
    """Duration of each attempt, unless the server cuts it."""

    def make(
        self, kind: str, addresses: Sequence[str], port: int, cafile: Path
    ) -> tuple[float, int]:
        """Make all attempts on a server.

        Args:
            kind: one of `KINDS`.
            addresses: source addresses, used in turns.
            port: the server's port.
            cafile: the server's certificate.

        Returns:
            The duration of all attempts in seconds, and how many were cut within a second.

        """
        os.nice(10)  # stands for an attacker's machine, so it must not slow the server down
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        return asyncio.run(self._make(KINDS[kind](client_tls(cafile)), addresses, port))

    async def _make(
        self, attempt: Callable[[str, int], Awaitable[None]], addresses: Sequence[str], port: int
    ) -> tuple[float, int]:
        cut = 0

        async def one(number: int) -> None:
            nonlocal cut
            began = time.monotonic()
            with suppress(OSError, TimeoutError):  # ssl's errors are OSErrors too
                async with asyncio.timeout(self.held_seconds):
                    await attempt(addresses[number % len(addresses)], port)
            cut += time.monotonic() - began < 1

        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(self.attempts):
                await asyncio.sleep(max(0.0, began + number / self.rate - time.monotonic()))
                group.create_task(one(number))
            made_seconds = time.monotonic() - began
        return made_seconds, cut


# Who is there meanwhile


async def watch_pings(client: Connection, seen: Seen) -> None:
    """Measure the ping time periodically."""
    while True:
        began = time.monotonic()
        await (await client._websocket.ping())
        seen.ping_seconds.append(time.monotonic() - began)
        await asyncio.sleep(PING_SECONDS)


async def connect_newcomers(service: Service, seen: Seen) -> None:
    """Open a session periodically."""
    while True:
        began = time.monotonic()
        try:
            async with service.open():
                seen.newcomer_seconds.append(time.monotonic() - began)
        except ClientError:
            seen.kept_out += 1
        await asyncio.sleep(NEWCOMER_SECONDS)


async def watch(service: Service, seen: Seen) -> None:
    """Measure the front process's memory periodically."""
    while True:
        seen.front_bytes.append(front_bytes(service))
        await asyncio.sleep(LOOK_SECONDS)


async def watched(
    service: Service, flooding: Callable[[], Awaitable[tuple[float, int]]], seen: Seen
) -> tuple[float, int]:
    """Record the effects of a flood on other clients until it ends; return the flood's result."""
    async with AsyncExitStack() as stack:
        clients = [await placed(service, stack) for _ in range(SESSIONS)]
        async with asyncio.TaskGroup() as group:
            doing = [group.create_task(watch_pings(client, seen)) for client in clients]
            doing.append(group.create_task(connect_newcomers(service, seen)))
            doing.append(group.create_task(watch(service, seen)))
            made = await flooding()
            for each in doing:
                each.cancel()
    return made


async def quiet() -> tuple[float, int]:
    """Do nothing for a while, for comparison."""
    await asyncio.sleep(QUIET_SECONDS)
    return QUIET_SECONDS, 0


async def floods(service: Service, flood: Flood) -> None:
    """Run all floods one after the other; print their effects.

    Raises:
        BrokenPromiseError: where a flood affects other clients too much.

    """
    loop, broken, seen = asyncio.get_running_loop(), [], Seen()
    await watched(service, quiet, seen)
    print(f"nothing for {QUIET_SECONDS:.0f} s: {seen}", flush=True)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as elsewhere:
        for kind, (source, addresses) in product(KINDS, SOURCES.items()):
            seen, before = Seen(), front_bytes(service)
            used = cpu_seconds(service.process)
            make = partial(flood.make, kind, addresses, service.port, service.cafile)
            flooding = partial(loop.run_in_executor, elsewhere, make)
            made_seconds, cut = await watched(service, flooding, seen)
            used = cpu_seconds(service.process) - used
            after = await given_back(service, before)
            name = f"{kind} from {source}"
            print(
                f"{flood.attempts} {name} in {made_seconds:.0f} s, {cut} cut at once: {seen}, "
                f"{after / 2**20:.0f} MiB then, {used:.1f} s of processor time",
                flush=True,
            )
            if flood.attempts < SETTLED_ATTEMPTS:
                seen.ping_seconds.clear()
            broken += [f"{name}: {fault}" for fault in faults(seen, after - before)]
    if broken:
        raise BrokenPromiseError(f"{'; '.join(broken)}.")


async def given_back(service: Service, before: int) -> int:
    """Wait a limited time until the front process has freed memory; return its memory."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        now = front_bytes(service)
        if now <= before + GROWTH_BYTES or time.monotonic() > until:
            return now
        await asyncio.sleep(LOOK_SECONDS)


def faults(seen: Seen, grown_bytes: int) -> list[str]:
    """Return the effects that exceed their limits."""
    noticed = {
        "pings are late": seen.ping_p95_seconds > MAX_PING_SECONDS,
        "newcomers are kept out": seen.kept_out > 0,
        "the front grows large": max(seen.front_bytes) > MAX_FRONT_BYTES,
        "memory is not given back": grown_bytes > GROWTH_BYTES,
    }
    return [fault for fault, is_so in noticed.items() if is_so]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--attempts", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--held-seconds", type=float, default=12)  # the server waits for 10


def run(asked: argparse.Namespace) -> int:
    """Run a server and flood it; return the exit code."""
    flood = Flood(asked.attempts, asked.rate, asked.held_seconds)
    return kept(lambda service: floods(service, flood))

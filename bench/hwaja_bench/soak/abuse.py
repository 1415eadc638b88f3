"""Abuses a server at random for a given time: `hwaja bench soak abuse --seconds 600`.

The program runs `hwaja serve` with the tone model and every abuse of tests/support/abuses.py
against it, several at a time, beside a well-behaved client with whole sessions. It prints memory,
files and answers before and after. It fails where the well-behaved client got no answer, a seat was
not freed, or memory grew.
"""

import argparse
import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

from abuses import FLOODS, FRAMES, HARMLESS, REQUESTS, STAGES
from raw_client import UPGRADE, client_hello, dialled
from tone_speech import hummed

from hwaja.client import ClientError
from hwaja_bench.promises import BrokenPromiseError, Usage, kept, usage
from hwaja_bench.server import Service
from hwaja_bench.tones.visitor import PATIENCE_SECONDS, answered_right

PLACES = 20
ABUSERS = 6
"""Concurrent abusers; far fewer than seats, since a seat is freed a moment after its client."""

SETTLED_SECONDS = 60
"""A shorter run cannot judge memory: the allocator has not reached its peak sizes yet."""

GROWTH_BYTES = 16 << 20
"""More than this between the first quarter and the end is growth, not allocator noise."""

SENTENCE = hummed([0, 1, 2, 3, 4, 5])


@dataclass
class Tally:
    """Counts of the run."""

    abuses: Counter[str] = field(default_factory=Counter)
    good_seconds: list[float] = field(default_factory=list)
    """Duration of each session of the well-behaved client."""


class Abuser:
    """Runs one abuse after the other."""

    def __init__(self, service: Service, chance: random.Random, tally: Tally) -> None:
        self._port = service.port
        self._tls = service.tls
        self._chance = chance
        self._tally = tally
        self._kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "frames": self._frames,
            "oddities": self._oddities,
            "requests": self._requests,
            "resets": self._resets,
            "floods": self._floods,
            "silence": self._silence,
        }

    async def run(self, until: float) -> None:
        """Run abuses until a time of the monotonic clock."""
        while time.monotonic() < until:
            kind = self._chance.choice(list(self._kinds))
            with suppress(ConnectionError, EOFError, TimeoutError):
                await self._kinds[kind]()
            self._tally.abuses[kind] += 1

    async def _frames(self) -> None:
        content, _ = self._chance.choice(list(FRAMES.values()))
        async with dialled(self._port, self._tls) as client:
            await client.send(UPGRADE + content)
            await client.read_to_end()

    async def _oddities(self) -> None:
        async with dialled(self._port, self._tls) as client:
            await client.send(UPGRADE + self._chance.choice(list(HARMLESS.values())))
            client.reset()

    async def _requests(self) -> None:
        content, _ = self._chance.choice(list(REQUESTS.values()))
        async with dialled(self._port, self._tls) as client:
            await client.send(content)
            await client.read_to_end()

    async def _resets(self) -> None:
        over_tls, content = self._chance.choice(list(STAGES.values()))
        async with dialled(self._port, self._tls if over_tls else None) as client:
            await client.send(content[: self._chance.randrange(len(content) + 1)])
            client.reset()

    async def _floods(self) -> None:
        """Flood without reading until the server cuts the connection or 32 MiB are sent."""
        flood = self._chance.choice(list(FLOODS.values()))
        async with dialled(self._port, self._tls) as client:
            await client.send(UPGRADE)
            client.stop_reading()
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    for _ in range((32 << 20) // len(flood)):
                        await client.send(flood)
                        if client.is_cut:
                            break

    async def _silence(self) -> None:
        """Begin a handshake and send nothing more for a second."""
        hello = client_hello(self._tls)
        async with dialled(self._port, None) as client:
            await client.send(hello[: self._chance.randrange(len(hello) + 1)])
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await client.read_to_end()


async def run_good_client(service: Service, tally: Tally, until: float) -> None:
    """Run whole sessions one after the other; each must get the right text."""
    while time.monotonic() < until:
        began = time.monotonic()
        await one_good_session(service)
        tally.good_seconds.append(time.monotonic() - began)


async def one_good_session(service: Service) -> None:
    """Connect, which must succeed at once, speak, and check the text."""
    async with asyncio.timeout(PATIENCE_SECONDS), service.open() as client:
        await answered_right(client, SENTENCE)


async def all_places_free(service: Service) -> None:
    """Wait until the server accepts as many clients at once as it has seats.

    Raises:
        BrokenPromiseError: where it does not in time.

    """
    began = time.monotonic()
    while time.monotonic() < began + PATIENCE_SECONDS:
        async with AsyncExitStack() as clients:
            with suppress(ClientError):
                for _ in range(PLACES):
                    await clients.enter_async_context(service.open())
                return
        await asyncio.sleep(0.5)
    raise BrokenPromiseError(f"{PLACES} clients are not taken at once.")


async def abuse(service: Service, seconds: float, seed: int) -> None:
    """Abuse a server for some time; print the results.

    Raises:
        BrokenPromiseError: where the server answers worse, or holds more memory or files, than
        before.

    """
    chance, tally = random.Random(seed), Tally()  # noqa: S311 (no secret)
    await one_good_session(service)
    await during(service, tally, chance, seconds / 4)
    await all_places_free(service)
    before = usage(service)
    print(f"after {seconds / 4:.0f} s: {before}", flush=True)
    await during(service, tally, chance, seconds * 3 / 4)
    await all_places_free(service)
    after = usage(service)
    print(f"after {seconds:.0f} s: {after}")
    print(f"abuses: {sum(tally.abuses.values())}, {dict(sorted(tally.abuses.items()))}")
    longest = max(tally.good_seconds)
    print(f"good sessions: {len(tally.good_seconds)}, all right, the longest {longest:.1f} s")
    if seconds >= SETTLED_SECONDS:
        check(before, after)


async def during(service: Service, tally: Tally, chance: random.Random, seconds: float) -> None:
    """Run all abusers and the well-behaved client for some time."""
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        group.create_task(run_good_client(service, tally, until))
        for _ in range(ABUSERS):
            group.create_task(Abuser(service, chance, tally).run(until))


def check(before: Usage, after: Usage) -> None:
    """Compare memory and files before and after.

    Raises:
        BrokenPromiseError: where memory or files grew.

    """
    if after.front_bytes > before.front_bytes + GROWTH_BYTES:
        raise BrokenPromiseError("The front has grown.")
    if after.workers_bytes > before.workers_bytes + GROWTH_BYTES:
        raise BrokenPromiseError("The workers have grown.")
    if after.front_files > before.front_files:
        raise BrokenPromiseError("Files are left open.")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)


def run(asked: argparse.Namespace) -> int:
    """Run a server and abuse it; return the exit code."""
    options = ("--max-connections", str(PLACES), "--handshake-seconds", "2", "--ping-seconds", "2")
    return kept(lambda service: abuse(service, asked.seconds, asked.seed), *options)

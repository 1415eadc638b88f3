"""Abuse at random for as long as asked: `hwaja bench soak abuse --seconds 600`.

Runs `hwaja serve` with the tone model, and every abuse of tests/abuses.py against it, several at a
time, while a good client goes through whole sessions beside them. Says what memory, files and
answers were before and after, and fails where the good client was not answered, a place did not
come back, or memory grew.
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
"""At a time; far fewer than there are places, as a place comes back a moment after its client."""

SETTLED_SECONDS = 60
"""A shorter run tells nothing of memory: the allocator has not met the most of everything yet."""

GROWTH_BYTES = 16 << 20
"""More than this between the first quarter and the end is growth and no noise of the allocator."""

SENTENCE = hummed([0, 1, 2, 3, 4, 5])


@dataclass
class Tally:
    """What happened."""

    abuses: Counter[str] = field(default_factory=Counter)
    good_seconds: list[float] = field(default_factory=list)
    """How long each session of the good client took."""


class Abuser:
    """Does one abuse after the other."""

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
        """Go on until a time of the monotonic clock."""
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
        """Flood, and read nothing, until the server cuts the connection or 32 MiB are sent."""
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
        """Begin a handshake and say nothing more for a second."""
        hello = client_hello(self._tls)
        async with dialled(self._port, None) as client:
            await client.send(hello[: self._chance.randrange(len(hello) + 1)])
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await client.read_to_end()


async def be_good(service: Service, tally: Tally, until: float) -> None:
    """Go through whole sessions, one after the other, each of which must be answered right."""
    while time.monotonic() < until:
        began = time.monotonic()
        await one_good_session(service)
        tally.good_seconds.append(time.monotonic() - began)


async def one_good_session(service: Service) -> None:
    """Find a place at once, speak, and insist on the text."""
    async with asyncio.timeout(PATIENCE_SECONDS), service.open() as client:
        await answered_right(client, SENTENCE)


async def all_places_free(service: Service) -> None:
    """Wait until as many clients are taken at once as there are places.

    Raises:
        BrokenPromiseError: where they are not.

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
    """Abuse a server for some time; say what came of it.

    Raises:
        BrokenPromiseError: where it does not answer as before, or holds more than before.

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
    """Have all abusers and the good client at it for some time."""
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        group.create_task(be_good(service, tally, until))
        for _ in range(ABUSERS):
            group.create_task(Abuser(service, chance, tally).run(until))


def check(before: Usage, after: Usage) -> None:
    """Compare.

    Raises:
        BrokenPromiseError: where something grew.

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

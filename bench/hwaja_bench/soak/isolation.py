"""Checks the isolation of concurrent sessions: `hwaja bench soak isolation --rounds 20`.

As many clients as there are seats say different sentences repeatedly. Some disconnect within a
word, some send invalid data until the server closes, workers are killed, and seats change hands.
All other clients must get exactly the texts of their own speech.
"""

import argparse
import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from hwaja.client import ClientError
from hwaja.client.sound_files import paced
from hwaja.client.websocket import Connection
from hwaja_bench.client import Way, begin, enrol
from hwaja_bench.promises import BrokenPromiseError, WorkerKiller, kept
from hwaja_bench.server import Service
from hwaja_bench.tones.sentences import random_sentences, spoken, voices
from hwaja_bench.tones.visitor import placed, rejoined, transcribed

PLACES = 10
SENTENCES = 3

LEAVES, RAVES = 0.25, 0.4
"""A quarter of the rounds end with a disconnection, and 15 % with invalid data."""


@dataclass
class Tally:
    """Counts of the run."""

    rounds: Counter[str] = field(default_factory=Counter)
    wrong: int = 0


async def one_round(client: Connection, chance: random.Random, tally: Tally) -> None:
    """Disconnect, send invalid data, or talk and compare the texts."""
    sentences, kind = random_sentences(chance)[:SENTENCES], chance.random()
    if kind < RAVES:
        pcm = spoken(sentences)
        tally.rounds["left" if kind < LEAVES else "raved"] += 1
        await misbehave(
            client, pcm[: 2 * chance.randrange(len(pcm) // 2)], sends_nonsense=kind >= LEAVES
        )
        return
    texts = await transcribed(client, sentences, speed=0)
    tally.rounds["talked"] += 1
    said = [sentence.text for sentence in sentences]
    tally.wrong += rejoined(said, texts) != said


async def misbehave(client: Connection, pcm: bytes, *, sends_nonsense: bool) -> None:
    """Begin to talk; then disconnect, or send invalid data until the server closes."""
    await enrol(client, voices())
    await begin(client, Way(details=False, interims=True))
    await client.send_audio(paced(pcm, speed=0))
    if not sends_nonsense:
        client._websocket.transport.abort()
        return
    try:
        while True:
            await client.send({"type": "nonsense"})
            await client.receive()
    except ClientError:
        pass


async def beside_each_other(service: Service, rounds: int, seed: int, every_seconds: float) -> None:
    """Run all clients.

    Raises:
        BrokenPromiseError: where a client got another text than it spoke.

    """
    tally = Tally()

    async def client(number: int) -> None:
        chance = random.Random(seed + number)  # noqa: S311 (no secret)
        for _ in range(rounds):
            async with AsyncExitStack() as stack:
                await one_round(await placed(service, stack), chance, tally)

    killer = WorkerKiller(service, seed)
    killing = asyncio.create_task(killer.run(every_seconds))
    try:
        await asyncio.gather(*map(client, range(PLACES)))
    finally:
        killing.cancel()
        print(f"{killer.killed} workers killed; {dict(tally.rounds)}; {tally.wrong} wrong")
    if tally.wrong:
        raise BrokenPromiseError("A client got what it had not said.")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--every", type=float, default=2, help="seconds between two deaths")
    parser.add_argument("--seed", type=int, default=0)


def run(asked: argparse.Namespace) -> int:
    """Run a server and many clients; return the exit code."""
    options = ("--max-connections", str(PLACES))
    return kept(
        lambda service: beside_each_other(service, asked.rounds, asked.seed, asked.every), *options
    )

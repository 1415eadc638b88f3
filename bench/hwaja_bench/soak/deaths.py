"""Kills workers while two clients talk: `hwaja bench soak deaths --minutes 60 --every 30`.

Every text must arrive exactly once and be correct.
"""

import argparse
import asyncio
import random
import time
from contextlib import AsyncExitStack

from hwaja_bench.conversations.tally import Tally
from hwaja_bench.promises import BrokenPromiseError, WorkerKiller, kept
from hwaja_bench.server import Service
from hwaja_bench.tones.sentences import random_sentences
from hwaja_bench.tones.visitor import placed, transcribed

CLIENTS = 2


async def talk(
    service: Service, tally: Tally, chance: random.Random, until: float, count: int
) -> None:
    """Run sessions of `count` sentences one after the other in real time.

    No session repeats a sentence.
    """
    while time.monotonic() < until:
        sentences = random_sentences(chance, count)
        async with AsyncExitStack() as stack:
            # While no worker runs, new clients are refused.
            client = await placed(service, stack)
            answered = await transcribed(client, sentences, speed=1)
        tally.compare([sentence.text for sentence in sentences], answered)


async def talk_through_kills(service: Service, asked: argparse.Namespace) -> None:
    """Run sessions while workers are killed.

    Raises:
        BrokenPromiseError: where a text was lost, arrived twice, or is wrong.

    """
    tally, until = Tally(), time.monotonic() + 60 * asked.minutes
    chances = [random.Random(asked.seed + number) for number in range(CLIENTS)]  # noqa: S311 (no secret)
    killer = WorkerKiller(service, asked.seed)
    killing = asyncio.create_task(killer.run(asked.every))
    try:
        await asyncio.gather(
            *(talk(service, tally, chance, until, asked.sentences) for chance in chances)
        )
    finally:
        killing.cancel()
        print(f"{killer.killed} workers killed; {tally}", flush=True)
    judge(tally)


def judge(tally: Tally) -> None:
    """Check that every utterance was answered once and right.

    Raises:
        BrokenPromiseError: one was not.

    """
    if tally.lost or tally.doubled or tally.other:
        raise BrokenPromiseError("Not every utterance was answered once and right.")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=float, default=30, help="seconds between two deaths")
    parser.add_argument("--sentences", type=int, default=8, help="sentences of a session")
    parser.add_argument("--seed", type=int, default=0)


def run(asked: argparse.Namespace) -> int:
    """Run a server, talk and kill; return the exit code."""
    return kept(lambda service: talk_through_kills(service, asked))

"""Kills servers in mid-sentence, again and again: `hwaja bench soak roaming --rounds 40`.

Four clients talk in real time, each with the addresses of both servers. In each round the server
that has clients is killed (SIGKILL) while they talk, and starts again before the next round. Every
sentence must arrive exactly once, with its speaker, and ids and times must go on.
"""

import argparse
import asyncio
import random
import secrets
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from hwaja.models.conversion.tones import write_tone_model
from hwaja_bench.conversations.scripts import tones
from hwaja_bench.conversations.talking import Report, Talker, talking
from hwaja_bench.nodes import Node

CLIENTS = 4
TALK_SECONDS = (2.0, 6.0)
"""Time between the moment that both servers run and the next kill."""


async def roam(nodes: Sequence[Node], rounds: int, chance: random.Random) -> Report:
    """Let the clients talk while servers are killed; return what arrived."""
    report = Report()
    urls = [node.url for node in nodes]
    turned = [urls, urls[::-1]]
    talkers = [Talker(tones(number), turned[number % 2], report) for number in range(CLIENTS)]
    for node in nodes:
        node.start()
    for node in nodes:
        await node.ready()
    async with talking(talkers, report):
        for _ in range(rounds):
            await asyncio.sleep(chance.uniform(*TALK_SECONDS))
            fullest = max(nodes, key=lambda node: node.sessions)
            report.struck_at = time.monotonic()
            await asyncio.to_thread(fullest.kill)
            fullest.start()
            await fullest.ready()
    return report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)


def run(asked: argparse.Namespace) -> int:
    """Kill servers while clients talk; return the exit code."""
    chance = random.Random(asked.seed)  # noqa: S311 (no secret)
    with TemporaryDirectory() as folder, ExitStack() as stack:
        root = Path(folder)
        model, keys = root / "model", root / "ticket-keys"
        model.mkdir()
        write_tone_model(model)
        keys.write_text(secrets.token_hex(32), encoding="ascii")
        keys.chmod(0o600)
        options = ("--asr-model", str(model), "--ticket-key-file", str(keys))
        nodes = [Node(root / name, *options) for name in ("one", "other")]
        for node in nodes:
            stack.callback(node.kill, signal.SIGTERM)
        report = asyncio.run(roam(nodes, asked.rounds, chance))
    print(f"{asked.rounds} servers killed under {CLIENTS} clients, {report}")
    return 1 if report.faults or not report.losses else 0

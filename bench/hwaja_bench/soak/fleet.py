"""Strikes the nodes of a fleet while clients talk: `hwaja bench soak fleet --minutes 15`.

Nodes behind HAProxy, one address for all clients, which talk in real time. The node with the most
clients is struck again and again: killed, frozen, or cut off. At last, all nodes are replaced
one after the other, as in an upgrade. Every sentence must arrive exactly once, with its speaker.

With `--speech FOLDER`, the nodes run the default model, and the clients say real lines. Before the
first strike, each client has one conversation in calm. Its error rate is there to compare with.
"""

import argparse
import asyncio
import signal
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

from hwaja.models.conversion.tones import write_tone_model
from hwaja_bench.arguments import positive
from hwaja_bench.balancer import VARIANTS
from hwaja_bench.conversations.scripts import SENTENCES, lines, tones
from hwaja_bench.conversations.talking import Report, Script, Talker, talking
from hwaja_bench.fleet import Fleet, fleet
from hwaja_bench.nodes import Node

FROZEN_SECONDS = 12.0
"""How long a node is frozen or cut off: HAProxy takes it for dead after some 4 s."""

KNOWN_SECONDS = 3.0
"""HAProxy trusts a new node after two checks in a row."""


PAIRS = ("pfc+pmd", "pfl+pmj", "pfo+pmd", "pfc+pfl")
"""Voices of emotiontts that nothing was chosen on; each client has one of these pairs."""


async def kill(node: Node) -> None:
    """End a node at once, and start it again."""
    await asyncio.to_thread(node.kill)
    node.start()
    await node.ready()


async def freeze(node: Node) -> None:
    """Stop a node without closing its connections, and let it go on later."""
    node.send(signal.SIGSTOP)
    await asyncio.sleep(FROZEN_SECONDS)
    node.send(signal.SIGCONT)


async def replace(node: Node) -> None:
    """Tell a node to leave, and start it again when it has left."""
    await asyncio.to_thread(node.kill, signal.SIGTERM)
    node.start()
    await node.ready()


async def cut_off(node: Node) -> None:
    """Pull the cable of a node, and plug it in again later."""
    assert node.cable is not None
    node.cable.pull()
    await asyncio.sleep(FROZEN_SECONDS)
    node.cable.plug()


STRIKES = {"kill": kill, "freeze": freeze, "cut": cut_off}


class Onlooker:
    """Prints what a part of the run did to the clients."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._losses, self._outages = 0, 0

    def tell(self, what: str) -> None:
        """Print the connections that were lost since the last call, and for how long."""
        outages = self._report.outage_seconds[self._outages :]
        longest = max(outages, default=0.0)
        print(
            f"{what}: {self._report.losses - self._losses} connections lost, back after "
            f"{longest:.2f} s at most; so far {self._report.tally}",
            flush=True,
        )
        self._losses, self._outages = self._report.losses, len(self._report.outage_seconds)


async def strike(nodes: Sequence[Node], report: Report, asked: argparse.Namespace) -> None:
    """Strike the node with the most clients every `every` seconds, none twice in a row."""
    onlooker, kinds = Onlooker(report), cycle(asked.strike)
    struck: Node | None = None  # one that was cut off still counts clients that have left it
    end = time.monotonic() + 60 * asked.minutes
    while time.monotonic() < end:
        next_at = time.monotonic() + asked.every
        others = [node for node in nodes if node is not struck] or nodes
        struck, kind = max(others, key=lambda node: node.sessions), next(kinds)
        report.struck_at = time.monotonic()
        await STRIKES[kind](struck)
        await asyncio.sleep(max(KNOWN_SECONDS, next_at - time.monotonic()))
        onlooker.tell(f"{kind} {struck.name}")


async def upgrade(nodes: Sequence[Node], report: Report) -> None:
    """Replace each node by a new one."""
    report.struck_at = None
    onlooker = Onlooker(report)
    onlooker.tell("before the upgrade")
    for node in nodes:
        await replace(node)
        await asyncio.sleep(KNOWN_SECONDS)
        onlooker.tell(f"replaced {node.name}")


def script(asked: argparse.Namespace, number: int) -> Script:
    """Return what a client says."""
    if asked.speech is None:
        return tones(number, asked.sentences)
    return lines(asked.speech, PAIRS[number % len(PAIRS)], asked.sentences)


def talkers(running: Fleet, asked: argparse.Namespace, report: Report) -> list[Talker]:
    """Return the clients, which know the address of the balancer only."""
    urls = [running.balancer.url]
    return [Talker(script(asked, number), urls, report) for number in range(asked.clients)]


async def talk_through(running: Fleet, asked: argparse.Namespace) -> Sequence[Report]:
    """Let the clients talk; return what arrived in calm, from struck nodes, and in the upgrade."""
    calm, struck, upgraded = Report(), Report(), Report()
    for node in running.nodes:
        node.start()
    for node in running.nodes:
        await node.ready()
    running.balancer.start()
    await asyncio.sleep(KNOWN_SECONDS)
    if asked.speech is not None:
        async with talking(talkers(running, asked, calm), calm):
            pass  # one conversation each
    async with talking(talkers(running, asked, struck), struck):
        await strike(running.nodes, struck, asked)
    for _ in range(asked.upgrades):
        async with talking(talkers(running, asked, upgraded), upgraded):
            await upgrade(running.nodes, upgraded)
    return calm, struck, upgraded


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--nodes", type=positive, default=4)
    parser.add_argument("--clients", type=positive, default=30)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--every", type=float, default=20, help="seconds between two strikes")
    parser.add_argument("--sentences", type=positive, default=SENTENCES, help="of a conversation")
    parser.add_argument("--speech", type=Path, help="the speech folder: real lines, not tones")
    parser.add_argument("--upgrades", type=int, default=1, help="replacements of all nodes")
    parser.add_argument("--strike", nargs="+", choices=STRIKES, default=["kill"])
    parser.add_argument("--variant", choices=VARIANTS, default=VARIANTS[0])


def run(asked: argparse.Namespace) -> int:
    """Strike nodes while clients talk, then replace all; return the exit code."""
    with TemporaryDirectory() as folder:
        options = ["--workers", "1", "--max-connections", "20"]
        if asked.speech is None:
            write_tone_model(Path(folder))
            options += ["--asr-model", folder]
        has_cables = "cut" in asked.strike
        with fleet(asked.nodes, *options, variant=asked.variant, has_cables=has_cables) as running:
            calm, struck, upgraded = asyncio.run(talk_through(running, asked))
    if asked.speech is not None:
        print(f"nothing struck: {calm}")
    print(f"{asked.nodes} nodes, {asked.clients} clients, struck every {asked.every} s: {struck}")
    if asked.upgrades:
        print(f"all nodes replaced: {upgraded}")
    return 1 if struck.faults + upgraded.faults or not struck.losses else 0

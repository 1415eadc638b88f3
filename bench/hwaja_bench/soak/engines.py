"""Kills engines on Ray, and their machines: `hwaja bench soak engines --minutes 10 --every 20`.

A Ray cluster of several nodes runs on this machine. Clients talk to a server with engines there. In
turns, an engine and a whole node are killed; another node takes the place of the latter. Every text
must arrive exactly once and be correct. Needs `hwaja[ray]`.
"""

import argparse
import asyncio
import random
import time
from itertools import cycle

from ray_cluster import RayCluster, ray_cluster

from hwaja_bench.conversations.tally import Tally
from hwaja_bench.promises import kept
from hwaja_bench.server import Service
from hwaja_bench.soak.deaths import judge, talk

NODES = 2
"""Nodes for engines. Each has room for one engine more than it should have: while one node is away,
the other one has room for all."""


class Killer:
    """Kills an engine and a node in turns."""

    def __init__(self, cluster: RayCluster, seed: int) -> None:
        self._cluster = cluster
        self._chance = random.Random(seed)  # noqa: S311 (no secret)
        self._nodes = [cluster.add_node(NODES) for _ in range(NODES)]
        self.engines, self.nodes = 0, 0
        """Number of what was killed."""

    async def run(self, every_seconds: float) -> None:
        """Kill one of them every `every_seconds` until cancelled."""
        for strike in cycle((self._kill_engine, self._kill_node)):
            await asyncio.sleep(every_seconds)
            await asyncio.to_thread(strike)

    def _kill_engine(self) -> None:
        if engines := self._cluster.engines:
            self._chance.choice(engines).kill()
            self.engines += 1

    def _kill_node(self) -> None:
        node = self._nodes.pop(self._chance.randrange(NODES))
        self._cluster.kill_node(node)
        self.nodes += 1
        self._nodes.append(self._cluster.add_node(NODES))


async def talk_through_kills(service: Service, killer: Killer, asked: argparse.Namespace) -> None:
    """Run sessions while engines and nodes are killed.

    Raises:
        BrokenPromiseError: where a text was lost, arrived twice, or is wrong.

    """
    tally, until = Tally(), time.monotonic() + 60 * asked.minutes
    chances = [random.Random(asked.seed + number) for number in range(asked.clients)]  # noqa: S311
    killing = asyncio.create_task(killer.run(asked.every))
    try:
        await asyncio.gather(
            *(talk(service, tally, chance, until, asked.sentences) for chance in chances)
        )
    finally:
        if killing.done():  # it has failed
            killing.result()
        killing.cancel()
        print(f"{killer.engines} engines and {killer.nodes} nodes killed; {tally}", flush=True)
    judge(tally)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--every", type=float, default=20, help="seconds between two deaths")
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--sentences", type=int, default=8, help="sentences of a session")
    parser.add_argument("--seed", type=int, default=0)


def run(asked: argparse.Namespace) -> int:
    """Run a cluster and a server, talk and kill; return the exit code."""
    engines = ("--min-engines", str(NODES), "--max-engines", str(NODES))
    with ray_cluster() as cluster:
        killer = Killer(cluster, asked.seed)
        return kept(
            lambda service: talk_through_kills(service, killer, asked),
            *("--engines", "ray", "--ray-address", cluster.address, *engines),
        )

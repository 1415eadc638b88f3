"""How a balancer chooses a node for a connection."""

import random
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Choose = Callable[["View", int], int | None]


class View:
    """What the balancer knows of the nodes. Its checks find out later than the nodes do."""

    def __init__(self, nodes: int, slow_start_seconds: float, chance: random.Random) -> None:
        self.connections: NDArray[np.float64] = np.zeros(nodes)
        self.ready: NDArray[np.bool_] = np.ones(nodes, bool)
        self.ready_from: NDArray[np.float64] = np.full(nodes, -np.inf)
        self.now = 0.0
        self._slow_start_seconds = slow_start_seconds
        self._chance = chance

    def least_connections(self, address: int) -> int | None:
        """Return the node with the fewest connections; one that has just come back counts more."""
        del address
        if not self.ready.any():
            return None
        weight = np.clip((self.now - self.ready_from) / self._slow_start_seconds, 0.05, 1)
        return int(np.where(self.ready, (self.connections + 1) / weight, np.inf).argmin())

    def random(self, address: int) -> int | None:
        """Return any node."""
        del address
        found = np.flatnonzero(self.ready)
        return int(found[self._chance.randrange(len(found))]) if len(found) else None

    def by_address(self, address: int) -> int | None:
        """Return the node of an address. All have others when a node goes or comes.

        So does HAProxy with `balance source`.
        """
        found = np.flatnonzero(self.ready)
        scattered = (address * 2654435761) % 2**32
        return int(found[scattered * len(found) >> 32]) if len(found) else None


POLICIES: dict[str, Choose] = {
    "leastconn": View.least_connections,
    "random": View.random,
    "hash": View.by_address,
}

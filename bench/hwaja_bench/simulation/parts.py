"""The queue of a node, and a conversation."""

from dataclasses import dataclass, field
from heapq import heapreplace

from hwaja_bench.simulation.assumptions import Machine


class Node:
    """A node: workers that take one utterance after the other, in the order of their ends."""

    def __init__(self, number: int, machine: Machine) -> None:
        self.number = number
        self._machine = machine
        self._free_at = [0.0] * machine.workers
        self.sessions: set[int] = set()
        self.is_alive = True
        self.is_leaving = False
        self.is_refusing = False
        self.is_overloaded = False
        self.alive_from: float | None = None
        """When it began again; None: it never did."""

    def begin(self, now: float) -> None:
        """Start again, without clients."""
        self._free_at = [now] * self._machine.workers
        self.is_alive = True
        self.is_leaving = self.is_refusing = self.is_overloaded = False
        self.alive_from = now

    def lag_seconds(self, now: float) -> float:
        """Return how long an utterance that ends now would wait for a worker."""
        return max(self._free_at[0] - now, 0.0)

    def look(self, now: float) -> None:
        """Notice an overload, and its end."""
        most = self._machine.overload_seconds
        self.is_overloaded = self.lag_seconds(now) > (most / 2 if self.is_overloaded else most)

    @property
    def takes_clients(self) -> bool:
        """Whether a new client is served."""
        return (
            self.is_alive
            and not self.is_refusing
            and not self.is_overloaded
            and len(self.sessions) < self._machine.slots
        )

    @property
    def is_ready(self) -> bool:
        """What the node tells the balancer. One that leaves still takes clients for a moment."""
        return self.takes_clients and not self.is_leaving

    def answer_at(self, earliest: float, due: float, jobs: tuple[float, float, float]) -> float:
        """Return when an utterance is answered.

        Args:
            earliest: when an idle worker may begin.
            due: when it is certain that the utterance has ended.
            jobs: as `Speech.jobs` returns them. No answer waits for the last one.

        """
        text, voices, _ = (self._work(earliest, each) for each in jobs)
        return max(text, voices, due)

    def _work(self, earliest: float, cost_seconds: float) -> float:
        done = max(self._free_at[0], earliest) + cost_seconds
        heapreplace(self._free_at, done)
        return done


@dataclass(slots=True)
class Utterance:
    """What was said, until the client has its answer."""

    ended_at: float
    jobs: tuple[float, float, float]
    answered_at: float


@dataclass(slots=True)
class Conversation:
    """A client from its arrival to its end."""

    address: int
    ends_at: float
    cost: float
    """Seconds of a worker for a second of its stream."""
    node: Node | None = None
    is_heard: bool = False
    """Whether its node answers. One that it has just found has to restore the voices first."""
    lost_at: float = 0.0
    """When it lost its node."""
    attempts: int = 0
    open: list[Utterance] = field(default_factory=list)

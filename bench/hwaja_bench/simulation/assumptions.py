"""What a simulated fleet is made of. Each figure is measured, or marked as assumed.

The sections that are named are those of bench/RESULTS.md.
"""

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Speech:
    """How people talk, and what that costs."""

    utterance_seconds: float = 3.5
    """Mean length: 35 in 150 s, with the pauses (the trace of "A fleet that is simulated")."""
    spread: float = 0.48
    """Standard deviation of the logarithm of the length, of the same trace."""
    pause_seconds: float = 0.8
    """Mean pause between two utterances. It is longer than the hang-over; the rest is exponential,
    which is assumed."""
    cost: float = 0.106
    """Processor seconds of a worker for a second of a stream, of the same trace."""
    turn_cost: float = 0.246
    """The same where the voices take turns each second ("Sessions that cost much")."""
    turn_share: float = 0.0
    """Share of conversations that cost so much. Assumed."""
    text_share: float = 0.76
    """Of the cost: the texts, of the same trace."""
    text_fixed: float = 0.41
    """Of the cost of a text: what does not depend on the length, of the same trace."""
    voice_share: float = 0.11
    """Of the cost: the voices, a job of their own. The rest is the watch for turns, for which no
    answer waits."""
    hangover_seconds: float = 0.5
    """Pause that ends an utterance (`--hangover-seconds`)."""
    early_seconds: float = 0.19
    """Pause after which an idle worker begins."""
    chunk_seconds: float = 0.256
    """Length of a message: 4096 samples. An answer waits for half of one on average."""

    @property
    def load(self) -> float:
        """Share of a worker that a conversation takes on average."""
        return self.cost + self.turn_share * (self.turn_cost - self.cost)

    @property
    def cycle_seconds(self) -> float:
        """Mean time from one utterance to the next."""
        return self.utterance_seconds + self.pause_seconds

    def jobs(self, cost: float, seconds: float) -> tuple[float, float, float]:
        """Return the processor time of an utterance: its text, its voices, the watch for turns.

        Args:
            cost: of a second of this stream.
            seconds: length of the utterance.

        """
        usual, relative = cost * self.cycle_seconds, seconds / self.utterance_seconds
        text = self.text_share * (self.text_fixed + (1 - self.text_fixed) * relative)
        watch = (1 - self.text_share - self.voice_share) * relative
        return usual * text, usual * self.voice_share * relative, usual * watch


@dataclass(frozen=True)
class Machine:
    """A node."""

    workers: int = 4
    slots: int = 32
    """`--max-connections`."""
    start_seconds: float = 2.7
    """Until it serves ("Start-up")."""
    overload_seconds: float = 6.0
    """Lag from which it takes no new clients, until it is half of that (docs/operations.md)."""
    notice_seconds: float = 3.0
    """Between saying that it leaves and sending its clients away (`NOTICE_SECONDS`)."""


@dataclass(frozen=True)
class Network:
    """Balancer and clients."""

    policy: str = "leastconn"
    """One of `balancing.POLICIES`."""
    check_seconds: float = 1.0
    """HAProxy asks each node so often (deploy/haproxy)."""
    rise_checks: int = 2
    """So many answers in a row make a node ready again."""
    dead_seconds: float = 4.0
    """Until a node that does not answer is taken for dead."""
    slow_start_seconds: float = 20.0
    """Time in which a node that has come back gets its full weight."""
    first_delay_seconds: float = 0.25
    """Longest delay before the first attempt to come back (`BackOff`)."""
    longest_delay_seconds: float = 8.0
    """Longest delay before a later one."""
    patience_seconds: float = 60.0
    """After so long, a client gives up to come back."""
    restore_seconds: float = 0.05
    """Connection, TLS and voices at another node: of an outage of 0.24 s ("A fleet that is
    simulated", nodes killed, at the median), what is left without the delay before the attempt."""
    clients_per_address: float = 3.0
    """Mean number of clients behind one address, by which `hash` chooses. Assumed."""


@dataclass(frozen=True)
class Blow:
    """Something happens to nodes."""

    at_seconds: float
    kind: str
    """`kill`: the process ends, and starts again. `cut`: the machine is gone. `leave`: SIGTERM,
    and a new process."""
    nodes: tuple[int, ...]
    away_seconds: float = 0.0
    """Of `cut`: until the machine is back."""


@dataclass(frozen=True)
class Day:
    """When conversations begin: few, then a morning peak."""

    peak: float
    """Expected conversations at the same time at the peak."""
    base: float = 0.3
    """Share of it before. Assumed."""
    ramp_from_seconds: float = 300.0
    ramp_seconds: float = 600.0
    """Within which they rise to the peak. Assumed."""
    mean_seconds: float = 600.0
    """Mean length of a conversation, exponential. Assumed."""
    longest_seconds: float = 1800.0
    """`--max-session-seconds`."""
    end_seconds: float = 1500.0

    @property
    def peak_from_seconds(self) -> float:
        """When the peak is reached."""
        return self.ramp_from_seconds + self.ramp_seconds

    @property
    def expected_seconds(self) -> float:
        """Mean length of a conversation that is cut off at the longest."""
        return self.mean_seconds * (1 - math.exp(-self.longest_seconds / self.mean_seconds))

    def rate(self, at_seconds: float) -> float:
        """Return how many conversations begin in a second, so that so many go on at once."""
        into_ramp = (at_seconds - self.ramp_from_seconds) / self.ramp_seconds
        risen = min(max(into_ramp, 0), 1)
        wanted = self.peak * (self.base + (1 - self.base) * risen)
        is_rising = 0 < into_ramp < 1
        growth = self.peak * (1 - self.base) / self.ramp_seconds if is_rising else 0.0
        return wanted / self.expected_seconds + growth


@dataclass(frozen=True)
class Plan:
    """One run."""

    nodes: int
    day: Day
    blows: tuple[Blow, ...] = ()
    speech: Speech = field(default_factory=Speech)
    machine: Machine = field(default_factory=Machine)
    network: Network = field(default_factory=Network)
    seed: int = 0


def rolling_upgrade(
    nodes: int, at_seconds: float, at_once: int, every_seconds: float
) -> tuple[Blow, ...]:
    """Return the replacement of all nodes, so many at a time."""
    groups = range(0, nodes, at_once)
    return tuple(
        Blow(at_seconds + k * every_seconds, "leave", tuple(range(at, min(at + at_once, nodes))))
        for k, at in enumerate(groups)
    )

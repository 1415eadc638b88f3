"""Simulates a fleet in a morning peak, with failures and an upgrade.

hwaja bench experiment fleet_simulation --conversations 10000 --nodes 500

First, what was measured of single servers and of a small fleet, to see whether the simulation
agrees. Then, how many nodes a peak with trouble needs, for each way to choose a node. At last, a
peak without and with trouble. `simulation/assumptions.py` has every assumption.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hwaja_bench.arguments import positive
from hwaja_bench.simulation.assumptions import (
    Blow,
    Day,
    Machine,
    Network,
    Plan,
    Speech,
    rolling_upgrade,
)
from hwaja_bench.simulation.balancing import POLICIES
from hwaja_bench.simulation.fleet import Outcome, Simulation

CUT_SHARE = 0.05
"""Share of the nodes that fail together in the peak: a rack, or a zone."""
CUT_SECONDS = 300.0
KILL_EVERY_SECONDS = 30.0
"""A process of some node dies so often."""
UPGRADE_SHARE = 0.04
"""Share of the nodes that an upgrade replaces at a time."""
UPGRADE_EVERY_SECONDS = 20.0

MOST_REFUSED = 0.001
MOST_P99_SECONDS = 2.0
"""What is asked of the number of nodes."""


@dataclass(frozen=True)
class Measured:
    """A server with clients that talk without an end, and what was measured there."""

    clients: int
    cost: float
    p50_seconds: float
    p95_seconds: float
    p99_seconds: float | None


MEASURED = (
    Measured(1, 0.1034, 0.71, 0.91, None),
    Measured(10, 0.1034, 0.71, 1.17, 1.36),
    Measured(18, 0.0931, 0.80, 1.43, 1.72),
)
"""2 workers: "Accuracy and delay over the wire" and "Ten clients that talk at once"."""

END_SECONDS = 0.07
"""By how much the end of an utterance is later than that of its words (median of 40)."""

FLEET_SECONDS = (0.56 + END_SECONDS, 0.72 + END_SECONDS, 0.22, 0.33)
"""Delay p50 and p95, outage p50 and p95, of 12 clients while 4 nodes with the tone model were
replaced one after the other: `hwaja bench soak fleet --clients 12 --minutes 2 --upgrades 2`."""
FLEET_RUNS = 10


def server(measured: Measured, seed: int) -> Outcome:
    """Simulate a server whose delays were measured."""
    day = _steady(measured.clients, 3600.0)
    machine = Machine(workers=2, slots=measured.clients)
    speech = Speech(cost=measured.cost)
    return Simulation(Plan(1, day, speech=speech, machine=machine, seed=seed)).run()


def replaced_fleet(seed: int) -> Outcome:
    """Simulate the fleet whose delays and outages were measured, several times."""
    day = _steady(12, 180.0)
    # Sentences of 4 to 8 tones, a second between them. The cost was measured in that run.
    speech = Speech(utterance_seconds=3.6, spread=0.25, pause_seconds=1.0, cost=0.036)
    blows = rolling_upgrade(4, 20.0, 1, 40.0)
    whole = Outcome()
    for k in range(FLEET_RUNS):
        machine = Machine(workers=1, slots=20)
        found = Simulation(Plan(4, day, blows, speech, machine, seed=seed + k)).run()
        whole.delay_seconds.extend(found.delay_seconds)
        whole.outage_seconds.extend(found.outage_seconds)
        whole.refused += found.refused
    return whole


def _steady(clients: int, seconds: float) -> Day:
    """Return a day with so many clients from its beginning to its end."""
    return Day(
        peak=clients,
        base=1.0,
        ramp_from_seconds=0.0,
        ramp_seconds=1.0,
        mean_seconds=1e9,
        longest_seconds=1e8,
        end_seconds=seconds,
    )


def trouble(nodes: int, day: Day) -> tuple[Blow, ...]:
    """Return a rack that fails, processes that die, and an upgrade of all nodes; in the peak."""
    begins = day.peak_from_seconds + 60
    ends = day.end_seconds - 60
    rack = tuple(range(nodes - max(1, round(CUT_SHARE * nodes)), nodes))
    kills = np.arange(begins, ends, KILL_EVERY_SECONDS)
    return (
        Blow(begins + 240, "cut", rack, CUT_SECONDS),
        *(Blow(at, "kill", (k * 7919 % nodes,)) for k, at in enumerate(kills)),
        *rolling_upgrade(
            nodes, begins, max(1, round(UPGRADE_SHARE * nodes)), UPGRADE_EVERY_SECONDS
        ),
    )


def plan_of(nodes: int, peak: int, policy: str, seed: int, *, has_trouble: bool) -> Plan:
    day = Day(peak)
    blows = trouble(nodes, day) if has_trouble else ()
    return Plan(nodes, day, blows, network=Network(policy), seed=seed)


def suffices(found: Outcome) -> bool:
    """Return whether clients were served as they should."""
    return (
        found.refused <= MOST_REFUSED * found.begun
        and not found.given_up
        and float(np.percentile(found.delay_seconds, 99)) <= MOST_P99_SECONDS
    )


def fewest_nodes(peak: int, policy: str, seed: int) -> int:
    """Return the smallest fleet that suffices in trouble, by halves."""
    plan = plan_of(1, peak, policy, seed, has_trouble=False)
    too_few = int(peak * plan.speech.load / plan.machine.workers)
    enough = 4 * too_few
    while enough - too_few > 1:
        nodes = (too_few + enough) // 2
        found = Simulation(plan_of(nodes, peak, policy, seed, has_trouble=True)).run()
        if suffices(found):
            enough = nodes
        else:
            too_few = nodes
    return enough


def row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def times(seconds: Sequence[float], *percentiles: float) -> str:
    """Return percentiles of times as text."""
    if not seconds:
        return "-"
    return ", ".join(f"{each:.2f}" for each in np.percentile(seconds, percentiles)) + " s"


def checks(seed: int) -> Iterator[str]:
    yield row("clients on 2 workers", "delay p50, p95, p99, measured", "simulated")
    yield row(*["---"] * 3)
    for each in MEASURED:
        asked = [each.p50_seconds, each.p95_seconds, each.p99_seconds]
        told = ", ".join("-" if one is None else f"{one:.2f}" for one in asked)
        yield row(each.clients, f"{told} s", times(server(each, seed).delay_seconds, 50, 95, 99))
    yield ""
    yield row("12 clients, 4 nodes replaced", "measured", "simulated")
    yield row(*["---"] * 3)
    found = replaced_fleet(seed)
    p50, p95, away_p50, away_p95 = FLEET_SECONDS
    yield row("delay p50, p95", f"{p50:.2f}, {p95:.2f} s", times(found.delay_seconds, 50, 95))
    yield row("outage p50, p95", f"{away_p50}, {away_p95} s", times(found.outage_seconds, 50, 95))
    yield row("refused", 0, found.refused)


def peaks(asked: argparse.Namespace) -> Iterator[str]:
    yield row(
        "",
        "conversations, at once at most",
        "refused",
        "given up",
        "delay in the peak, p50, p95, p99",
        "nodes lost, back after, p50, p95",
    )
    yield row(*["---"] * 6)
    for has_trouble in (False, True):
        for policy in POLICIES:
            plan = plan_of(
                asked.nodes, asked.conversations, policy, asked.seed, has_trouble=has_trouble
            )
            found = Simulation(plan).run()
            yield row(
                f"{policy}, {'trouble' if has_trouble else 'calm'}",
                f"{found.begun}, {found.most_at_once}",
                found.refused,
                found.given_up,
                times(found.delay_seconds, 50, 95, 99),
                f"{len(found.outage_seconds)}, {times(found.outage_seconds, 50, 95)}",
            )


def sizes(asked: argparse.Namespace) -> Iterator[str]:
    yield row("", f"nodes for {asked.search} conversations", "conversations for each node")
    yield row(*["---"] * 3)
    for policy in POLICIES:
        nodes = fewest_nodes(asked.search, policy, asked.seed)
        yield row(policy, nodes, f"{asked.search / nodes:.1f}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--conversations", type=positive, default=10_000, help="at the peak")
    parser.add_argument("--nodes", type=positive, default=500)
    parser.add_argument(
        "--search", type=positive, default=1_000, help="conversations to find the nodes for"
    )
    parser.add_argument("--seed", type=int, default=0)


def run(asked: argparse.Namespace) -> None:
    for lines in (checks(asked.seed), sizes(asked), peaks(asked)):
        for line in lines:
            print(line, flush=True)
        print()

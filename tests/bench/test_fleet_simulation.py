"""The simulated fleet: nobody disappears, and the same seed gives the same day."""

from dataclasses import replace

import numpy as np
import pytest

from hwaja_bench.experiments.fleet_simulation import MEASURED, Measured, server, trouble
from hwaja_bench.simulation.assumptions import Blow, Day, Machine, Network, Plan, rolling_upgrade
from hwaja_bench.simulation.balancing import POLICIES
from hwaja_bench.simulation.fleet import Outcome, Simulation

DAY = Day(peak=60, ramp_from_seconds=60, ramp_seconds=120, mean_seconds=120, end_seconds=600)
NODES = 4


def outcome(nodes: int = NODES, **changes: object) -> Outcome:
    return Simulation(replace(Plan(nodes, DAY), **changes)).run()


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("nodes", [1, NODES], ids=["too few", "enough"])
@pytest.mark.parametrize("has_trouble", [False, True], ids=["calm", "trouble"])
def test_every_conversation_and_utterance_is_accounted_for(
    policy: str, nodes: int, has_trouble: bool
) -> None:
    blows = trouble(nodes, DAY) if has_trouble else ()
    found = outcome(nodes, blows=blows, network=Network(policy))
    ended = found.served + found.refused + found.given_up + found.unfinished
    assert found.begun == ended
    assert found.spoken == found.answered + found.unanswered
    assert found.begun > 100
    assert found.refused or nodes > 1


def test_the_same_seed_gives_the_same_day() -> None:
    blows = trouble(NODES, DAY)
    day = outcome(blows=blows)
    assert day == outcome(blows=blows)
    assert day != outcome(blows=blows, seed=1)


@pytest.mark.parametrize("other", [name for name in POLICIES if name != "leastconn"])
def test_the_fewest_connections_are_never_a_worse_choice(other: str) -> None:
    """On nodes that take anybody, so that nobody is refused."""
    day, machine = replace(DAY, peak=150), Machine(slots=150, overload_seconds=60)

    def p95(policy: str) -> float:
        found = outcome(6, day=day, machine=machine, network=Network(policy))
        assert not found.refused
        return float(np.percentile(found.delay_seconds, 95))

    assert p95("leastconn") < p95(other)


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [("kill", 0.15, 0.35), ("cut", 4.15, 4.35)],
    ids=["a process ends", "a machine is gone"],
)
def test_clients_of_a_node_that_fails_go_on_elsewhere(kind: str, least: float, most: float) -> None:
    """The balancer notices at once that a process ended, and after some seconds that a machine is
    gone."""
    found = outcome(blows=(Blow(400, kind, (0,), away_seconds=60),))
    assert 8 < len(found.outage_seconds) < 25  # of some 60 on 4 nodes
    assert not found.given_up
    assert least < min(found.outage_seconds) <= max(found.outage_seconds) < most


def test_an_upgrade_moves_every_client_and_loses_none() -> None:
    found = outcome(blows=rolling_upgrade(NODES, 300, at_once=1, every_seconds=40))
    assert len(found.outage_seconds) > DAY.peak / 2
    assert max(found.outage_seconds) < 1
    assert not found.given_up + found.refused


def test_an_upgrade_refuses_nobody_whichever_node_is_chosen() -> None:
    """A node that leaves takes clients until the balancer knows."""
    blows = rolling_upgrade(8, 100, at_once=1, every_seconds=10)
    assert not outcome(8, blows=blows, network=Network("random")).refused


def test_a_fleet_that_is_gone_refuses_newcomers_and_loses_its_clients() -> None:
    everything = Blow(300, "cut", tuple(range(NODES)), away_seconds=200)
    found = outcome(blows=(everything,))
    assert found.refused > 20
    assert found.given_up > 20


def test_dear_conversations_need_more_of_a_node() -> None:
    speech = Plan(NODES, DAY).speech
    dear = replace(speech, turn_share=0.5)
    assert dear.load > 1.5 * speech.load
    usual, slow = outcome(3), outcome(3, speech=dear)
    assert np.percentile(slow.delay_seconds, 95) > np.percentile(usual.delay_seconds, 95)


def test_an_overloaded_node_takes_no_new_clients() -> None:
    """Its slots alone would let all of them in."""
    found = outcome(1, machine=Machine(workers=4, slots=1000))
    assert found.refused
    assert found.most_at_once < DAY.peak


@pytest.mark.parametrize("measured", MEASURED, ids=lambda each: f"{each.clients} clients")
def test_the_simulation_agrees_with_what_was_measured(measured: Measured) -> None:
    """Within a tenth: bench/RESULTS.md has the figures of real servers."""
    delays = server(measured, seed=0).delay_seconds
    asked = {50: measured.p50_seconds, 95: measured.p95_seconds, 99: measured.p99_seconds}
    for percentile, seconds in asked.items():
        if seconds is not None:
            assert np.percentile(delays, percentile) == pytest.approx(seconds, rel=0.1)

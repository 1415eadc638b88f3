"""The clock of a simulated fleet: what happens, in the order of time."""

import math
import random
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Any

from hwaja_bench.simulation.assumptions import Blow, Plan
from hwaja_bench.simulation.balancing import POLICIES, View
from hwaja_bench.simulation.parts import Conversation, Node, Utterance

REDISPATCHES = 3
"""How often a balancer tries another node where one refuses the connection (`retries`)."""


@dataclass
class Outcome:
    """What clients saw."""

    begun: int = 0
    served: int = 0
    """Conversations that came to their end."""
    refused: int = 0
    """Clients that got no place when they came."""
    given_up: int = 0
    """Clients that lost their node and found no other one in time."""
    unfinished: int = 0
    """Conversations that went on when the simulation ended."""
    most_at_once: int = 0
    spoken: int = 0
    """Utterances."""
    answered: int = 0
    unanswered: int = 0
    """Utterances without an answer yet when their client gave up, or when the simulation ended."""
    delay_seconds: "array[float]" = field(default_factory=lambda: array("d"))
    """Of each answer to what was said in the peak: from the end of speech."""
    outage_seconds: "array[float]" = field(default_factory=lambda: array("d"))
    """Of each client that lost its node: until it could go on."""


class Simulation:
    """A fleet, its balancer and its clients. Run it once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._chance = random.Random(plan.seed)  # noqa: S311 (no secret)
        network = plan.network
        self._nodes = [Node(k, plan.machine) for k in range(plan.nodes)]
        self._view = View(plan.nodes, network.slow_start_seconds, self._chance)
        self._choose = POLICIES[network.policy]
        self._addresses = max(1, round(plan.day.peak / network.clients_per_address))
        self._clients: dict[int, Conversation] = {}
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = count()
        self._numbers = count()
        self._now = 0.0
        self._peak_from = plan.day.peak_from_seconds
        speech = plan.speech
        self._log_mean = math.log(speech.utterance_seconds) - speech.spread**2 / 2
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """Simulate until the end of the day."""
        day = self._plan.day
        for _ in range(round(day.rate(0) * day.expected_seconds)):
            self._arrive()  # those that began before; an exponential length has no memory
        self._after(self._until_next(), self._arrive_and_go_on)
        self._after(0.0, self._check)
        for blow in self._plan.blows:
            self._at(blow.at_seconds, self._strike, blow)
        while self._events and self._events[0][0] <= day.end_seconds:
            self._now, _, happen, about = heappop(self._events)
            happen(*about)
        self._now = day.end_seconds
        for client in self._clients.values():
            self._settle(client)
            self.outcome.unanswered += len(client.open)
        self.outcome.unfinished = len(self._clients)
        return self.outcome

    def _at(self, at_seconds: float, happen: Callable[..., None], *about: Any) -> None:
        heappush(self._events, (at_seconds, next(self._order), happen, about))

    def _after(self, seconds: float, happen: Callable[..., None], *about: Any) -> None:
        self._at(self._now + seconds, happen, *about)

    # Clients ----------------------------------------------------------------------------------

    def _until_next(self) -> float:
        return self._chance.expovariate(self._plan.day.rate(self._now))

    def _arrive_and_go_on(self) -> None:
        self._arrive()
        self._after(self._until_next(), self._arrive_and_go_on)

    def _arrive(self) -> None:
        speech, day = self._plan.speech, self._plan.day
        length = min(self._chance.expovariate(1 / day.mean_seconds), day.longest_seconds)
        is_dear = self._chance.random() < speech.turn_share
        cost = speech.turn_cost if is_dear else speech.cost
        client = Conversation(self._chance.randrange(self._addresses), self._now + length, cost)
        self.outcome.begun += 1
        if not self._connect(client):
            self.outcome.refused += 1
            return
        number = next(self._numbers)
        self._clients[number] = client
        assert client.node is not None
        client.node.sessions.add(number)
        client.is_heard = True
        self.outcome.most_at_once = max(self.outcome.most_at_once, len(self._clients))
        self._speak_next(number, self._chance.random())

    def _connect(self, client: Conversation) -> bool:
        """Find a node for a client, as the balancer does; return whether the node took it."""
        view = self._view
        view.now = self._now
        for _ in range(1 + REDISPATCHES):
            chosen = self._choose(view, client.address)
            if chosen is None:
                return False
            node = self._nodes[chosen]
            if node.is_alive:
                if not node.takes_clients:
                    return False
                client.node = node
                view.connections[chosen] += 1
                return True
            view.ready[chosen] = False  # it refused the connection
        return False

    def _speak_next(self, number: int, part: float = 1.0) -> None:
        speech = self._plan.speech
        length = self._chance.lognormvariate(self._log_mean, speech.spread)
        least = min(speech.hangover_seconds, speech.pause_seconds)
        pause = least + self._chance.expovariate(1) * (speech.pause_seconds - least)
        ends_after = (pause + length) * part
        if self._now + ends_after < self._clients[number].ends_at:
            self._after(ends_after, self._spoken, number, length)
        else:
            self._at(max(self._clients[number].ends_at, self._now), self._leave, number)

    def _spoken(self, number: int, length: float) -> None:
        client = self._clients.get(number)
        if client is None:
            return
        self.outcome.spoken += 1
        self._settle(client)
        speech = self._plan.speech
        utterance = Utterance(self._now, speech.jobs(client.cost, length), math.inf)
        client.open.append(utterance)
        if client.node is not None and client.is_heard:
            heard = self._now + self._chance.random() * speech.chunk_seconds
            due = heard + speech.hangover_seconds
            early = heard + speech.early_seconds
            utterance.answered_at = client.node.answer_at(early, due, utterance.jobs)
        self._speak_next(number)

    def _settle(self, client: Conversation) -> None:
        """Count the answers that have come."""
        while client.open and client.open[0].answered_at <= self._now:
            answered = client.open.pop(0)
            self.outcome.answered += 1
            if answered.ended_at >= self._peak_from:
                self.outcome.delay_seconds.append(answered.answered_at - answered.ended_at)

    def _leave(self, number: int) -> None:
        client = self._clients.get(number)
        if client is None:
            return
        self._settle(client)
        if client.open:  # it waits for its last answer, or for a node
            last = max(each.answered_at for each in client.open)
            self._at(last if last < math.inf else self._now + 1, self._leave, number)
            return
        self.outcome.served += 1
        self._forget(number, client)

    def _forget(self, number: int, client: Conversation) -> None:
        del self._clients[number]
        if client.node is not None:
            client.node.sessions.discard(number)
            self._view.connections[client.node.number] -= 1

    # Nodes ------------------------------------------------------------------------------------

    def _check(self) -> None:
        """Let the balancer ask every node."""
        network, view = self._plan.network, self._view
        risen_after = network.rise_checks * network.check_seconds
        for node in self._nodes:
            node.look(self._now)
            if node.alive_from is not None:
                view.ready_from[node.number] = node.alive_from + risen_after
            has_risen = self._now >= view.ready_from[node.number]
            view.ready[node.number] = node.is_ready and has_risen
        self._after(network.check_seconds, self._check)

    def _strike(self, blow: Blow) -> None:
        for node in (self._nodes[number] for number in blow.nodes):
            if not node.is_alive:
                continue
            if blow.kind == "leave":
                node.is_leaving = True
                self._after(self._plan.machine.notice_seconds, self._send_away, node)
            else:
                self._end(node, blow)

    def _end(self, node: Node, blow: Blow) -> None:
        """End a process or a machine at once."""
        node.is_alive = False
        is_cut = blow.kind == "cut"
        noticed = self._plan.network.dead_seconds if is_cut else 0.0
        for client in tuple(node.sessions):
            self._lose(client, noticed)
        back = blow.away_seconds if is_cut else self._plan.machine.start_seconds
        self._after(max(back, noticed), self._start, node)

    def _start(self, node: Node) -> None:
        node.begin(self._now)

    def _send_away(self, node: Node) -> None:
        """Part with the clients of a node that leaves: each gets its answers first."""
        if not node.is_leaving:
            return  # it has died meanwhile
        node.is_refusing = True
        leaves = [self._part(number, node) for number in tuple(node.sessions)]
        self._at(max(leaves, default=self._now), self._replace, node)

    def _part(self, number: int, node: Node) -> float:
        """Let a client go when it has its answers; return when that is."""
        last = max((each.answered_at for each in self._clients[number].open), default=self._now)
        at = max(last, self._now)
        if at == math.inf:
            at = self._now  # it has just come, and restores its voices
        self._at(at, self._go, number, node)
        return at

    def _go(self, number: int, node: Node) -> None:
        client = self._clients.get(number)
        if client is not None and client.node is node:
            self._lose(number, 0.0)

    def _replace(self, node: Node) -> None:
        if node.is_leaving and node.is_alive:
            node.is_alive = False
            self._after(self._plan.machine.start_seconds, self._start, node)

    def _lose(self, number: int, noticed_seconds: float) -> None:
        """Take a client's node away. It comes back when it has noticed."""
        client = self._clients[number]
        self._settle(client)
        assert client.node is not None
        client.node.sessions.discard(number)
        self._view.connections[client.node.number] -= 1
        client.node, client.is_heard = None, False
        client.lost_at, client.attempts = self._now, 0
        for utterance in client.open:
            utterance.answered_at = math.inf
        self._after(noticed_seconds + self._delay(client), self._come_back, number)

    def _delay(self, client: Conversation) -> float:
        network = self._plan.network
        longest = network.first_delay_seconds * 2.0**client.attempts
        client.attempts += 1
        return min(longest, network.longest_delay_seconds) * (0.5 + self._chance.random() / 2)

    def _come_back(self, number: int) -> None:
        client = self._clients.get(number)
        if client is None:
            return  # it had all answers, and its conversation has ended
        if self._connect(client):
            assert client.node is not None
            client.node.sessions.add(number)
            self._after(self._plan.network.restore_seconds, self._go_on, number, client.node)
        elif self._now - client.lost_at >= self._plan.network.patience_seconds:
            self.outcome.given_up += 1
            self.outcome.unanswered += len(client.open)
            self._forget(number, client)
        else:
            self._after(self._delay(client), self._come_back, number)

    def _go_on(self, number: int, node: Node) -> None:
        """Send again what is not answered."""
        client = self._clients.get(number)
        if client is None or client.node is not node:
            return  # it has lost this node as well
        self.outcome.outage_seconds.append(self._now - client.lost_at)
        client.is_heard = True
        for utterance in client.open:
            if utterance.answered_at == math.inf:
                utterance.answered_at = node.answer_at(self._now, self._now, utterance.jobs)

"""Whether the server takes new clients and files."""

import time
from typing import Any

from hwaja.protocol.codes import Rejection
from hwaja.server.sessions.session_registry import Holder, SessionRegistry
from hwaja.workers.generations import Generations
from hwaja.workers.overload import DegradationLevel, Overload

_SENTENCES = {
    Rejection.DRAINING: "the node leaves",
    Rejection.SERVER_FULL: "no slot is free",
    Rejection.OVERLOADED: "answers come late",
}


class Availability:
    """What keeps the server from taking somebody new."""

    def __init__(
        self, generations: Generations, registry: SessionRegistry[Any], overload: Overload
    ) -> None:
        """Begin with a server that stays.

        Args:
            generations: has the workers.
            registry: the sessions of the clients.
            overload: how late all answers are.

        """
        self._generations = generations
        self._registry = registry
        self._overload = overload
        self.is_leaving = False
        """Whether `/readyz` says that the node leaves."""
        self.refuses_all = False
        """Whether the leaving node takes nobody any more."""

    def missing(self) -> list[str]:
        """Return, as text, the reasons why the server cannot serve a new client; empty: it can."""
        lacking = {
            Rejection.DRAINING: self.is_leaving,
            Rejection.SERVER_FULL: self._registry.is_full(time.monotonic()),
            Rejection.OVERLOADED: self._is_overloaded,
        }
        missing = [] if self._generations.running_workers else ["no worker runs"]
        return missing + [_SENTENCES[reason] for reason, lacks in lacking.items() if lacks]

    def refusal(self, holder: Holder) -> Rejection | None:
        """Return why a new client gets no seat; None: a seat is free for it."""
        if self.refuses_all:
            return Rejection.DRAINING
        refusal = self._registry.refusal(holder, time.monotonic())
        return refusal or (Rejection.OVERLOADED if self._is_overloaded else None)

    @property
    def _is_overloaded(self) -> bool:
        return self._overload.skips(DegradationLevel.NEW_SESSIONS)

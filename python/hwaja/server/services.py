"""The services that all sessions of a server share."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Protocol

from hwaja.asr.utterance import InterimRecogniser
from hwaja.observability.metrics import Metrics, WatchedPool, WatchedProcesses
from hwaja.session.settings import SessionSettings
from hwaja.speakers.voices import Cohort
from hwaja.vad.silero import Detection, SileroState
from hwaja.workers.overload import Overload
from hwaja.workers.session_work import SessionPool


class ServicePool(SessionPool, WatchedPool, Protocol):
    """The part of `Pool` that the server and its sessions use."""

    def set_ahead(self, owner: Hashable, is_ahead: bool) -> None:
        """See `Pool.set_ahead`."""

    def shares(self, owner: Hashable) -> float:
        """See `Pool.shares`."""

    def leave(self, owner: Hashable) -> None:
        """See `Pool.leave`."""


class ServiceInterimWorker(InterimRecogniser, WatchedProcesses, Protocol):
    """The part of `InterimWorker` that the server and its sessions use."""

    def set_ahead(self, owner: Hashable, is_ahead: bool) -> None:
        """See `Pool.set_ahead`."""

    def leave(self, owner: Hashable) -> None:
        """See `Pool.leave`."""


@dataclass(frozen=True, slots=True)
class Services:
    """The services that all sessions share."""

    pool: ServicePool
    interim_worker: ServiceInterimWorker
    detection: Detection[SileroState]
    cohort: Cohort
    settings: SessionSettings
    metrics: Metrics = field(default_factory=Metrics)
    overload: Overload = field(default_factory=Overload)

"""What sessions and the server use of the workers: of the pool, and of what makes interim texts."""

import asyncio
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from typing import Protocol

from hwaja.engines.interface import Pcm16, VoiceTrack
from hwaja.engines.recognition import NORMAL, Abilities, Effort, Hypothesis
from hwaja.protocol.values import Options
from hwaja.workers.pool import ReadSamples
from hwaja.workers.utterance_stream import UtteranceStream


class SharedWorkers(Protocol):
    """The part that `Pool` and `InterimWorker` have in common."""

    @property
    def processes(self) -> dict[int, asyncio.subprocess.Process]:
        """See `Pool.processes`."""

    async def start(self) -> None:
        """See `Pool.start`."""

    def set_ahead(self, owner: Hashable, is_ahead: bool) -> None:
        """See `Pool.set_ahead`."""

    def leave(self, owner: Hashable) -> None:
        """See `Pool.leave`."""

    async def close(self) -> None:
        """See `Pool.close`."""


class SessionPool(SharedWorkers, Protocol):
    """The part of `Pool` that the server and its sessions use."""

    async def start(self, *, one_by_one: bool = False) -> None:
        """See `Pool.start`."""

    @property
    def abilities(self) -> Abilities:
        """See `Pool.abilities`."""

    @property
    def workers(self) -> int:
        """See `Pool.workers`."""

    @property
    def idle_workers(self) -> int:
        """See `Pool.idle_workers`."""

    @property
    def running_workers(self) -> int:
        """See `Pool.running_workers`."""

    @property
    def queue_seconds(self) -> float:
        """See `Pool.queue_seconds`."""

    @property
    def restarts(self) -> int:
        """See `Pool.restarts`."""

    @property
    def use(self) -> float:
        """See `Pool.use`."""

    def add_worker(self) -> None:
        """See `Pool.add_worker`."""

    def remove_worker(self) -> None:
        """See `Pool.remove_worker`."""

    def shares(self, owner: Hashable) -> float:
        """See `Pool.shares`."""

    def sparing(self, owner: Hashable) -> AbstractContextManager[None]:
        """See `Pool.sparing`."""

    async def recognise(
        self,
        owner: Hashable,
        read: ReadSamples,
        samples: int,
        options: Options,
        speech_seconds: float | None = None,
        effort: Callable[[], Effort] = lambda: NORMAL,
        voice: Pcm16 | None = None,
    ) -> Hypothesis:
        """See `Pool.recognise`."""

    async def embed(
        self, owner: Hashable, read: ReadSamples, samples: int, *, overlaps: bool
    ) -> VoiceTrack:
        """See `Pool.embed`."""

    def extend(self, utterance: UtteranceStream, stop: int) -> None:
        """See `Pool.extend`."""

    async def finish(
        self, utterance: UtteranceStream, stop: int, speech_seconds: float
    ) -> Hypothesis:
        """See `Pool.finish`."""

    def drop(self, utterance: UtteranceStream) -> None:
        """See `Pool.drop`."""


class SessionInterimWorker(SharedWorkers, Protocol):
    """The part of `InterimWorker` that the server and its sessions use."""

    async def recognise(
        self, owner: Hashable, read: ReadSamples, samples: int, options: Options
    ) -> Hypothesis:
        """See `InterimWorker.recognise`."""


class SessionInterimStreams(SharedWorkers, Protocol):
    """The part of `InterimStreams` that the server and its sessions use."""

    @property
    def abilities(self) -> Abilities:
        """See `InterimStreams.abilities`."""

    def extend(self, utterance: UtteranceStream, stop: int) -> None:
        """See `InterimStreams.extend`."""

    def drop(self, utterance: UtteranceStream) -> None:
        """See `InterimStreams.drop`."""

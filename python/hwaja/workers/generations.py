"""The generations of workers: each runs one recogniser, and new work goes to the newest.

When the operator changes the recogniser, a new generation starts beside the current one. Then new
utterances go to it. An earlier generation ends once nothing holds it any more: no utterance, no
embedding, and no transcription whose options the new recogniser refuses.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hwaja.engines.recognition import Abilities
from hwaja.process.supervision import supervised
from hwaja.protocol.values import Options
from hwaja.workers.scaling import Load, Scaling
from hwaja.workers.shared_workers import (
    SessionInterimStreams,
    SessionInterimWorker,
    SessionPool,
    SharedWorkers,
)


class Generation:
    """The workers of one recogniser, and what still needs them."""

    def __init__(
        self,
        pool: SessionPool,
        interim_worker: SessionInterimWorker,
        interim_streams: SessionInterimStreams | None = None,
    ) -> None:
        """Create it. With `interim_streams`, they make the interim texts."""
        self.pool = pool
        self.interim_worker = interim_worker
        self.interim_streams = interim_streams
        self._holders: set[object] = set()
        self._released = asyncio.Event()

    async def start(self, beside: "Generation | None" = None) -> None:
        """Start the workers.

        Args:
            beside: the generation that serves meanwhile. It keeps most of the processor, as the
                workers start one by one. If its interim worker runs, this one's starts too.

        Raises:
            EngineError: a worker cannot start or load its models.

        """
        await self.pool.start(one_by_one=beside is not None)
        if self.pool.abilities.streaming:
            return
        if self.interim_streams is not None:
            await self.interim_streams.start()
        elif beside is not None and beside.interims.processes:
            await self.interim_worker.start()

    @property
    def groups(self) -> tuple[SharedWorkers, ...]:
        """The pool, and what makes the interim texts."""
        return self.pool, self.interims

    @property
    def interims(self) -> SharedWorkers:
        """What makes the interim texts of an offline recogniser."""
        return self.interim_worker if self.interim_streams is None else self.interim_streams

    def hold(self, holder: object) -> None:
        """Keep these workers running until `holder` releases them."""
        self._holders.add(holder)

    def release(self, holder: object) -> None:
        """Need these workers no longer. No effect for one that does not hold them."""
        self._holders.discard(holder)
        self._released.set()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep these workers running until the end of the block."""
        holder = object()
        self.hold(holder)
        try:
            yield
        finally:
            self.release(holder)

    async def unheld(self) -> None:
        """Wait until nothing holds these workers."""
        while self._holders:
            self._released.clear()
            await self._released.wait()

    async def close(self) -> None:
        """End all workers. Their waiting work fails."""
        for group in reversed(self.groups):
            await group.close()


@dataclass(eq=False, slots=True)
class Placement:
    """The generation for the next utterances of a transcription. The placement holds it."""

    options: Options
    generation: Generation


class Generations:
    """The current generation, and the earlier ones that have not ended."""

    def __init__(
        self,
        first: Generation,
        after_end: Callable[[], Awaitable[None]] | None = None,
        scaling: Scaling | None = None,
    ) -> None:
        """Use `first` for all work.

        Args:
            first: the current generation.
            after_end: called each time an earlier generation has ended.
            scaling: says how many workers the current generation should have. None: as many as it
                was started with.

        """
        self.current = first
        self._scaling = scaling
        self._earlier: list[Generation] = []
        self._after_end = after_end
        self._placements: set[Placement] = set()
        self._ahead: set[Hashable] = set()
        self._ends: set[asyncio.Task[None]] = set()
        self._ended_restarts = 0

    # the work of sessions

    @property
    def abilities(self) -> Abilities:
        """The abilities of the recogniser that new transcriptions get."""
        return self.current.pool.abilities

    def place(self, options: Options) -> Placement:
        """Place a transcription in the current generation. The caller ends the placement."""
        placement = Placement(options, self.current)
        placement.generation.hold(placement)
        self._placements.add(placement)
        return placement

    def end(self, placement: Placement) -> None:
        """End a placement: the transcription has ended."""
        self._placements.discard(placement)
        placement.generation.release(placement)

    def set_ahead(self, owner: Hashable, is_ahead: bool) -> None:
        """See `Pool.set_ahead`."""
        (self._ahead.add if is_ahead else self._ahead.discard)(owner)
        for generation in self._all:
            for group in generation.groups:
                group.set_ahead(owner, is_ahead)

    def shares(self, owner: Hashable) -> float:
        """See `Pool.shares`. The pools of all generations have the same accounts."""
        return self.current.pool.shares(owner)

    def leave(self, owner: Hashable) -> None:
        """See `Pool.leave`."""
        self._ahead.discard(owner)
        for generation in self._all:
            for group in generation.groups:
                group.leave(owner)

    def scale(self, lag_seconds: float, now: float) -> None:
        """Start or end a worker, if the load asks for it. Call it every second or so.

        Args:
            lag_seconds: see `Overload.observe`.
            now: seconds of a monotonic clock.

        """
        if self._scaling is None:
            return
        pool = self.current.pool
        load = Load(pool.workers, pool.queue_seconds, lag_seconds, pool.use)
        change = self._scaling.change(load, now)
        if change > 0:
            pool.add_worker()
        elif change < 0:
            pool.remove_worker()

    # change of the recogniser

    def change(self, to: Generation) -> int:
        """Send new work to another generation. The current one ends once nothing holds it.

        Args:
            to: a generation whose workers are ready.

        Returns:
            The number of transcriptions that stay where they are, because the recogniser of `to`
            refuses their options.

        """
        before, self.current = self.current, to
        self._earlier.append(before)
        for owner in self._ahead:
            for group in to.groups:
                group.set_ahead(owner, True)
        stays = [each for each in self._placements if not self._move(each)]
        name = "end of an earlier generation"
        ending = supervised(name, lambda: self._end_when_unheld(before))
        self._ends.add(ending)
        ending.add_done_callback(self._ends.discard)
        return len(stays)

    def _move(self, placement: Placement) -> bool:
        """Move a transcription to the current generation; return False if that is refused."""
        if self.abilities.refusal(placement.options) is not None:
            return False
        self.current.hold(placement)
        placement.generation.release(placement)
        placement.generation = self.current
        return True

    async def _end_when_unheld(self, generation: Generation) -> None:
        await generation.unheld()
        await generation.close()
        if generation in self._earlier:  # not a repetition after a fault
            self._earlier.remove(generation)
            self._ended_restarts += generation.pool.restarts
        if self._after_end is not None:
            await self._after_end()

    async def close(self) -> None:
        """End the workers of all generations."""
        for ending in tuple(self._ends):
            ending.cancel()
        await asyncio.gather(*self._ends, return_exceptions=True)
        for generation in self._all:
            await generation.close()

    # figures

    @property
    def _all(self) -> list[Generation]:
        return [self.current, *self._earlier]

    @property
    def idle_workers(self) -> int:
        """Number of workers of the current generation that wait for a job."""
        return self.current.pool.idle_workers

    @property
    def running_workers(self) -> int:
        """Number of live workers of the current generation that have loaded their models."""
        return self.current.pool.running_workers

    @property
    def earlier_workers(self) -> int:
        """Number of live workers of earlier generations."""
        return sum(each.pool.running_workers for each in self._earlier)

    @property
    def queue_seconds(self) -> float:
        """Seconds of audio that wait for a worker of any generation; see `Pool.queue_seconds`."""
        return sum(each.pool.queue_seconds for each in self._all)

    @property
    def restarts(self) -> int:
        """Number of dead workers that were started again, since the start of the server."""
        return self._ended_restarts + sum(each.pool.restarts for each in self._all)

    @property
    def processes(self) -> dict[int, asyncio.subprocess.Process]:
        """The last process of each worker, by number. Earlier generations have the next numbers."""
        processes = [each for one in self._all for each in one.pool.processes.values()]
        return dict(enumerate(processes))

    @property
    def interim_processes(self) -> dict[int, asyncio.subprocess.Process]:
        """The process that makes interim texts now; empty before its start."""
        return self.current.interims.processes

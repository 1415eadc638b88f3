"""Starts the worker processes of a pool, lets them load their models, and replaces dead ones.

The pool gives the live workers their work.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count

import structlog

from hwaja.engines.interface import EngineError
from hwaja.engines.recognition import Abilities
from hwaja.process import supervision
from hwaja.process.supervision import Escalate, Faults, supervised
from hwaja.workers.transport import frames, wire
from hwaja.workers.transport.worker_link import Spawn, WorkerLink
from hwaja.workers.transport.worker_process import WorkerProcess

START_TRIES = 3
"""After this many failed starts in a row, waiting work no longer waits for the worker."""

LOAD_SECONDS = 300.0
"""A worker that loads its models for longer is stuck: ten times the slowest load seen."""

LONGEST_PAUSE_SECONDS = 5.0
"""Longest pause after a failed start. It is short: where no worker runs, work that arrives in the
pause fails only after the next attempt."""
_MODULES = {
    wire.Setup: "hwaja.workers.inference.worker",
    wire.LanguageSetup: "hwaja.workers.inference.language_worker",
}

_log = structlog.get_logger("hwaja.workers.supervisor")


class _UnusableError(EngineError):
    """The models cannot be used. A restart of the worker would fail again."""


class WorkerSupervisor:
    """Supervises a number of workers. It restarts each worker that dies."""

    def __init__(
        self,
        setup: wire.Setup | wire.LanguageSetup,
        workers: int,
        work: Callable[[int, WorkerLink], Awaitable[None]],
        give_up: Callable[[str], None],
        escalate: Escalate | None = None,
        spawn: Spawn | None = None,
    ) -> None:
        """Create the supervisor without starting a worker.

        Args:
            setup: what every worker loads.
            workers: number of workers.
            work: gives a worker its work until the worker dies. Takes its number and the link.
            give_up: called with the reason when no worker runs and none can be started for now.
            escalate: called when no worker runs because of a fault of the server process. It
                is not called for faults of the system or the models: the operator can fix those.
            spawn: starts a worker. None: as a process of this machine.

        """
        self._setup = setup
        self._workers = workers
        self._work = work
        self._give_up = give_up
        self._escalate = escalate
        self._spawn = spawn or WorkerProcess.spawn
        self._tasks: dict[int, asyncio.Task[None]] = {}  # by worker
        self._links: dict[int, WorkerLink] = {}  # of the live workers
        self.abilities = Abilities()
        """The abilities of the recogniser. Valid after `start`."""
        self.processes: dict[int, asyncio.subprocess.Process] = {}
        """The last process of each worker of this machine, by number."""
        self.running = 0
        """Number of live workers that have loaded their models."""
        self.restarts = 0
        """Number of dead workers that were started again."""

    async def start(self, *, one_by_one: bool = False) -> None:
        """Start the workers and return once all have loaded their models.

        Args:
            one_by_one: whether each waits until the one before has loaded, so that other workers
                keep most of the processor.

        Raises:
            EngineError: a worker cannot start or load its models. No worker is left running.

        """
        try:
            ready = []
            for _ in range(self._workers):
                ready.append(self._begin())
                if one_by_one:
                    await ready[-1]
            await asyncio.gather(*ready)
        except BaseException:
            await self.close()
            raise

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the workers that run or should run."""
        return tuple(self._tasks)

    def add(self) -> None:
        """Start one more worker. If it cannot be started, it is tried again after pauses."""
        self._begin().set_result(None)

    async def remove(self, number: int) -> None:
        """End a worker for good. Its work goes to the others."""
        self._tasks[number].cancel()
        await asyncio.gather(self._tasks[number], return_exceptions=True)
        self._tasks.pop(number, None)  # none is left of a supervisor that was closed meanwhile
        self.processes.pop(number, None)

    def kill(self, number: int) -> None:
        """Kill a worker, which is stuck. It is started again."""
        if number in self._links:
            self._links[number].kill()

    async def close(self) -> None:
        """End every worker."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
        # The cancellation may have interrupted a task that waited for the exit of its worker.
        await asyncio.gather(*(process.wait() for process in self.processes.values()))

    def _begin(self) -> asyncio.Future[None]:
        """Keep one more worker running; return a future that is set when it first runs."""
        number = next(each for each in count() if each not in self._tasks)
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        failed_starts = Faults(supervision.FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        keep = partial(self._keep_one, number, ready, failed_starts)
        self._tasks[number] = supervised(f"{self._setup.kind} {number}", keep, self._on_faults)
        return ready

    async def _keep_one(
        self, number: int, ready: asyncio.Future[None], failed_starts: Faults
    ) -> None:
        """Keep one worker running.

        Args:
            number: number of the worker.
            ready: set when the worker first runs, or to the reason why it cannot.
            failed_starts: those in a row.

        Raises:
            Exception: a fault of the server process. `supervised` starts the task again.

        """
        while True:
            try:
                await self._live(number, ready, failed_starts)
            except Exception as error:
                is_ours = not isinstance(error, EngineError)
                pause_seconds = failed_starts.add(asyncio.get_running_loop().time())
                is_unusable = isinstance(error, _UnusableError)
                is_persistent = is_unusable or failed_starts.count >= START_TRIES
                if is_persistent and not ready.done():
                    ready.set_exception(error)
                    return
                if is_persistent and not self.running:
                    self._give_up("no worker can be kept running" if is_ours else str(error))
                if is_ours:
                    raise
                _log.error("worker cannot be started", worker=number, reason=str(error))
                await asyncio.sleep(pause_seconds)
            self.restarts += 1
            _log.warning("worker ended, starting it again", worker=number)

    def _on_faults(self, task: str) -> None:
        if not self.running and self._escalate is not None:
            self._escalate(task)

    async def _live(self, number: int, ready: asyncio.Future[None], failed_starts: Faults) -> None:
        """Start a worker, load its models, and give it work. Returns once the worker has died.

        Raises:
            EngineError: the worker cannot start or load its models.

        """
        try:
            transport = await self._spawn(_MODULES[type(self._setup)])
        except (OSError, RuntimeError) as error:  # RuntimeError: Python gets no thread
            reason = error.strerror if isinstance(error, OSError) else error
            raise EngineError(f"A worker cannot be started: {reason}.") from error
        if transport.process is not None:
            self.processes[number] = transport.process
        worker = self._links[number] = WorkerLink(transport)
        try:
            self.abilities = await self._load(worker)
            failed_starts.clear()
            if not ready.done():
                ready.set_result(None)
            self.running += 1
            try:
                await self._work(number, worker)
            finally:
                self.running -= 1
        finally:
            del self._links[number]
            await worker.end()

    async def _load(self, worker: WorkerLink) -> Abilities:
        """Let the worker load its models; return the abilities of its recogniser.

        Raises:
            EngineError: the worker cannot load its models.

        """
        reply: wire.Reply | None
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                await worker.send(self._setup)
                reply = await worker.receive()
        except TimeoutError:  # handled first, since it is an OSError, too
            raise EngineError(f"The engine has not loaded within {LOAD_SECONDS:.0f} s.") from None
        except (OSError, EOFError, frames.WireError):
            reply = None
        if isinstance(reply, wire.Unusable):
            raise _UnusableError(reply.sentence)
        if not isinstance(reply, wire.Ready):
            raise EngineError(
                f"The engine ends while it loads {self._setup.models}; a file may be damaged."
            )
        return reply.abilities

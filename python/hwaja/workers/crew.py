"""Keeps the worker processes of a pool running: starts them, waits for their models, replaces them.

What a worker does while it lives is the pool's concern.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from hwaja.engine import EngineError
from hwaja.faults import log_failure
from hwaja.recognition import Abilities
from hwaja.workers import wire
from hwaja.workers.process import WorkerProcess

START_TRIES = 3
"""Failures in a row to start a worker, after which its work no longer waits for it."""

LOAD_SECONDS = 300.0
"""After so long a worker that loads its models is taken to be stuck: ten times the slowest seen."""

_RESTART_PAUSE_SECONDS = 0.5  # after a failed start, so that a broken machine is not spun

_log = structlog.get_logger("hwaja.workers.crew")


class _UnusableError(EngineError):
    """The models are at fault: starting a worker again at once would not help."""


class Crew:
    """A number of workers, each restarted when it dies."""

    def __init__(
        self,
        setup: wire.Setup,
        workers: int,
        work: Callable[[int, WorkerProcess], Awaitable[None]],
        give_up: Callable[[str], None],
    ) -> None:
        """Prepare; nothing is started.

        Args:
            setup: what every worker loads.
            workers: how many.
            work: has a worker, given by number, work until it dies.
            give_up: told a sentence when no worker runs and none can be started for now.

        """
        self._setup = setup
        self._workers = workers
        self._work = work
        self._give_up = give_up
        self._tasks: list[asyncio.Task[None]] = []
        self.abilities = Abilities()
        """What the recogniser can do; known once the crew has started."""
        self.processes: dict[int, asyncio.subprocess.Process] = {}
        """The last process of each worker, by number."""
        self.running = 0
        """How many workers have loaded their models and live."""
        self.restarts = 0
        """How many workers have died and were started again."""

    async def start(self) -> None:
        """Start the workers and return once all have loaded their models.

        Raises:
            EngineError: where the models cannot be loaded; no worker is left running.

        """
        ready = [asyncio.get_running_loop().create_future() for _ in range(self._workers)]
        self._tasks = [
            asyncio.create_task(self._supervise(number, future))
            for number, future in enumerate(ready)
        ]
        for task in self._tasks:
            task.add_done_callback(log_failure)
        try:
            await asyncio.gather(*ready)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End every worker."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # A task that was just ending its worker was interrupted in waiting for it.
        await asyncio.gather(*(process.wait() for process in self.processes.values()))

    async def _supervise(self, number: int, ready: asyncio.Future[None]) -> None:
        """Keep one worker running; `ready` tells when it first runs, or why it cannot."""
        failures = 0  # to start it, in a row
        while True:
            try:
                await self._live(number, ready)
                failures = 0
            except EngineError as error:
                failures += 1
                hopeless = failures >= START_TRIES or isinstance(error, _UnusableError)
                if hopeless and not ready.done():
                    ready.set_exception(error)
                    return
                _log.error("worker cannot be started", worker=number, reason=str(error))
                if hopeless and not self.running:
                    self._give_up(str(error))
                await asyncio.sleep(_RESTART_PAUSE_SECONDS)
            self.restarts += 1
            _log.warning("worker ended, starting it again", worker=number)

    async def _live(self, number: int, ready: asyncio.Future[None]) -> None:
        """Start a worker, have it load its models and work; returns once it has died.

        Raises:
            EngineError: where it did not come so far as to work.

        """
        try:
            worker = await WorkerProcess.spawn()
        except OSError as error:
            raise EngineError(f"A worker cannot be started: {error.strerror}.") from error
        self.processes[number] = worker.process
        try:
            self.abilities = await self._load(worker)
            if not ready.done():
                ready.set_result(None)
            self.running += 1
            try:
                await self._work(number, worker)
            finally:
                self.running -= 1
        finally:
            await worker.end()

    async def _load(self, worker: WorkerProcess) -> Abilities:
        """Have the worker load its models; return what they can do."""
        reply: wire.Reply | None
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                await worker.send(self._setup)
                reply = await worker.receive()
        except TimeoutError:  # which is an OSError, too
            raise EngineError(f"The engine has not loaded within {LOAD_SECONDS:.0f} s.") from None
        except (OSError, EOFError, wire.WireError):
            reply = None
        if isinstance(reply, wire.Unusable):
            raise _UnusableError(reply.sentence)
        if not isinstance(reply, wire.Ready):
            voices = self._setup.voices
            of_voices = () if voices is None else (voices.embedder_file, voices.segmenter_file)
            files = " and ".join((self._setup.recogniser_dir, *of_voices))
            raise EngineError(f"The engine ends while it loads {files}; a file may be damaged.")
        return reply.abilities

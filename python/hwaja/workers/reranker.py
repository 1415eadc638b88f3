"""Chooses among the texts that a recogniser found, by a language model in a process of its own."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import count

import structlog

from hwaja.engines.interface import EngineError
from hwaja.engines.recognition import Candidate
from hwaja.engines.texts.language_model import LANGUAGE
from hwaja.workers.supervisor import WorkerSupervisor
from hwaja.workers.transport import frames, wire
from hwaja.workers.transport.worker_link import WorkerLink

CHOICE_SECONDS = 0.5
"""If a choice takes longer, the first candidate is chosen. A choice among eight takes 4 ms."""

_log = structlog.get_logger("hwaja.workers.reranker")


class Reranker:
    """The language worker, shared by all workers. Without it, the first candidate is chosen."""

    def __init__(self) -> None:
        """Create the reranker. Starts no process."""
        self._supervisor = WorkerSupervisor(wire.LanguageSetup(), 1, self._work, self._give_up)
        self._starting: asyncio.Task[None] | None = None
        self._worker: WorkerLink | None = None
        self.ready = asyncio.Event()
        """Set while the language worker runs and has loaded its model."""
        self._awaited: dict[int, asyncio.Future[int]] = {}
        self._ids = count(1)

    @property
    def processes(self) -> dict[int, asyncio.subprocess.Process]:
        """The last process, by worker number; empty before the first start."""
        return self._supervisor.processes

    def start(self) -> None:
        """Start the language worker, unless it was started.

        This returns at once: the model loads in the background.
        """
        if self._starting is not None:
            return
        self._starting = asyncio.create_task(self._start(), name="start of the language worker")

    async def _start(self) -> None:
        try:
            await self._supervisor.start()
        except EngineError as error:
            _log.warning("texts are not ranked by a language model", reason=str(error))

    async def close(self) -> None:
        """End the language worker. It can be started again."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._supervisor.close()
        self._starting = None

    async def choose(self, candidates: Sequence[Candidate], language: str) -> int:
        """Return the index of the likeliest candidate.

        It is 0, the recogniser's own choice, for a language other than Korean, while the language
        worker does not run, and if the choice takes longer than `CHOICE_SECONDS`. The first call
        with Korean candidates starts the language worker.
        """
        if language != LANGUAGE:
            return 0
        self.start()
        worker = self._worker
        if worker is None:
            return 0
        rank_id = next(self._ids)
        self._awaited[rank_id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(CHOICE_SECONDS):
                await worker.send(wire.Rank(rank_id, list(candidates)))
                index = await self._awaited[rank_id]
        except (OSError, TimeoutError):
            return 0
        finally:
            del self._awaited[rank_id]
        return index if 0 <= index < len(candidates) else 0

    async def _work(self, _number: int, worker: WorkerLink) -> None:
        """Pass on the replies of the worker, until it dies or sends an invalid one."""
        self._worker = worker
        self.ready.set()
        try:
            with suppress(OSError, EOFError, frames.WireError):
                while isinstance(reply := await worker.receive(), wire.Ranked):
                    awaited = self._awaited.get(reply.rank_id)
                    if awaited is not None and not awaited.done():
                        awaited.set_result(reply.index)
        finally:
            self._worker = None
            self.ready.clear()
            self._give_up("the language worker ended")

    def _give_up(self, _sentence: str) -> None:
        """Answer the waiting calls of `choose` with 0, the recogniser's own choice."""
        for awaited in self._awaited.values():
            if not awaited.done():
                awaited.set_result(0)

"""Work on an utterance that is begun before it is asked for, and taken when it is."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import structlog

_log = structlog.get_logger("hwaja.workers.speculation")

Result = TypeVar("Result")
Work = Callable[[], Coroutine[Any, Any, Result]]


class Speculative(Generic[Result]):
    """At most one piece of work that may be asked for, known by the samples that it is about."""

    def __init__(self, name: str) -> None:
        """Prepare; `name` says in the log what failed."""
        self._name = name
        self._begun: tuple[int, int, asyncio.Task[Result | None]] | None = None

    def begin(self, start: int, stop: int, work: Work[Result]) -> None:
        """Begin work on samples `[start, stop)` in place of what was begun before."""
        self.forget()
        self._begun = (start, stop, self._task(work))

    def take(self, start: int, stop: int, work: Work[Result]) -> asyncio.Task[Result | None]:
        """Return the work on samples `[start, stop)`, which may be done; None if it fails."""
        if self._begun is not None and self._begun[:2] == (start, stop):
            task, self._begun = self._begun[2], None
            return task
        self.forget()
        return self._task(work)

    def forget(self) -> None:
        """Give up what was begun; what a worker has of it runs on there, unheard."""
        if self._begun is not None:
            self._begun[2].cancel()
            self._begun = None

    def _task(self, work: Work[Result]) -> asyncio.Task[Result | None]:
        return attempt(self._name, work)


def attempt(name: str, work: Work[Result]) -> asyncio.Task[Result | None]:
    """Begin work whose failure is logged under `name`, and makes it None."""

    async def run() -> Result | None:
        with failure_logged(name):
            return await work()
        return None

    return asyncio.create_task(run())


@contextmanager
def failure_logged(work: str) -> Iterator[None]:
    """Log a failure by its type only: the text of an exception may hold what was said."""
    try:
        yield
    except Exception as error:
        _log.error("engine failed", work=work, error=type(error).__name__)

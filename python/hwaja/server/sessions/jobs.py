"""The tasks of a session: they end with it, and none fails unnoticed."""

import asyncio
from collections.abc import Callable, Coroutine


class Jobs:
    """Runs the tasks of one session."""

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        """`failed` is called with the error of a task; not if the task was cancelled."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed = failed

    def start(self, job: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run a coroutine as a task."""
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def cancel(self) -> None:
        """Cancel all tasks. Returns once they have ended."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failed(error)

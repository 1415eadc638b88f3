"""A worker as a process of this machine: its start, its pipes, its stderr and its end."""

import asyncio
import os
import sys
from contextlib import suppress
from typing import Self

from hwaja.engines.interface import EngineError
from hwaja.privacy.error_redaction import log_failure
from hwaja.privacy.hardening import overwriting
from hwaja.process.log_writer import WRITER

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""Each core has a worker. The threads that NumPy's library would start poll for work, which took a
third of the recogniser's processor time (bench/RESULTS.md)."""

_READ_BYTES = 4096
"""Bytes per read from a worker. A longer line of its stderr is divided."""


class WorkerProcess:
    """A `worker_link.WorkerTransport` over the pipes of a process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise EngineError("a worker was started without pipes")
        self.process = process
        self._requests = process.stdin
        self.replies = process.stdout
        # `drain` then waits until all is sent: some loops, such as uvloop's, keep a reference to
        # the data until then, and it must be overwritten afterwards.
        process.stdin.transport.set_write_buffer_limits(high=0)
        WRITER.start()
        self._passing_on = asyncio.create_task(
            _pass_on(process.stderr), name=f"stderr of worker {process.pid}"
        )
        self._passing_on.add_done_callback(self._passed_on)

    @classmethod
    async def spawn(cls, module: str) -> Self:
        """Start a process that runs a module. It loads no model before the first request.

        Raises:
            OSError: the system cannot start a process.

        """
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                module,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                env=overwriting(_ONE_THREAD | os.environ),
            )
        )

    async def write(self, frame: bytearray) -> None:
        """Send a frame; see `WorkerTransport.write`."""
        self._requests.write(frame)
        await self._requests.drain()

    def kill(self) -> None:
        """Kill the process, if it still runs."""
        if self.process.returncode is None:
            self.process.kill()

    async def end(self) -> None:
        """Kill the process if it still runs, wait for its exit, and write the rest of its log.

        This continues if the caller is cancelled: the exit of a process is only reported while its
        pipes are read.
        """
        self.kill()
        await asyncio.shield(asyncio.create_task(self._reap()))

    async def _reap(self) -> None:
        # asyncio reports the exit only once every pipe is at its end. It stops reading a pipe that
        # has much unread data. So the replies are read during the wait, not after it.
        await asyncio.gather(self.process.wait(), self._discard_replies())
        await asyncio.wait((self._passing_on,))

    async def _discard_replies(self) -> None:
        """Read and drop the remaining replies, to the end of the pipe."""
        with suppress(OSError):
            while await self.replies.read(_READ_BYTES):
                pass

    def _passed_on(self, task: asyncio.Task[None]) -> None:
        """Kill a process whose stderr is no longer read: it would block once the pipe is full."""
        log_failure(task)
        if not task.cancelled() and task.exception():
            self.kill()


async def _pass_on(stderr: asyncio.StreamReader) -> None:
    """Write the stderr of a process to the log. The process never waits for the log's reader."""
    rest = b""
    while text := await stderr.read(_READ_BYTES):
        lines, newline, rest = (rest + text).rpartition(b"\n")
        if len(rest) > _READ_BYTES:
            lines, newline, rest = lines + newline + rest, b"\n", b""
        if lines:
            WRITER.put_raw(lines + newline)
    if rest:
        WRITER.put_raw(rest + b"\n")

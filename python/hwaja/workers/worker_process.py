"""One worker process, as the front sees it: two pipes that carry `wire` frames."""

import asyncio
import os
import sys
from contextlib import suppress
from typing import Self

from hwaja.engines.interface import EngineError
from hwaja.privacy.error_redaction import log_failure
from hwaja.privacy.hardening import overwriting
from hwaja.process.log_writer import WRITER
from hwaja.workers import wire

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""Each core has a worker; the threads that NumPy's library would start wait for work busily, and
that cost a third as much as the recogniser (bench/RESULTS.md)."""

_READ_BYTES = 4096
"""Read at once of what a worker says; a line of its stderr that is longer is divided."""


class WorkerProcess:
    """A running worker. Requests and replies may cross; frames never mix."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise EngineError("a worker was started without pipes")
        self.process = process
        self._requests = process.stdin
        self._replies = process.stdout
        # What is drained is sent: some loops, as uvloop's, keep what they are given until then.
        process.stdin.transport.set_write_buffer_limits(high=0)
        WRITER.start()
        self._passing_on = asyncio.create_task(
            _pass_on(process.stderr), name=f"stderr of worker {process.pid}"
        )
        self._passing_on.add_done_callback(self._passed_on)

    @classmethod
    async def spawn(cls) -> Self:
        """Start a process; it loads nothing before it is told to.

        Raises:
            OSError: where the system starts none.

        """
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "hwaja.workers.worker",
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                env=overwriting(_ONE_THREAD | os.environ),
            )
        )

    async def send(self, request: wire.Request) -> None:
        """Send a request, waiting while the pipe is full; its audio is overwritten.

        Raises:
            OSError: where the worker died.

        """
        frame = wire.encode(request)
        if isinstance(request, wire.Recognise | wire.Embed | wire.Feed):
            wire.erase(request.samples)
        try:
            self._requests.write(frame)
            await self._requests.drain()
        finally:
            wire.erase(frame)

    async def receive(self) -> wire.Reply:
        """Return the next reply.

        Raises:
            OSError, EOFError: where the worker died.
            wire.WireError: where it answered something else than a reply.

        """
        header = await self._replies.readexactly(wire.HEADER_BYTES)
        return wire.decode_reply(await self._replies.readexactly(wire.body_bytes(header)))

    async def end(self) -> None:
        """Kill the process if it still runs, reap it, and write the rest of its log.

        This continues if the caller is cancelled: the process can be waited for only while its
        pipes are read.
        """
        if self.process.returncode is None:
            self.process.kill()
        await asyncio.shield(asyncio.create_task(self._reap()))

    async def _reap(self) -> None:
        # asyncio reports the exit only once every pipe is at its end, and it stops reading a pipe
        # while much of it is unread. So the replies are read beside the wait, not after it.
        await asyncio.gather(self.process.wait(), self._discard_replies())
        await asyncio.wait((self._passing_on,))

    async def _discard_replies(self) -> None:
        """Read what the process has still said, to the end of its pipe."""
        with suppress(OSError):
            while await self._replies.read(_READ_BYTES):
                pass

    def _passed_on(self, task: asyncio.Task[None]) -> None:
        """End a process that nobody reads any more: it would wait for that one day."""
        log_failure(task)
        if self.process.returncode is None and not task.cancelled() and task.exception():
            self.process.kill()


async def _pass_on(stderr: asyncio.StreamReader) -> None:
    """Have what a process says written with the log: it waits for no reader of that."""
    rest = b""
    while text := await stderr.read(_READ_BYTES):
        lines, newline, rest = (rest + text).rpartition(b"\n")
        if len(rest) > _READ_BYTES:
            lines, newline, rest = lines + newline + rest, b"\n", b""
        if lines:
            WRITER.put_raw(lines + newline)
    if rest:
        WRITER.put_raw(rest + b"\n")

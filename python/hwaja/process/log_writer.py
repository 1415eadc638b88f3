"""Writes the log to stderr from its own thread: a log call never waits for the log's reader.

A log call puts a line into a queue without a lock, since a signal handler, finaliser or hook may
interrupt it and log as well. If the reader is stuck or gone, or the disk is full, lines are lost
and counted.
"""

import atexit
import os
import select
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue

from hwaja.process.log_repetition import Line, RepeatedLines
from hwaja.process.supervision import repeat_in_thread

MAX_QUEUED_LINES = 2000
"""Most lines that wait for the reader in a burst: about half a megabyte."""

FLUSH_SECONDS = 1.0
"""How long a process waits at its exit for the log's reader."""

_STDERR = 2

Render = Callable[[Line], str]


class LogWriter:
    """A queue of lines, and the thread that writes them."""

    def __init__(self) -> None:
        # Unlike `Queue.put`, this `put` is reentrant: it is one C call.
        self._queue: SimpleQueue[tuple[Line, Render] | bytes | threading.Event] = SimpleQueue()
        self._repeated = RepeatedLines()
        self._render: Render = str
        self._thread: threading.Thread | None = None
        self._is_torn = False  # the last written line is incomplete
        self.dropped_lines = 0
        """Number of lost lines."""

    def start(self) -> None:
        """Start the thread, unless it runs already. Write the queued lines at the process's exit.

        Raises:
            RuntimeError: if the system cannot start a thread. A later call tries again.

        """
        if self._thread is None:
            writing = partial(repeat_in_thread, "log", self._run)
            thread = threading.Thread(target=writing, name="log", daemon=True)
            thread.start()
            self._thread = thread
            atexit.register(self.flush)

    def put(self, line: Line, render: Render) -> None:
        """Queue a line, which the thread writes as `render` formats it. Never raises or blocks."""
        self._put((line, render))

    def put_raw(self, text: bytes) -> None:
        """Queue complete lines, which the thread writes unchanged. Never raises or blocks."""
        self._put(text)

    def flush(self) -> bool:
        """Wait for the queued lines, at most `FLUSH_SECONDS`. Return whether all were handled."""
        done = threading.Event()
        self._queue.put(done)
        return done.wait(FLUSH_SECONDS)

    def _put(self, item: tuple[Line, Render] | bytes) -> None:
        if self._queue.qsize() < MAX_QUEUED_LINES:
            self._queue.put(item)
        else:
            self.dropped_lines += 1

    def _run(self) -> None:
        while True:
            ends = self._repeated.ends
            wait_seconds = None if ends is None else max(0.0, ends - time.monotonic())
            try:
                self._write_next(wait_seconds)
            except Exception:  # a value cannot be formatted
                self.dropped_lines += 1

    def _write_next(self, wait_seconds: float | None) -> None:
        try:
            item = self._queue.get(timeout=wait_seconds)
        except Empty:
            self._write_lines(self._repeated.end_if_due(time.monotonic()))
        else:
            self._write_item(item)

    def _write_item(self, item: tuple[Line, Render] | bytes | threading.Event) -> None:
        if isinstance(item, bytes):
            self._write(item)
        elif isinstance(item, threading.Event):
            self._write_lines(self._repeated.end(time.monotonic()))
            item.set()
        else:
            line, self._render = item
            self._write_lines(self._repeated.take(line, time.monotonic()))

    def _write_lines(self, lines: list[Line]) -> None:
        for line in lines:
            self._write(f"{self._render(line)}\n".encode(errors="backslashreplace"))

    def _write(self, text: bytes) -> None:
        try:
            self._write_whole(b"\n" + text if self._is_torn else text)
        except OSError:  # the reader is gone, the disk is full
            self.dropped_lines += 1

    def _write_whole(self, text: bytes) -> None:
        if sys.__stderr__ is None:  # closed early: descriptor 2 may be another file
            raise OSError
        while text:
            try:
                written = os.write(_STDERR, text)
            except BlockingIOError:  # a process that shares stderr made it non-blocking
                select.select([], [_STDERR], [])
                continue
            self._is_torn = not text[:written].endswith(b"\n")
            text = text[written:]


WRITER = LogWriter()
"""The writer of this process, which has one stderr."""

"""Writes the log to stderr from a thread of its own, so that nobody who logs waits for its reader.

Whoever logs puts a line into a queue, without a lock: signal handlers, finalisers and hooks may
run in the midst of that. Where the reader is stuck or gone, or the disk full, lines are lost and
counted.
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
from hwaja.process.supervision import keep_going

MAX_QUEUED_LINES = 2000
"""About half a megabyte, and what a reader may be late by in a burst."""

FLUSH_SECONDS = 1.0
"""How long the end of the process waits for a reader."""

_STDERR = 2

Render = Callable[[Line], str]


class LogWriter:
    """A queue of lines, and the thread that writes them."""

    def __init__(self) -> None:
        # Unlike `Queue`, it may be put into while it is being put into: `put` is one C call.
        self._queue: SimpleQueue[tuple[Line, Render] | bytes | threading.Event] = SimpleQueue()
        self._repeated = RepeatedLines()
        self._render: Render = str
        self._thread: threading.Thread | None = None
        self._is_torn = False  # the last line that was written lacks its end
        self.dropped_lines = 0
        """How many were lost."""

    def start(self) -> None:
        """Begin to write, unless that was begun before; what is queued at the exit is written.

        Raises:
            RuntimeError: where the system gives no thread; it may be called again.

        """
        if self._thread is None:
            writing = partial(keep_going, "log", self._run)
            thread = threading.Thread(target=writing, name="log", daemon=True)
            thread.start()
            self._thread = thread
            atexit.register(self.flush)

    def put(self, line: Line, render: Render) -> None:
        """Have a line written as `render` has it; never raises, never waits."""
        self._put((line, render))

    def put_raw(self, text: bytes) -> None:
        """Have whole lines written as they are."""
        self._put(text)

    def flush(self) -> bool:
        """Wait until what was put is written, but not for long; returns whether it is."""
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
            except Exception:  # of a value that cannot be shown
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
        if sys.__stderr__ is None:  # closed before the start; the number may be another file's now
            raise OSError
        while text:
            try:
                written = os.write(_STDERR, text)
            except BlockingIOError:  # whoever it is shared with made it so
                select.select([], [_STDERR], [])
                continue
            self._is_torn = not text[:written].endswith(b"\n")
            text = text[written:]


WRITER = LogWriter()
"""The only one: a process has one stderr."""

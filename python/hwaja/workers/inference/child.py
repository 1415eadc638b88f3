"""What all worker processes share: the start, the pipes, and the reading of requests.

A worker exchanges `wire` frames on stdin and stdout. The process ends at the end of stdin, so it
never outlives the server process.
"""

import os
import queue
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from hwaja.engines.interface import Samples, to_float32
from hwaja.engines.recognition import Hypothesis
from hwaja.privacy import error_redaction, hardening
from hwaja.process import log_setup
from hwaja.text.masking import masked
from hwaja.text.numbers import written
from hwaja.text.retiming import retimed
from hwaja.workers.transport import frames, wire

SETUP_SECONDS = 10.0
"""The process ends if the server sends nothing for this long after the start: the server has lost
the process. This happens if asyncio has started the process, but gets no thread or file to wait for
its exit."""

MAX_WAITING_REQUESTS = 64
"""Most requests read ahead. More requests wait in the pipe. The server keeps the audio of unsent
requests as sample indices only."""

Send = Callable[[wire.Reply], None]
"""Sends a reply to the server."""


class Inbox:
    """The requests. A thread reads them as they arrive."""

    def __init__(self, requests: frames.Pipe) -> None:
        self._requests = requests
        self._read: queue.Queue[wire.Request | Exception | None] = queue.Queue(MAX_WAITING_REQUESTS)
        self._ended = False
        threading.Thread(target=self._read_all, daemon=True).start()

    def _read_all(self) -> None:
        try:
            while self._read_one():
                pass
        except Exception as error:
            self._read.put(error)
        else:
            self._read.put(None)

    def _read_one(self) -> bool:
        # A separate function: the caller would keep the request until the next one arrives.
        request = frames.read_request(self._requests)
        if request is not None:
            self._read.put(request)
        return request is not None

    def take(self, *, wait: bool, most: int = MAX_WAITING_REQUESTS) -> list[wire.Request]:
        """Return the requests that have arrived. Empty at the end of the pipe.

        Args:
            wait: whether to wait until at least one request arrives or the pipe ends.
            most: take at most this many.

        Raises:
            WireError: the bytes are not a request.
            OSError: the pipe cannot be read.

        """
        taken: list[wire.Request] = []
        while not self._ended and len(taken) < most and (wait or not self._read.empty()):
            wait = False
            request = self._read.get()
            if isinstance(request, Exception):
                raise request
            if request is None:
                self._ended = True
            else:
                taken.append(request)
        return taken


@contextmanager
def audio_of(content: memoryview) -> Iterator[Samples]:
    """Yield the audio of a request, float32, shape (n,). On exit, overwrite every copy of it.

    Args:
        content: PCM16, little endian; overwritten at once.

    """
    # The bytes in a frame may be unaligned. NumPy would convert them through a hidden buffer, which
    # cannot be overwritten.
    pcm = np.frombuffer(content, "<i2").copy()
    frames.erase(content)
    samples = to_float32(pcm)
    pcm.fill(0)
    try:
        yield samples
    finally:
        samples.fill(0)


@contextmanager
def announced(send: Send, item_id: int, *, suspect: bool) -> Iterator[None]:
    """Announce a suspect to the server while it is processed, in case the worker dies of it."""
    if suspect:
        send(wire.SuspectNotice(item_id))
    yield
    if suspect:
        send(wire.SuspectNotice(None))


def finished(hypothesis: Hypothesis, writing: wire.Writing) -> Hypothesis:
    """Return a hypothesis as it leaves the worker: written as `writing` says.

    Tokens follow the text.
    """
    # Masked first: no other change can hide a number from the mask.
    text = masked(hypothesis.text) if writing.masks else hypothesis.text
    text = written(text, writing.number_style)
    if text == hypothesis.text:
        return hypothesis
    return replace(hypothesis, text=text, tokens=retimed(hypothesis.tokens, text))


def run(serve: Callable[[frames.Pipe, frames.Pipe], None]) -> None:
    """Harden this process and serve requests: stdin and stdout are passed to `serve`."""
    # Ctrl-C reaches the whole process group. The server decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hardening.prefer_oom_kill()
    hardening.harden()
    hardening.end_with_parent()  # a stuck worker does not notice closed pipes
    log_setup.configure("json")
    error_redaction.log_uncaught()
    # The engine prints to stdout. The real stdout carries frames, so the engine gets stderr.
    requests = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if not select.select([requests], [], [], SETUP_SECONDS)[0]:
        return
    try:
        serve(requests, replies)
    except BrokenPipeError:  # the server has ended; the reading thread may still block in its pipe
        os._exit(1)

"""The inference process: `python -m hwaja.workers.worker`.

It exchanges `wire` frames on stdin and stdout. A thread reads requests, so that they do not wait in
the pipe while the engine works. The worker does one job between two steps of the streams. The
process ends at the end of stdin, so it never outlives the server process. The engine may also
crash the process at any moment. The server notices this and sends the work to another worker.
"""

import os
import queue
import select
import signal
import sys
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hwaja.engines import runtime
from hwaja.engines.hallucination_filter import may_loop, plausible_hypothesis
from hwaja.engines.interface import (
    Embedder,
    EngineError,
    OverlapDetector,
    Recognizer,
    Samples,
    StreamingRecognizer,
)
from hwaja.engines.recognition import Hypothesis
from hwaja.privacy import error_redaction, hardening
from hwaja.process import log_setup
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.workers import wire
from hwaja.workers.steps import Streams

SECOND_LOOK_SILENCE_SECONDS = 0.3
"""Silence put before an utterance that is decoded a second time. A greedy decoder may give another
text at another position in the window: on the test dialogue this ended every loop that occurred."""

SETUP_SECONDS = 10.0
"""The process ends if the server sends nothing for this long after the start: the server has lost
the process. asyncio starts a process and forgets it, if it then gets no thread or file to wait for
the exit of the process."""

MAX_WAITING_REQUESTS = 64
"""Most requests read ahead. More requests wait in the pipe. The server keeps the audio of unsent
requests as sample indices only."""

_SILENCE = np.zeros(round(SECOND_LOOK_SILENCE_SECONDS * SAMPLE_RATE), np.float32)

AnyRecognizer = Recognizer | StreamingRecognizer[Any]


@dataclass(frozen=True, slots=True)
class VoiceEngines:
    """The engines that distinguish voices."""

    embedder: Embedder
    overlaps: OverlapDetector


class _Jobs:
    """The jobs of the worker: whole utterances to recognise and voices to embed, in order."""

    def __init__(
        self, recogniser: AnyRecognizer, voice_engines: VoiceEngines | None, send: wire.Send
    ) -> None:
        self._recogniser = recogniser
        self._voice_engines = voice_engines
        self._send = send
        self.waiting: deque[wire.JobRequest] = deque()

    def do_one(self) -> None:
        """Do the first waiting job, if there is one, and send its reply."""
        if not self.waiting:
            return
        request = self.waiting.popleft()
        reply: wire.JobReply
        with wire.announced(self._send, request.job_id, suspect=request.suspect):
            try:
                reply = self._answer(request)
            except EngineError:
                reply = wire.Failed(request.job_id)
        self._send(reply)
        if isinstance(reply, wire.Embedded):
            wire.erase(reply.vectors)

    def _answer(self, request: wire.JobRequest) -> wire.JobReply:
        with wire.audio_of(request) as samples:
            if isinstance(request, wire.Recognise):
                hypothesis = _recognise(samples, self._recogniser, request.options)
                return wire.Recognised(
                    request.job_id, plausible_hypothesis(hypothesis, request.speech_seconds)
                )
            if self._voice_engines is None:
                raise EngineError("no embedder was loaded")
            rows = self._voice_engines.embedder.embed(samples)
            if not np.isfinite(rows).all():
                raise EngineError("the embedder found no numbers")
            overlap = (
                self._voice_engines.overlaps.overlap(samples)
                if request.overlaps
                else np.zeros(len(rows) - 1, np.float32)
            )
            return wire.Embedded(request.job_id, rows.data.cast("B"), overlap.data.cast("B"))


def _recognise(samples: Samples, recogniser: AnyRecognizer, options: Options) -> Hypothesis:
    """Recognise an utterance. If the text seems to loop, decode it a second time."""
    if not isinstance(recogniser, Recognizer):
        raise EngineError("the recogniser hears streams only")
    first = recogniser.recognise(samples, options)
    if not may_loop(first.text):
        return first
    later = np.concatenate([_SILENCE, samples])
    try:
        again = recogniser.recognise(later, options)
    finally:
        later.fill(0)
    return first if may_loop(again.text) else again.earlier(SECOND_LOOK_SILENCE_SECONDS)


def serve(requests: wire.Pipe, replies: wire.Pipe) -> None:
    """Load the models of the first request, then answer requests until `requests` ends.

    Raises:
        WireError: the bytes are not requests that this worker takes.
        OSError: a pipe failed, for example because the server has ended.

    """
    setup = wire.read_request(requests)
    if not isinstance(setup, wire.Setup):
        return
    send = partial(wire.write_reply, replies)
    try:
        recogniser, voice_engines = _load(setup)
    except EngineError as error:
        send(wire.Unusable(str(error)))
        return
    send(wire.Ready(recogniser.abilities))
    _work(_Inbox(requests), recogniser, voice_engines, send)


def _load(setup: wire.Setup) -> tuple[AnyRecognizer, VoiceEngines | None]:
    if setup.yields:
        yield_to_everyone()
    if setup.provider == "cuda":
        runtime.put_below_sherpa()
    # Imported here: the import is slow, and the server must receive its failure.
    from hwaja.engines import sherpa
    from hwaja.engines.segmentation import Segmenter

    recogniser = sherpa.load_recogniser(
        Path(setup.recogniser_dir), setup.language, setup.decoding_method, setup.provider
    )
    if setup.voices is None:
        return recogniser, None
    embedder = sherpa.SpeakerEmbedder(Path(setup.voices.embedder_file), setup.provider)
    return recogniser, VoiceEngines(embedder, Segmenter(Path(setup.voices.segmenter_file)))


def yield_to_everyone() -> None:
    """Run only while no other process wants the processor. Later threads inherit this."""
    os.nice(19)  # some systems and sandboxes allow only this
    with suppress(AttributeError, OSError):
        for thread in Path("/proc/self/task").iterdir():  # NumPy has started threads already
            os.sched_setscheduler(int(thread.name), os.SCHED_IDLE, os.sched_param(0))


class _Inbox:
    """The requests. A thread reads them as they arrive."""

    def __init__(self, requests: wire.Pipe) -> None:
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
        request = wire.read_request(self._requests)
        if request is not None:
            self._read.put(request)
        return request is not None

    def take(self, *, wait: bool) -> list[wire.Request]:
        """Return the requests that have arrived. Empty at the end of the pipe.

        Args:
            wait: whether to wait until at least one request arrives or the pipe ends.

        Raises:
            WireError: the bytes are not a request.
            OSError: the pipe cannot be read.

        """
        taken: list[wire.Request] = []
        while not self._ended and (wait or not self._read.empty()):
            wait = False
            request = self._read.get()
            if isinstance(request, Exception):
                raise request
            if request is None:
                self._ended = True
            else:
                taken.append(request)
        return taken


def _work(
    inbox: _Inbox, recogniser: AnyRecognizer, voice_engines: VoiceEngines | None, send: wire.Send
) -> None:
    """Answer requests until the pipe ends. Do one job between two steps of the streams."""
    jobs = _Jobs(recogniser, voice_engines, send)
    streams = None if isinstance(recogniser, Recognizer) else Streams(recogniser, send)
    while True:
        idle = not jobs.waiting and not (streams and streams.has_work)
        if not _hand_on(inbox.take(wait=idle), jobs, streams) and idle:
            return
        if streams:
            streams.step()
        jobs.do_one()


def _hand_on(requests: list[wire.Request], jobs: _Jobs, streams: Streams[Any] | None) -> bool:
    """Pass requests to the jobs or the streams; return whether there were any.

    Raises:
        WireError: this worker does not take such a request.

    """
    for request in requests:
        if isinstance(request, wire.JobRequest):
            jobs.waiting.append(request)
        elif isinstance(request, wire.StreamRequest) and streams:
            streams.take(request)
        else:
            raise wire.WireError(f"a worker like this takes no {type(request).__name__}")
    return bool(requests)


def main() -> None:
    """Serve requests on stdin and stdout."""
    # Ctrl-C reaches the whole process group. The server decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hardening.die_first()
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


if __name__ == "__main__":
    main()

"""The inference process: `python -m hwaja.workers.worker`.

Speaks `wire` frames on stdin and stdout. A thread reads requests, so that nothing waits in the
pipe while the engine works; between two steps of the streams one job is done. The process ends
when stdin does, so it never outlives the front. It may also end at any moment because the engine
ended it: the front notices and sends the work again to another.
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
from hwaja.engines.hallucination_filter import may_loop
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
from hwaja.workers.steps import Send, Streams, announced, audio_of, spoken

SECOND_LOOK_SILENCE_SECONDS = 0.3
"""Silence put before an utterance that is decoded a second time. Another position in the window
is another try for a greedy decoder: on the test dialogue it ended every loop that was met."""

SETUP_SECONDS = 10.0
"""A front that asks nothing for so long has lost the process: asyncio starts one, and forgets it
where it then gets no thread or file to wait for its end with."""

MAX_WAITING_REQUESTS = 64
"""Requests read ahead; more wait in the pipe, and the front holds audio as indices only."""

_SILENCE = np.zeros(round(SECOND_LOOK_SILENCE_SECONDS * SAMPLE_RATE), np.float32)

AnyRecognizer = Recognizer | StreamingRecognizer[Any]


@dataclass(frozen=True, slots=True)
class VoiceEngines:
    """What tells voices apart."""

    embedder: Embedder
    overlaps: OverlapDetector


class _Jobs:
    """Utterances to recognise as a whole, and voices to embed; first come, first served."""

    def __init__(
        self, recogniser: AnyRecognizer, voice_engines: VoiceEngines | None, send: Send
    ) -> None:
        self._recogniser = recogniser
        self._voice_engines = voice_engines
        self._send = send
        self.waiting: deque[wire.JobRequest] = deque()

    def do_one(self) -> None:
        """Do the first job, if there is one, and send its reply."""
        if not self.waiting:
            return
        request = self.waiting.popleft()
        reply: wire.JobReply
        with announced(self._send, request.job_id, suspect=request.suspect):
            try:
                reply = self._answer(request)
            except EngineError:
                reply = wire.Failed(request.job_id)
        self._send(reply)
        if isinstance(reply, wire.Embedded):
            wire.erase(reply.vectors)

    def _answer(self, request: wire.JobRequest) -> wire.JobReply:
        with audio_of(request) as samples:
            if isinstance(request, wire.Recognise):
                hypothesis = _recognise(samples, self._recogniser, request.options)
                return wire.Recognised(request.job_id, spoken(hypothesis, request.speech_seconds))
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
    """Recognise an utterance; where the text seems to loop, listen once more."""
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
    """Load what the first request says, then answer requests until there are no more."""
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
    # Imported here: the import alone takes long, and its failure must reach the front.
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
    """Run only while no other process wants the processor; threads started later do the same."""
    os.nice(19)  # all that some systems have, and some sandboxes allow
    with suppress(AttributeError, OSError):
        for thread in Path("/proc/self/task").iterdir():  # NumPy has some already
            os.sched_setscheduler(int(thread.name), os.SCHED_IDLE, os.sched_param(0))


class _Inbox:
    """Requests, read by a thread as they arrive."""

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
        # A function of its own: in its caller the request would be held until the next comes.
        request = wire.read_request(self._requests)
        if request is not None:
            self._read.put(request)
        return request is not None

    def take(self, *, wait: bool) -> list[wire.Request]:
        """Return what has arrived, waiting for something if asked to; nothing more at the end.

        Raises:
            WireError, OSError: where what arrived is no request.

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
    inbox: _Inbox, recogniser: AnyRecognizer, voice_engines: VoiceEngines | None, send: Send
) -> None:
    """Answer requests until there are no more; between two steps of the streams do one job."""
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
    """Give requests to who does them; returns whether there were any."""
    for request in requests:
        if isinstance(request, wire.JobRequest):
            jobs.waiting.append(request)
        elif isinstance(request, wire.StreamRequest) and streams:
            streams.take(request)
        else:
            raise wire.WireError(f"a worker like this takes no {type(request).__name__}")
    return bool(requests)


def main() -> None:
    """Serve on stdin and stdout."""
    # Ctrl-C reaches the whole process group; the front decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hardening.die_first()
    hardening.harden()
    hardening.end_with_parent()  # one that is stuck does not notice that its pipes are closed
    log_setup.configure("json")
    error_redaction.log_uncaught()
    # The engine prints to stdout: keep the real one for frames, and give it stderr instead.
    requests = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if not select.select([requests], [], [], SETUP_SECONDS)[0]:
        return
    try:
        serve(requests, replies)
    except BrokenPipeError:  # the front is gone; the reading thread may still hold its pipe
        os._exit(1)


if __name__ == "__main__":
    main()

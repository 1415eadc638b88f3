"""The inference process: `python -m hwaja.workers.inference.worker`.

It exchanges `wire` frames on stdin and stdout. A thread reads requests, so that they do not wait in
the pipe while the engine works. The worker does one job, or one batch of jobs, between two steps of
the streams. The process ends at the end of stdin, so it never outlives the server process. The
engine may also crash the process at any moment. The server notices this and sends the work to
another worker.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hwaja.engines import runtime
from hwaja.engines.ctranslate2 import fallback
from hwaja.engines.interface import (
    Embedder,
    EngineError,
    OverlapDetector,
    Recognizer,
    Samples,
    StreamingRecognizer,
    Utterance,
    VoiceExtractor,
)
from hwaja.engines.recognition import Candidate, Choose, Hypothesis, first
from hwaja.privacy import hardening
from hwaja.text.masking import masked
from hwaja.workers.inference.child import (
    MAX_WAITING_REQUESTS,
    Inbox,
    Send,
    announced,
    audio_of,
    finished,
    run,
)
from hwaja.workers.inference.steps import Streams
from hwaja.workers.transport import frames, wire
from hwaja.workers.transport.model_origin import located

AnyRecognizer = Recognizer | StreamingRecognizer[Any]


@dataclass(frozen=True, slots=True)
class VoiceEngines:
    """The engines that distinguish voices."""

    embedder: Embedder
    overlaps: OverlapDetector
    extractor: VoiceExtractor | None = None


class _Jobs:
    """The jobs of the worker: whole utterances to recognise and voices to embed, in order."""

    def __init__(
        self,
        inbox: Inbox,
        recogniser: AnyRecognizer,
        voice_engines: VoiceEngines | None,
        send: Send,
        writing: wire.Writing,
    ) -> None:
        self._inbox = inbox
        self._writing = writing
        self._recogniser = recogniser
        self._voice_engines = voice_engines
        self._send = send
        self.waiting: deque[Sequence[wire.JobRequest]] = deque()
        """The batches, most of them of one job."""

    def do_next(self) -> None:
        """Do the first waiting batch, if there is one. Send each reply once it is known."""
        if not self.waiting:
            return
        batch = self.waiting.popleft()
        self._recognise([each for each in batch if isinstance(each, wire.Recognise)])
        for request in batch:
            if isinstance(request, wire.Embed):
                self._embed(request)

    def _recognise(self, requests: Sequence[wire.Recognise]) -> None:
        with ExitStack() as stack:
            for each in requests:
                stack.enter_context(announced(self._send, each.job_id, suspect=each.suspect))
            heard = [(each, stack.enter_context(self._audio_of(each))) for each in requests]
            for each in (each for each, samples in heard if samples is None):
                self._send(wire.Failed(each.job_id))
            decoded = [(each, samples) for each, samples in heard if samples is not None]
            utterances = [
                (self._utterance(each, samples), each.speech_seconds) for each, samples in decoded
            ]
            hypotheses = self._hypotheses(utterances) if utterances else ()
            for (each, _), hypothesis in zip(decoded, hypotheses, strict=True):
                if hypothesis is None:
                    self._send(wire.Failed(each.job_id))
                else:
                    self._send(wire.Recognised(each.job_id, finished(hypothesis, self._writing)))

    @contextmanager
    def _audio_of(self, request: wire.Recognise) -> Iterator[Samples | None]:
        """Yield the audio to recognise; None: the voice cannot be extracted from it."""
        with audio_of(request.samples) as samples:
            if request.voice is None:
                yield samples
                return
            with audio_of(request.voice) as voice:
                extracted = self._extracted(samples, voice)
            try:
                yield extracted
            finally:
                if extracted is not None:
                    extracted.fill(0)

    def _extracted(self, samples: Samples, voice: Samples) -> Samples | None:
        if self._voice_engines is None or self._voice_engines.extractor is None:
            return None
        try:
            return self._voice_engines.extractor.extract(samples, voice)
        except EngineError:
            return None

    def _utterance(self, request: wire.Recognise, samples: Samples) -> Utterance:
        choose = self._ask(request.job_id) if request.offers else first
        return Utterance(samples, request.options, request.effort, choose)

    def _hypotheses(
        self, utterances: Sequence[tuple[Utterance, float]]
    ) -> Iterable[Hypothesis | None]:
        if not isinstance(self._recogniser, Recognizer):  # it decodes streams only
            return [None] * len(utterances)
        return fallback.recognise_batch(self._recogniser, utterances)

    def _embed(self, request: wire.Embed) -> None:
        reply: wire.JobReply
        with announced(self._send, request.job_id, suspect=request.suspect):
            try:
                with audio_of(request.samples) as samples:
                    reply = self._embedded(request, samples)
            except EngineError:
                reply = wire.Failed(request.job_id)
        self._send(reply)
        if isinstance(reply, wire.Embedded):
            frames.erase(reply.vectors)

    def _embedded(self, request: wire.Embed, samples: Samples) -> wire.Embedded:
        if self._voice_engines is None:
            raise EngineError("no embedder was loaded")
        rows = self._voice_engines.embedder.embed(samples)
        if not np.isfinite(rows).all():
            raise EngineError("the embedder returned values that are not finite")
        overlap = (
            self._voice_engines.overlaps.overlap(samples)
            if request.overlaps
            else np.zeros(len(rows) - 1, np.float32)
        )
        return wire.Embedded(request.job_id, rows.data.cast("B"), overlap.data.cast("B"))

    def _ask(self, job_id: int) -> Choose:
        """Return a `Choose` that asks the server to choose, and waits for its answer."""

        def choose(candidates: Sequence[Candidate], language: str) -> int:
            offered = [
                replace(each, text=masked(each.text)) if self._writing.masks else each
                for each in candidates
            ]
            self._send(wire.Candidates(job_id, offered, language))
            (request,) = self._inbox.take(wait=True, most=1) or (None,)
            if not isinstance(request, wire.Choose) or request.job_id != job_id:
                raise frames.WireError("not the choice that this worker waits for")
            if not 0 <= request.index < len(candidates):
                raise frames.WireError("a choice that was not offered")
            return request.index

        return choose


def serve(requests: frames.Pipe, replies: frames.Pipe) -> None:
    """Load the models of the first request, then answer requests until `requests` ends.

    Raises:
        WireError: the bytes are not requests that this worker takes.
        OSError: a pipe failed, for example because the server has ended.

    """
    setup = frames.read_request(requests)
    if not isinstance(setup, wire.Setup):
        return
    send = partial(frames.write_reply, replies)
    try:
        with hardening.without_overwriting():
            recogniser, voice_engines = _load(setup)
    except EngineError as error:
        send(wire.Unusable(str(error)))
        return
    if setup.low_priority:
        set_idle_priority()  # not before: on a busy machine, the models would never be loaded
    send(wire.Ready(recogniser.abilities))
    _work(Inbox(requests), recogniser, voice_engines, send, setup.writing)


def _load(setup: wire.Setup) -> tuple[AnyRecognizer, VoiceEngines | None]:
    if setup.origin is not None:
        setup = located(setup, setup.origin)
    if setup.provider == "cuda":
        runtime.put_below_sherpa()
    # Imported here: the import is slow, and the server must receive its failure.
    from hwaja.engines import loading
    from hwaja.engines.segmentation import Segmenter
    from hwaja.engines.voxlock import VoxLock

    recogniser = loading.load_recogniser(
        Path(setup.recogniser_dir), setup.language, setup.decoding_method, setup.provider
    )
    if setup.voices is None:
        return recogniser, None
    embedder = loading.SpeakerEmbedder(Path(setup.voices.embedder_file), setup.provider)
    overlaps = Segmenter(Path(setup.voices.segmenter_file))
    if setup.extractor_dir is None:
        return recogniser, VoiceEngines(embedder, overlaps)
    if not isinstance(recogniser, Recognizer):
        raise EngineError("overlap_model needs a recogniser of whole utterances, not a stream.")
    extractor = VoxLock(Path(setup.extractor_dir))
    return recogniser, VoiceEngines(embedder, overlaps, extractor)


def set_idle_priority() -> None:
    """Run only while no other process needs the processor. Later threads inherit this."""
    os.nice(19)  # some systems and sandboxes allow only this
    with suppress(AttributeError, OSError):
        for thread in Path("/proc/self/task").iterdir():  # NumPy has started threads already
            os.sched_setscheduler(int(thread.name), os.SCHED_IDLE, os.sched_param(0))


def _work(
    inbox: Inbox,
    recogniser: AnyRecognizer,
    voice_engines: VoiceEngines | None,
    send: Send,
    writing: wire.Writing,
) -> None:
    """Answer requests until the pipe ends. Do one batch between two steps of the streams."""
    jobs = _Jobs(inbox, recogniser, voice_engines, send, writing)
    streams = None if isinstance(recogniser, Recognizer) else Streams(recogniser, send, writing)
    # One: a job may wait for the next request, which is the server's choice (`_Jobs._ask`).
    most = 1 if streams is None else MAX_WAITING_REQUESTS
    while True:
        idle = not jobs.waiting and not (streams and streams.has_work)
        if not _hand_on(inbox.take(wait=idle, most=most), jobs, streams) and idle:
            return
        if streams:
            streams.step()
        jobs.do_next()


def _hand_on(requests: list[wire.Request], jobs: _Jobs, streams: Streams[Any] | None) -> bool:
    """Pass requests to the jobs or the streams; return whether there were any.

    Raises:
        WireError: this worker does not take such a request.

    """
    for request in requests:
        if isinstance(request, wire.JobRequest):
            jobs.waiting.append((request,))
        elif isinstance(request, wire.Batch):
            jobs.waiting.append(request.jobs)
        elif isinstance(request, wire.StreamRequest) and streams:
            streams.take(request)
        else:
            raise frames.WireError(f"this worker takes no {type(request).__name__}")
    return bool(requests)


def main() -> None:
    """Serve requests on stdin and stdout."""
    run(serve)


if __name__ == "__main__":
    main()

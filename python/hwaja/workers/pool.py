"""The workers and their work, shared fairly between sessions.

A worker has one job at a time, and beside it the utterances that it hears while they are spoken.
When it dies, its work goes to others, from audio that the sessions still hold. All that it had is
suspected then: a worker tells before it touches a suspect, and one that it dies of fails alone.
"""

import asyncio
import math
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from itertools import count

import numpy as np
import structlog

from hwaja.engines.interface import EngineError, Samples, VoiceTrack
from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.process.supervision import WhenHopeless
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.workers import wire
from hwaja.workers.charges import Charges
from hwaja.workers.jobs import FairQueue, Job
from hwaja.workers.stream_router import StreamRouter
from hwaja.workers.supervisor import WorkerSupervisor
from hwaja.workers.utterance_stream import UtteranceStream
from hwaja.workers.worker_process import WorkerProcess
from hwaja.workers.worker_slot import WorkerSlot

SPARED_SECONDS = 1.0
"""How long after an interim text the next is still expected: more than two steps between them."""

_CLOSED = "the engine was stopped"

_log = structlog.get_logger("hwaja.workers.pool")


ReadSamples = Callable[[], Samples]
"""Reads a job's audio from the session's ring, afresh for every try."""


class Pool:
    """The workers and what waits for them."""

    def __init__(
        self, setup: wire.Setup, workers: int, when_hopeless: WhenHopeless | None = None
    ) -> None:
        """Prepare; `when_hopeless` is told where no worker can be kept running at all."""
        self._supervisor = WorkerSupervisor(
            setup, workers, self._work, self._fail_waiting, when_hopeless
        )
        self._charges = Charges(workers)
        self._queue = FairQueue(self._charges, _now, self._admits_ahead)
        self._ahead_jobs = 0  # that workers have, of sessions that are ahead
        self._awaited_interims = 0  # by sessions that are not
        self._spares_until = -math.inf  # in the loop's time
        self._jobs: set[Job] = set()  # all that are waited for
        self._closed = False
        self._patience = 10 if setup.yields else 1  # one that yields may wait for its turn
        self._ids = count(1)
        self._router = StreamRouter(self._new_id)
        self.idle_workers = 0
        """How many workers wait for a job."""

    @property
    def abilities(self) -> Abilities:
        """What the recogniser can do; known once the pool has started."""
        return self._supervisor.abilities

    @property
    def processes(self) -> dict[int, asyncio.subprocess.Process]:
        """The last process of each worker, by number."""
        return self._supervisor.processes

    @property
    def running_workers(self) -> int:
        """How many workers have loaded their models and live."""
        return self._supervisor.running

    @property
    def queue_seconds(self) -> float:
        """How much audio waits for a worker. A text and a voice of the same audio count twice."""
        return self._queue.audio_seconds + self._router.unsent_samples / SAMPLE_RATE

    @property
    def restarts(self) -> int:
        """How many workers have died and were started again."""
        return self._supervisor.restarts

    async def start(self) -> None:
        """Start the workers and return once all have loaded their models.

        Raises:
            EngineError: where the models cannot be loaded; no worker is left running.

        """
        await self._supervisor.start()

    async def close(self) -> None:
        """End every worker; work that still waits, and later work, fails."""
        self._closed = True
        self._fail_waiting(_CLOSED)
        await self._supervisor.close()
        self._fail_waiting(_CLOSED)  # what the workers had

    def set_ahead(self, owner: Hashable, is_ahead: bool) -> None:
        """Learn whether a session is ahead of real time: what the others leave is for it."""
        self._queue.set_ahead(owner, is_ahead)

    def shares(self, owner: Hashable) -> float:
        """Return how many shares of the workers a session took of late; see `Charges`."""
        return self._charges.shares(owner, _now())

    @contextmanager
    def sparing(self, owner: Hashable) -> Iterator[None]:
        """Keep one of several workers free of what is ahead, for a session that is not.

        It awaits an interim text meanwhile, and perhaps another one soon. That is made with what
        the workers leave of the processor.
        """
        if owner in self._queue.ahead:
            yield
            return
        self._awaited_interims += 1
        try:
            yield
        finally:
            self._awaited_interims -= 1
            loop = asyncio.get_running_loop()
            self._spares_until = loop.time() + SPARED_SECONDS
            loop.call_at(self._spares_until, self._queue.look_again)

    def _admits_ahead(self) -> bool:
        is_soon = asyncio.get_running_loop().time() < self._spares_until
        spares = self._awaited_interims > 0 or is_soon
        return not spares or self._ahead_jobs < max(1, self.running_workers - 1)

    # whole utterances

    async def recognise(
        self,
        owner: Hashable,
        read: ReadSamples,
        samples: int,
        options: Options,
        speech_seconds: float | None = None,
    ) -> Hypothesis:
        """Return the text of an utterance of about `samples` samples.

        `speech_seconds` is how much of it the gate took for speech; None: all that is read.

        Raises:
            EngineError: where the engine failed on it.

        """

        def request(job_id: int, suspect: bool) -> wire.JobRequest:
            audio = read()
            spoken_seconds = len(audio) / SAMPLE_RATE if speech_seconds is None else speech_seconds
            return wire.Recognise(job_id, _bytes_of(audio), spoken_seconds, options, suspect)

        reply = await self._do(owner, request, samples)
        if not isinstance(reply, wire.Recognised):
            raise EngineError("recognition failed")
        return reply.hypothesis

    async def embed(
        self, owner: Hashable, read: ReadSamples, samples: int, *, overlaps: bool
    ) -> VoiceTrack:
        """Return the embeddings of the voice in `samples` samples of audio.

        Without `overlaps` nobody looks where two voices speak at once, which is a quarter of the
        work.

        Raises:
            EngineError: where the engine failed on it.

        """

        def request(job_id: int, suspect: bool) -> wire.JobRequest:
            return wire.Embed(job_id, _bytes_of(read()), overlaps, suspect)

        reply = await self._do(owner, request, samples)
        if not isinstance(reply, wire.Embedded):
            raise EngineError("embedding failed")
        overlap = np.frombuffer(reply.overlap, np.float32)
        rows = np.frombuffer(reply.vectors, np.float32).reshape(1 + len(overlap), -1)
        return VoiceTrack(rows[0].copy(), rows[1:].copy(), overlap)

    # utterances that are heard while they are spoken

    def extend(self, utterance: UtteranceStream, stop: int) -> None:
        """Have samples before `stop` heard; the first call has the utterance begun."""
        is_new = utterance.stop == utterance.start
        utterance.stop = stop
        if is_new:
            utterance.is_ahead = utterance.owner in self._queue.ahead
            self._router.add(utterance)
        else:
            self._router.changed(utterance)

    async def finish(
        self, utterance: UtteranceStream, stop: int, speech_seconds: float
    ) -> Hypothesis:
        """Say that the utterance ends at `stop`, of which no more was sent; return what was said.

        Raises:
            EngineError: where the engine failed on it.

        """
        if self._closed:
            raise EngineError(_CLOSED)
        utterance.speech_seconds = speech_seconds
        self.extend(utterance, stop)
        try:
            while True:
                try:
                    async with asyncio.timeout(_limit_seconds(stop - utterance.start)):
                        return await asyncio.shield(utterance.final)
                except TimeoutError:
                    self._end_worker_of(utterance)
        finally:
            self.drop(utterance)

    def drop(self, utterance: UtteranceStream) -> None:
        """Forget an utterance that nobody waits for."""
        self._router.drop(utterance)

    def leave(self, owner: Hashable) -> None:
        """Forget a session that wants nothing any more."""
        self._router.leave(owner)
        self._charges.leave(owner)

    # work

    def _new_id(self) -> int:
        return next(self._ids)

    async def _do(
        self, owner: Hashable, request: Callable[[int, bool], wire.JobRequest], samples: int
    ) -> wire.JobReply:
        if self._closed:
            raise EngineError(_CLOSED)
        limit_seconds = self._patience * _limit_seconds(samples)
        job = Job(owner, request, limit_seconds=limit_seconds, samples=samples)
        self._jobs.add(job)
        self._queue.put(job)
        try:
            return await job.reply
        finally:
            self._jobs.discard(job)

    async def _work(self, number: int, worker: WorkerProcess) -> None:
        """Have a worker do jobs and hear utterances until it dies.

        Raises:
            Exception: for a fault of the front, which has cost the worker.

        """
        slot = WorkerSlot(worker, self._router.connect(number))
        tasks = [
            asyncio.create_task(work, name=f"{name} of worker {number}")
            for name, work in (
                ("replies", self._listen(slot)),
                ("jobs", self._do_jobs(slot)),
                ("streams", _send_streams(slot)),
            )
        ]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._router.disconnect(number, slot.tried)
            self._give_back(slot)
        for task in ended:
            task.result()

    async def _listen(self, slot: WorkerSlot) -> None:
        """Take the worker's replies, until it is dead or says what is no reply."""
        try:
            while True:
                slot.take_reply(await slot.worker.receive())
        except (OSError, EOFError):
            pass
        except wire.WireError as error:
            _log.error("worker is ended for what it says", reason=str(error))
            slot.blame_last_tried()

    async def _do_jobs(self, slot: WorkerSlot) -> None:
        """Give the worker one job after the other, until it is dead, or stuck."""
        with suppress(OSError, TimeoutError):
            while True:
                await self._do_job(slot, await self._next_job())

    async def _do_job(self, slot: WorkerSlot, job: Job) -> None:
        # A function of its own: what a job holds of a session ends with it.
        request = slot.begin(job, self._new_id())
        if request is not None:
            with self._taking(job.owner):
                async with asyncio.timeout(job.limit_seconds):
                    await slot.worker.send(request)
                    await slot.job_done.wait()
        slot.job = None

    @contextmanager
    def _taking(self, owner: Hashable) -> Iterator[None]:
        """Charge a session for how long it takes a worker; where it is ahead, from nobody."""
        is_ahead = owner in self._queue.ahead
        account = self._charges.account(owner)  # now: the session may have left by the end
        began = _now()
        self._ahead_jobs += is_ahead
        try:
            yield
        finally:
            self._ahead_jobs -= is_ahead
            if not is_ahead:
                now = _now()
                account.charge(now - began, now)

    async def _next_job(self) -> Job:
        self.idle_workers += 1
        try:
            return await self._queue.get()
        finally:
            self.idle_workers -= 1

    def _give_back(self, slot: WorkerSlot) -> None:
        """Have the job of a dead worker done by another, unless it is why it died."""
        job = slot.job
        if job is None or job.reply.done():
            return
        if slot.tried == slot.job_id:
            job.fail("the engine ended on this audio")
        else:
            job.suspect = True
            self._queue.put_back(job)

    def _end_worker_of(self, utterance: UtteranceStream) -> None:
        """Kill the worker that is stuck on an utterance."""
        number = self._router.worker_of(utterance)
        if number is not None and self.processes[number].returncode is None:
            self.processes[number].kill()

    def _fail_waiting(self, sentence: str) -> None:
        for job in self._jobs:
            job.fail(sentence)
        self._router.fail_unheard(sentence)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _send_streams(slot: WorkerSlot) -> None:
    """Send the worker what its line has for it, until it is dead."""
    with suppress(OSError):
        while True:
            await slot.worker.send(await slot.line.next_request())


def _limit_seconds(samples: int) -> float:
    """Return ten times what the slowest machine that keeps up needs, and time to warm up."""
    return 20 + 10 * samples / SAMPLE_RATE


def _bytes_of(samples: Samples) -> memoryview:
    return samples.data.cast("B")

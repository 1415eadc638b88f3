"""The pool of workers and their work, which sessions share fairly.

A worker has any number of utterance streams, and one job at a time, or a batch of jobs where its
recogniser takes several. When it dies, the pool gives its work to other workers and reads the audio
again from the sessions. Each job and stream of the dead worker is then a suspect, which is done
alone. A worker announces each suspect before it processes it. If it dies of the suspect, only that
suspect fails.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count

import numpy as np
import structlog

from hwaja.engines.interface import EngineError, Pcm16, VoiceTrack
from hwaja.engines.recognition import NORMAL, Abilities, Effort, Hypothesis
from hwaja.process.supervision import Escalate
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.workers.charges import Charges
from hwaja.workers.jobs import SPARED_SECONDS, FairQueue, Job, Sparing, limit_seconds
from hwaja.workers.stream_router import StreamRouter
from hwaja.workers.supervisor import WorkerSupervisor
from hwaja.workers.transport import frames, wire
from hwaja.workers.transport.worker_link import Spawn, WorkerLink
from hwaja.workers.utterance_stream import UtteranceStream
from hwaja.workers.worker_slot import ChooseLater, WorkerSlot

_CLOSED = "the engine was stopped"

_log = structlog.get_logger("hwaja.workers.pool")

ReadSamples = Callable[[], Pcm16]
"""Reads a job's audio from the session's ring. Called for each attempt."""


class Pool:
    """The workers, and the jobs and streams that wait for them."""

    def __init__(
        self,
        setup: wire.Setup,
        workers: int,
        escalate: Escalate | None = None,
        choose: ChooseLater | None = None,
        charges: Charges | None = None,
        spawn: Spawn | None = None,
    ) -> None:
        """Create the pool without starting a worker.

        Args:
            setup: what every worker loads.
            workers: number of workers.
            escalate: see `WorkerSupervisor`.
            choose: chooses among the texts that a recogniser found. None: the recogniser chooses.
            charges: the accounts of the sessions, which another pool may share. None: new ones.
            spawn: see `WorkerSupervisor`.

        """
        self._choose = choose
        self._supervisor = WorkerSupervisor(
            setup, workers, self._work, self._fail_waiting, escalate, spawn
        )
        self._charges = charges or Charges(workers)
        self._sparing = Sparing(
            _now, lambda: self._charges.are_recent(_now(), without=self._queue.ahead)
        )
        self._queue = FairQueue(
            self._charges,
            _now,
            lambda: self._sparing.admits_ahead(self.running_workers, self.idle_workers),
        )
        self._jobs: set[Job] = set()  # those without a reply
        self._slots: dict[int, WorkerSlot] = {}  # by number of the worker
        self._closed = False
        self._patience = 10 if setup.low_priority else 1  # low priority: it waits for the processor
        self._new_id = partial(next, count(1))
        self._router = StreamRouter(self._new_id)
        self.idle_workers = 0
        """Number of workers that wait for a job."""

    @property
    def abilities(self) -> Abilities:
        """The abilities of the recogniser. Valid after `start`."""
        return self._supervisor.abilities

    @property
    def processes(self) -> dict[int, asyncio.subprocess.Process]:
        """The last process of each worker, by number."""
        return self._supervisor.processes

    @property
    def workers(self) -> int:
        """Number of workers, with those that are starting."""
        return len(self._supervisor.numbers)

    @property
    def running_workers(self) -> int:
        """Number of live workers that have loaded their models."""
        return self._supervisor.running

    @property
    def queue_seconds(self) -> float:
        """Seconds of audio that wait for a worker. Audio for both text and voice counts twice."""
        return self._queue.audio_seconds + self._router.unsent_samples / SAMPLE_RATE

    @property
    def restarts(self) -> int:
        """Number of dead workers that were started again."""
        return self._supervisor.restarts

    async def start(self, *, one_by_one: bool = False) -> None:
        """Start the workers; see `WorkerSupervisor.start`.

        Raises:
            EngineError: a worker cannot start or load its models. No worker is left running.

        """
        await self._supervisor.start(one_by_one=one_by_one)

    async def close(self) -> None:
        """End every worker. Waiting work and later work fails with EngineError."""
        self._closed = True
        self._fail_waiting(_CLOSED)
        await self._supervisor.close()
        self._fail_waiting(_CLOSED)  # the work that the workers had

    def add_worker(self) -> None:
        """Start one more worker, which takes work once it has loaded its models."""
        self._supervisor.add()
        self._charges.workers = self.workers

    def remove_worker(self) -> None:
        """End the last worker without work, so that servers that share engines keep the same."""
        busy = {number for number, slot in self._slots.items() if not slot.is_free}
        for number in sorted({*self._supervisor.numbers} - busy)[-1:]:
            self._charges.workers = self.workers - 1
            self._removal = asyncio.create_task(self._supervisor.remove(number))

    def set_ahead(self, owner: Hashable, is_ahead: bool) -> None:
        """Set whether a session is ahead of real time. Its jobs then wait for those of others."""
        self._queue.set_ahead(owner, is_ahead)

    def shares(self, owner: Hashable) -> float:
        """Return the recent use of the workers by a session, in shares; see `Charges`."""
        return self._charges.shares(owner, _now())

    @property
    def use(self) -> float:
        """Recent use of the workers by sessions in real time, as a share of all workers."""
        return self._charges.use(_now())

    @contextmanager
    def sparing(self, owner: Hashable) -> Iterator[None]:
        """Spare a worker while a session awaits an interim text; see `Sparing`.

        No worker is spared for a session that is ahead of real time.
        """
        if owner in self._queue.ahead:
            yield
            return
        try:
            with self._sparing.interim():
                yield
        finally:
            asyncio.get_running_loop().call_later(SPARED_SECONDS, self._queue.recheck)

    # whole utterances

    async def recognise(
        self,
        owner: Hashable,
        read: ReadSamples,
        samples: int,
        options: Options,
        speech_seconds: float | None = None,
        effort: Callable[[], Effort] = lambda: NORMAL,
        voice: Pcm16 | None = None,
    ) -> Hypothesis:
        """Return the text of a whole utterance.

        Args:
            owner: the session.
            read: reads the audio when a worker is free.
            samples: approximate length of the audio in samples.
            options: options of the recogniser.
            speech_seconds: how much of the audio is speech according to the gate. None: all of it.
            effort: returns the effort. Called for each attempt, when a worker is free.
            voice: `VOICE_SAMPLES` of the voice whose words are wanted. None: all words are.

        Raises:
            EngineError: the engine failed on the audio, the audio cannot be read, no worker can be
                started, or the pool is closed.

        """

        def request(job_id: int, suspect: bool) -> wire.JobRequest:
            audio = read()
            spoken_seconds = len(audio) / SAMPLE_RATE if speech_seconds is None else speech_seconds
            return wire.Recognise(
                job_id,
                audio.data.cast("B"),
                spoken_seconds,
                options,
                suspect,
                effort(),
                offers=self._choose is not None,
                voice=None if voice is None else voice.copy().data.cast("B"),
                is_ahead=owner in self._queue.ahead,
            )

        reply = await self._do(owner, request, samples)
        if not isinstance(reply, wire.Recognised):
            raise EngineError("recognition failed")
        return reply.hypothesis

    async def embed(
        self, owner: Hashable, read: ReadSamples, samples: int, *, overlaps: bool
    ) -> VoiceTrack:
        """Return the embeddings of the voice in audio.

        Args:
            owner: the session.
            read: reads the audio when a worker is free.
            samples: approximate length of the audio in samples.
            overlaps: whether to detect where two voices speak at once. This is a quarter of the
                work. False: the overlap is 0 everywhere.

        Raises:
            EngineError: as for `recognise`.

        """

        def request(job_id: int, suspect: bool) -> wire.JobRequest:
            audio, is_ahead = read().data.cast("B"), owner in self._queue.ahead
            return wire.Embed(job_id, audio, overlaps, suspect, is_ahead)

        reply = await self._do(owner, request, samples)
        if not isinstance(reply, wire.Embedded):
            raise EngineError("embedding failed")
        overlap = np.frombuffer(reply.overlap, np.float32)
        rows = np.frombuffer(reply.vectors, np.float32).reshape(1 + len(overlap), -1)
        return VoiceTrack(rows[0].copy(), rows[1:].copy(), overlap)

    # utterance streams: utterances recognised while they are spoken

    def extend(self, utterance: UtteranceStream, stop: int) -> None:
        """Send the samples before index `stop` to a worker. The first call opens the stream."""
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
        """End an utterance stream and return its text.

        Args:
            utterance: the stream. It is dropped afterwards.
            stop: index of the first sample after the utterance. No later sample was sent.
            speech_seconds: how much of the utterance is speech according to the gate.

        Raises:
            EngineError: as for `recognise`.

        """
        if self._closed:
            raise EngineError(_CLOSED)
        utterance.speech_seconds = speech_seconds
        self.extend(utterance, stop)
        try:
            while True:
                try:
                    async with asyncio.timeout(limit_seconds(stop - utterance.start)):
                        return await asyncio.shield(utterance.final)
                except TimeoutError:
                    self._end_worker_of(utterance)
        finally:
            self.drop(utterance)

    def drop(self, utterance: UtteranceStream) -> None:
        """Cancel an utterance stream. It may be finished already."""
        self._router.drop(utterance)

    def leave(self, owner: Hashable) -> None:
        """Forget a session that has ended."""
        self._router.leave(owner)
        self._charges.leave(owner)

    # work

    async def _do(
        self, owner: Hashable, request: Callable[[int, bool], wire.JobRequest], samples: int
    ) -> wire.JobReply:
        if self._closed:
            raise EngineError(_CLOSED)
        patience_seconds = self._patience * limit_seconds(samples)
        job = Job(owner, request, limit_seconds=patience_seconds, samples=samples)
        self._jobs.add(job)
        self._queue.put(job)
        try:
            return await job.reply
        finally:
            self._jobs.discard(job)

    async def _work(self, number: int, worker: WorkerLink) -> None:
        """Give a worker jobs and streams until it dies.

        Raises:
            Exception: a fault of the server process. The worker must be ended.

        """
        slot = self._slots[number] = WorkerSlot(worker, self._router.connect(number))
        tasks = [
            asyncio.create_task(work, name=f"{name} of worker {number}")
            for name, work in (
                ("replies", self._listen(slot)),
                ("jobs", self._do_jobs(slot)),
                ("streams", slot.send_streams()),
            )
        ]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            del self._slots[number]
            self._router.disconnect(number, slot.tried)
            self._give_back(slot)
        for task in ended:
            task.result()

    async def _listen(self, slot: WorkerSlot) -> None:
        """Handle the worker's replies, until it dies or sends an invalid reply."""
        try:
            while True:
                slot.take_reply(await slot.worker.receive())
        except (OSError, EOFError):
            pass
        except frames.WireError as error:
            _log.error("worker is ended for an invalid reply", reason=str(error))
            slot.blame_last_tried()

    async def _do_jobs(self, slot: WorkerSlot) -> None:
        """Give the worker one batch of jobs after another, until it dies or is stuck."""
        with suppress(OSError, TimeoutError):
            while True:
                await self._do_batch(slot, await self._next_jobs())

    async def _do_batch(self, slot: WorkerSlot, jobs: list[Job]) -> None:
        # A separate function: on return it releases the jobs' references to the sessions.
        begun = [slot.begin(job, self._new_id()) for job in jobs]
        requests = [request for request in begun if request is not None]
        if requests:
            with self._queue.charging([job for _, job in slot.jobs]):
                # A batch takes little longer than its longest job: that is what batches are for.
                async with asyncio.timeout(max(job.limit_seconds for job in jobs)):
                    await slot.do(requests, self._choose)

    async def _next_jobs(self) -> list[Job]:
        self.idle_workers += 1
        try:
            return await self._queue.get(self.abilities.batch_size)
        finally:
            self.idle_workers -= 1

    def _give_back(self, slot: WorkerSlot) -> None:
        """Return the jobs of a dead worker to the queue. Fail the one that the worker died of."""
        for job_id, job in reversed(slot.jobs):  # in the queue, the first is the first again
            if job.reply.done():
                continue
            if slot.tried == job_id:
                job.fail("the engine ended on this audio")
            else:
                job.suspect = True
                self._queue.put_back(job)

    def _end_worker_of(self, utterance: UtteranceStream) -> None:
        """Kill the worker that is stuck on an utterance stream."""
        number = self._router.worker_of(utterance)
        if number is not None:
            self._supervisor.kill(number)

    def _fail_waiting(self, sentence: str) -> None:
        for job in self._jobs:
            job.fail(sentence)
        self._router.fail_unstarted(sentence)


def _now() -> float:
    return asyncio.get_running_loop().time()

"""A worker that several servers use: which of them gets it next, and whose each reply is.

Each server, a front, talks to it in the frames of a worker of its own. Here they are read, and jobs
of all fronts wait in one queue, in which fronts take turns, so that a batch has jobs of several.
The worker sees ids that are given here. So no front can ask for, or get, what is another's.
"""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import structlog
from msgspec.structs import replace

from hwaja.engines.recognition import Candidate
from hwaja.workers.charges import Charges
from hwaja.workers.jobs import FairQueue, Job, limit_seconds
from hwaja.workers.transport import frames, wire
from hwaja.workers.transport.worker_link import WorkerLink
from hwaja.workers.worker_slot import JobSlot

ABANDONED_SECONDS = 10.0
"""A worker that needs longer for a job after its server has left is stuck, and other servers wait.
The longest jobs take 1.2 s."""

_SAMPLE_BYTES = 2

_log = structlog.get_logger("hwaja.workers.shared_engine")


@dataclass(slots=True, eq=False)
class Front:
    """A server that uses the engine."""

    seen_at: float
    """When it last asked for replies."""
    replies: asyncio.StreamReader = field(default_factory=asyncio.StreamReader)
    """Frames to the server. It ends with the engine."""
    streams: dict[int, int] = field(default_factory=dict)
    """The ids that the worker knows its open streams by, by those of the server."""
    waiting: dict[Job, wire.JobRequest] = field(default_factory=dict)
    """Its jobs that the worker does not have yet."""
    _received: bytearray = field(default_factory=bytearray)

    def requests(self, data: bytes) -> Sequence[wire.Request]:
        """Take bytes of the server; return the requests that are complete now.

        Raises:
            WireError: they are no requests.

        """
        found = []
        self._received += data
        while (end := self._frame_end()) <= len(self._received):
            body = self._received[frames.HEADER_BYTES : end]
            self._received[:end] = bytes(end)
            del self._received[:end]
            found.append(frames.decode_request(body))
        return found

    def forget(self) -> None:
        """Cancel the jobs that wait. Overwrite their audio, and the part of a request that came."""
        for job, request in self.waiting.items():
            job.reply.cancel()
            frames.erase_audio(request)
        self.waiting.clear()
        frames.erase(self._received)

    def _frame_end(self) -> int:
        header = self._received[: frames.HEADER_BYTES]
        if len(header) < frames.HEADER_BYTES:
            return frames.HEADER_BYTES
        return frames.HEADER_BYTES + frames.body_bytes(header)


class SharedEngine:
    """A running worker, and the fronts that use it."""

    def __init__(self, worker: WorkerLink) -> None:
        """Take over a worker that has got no request yet. `run` serves the fronts."""
        self._worker = worker
        self._slot = JobSlot(worker)
        self._new_id = partial(next, count(1))
        self._fronts: dict[str, Front] = {}
        self._whose: dict[int, tuple[Front, int]] = {}
        """The front of each job and stream of the worker, with the front's id of it."""
        self._charges = Charges(workers=1)
        self._queue = FairQueue(self._charges, _now)
        self._setup: wire.Setup | None = None
        self._loaded: asyncio.Future[wire.Ready | wire.Unusable] = asyncio.Future()
        self._choice: asyncio.Future[int] | None = None
        self._offered = 0
        """Number of the candidates of which a front chooses one."""
        self._tried: int | None = None
        """The last suspect that the worker has announced."""
        self._has_ended = False

    # the fronts

    @property
    def fronts(self) -> int:
        """Number of the fronts."""
        return len(self._fronts)

    def attach(self) -> str | None:
        """Add a front; return the secret by which it is known. None: the engine has ended."""
        if self._has_ended:
            return None
        secret = secrets.token_hex(16)
        self._fronts[secret] = Front(_now())
        # What is ahead of real time waits for the live work of all fronts.
        self._queue.set_ahead((secret, True), True)
        return secret

    async def take(self, secret: str, data: bytes) -> bool:
        """Take bytes of a front, and wait until there is room for more.

        Returns:
            Whether the front may send more: it is attached, it sends valid requests, and the engine
            has not ended.

        """
        front = self._fronts.get(secret)
        if front is None or self._has_ended:
            return False
        try:
            for request in front.requests(data):
                await self._take(secret, front, request)
        except frames.WireError as error:
            _log.error("a server is refused for an invalid request", reason=str(error))
            await self.leave(secret)
            return False
        except OSError:
            return False
        return True

    async def replies(self, secret: str, most_bytes: int) -> bytes | None:
        """Return what there is for a front, once there is some. None: there will be no more."""
        front = self._fronts.get(secret)
        if front is None:
            return None
        front.seen_at = _now()
        return await front.replies.read(most_bytes) or None

    async def leave(self, secret: str) -> None:
        """Drop a front and all its work. The worker may end a job that it has begun."""
        front = self._fronts.pop(secret, None)
        if front is None:
            return
        front.forget()
        for is_ahead in (False, True):
            self._charges.leave((secret, is_ahead))
            self._queue.ahead.discard((secret, is_ahead))
        offered_to = self._offered_to()
        if offered_to is not None and offered_to[0] is front:
            self._choose(0)
        if self._has_job_of(front):
            asyncio.get_running_loop().call_later(ABANDONED_SECONDS, self._end_if_stuck, front)
        front.replies.feed_eof()
        open_streams = list(front.streams.values())
        for stream_id in open_streams:
            self._forget(stream_id)
        with suppress(OSError):  # the worker has died: `run` ends
            for stream_id in open_streams:
                await self._worker.send(wire.Drop(stream_id))

    async def leave_silent(self, seconds: float) -> None:
        """Drop the fronts that have asked for nothing for so long: they are dead."""
        silent = [k for k, front in self._fronts.items() if _now() - front.seen_at > seconds]
        for secret in silent:
            await self.leave(secret)

    def _has_job_of(self, front: Front) -> bool:
        return any(self._whose[job_id][0] is front for job_id, _ in self._slot.jobs)

    def _end_if_stuck(self, gone: Front) -> None:
        if not self._has_ended and self._has_job_of(gone):
            self._worker.kill()

    # requests

    async def _take(self, secret: str, front: Front, request: wire.Request) -> None:
        """Take a request of a front.

        Raises:
            WireError: this worker takes no such request.
            OSError: the worker has died.

        """
        match request:
            case wire.Setup():
                await self._load(front, request)
            case wire.Recognise() | wire.Embed():
                self._put(secret, front, request)
            case wire.Batch(jobs=jobs):
                for each in jobs:
                    self._put(secret, front, each)
            case wire.Choose(job_id=job_id, index=index):
                if self._offered_to() != (front, job_id) or not 0 <= index < self._offered:
                    raise frames.WireError("a choice that was not offered")
                self._choose(index)
            case wire.Open() | wire.Feed() | wire.Finish() | wire.Drop():
                await self._send_on(front, request)
            case _:
                raise frames.WireError(f"this worker takes no {type(request).__name__}")

    async def _load(self, front: Front, setup: wire.Setup) -> None:
        if self._setup is None:
            self._setup = setup
            await self._worker.send(setup)
        elif self._setup != setup:
            raise frames.WireError("another setup than that of the engine")
        self._loaded.add_done_callback(lambda loaded: self._tell(front, loaded.result()))

    def _put(self, secret: str, front: Front, request: wire.JobRequest) -> None:
        samples = len(request.samples) // _SAMPLE_BYTES

        def begun(job_id: int, _suspect: bool) -> wire.JobRequest:
            front.waiting.pop(job, None)
            self._whose[job_id] = front, request.job_id
            return replace(request, job_id=job_id)

        owner = secret, request.is_ahead
        job = Job(owner, begun, limit_seconds(samples), suspect=request.suspect, samples=samples)
        front.waiting[job] = request
        self._queue.put(job)

    async def _send_on(self, front: Front, request: wire.StreamRequest) -> None:
        """Send a request about a stream to the worker. One that has ended meanwhile is ignored."""
        their_id = request.stream_id
        if isinstance(request, wire.Open):
            stream_id = front.streams[their_id] = self._new_id()
            self._whose[stream_id] = front, their_id
        elif their_id not in front.streams:
            return
        else:
            stream_id = front.streams[their_id]
        if isinstance(request, wire.Drop):
            self._forget(stream_id)
        await self._worker.send(replace(request, stream_id=stream_id))

    def _offered_to(self) -> tuple[Front, int] | None:
        """Return the front that is to choose, with its id of the job. None: there is no choice."""
        offer = self._slot.offer
        return None if offer is None else self._whose.get(offer.job_id)

    def _choose(self, index: int) -> None:
        if self._choice is not None and not self._choice.done():
            self._choice.set_result(index)

    # the worker

    async def run(self) -> None:
        """Serve the fronts until the worker has died, or is stuck. Then their replies end."""
        tasks = [
            asyncio.create_task(work, name=f"{name} of the shared engine")
            for name, work in (("replies", self._listen()), ("jobs", self._do_jobs()))
        ]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._has_ended = True
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for front in self._fronts.values():
                front.replies.feed_eof()
            await self._worker.end()
        for task in ended:
            task.result()

    async def _do_jobs(self) -> None:
        """Give the worker one batch of jobs after another, until it dies or is stuck."""
        loaded = await asyncio.shield(self._loaded)
        if isinstance(loaded, wire.Unusable):
            return
        with suppress(OSError):  # among them is TimeoutError
            while True:
                await self._do_batch(await self._queue.get(loaded.abilities.batch_size))

    async def _do_batch(self, jobs: Sequence[Job]) -> None:
        # A separate function: on return it releases the audio.
        begun = [self._slot.begin(job, self._new_id()) for job in jobs]
        requests = [request for request in begun if request is not None]
        with self._queue.charging(list(jobs)):
            async with asyncio.timeout(max(job.limit_seconds for job in jobs)):
                await self._slot.do(requests, self._choice_of_front)

    async def _choice_of_front(self, candidates: Sequence[Candidate], language: str) -> int:
        """Let the front of the offered job choose. One that has left takes the likeliest."""
        offered_to = self._offered_to()
        if offered_to is None or offered_to[0] not in self._fronts.values():
            return 0
        front, job_id = offered_to
        self._choice, self._offered = asyncio.Future(), len(candidates)
        self._tell(front, wire.Candidates(job_id, list(candidates), language))
        return await self._choice

    async def _listen(self) -> None:
        """Tell fronts the worker's replies, until it dies or sends an invalid reply."""
        try:
            while True:
                self._reply(await self._worker.receive())
        except (OSError, EOFError):
            pass
        except frames.WireError as error:
            _log.error("worker is ended for an invalid reply", reason=str(error))
            self._announce(self._tried)  # its reply may be the invalid one

    def _reply(self, reply: wire.Reply) -> None:
        """Pass a reply of the worker to the front that it belongs to.

        Raises:
            WireError: it matches nothing that the worker has.

        """
        match reply:
            case wire.Ready() | wire.Unusable() if not self._loaded.done():
                self._loaded.set_result(reply)
            case wire.Stepped(results=results):
                for result in results:
                    self._stepped(result)
            case wire.SuspectNotice(item_id=item_id):
                self._announce(item_id)
            case wire.Recognised() | wire.Embedded() | wire.Failed():
                self._slot.take_reply(reply)
                front, job_id = self._whose.pop(reply.job_id)
                self._tell(front, replace(reply, job_id=job_id))
            case _:
                self._slot.take_reply(reply)

    def _stepped(self, result: wire.StreamResult) -> None:
        if result.stream_id not in self._whose:
            return  # it was dropped meanwhile
        front, stream_id = self._whose[result.stream_id]
        if result.is_final or result.hypothesis is None:
            self._forget(result.stream_id)
        self._tell(front, wire.Stepped([replace(result, stream_id=stream_id)]))

    def _announce(self, item_id: int | None) -> None:
        """Tell a front that its suspect is tried; tell all that none is tried any more."""
        if item_id is None:
            for front in self._fronts.values():
                self._tell(front, wire.SuspectNotice(None))
            return
        self._tried = item_id
        if item_id in self._whose:
            front, their_id = self._whose[item_id]
            self._tell(front, wire.SuspectNotice(their_id))

    def _forget(self, stream_id: int) -> None:
        front, their_id = self._whose.pop(stream_id)
        del front.streams[their_id]

    def _tell(self, front: Front, reply: wire.Reply) -> None:
        if front not in self._fronts.values() or self._has_ended:
            return
        frame = frames.encode(reply)
        front.replies.feed_data(frame)
        frames.erase(frame)


def _now() -> float:
    return asyncio.get_running_loop().time()

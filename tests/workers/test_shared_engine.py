"""A worker that several servers use, without Ray: whose each request and reply is."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
import pytest_asyncio

from hwaja.engines.recognition import Abilities, Candidate, Hypothesis
from hwaja.protocol.values import Options
from hwaja.workers import jobs as jobs_module
from hwaja.workers import shared_engine
from hwaja.workers.shared_engine import Front, SharedEngine
from hwaja.workers.transport import frames, wire
from hwaja.workers.transport.worker_link import WorkerLink

SETUP = wire.Setup("", None, "en")
OFFER = [Candidate("one", -1.0, 1), Candidate("won", -1.5, 1)]


class FakeTransport:
    """A worker that does what the test says."""

    process = None

    def __init__(self) -> None:
        self.replies = asyncio.StreamReader()
        self.requests: asyncio.Queue[wire.Request] = asyncio.Queue()

    async def write(self, frame: bytearray) -> None:
        self.requests.put_nowait(frames.decode_request(bytes(frame[frames.HEADER_BYTES :])))

    def says(self, reply: wire.Reply) -> None:
        self.replies.feed_data(frames.encode(reply))

    def kill(self) -> None:
        self.replies.feed_eof()

    async def end(self) -> None:
        self.kill()


@dataclass
class FakeFront:
    """A server that is attached to an engine."""

    engine: SharedEngine
    secret: str

    async def asks(self, request: wire.Request) -> bool:
        return await self.engine.take(self.secret, bytes(frames.encode(request)))

    async def hears(self) -> wire.Reply | None:
        """The next reply. None: there will be no more."""
        data = await self.engine.replies(self.secret, frames.HEADER_BYTES)
        if data is None:
            return None
        body = await self.engine.replies(self.secret, frames.body_bytes(data))
        assert body is not None
        return frames.decode_reply(body)

    async def leaves(self) -> None:
        await self.engine.leave(self.secret)


@pytest_asyncio.fixture
async def worker() -> FakeTransport:
    return FakeTransport()


@pytest_asyncio.fixture
async def engine(worker: FakeTransport) -> AsyncIterator[SharedEngine]:
    engine = SharedEngine(WorkerLink(worker))
    async with asyncio.timeout(20):
        running = asyncio.create_task(engine.run())
        yield engine
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def attached(
    engine: SharedEngine, worker: FakeTransport, number: int, batch_size: int = 1
) -> list[FakeFront]:
    """So many servers, which have loaded the models."""
    fronts = []
    for place in range(number):
        secret = engine.attach()
        assert secret is not None
        fronts.append(FakeFront(engine, secret))
        assert await fronts[-1].asks(SETUP)
        if not place:
            assert await worker.requests.get() == SETUP
            worker.says(wire.Ready(Abilities(batch_size=batch_size)))
        assert isinstance(await fronts[-1].hears(), wire.Ready)
    assert worker.requests.empty()  # it has loaded once for all
    return fronts


def job(job_id: int, samples: int = 100, **more: bool) -> wire.Recognise:
    return wire.Recognise(job_id, memoryview(bytearray(2 * samples)), 1.0, **more)


def text(job_id: int, text: str) -> wire.Recognised:
    return wire.Recognised(job_id, Hypothesis(text))


async def begun(worker: FakeTransport) -> wire.Recognise:
    request = await worker.requests.get()
    assert isinstance(request, wire.Recognise)
    return request


async def tried_suspect(front: FakeFront, worker: FakeTransport) -> int:
    """The worker's id of the suspect job 5 of a server, which it has announced."""
    await front.asks(job(5, suspect=True))
    request = await begun(worker)
    worker.says(wire.SuspectNotice(request.job_id))
    return request.job_id


async def offered(front: FakeFront, worker: FakeTransport, job_id: int) -> int:
    """The worker's id of a job of a server, for which it has offered candidates."""
    await front.asks(job(job_id, offers=True))
    request = await begun(worker)
    worker.says(wire.Candidates(request.job_id, OFFER, "en"))
    return request.job_id


async def test_servers_with_the_same_ids_get_their_own_texts(
    engine: SharedEngine, worker: FakeTransport
) -> None:
    fronts = await attached(engine, worker, 2)
    for front, samples in zip(fronts, (100, 200), strict=True):
        await front.asks(job(7, samples))
    for _ in fronts:
        request = await begun(worker)
        worker.says(text(request.job_id, f"of {len(request.samples) // 2}"))
    assert [await front.hears() for front in fronts] == [text(7, "of 100"), text(7, "of 200")]


async def test_a_batch_has_utterances_of_several_servers_the_shortest_first(
    engine: SharedEngine, worker: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "GATHER_SECONDS", 1000)
    fronts = await attached(engine, worker, 3, batch_size=4)
    await fronts[0].asks(wire.Batch([job(1, 400), job(2, 200)]))
    await fronts[1].asks(job(1, 300))
    await fronts[2].asks(job(1, 100))
    batch = await worker.requests.get()
    assert isinstance(batch, wire.Batch)
    assert [len(each.samples) // 2 for each in batch.jobs] == [100, 200, 300, 400]
    assert len({each.job_id for each in batch.jobs}) == 4


async def test_servers_take_turns(engine: SharedEngine, worker: FakeTransport) -> None:
    much, little = await attached(engine, worker, 2)
    await much.asks(wire.Batch([job(number, 100) for number in range(1, 5)]))
    first = await begun(worker)
    await little.asks(job(1, 200))
    worker.says(text(first.job_id, ""))
    order = []
    for _ in range(2):
        request = await begun(worker)
        order.append(len(request.samples) // 2)
        worker.says(text(request.job_id, ""))
    assert 200 in order


async def test_what_is_ahead_of_real_time_waits_for_the_live_work_of_another_server(
    engine: SharedEngine, worker: FakeTransport
) -> None:
    ahead, live = await attached(engine, worker, 2)
    await ahead.asks(wire.Batch([job(number, is_ahead=True) for number in range(1, 4)]))
    first = await begun(worker)
    await live.asks(job(1, 200))
    await live.asks(job(2, 200))
    worker.says(text(first.job_id, ""))
    for _ in range(2):
        request = await begun(worker)
        assert len(request.samples) == 400
        worker.says(text(request.job_id, ""))


async def test_only_its_server_hears_that_a_suspect_is_tried(
    engine: SharedEngine, worker: FakeTransport
) -> None:
    one, other = await attached(engine, worker, 2)
    await tried_suspect(one, worker)
    assert await one.hears() == wire.SuspectNotice(5)
    worker.kill()
    assert await one.hears() is None
    assert await other.hears() is None
    assert engine.attach() is None


async def test_an_invalid_reply_to_a_suspect_is_blamed_on_it(
    engine: SharedEngine, worker: FakeTransport
) -> None:
    (front,) = await attached(engine, worker, 1)
    job_id = await tried_suspect(front, worker)
    worker.says(wire.SuspectNotice(None))
    worker.says(text(job_id + 1, "of nobody"))
    heard = [await front.hears() for _ in range(4)]
    assert heard == [*map(wire.SuspectNotice, (5, None, 5)), None]


async def test_the_work_of_a_server_that_leaves_is_dropped(
    engine: SharedEngine, worker: FakeTransport
) -> None:
    gone, stays = await attached(engine, worker, 2)
    await gone.asks(wire.Open(1, Options(), interims=True))
    opened = await worker.requests.get()
    assert isinstance(opened, wire.Open)
    await gone.asks(wire.Batch([job(number, 100) for number in (2, 3)]))
    first = await begun(worker)
    await stays.asks(job(2, 200))
    await gone.leaves()
    assert await worker.requests.get() == wire.Drop(opened.stream_id)
    worker.says(text(first.job_id, "for nobody"))
    last = await begun(worker)
    worker.says(text(last.job_id, "for one"))
    assert await stays.hears() == text(2, "for one")
    assert not await gone.asks(job(4))
    assert worker.requests.empty()


async def test_audio_that_waits_is_overwritten_when_its_server_leaves(
    engine: SharedEngine, worker: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await attached(engine, worker, 2)
    assert await first.asks(job(1))
    await begun(worker)
    received: list[wire.Request] = []
    requests = Front.requests

    def noted(front: Front, data: bytes) -> Sequence[wire.Request]:
        found = requests(front, data)
        received.extend(found)
        return found

    monkeypatch.setattr(Front, "requests", noted)
    loud = wire.Recognise(1, memoryview(bytearray(b"\x11" * 200)), 1.0)
    assert await second.asks(loud)
    [waiting] = received
    assert isinstance(waiting, wire.Recognise)
    assert bytes(waiting.samples) == b"\x11" * 200
    await second.leaves()
    assert bytes(waiting.samples) == bytes(200)


async def test_a_worker_that_is_stuck_on_the_job_of_a_server_that_left_is_ended(
    engine: SharedEngine, worker: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_engine, "ABANDONED_SECONDS", 0)
    gone, stays = await attached(engine, worker, 2)
    await gone.asks(job(1))
    await begun(worker)
    await stays.asks(job(1))
    await gone.leaves()
    assert await stays.hears() is None


async def test_a_server_that_leaves_an_offer_holds_up_nobody(
    engine: SharedEngine, worker: FakeTransport
) -> None:
    gone, stays = await attached(engine, worker, 2)
    job_id = await offered(gone, worker, 1)
    assert await gone.hears() == wire.Candidates(1, OFFER, "en")
    await stays.asks(job(1))
    assert not await stays.asks(wire.Choose(1, 1))  # it was offered to another
    await gone.leaves()
    assert await worker.requests.get() == wire.Choose(job_id, 0)


async def test_the_choice_of_a_server_reaches_the_worker(
    engine: SharedEngine, worker: FakeTransport
) -> None:
    (front,) = await attached(engine, worker, 1)
    job_id = await offered(front, worker, 9)
    await front.hears()
    await front.asks(wire.Choose(9, 1))
    assert await worker.requests.get() == wire.Choose(job_id, 1)


async def test_results_of_streams_reach_the_server_that_opened_them(
    engine: SharedEngine, worker: FakeTransport
) -> None:
    fronts = await attached(engine, worker, 2)
    opened = []
    for front in fronts:
        await front.asks(wire.Open(3, Options(), interims=True))
        request = await worker.requests.get()
        assert isinstance(request, wire.Open)
        opened.append(request.stream_id)
    results = [
        wire.StreamResult(each, Hypothesis(str(place)), is_final=True)
        for place, each in enumerate(opened)
    ]
    worker.says(wire.Stepped(results))
    for place, front in enumerate(fronts):
        told = wire.StreamResult(3, Hypothesis(str(place)), is_final=True)
        assert await front.hears() == wire.Stepped([told])


async def test_a_server_that_says_nothing_any_more_is_dropped(
    engine: SharedEngine, worker: FakeTransport
) -> None:
    silent, alive = await attached(engine, worker, 2)
    hearing = asyncio.create_task(alive.hears())
    await asyncio.sleep(0)
    seen = engine._fronts[silent.secret].seen_at
    engine._fronts[silent.secret].seen_at = seen - 10
    await engine.leave_silent(5)
    assert engine.fronts == 1
    assert await silent.hears() is None
    hearing.cancel()


@pytest.mark.parametrize(
    "request_",
    [wire.Rank(1, []), wire.Setup("other", None, "en"), wire.Choose(1, 0)],
    ids=["another worker's", "another model", "a choice without an offer"],
)
async def test_a_server_with_an_invalid_request_is_refused_alone(
    engine: SharedEngine, worker: FakeTransport, request_: wire.Request
) -> None:
    bad, good = await attached(engine, worker, 2)
    assert not await bad.asks(request_)
    assert await bad.hears() is None
    await good.asks(job(1))
    request = await begun(worker)
    worker.says(text(request.job_id, "still here"))
    assert await good.hears() == text(1, "still here")

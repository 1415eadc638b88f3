"""Jobs for the workers, shared fairly between sessions."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import virtual_time
from hypothesis import given, settings
from hypothesis import strategies as st

from hwaja.workers import wire
from hwaja.workers.charges import Charges
from hwaja.workers.jobs import LONGEST_WAIT_SECONDS, FairQueue, Job


def job(owner: str, samples: int = 0) -> Job:
    return Job(
        owner,
        lambda job_id, suspect: wire.Embed(job_id, memoryview(b""), suspect),
        10.0,
        asyncio.Future[wire.JobReply](),
        samples=samples,
    )


def now() -> float:
    return asyncio.get_running_loop().time()


async def take(queue: FairQueue, count: int) -> list[Job]:
    return [await asyncio.wait_for(queue.get(), timeout=5) for _ in range(count)]


async def assert_empty(queue: FairQueue) -> None:
    getter = asyncio.ensure_future(queue.get())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not getter.done()
    getter.cancel()
    await asyncio.gather(getter, return_exceptions=True)


async def test_owners_take_turns_however_many_jobs_one_of_them_has() -> None:
    queue = FairQueue(Charges(1), now)
    for owner in "aaaabc":
        queue.put(job(owner))
    assert "".join(str(taken.owner) for taken in await take(queue, 6)) == "abcaaa"
    await assert_empty(queue)


async def test_a_late_owner_waits_one_turn_and_not_a_queue() -> None:
    queue = FairQueue(Charges(1), now)
    for _ in range(100):
        queue.put(job("long"))
    await take(queue, 1)
    late = job("late")
    queue.put(late)
    assert late in await take(queue, 2)


async def test_a_session_ahead_of_real_time_gets_a_turn_only_if_no_other_has_a_job() -> None:
    queue = FairQueue(Charges(1), now)
    queue.ahead.update("xy")
    for owner in "xxyabaxy":
        queue.put(job(owner))
    assert "".join(str(taken.owner) for taken in await take(queue, 3)) == "aba"
    assert "".join(str(taken.owner) for taken in await take(queue, 2)) == "xy"
    queue.put(job("c"))
    assert "".join(str(taken.owner) for taken in await take(queue, 4)) == "cxyx"


async def test_no_job_ahead_of_real_time_is_taken_while_none_is_admitted() -> None:
    admitted = False
    queue = FairQueue(Charges(1), now, lambda: admitted)
    queue.set_ahead("x", True)
    queue.put(early := job("x"))
    await assert_empty(queue)
    queue.put(live := job("a"))
    assert await take(queue, 1) == [live]
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    admitted = True
    queue.recheck()
    assert await asyncio.wait_for(waiting, timeout=5) is early


async def test_a_job_of_a_session_that_is_live_again_is_taken_while_none_ahead_is_admitted() -> (
    None
):
    queue = FairQueue(Charges(1), now, lambda: False)
    queue.set_ahead("x", True)
    queue.put(early := job("x"))
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    queue.set_ahead("x", False)
    assert await asyncio.wait_for(waiting, timeout=5) is early


async def test_waiting_jobs_move_behind_the_others_when_their_session_gets_ahead_and_back() -> None:
    queue = FairQueue(Charges(1), now)
    for owner in "aabb":
        queue.put(job(owner))
    queue.ahead.add("a")
    assert [taken.owner for taken in await take(queue, 1)] == ["b"]
    queue.ahead.discard("a")
    assert [taken.owner for taken in await take(queue, 3)] == ["a", "b", "a"]


async def test_a_returned_job_of_a_session_ahead_still_waits_for_live_ones() -> None:
    queue = FairQueue(Charges(1), now)
    queue.ahead.update("xy")
    queue.put(lost := job("x"))
    await take(queue, 1)
    for owner in "ya":
        queue.put(job(owner))
    queue.put_back(lost)
    assert [taken.owner for taken in await take(queue, 3)] == ["a", "x", "y"]


async def test_waiting_audio_is_counted_without_cancelled_jobs() -> None:
    queue = FairQueue(Charges(1), now)
    for each in (job("a", 16_000), job("a", 8_000), given_up := job("b", 80_000)):
        queue.put(each)
    given_up.reply.cancel()
    assert queue.audio_seconds == 1.5
    await take(queue, 1)
    assert queue.audio_seconds == 0.5


async def test_jobs_of_one_owner_keep_their_order() -> None:
    queue = FairQueue(Charges(1), now)
    jobs = [job("a") for _ in range(5)]
    for each in jobs:
        queue.put(each)
    assert await take(queue, 5) == jobs


async def test_a_returned_job_is_the_next() -> None:
    """Its worker died. No later job may go before it."""
    queue = FairQueue(Charges(1), now)
    first, other, second = job("a"), job("b"), job("a")
    for each in (first, other, second):
        queue.put(each)
    (taken,) = await take(queue, 1)
    queue.put_back(taken)
    assert await take(queue, 3) == [first, other, second]


async def test_a_job_returned_to_an_empty_queue_is_taken() -> None:
    queue = FairQueue(Charges(1), now)
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    only = job("a")
    queue.put_back(only)
    assert await asyncio.wait_for(waiting, timeout=5) is only


async def test_a_cancelled_job_is_not_given_to_a_worker() -> None:
    queue = FairQueue(Charges(1), now)
    gone, kept = job("a"), job("b")
    queue.put(gone)
    queue.put(kept)
    gone.reply.cancel()
    assert await take(queue, 1) == [kept]
    await assert_empty(queue)


async def test_a_waiting_worker_gets_the_next_job() -> None:
    queue = FairQueue(Charges(1), now)
    waiting = [asyncio.ensure_future(queue.get()) for _ in range(2)]
    await asyncio.sleep(0)
    jobs = [job("a"), job("a")]
    for each in jobs:
        queue.put(each)
    taken = await asyncio.wait_for(asyncio.gather(*waiting), timeout=5)
    assert sorted(map(id, taken)) == sorted(map(id, jobs))


async def test_a_worker_that_stops_waiting_takes_no_job_with_it() -> None:
    queue = FairQueue(Charges(1), now)
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    only = job("a")
    queue.put(only)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await take(queue, 1) == [only]


@given(st.lists(st.sampled_from("abc"), max_size=20), st.sets(st.sampled_from("abc")))
def test_every_job_is_taken_once_and_no_owner_waits_two_turns_of_its_class(
    owners: list[str], ahead: set[str]
) -> None:
    async def run() -> list[Job]:
        queue = FairQueue(Charges(1), now)
        queue.ahead.update(ahead)
        jobs = [job(owner) for owner in owners]
        for each in jobs:
            queue.put(each)
        taken = await take(queue, len(jobs))
        assert sorted(map(id, taken)) == sorted(map(id, jobs))
        return taken

    order = [str(taken.owner) for taken in asyncio.run(run())]
    assert [owner in ahead for owner in order] == sorted(owner in ahead for owner in order)
    for k, owner in enumerate(order):
        if owner in order[k + 1 :]:
            between = order[k + 1 : order.index(owner, k + 1)]
            assert len(set(between)) == len(between)  # nobody had two turns meanwhile


async def test_dear_sessions_wait_for_the_others_and_the_dearest_waits_for_all() -> None:
    charges = Charges(1)
    queue = FairQueue(charges, now)
    for owner, seconds in {"a": 1, "b": 2, "dear": 100, "dearest": 1000}.items():
        charges.account(owner).charge(seconds, now())
    for owner in ("dearest", "dear", "b", "a", "b"):
        queue.put(job(owner))
    order = [taken.owner for taken in await take(queue, 5)]
    assert order == ["b", "a", "b", "dear", "dearest"]


async def test_a_returned_job_of_a_dear_session_is_the_next() -> None:
    charges = Charges(1)
    queue = FairQueue(charges, now)
    queue.put(lost := job("dear"))
    await take(queue, 1)
    for owner, seconds in {"a": 1, "b": 1, "dear": 100}.items():
        charges.account(owner).charge(seconds, now())
    queue.put(job("a"))
    queue.put_back(lost)
    assert await take(queue, 1) == [lost]


async def test_cancelled_jobs_cost_their_owner_no_turn() -> None:
    queue = FairQueue(Charges(1), now)
    given_up, wanted, other = job("a"), job("a"), job("b")
    for each in (given_up, wanted, other):
        queue.put(each)
    given_up.reply.cancel()
    assert await take(queue, 2) == [wanted, other]


async def test_the_next_jobs_in_turn_are_taken_beside_a_job_and_none_is_awaited() -> None:
    queue = FairQueue(Charges(1), now)
    put = [job(owner) for owner in "aaabc"]
    for each in put:
        queue.put(each)
    put[3].reply.cancel()
    first = await queue.get()
    assert queue.beside(first, 0) == []
    assert [each.owner for each in queue.beside(first, 2)] == ["c", "a"]
    assert queue.beside(first, 16) == [put[2]]
    assert queue.beside(first, 16) == []


@pytest.mark.parametrize("suspect", ["first", "second", "third"])
async def test_a_suspect_is_taken_alone(suspect: str) -> None:
    queue = FairQueue(Charges(1), now)
    jobs = {owner: job(owner) for owner in ("first", "second", "third")}
    jobs[suspect].suspect = True
    for each in jobs.values():
        queue.put(each)
    batches = []
    for _ in range(3 if suspect == "second" else 2):
        taken = await queue.get()
        batches.append([taken, *queue.beside(taken, 16)])
    assert [jobs[suspect]] in batches
    assert [each.owner for batch in batches for each in batch] == list(jobs)


async def test_jobs_ahead_of_real_time_are_not_taken_beside_others() -> None:
    queue = FairQueue(Charges(1), now)
    for owner in ("file", "other file"):
        queue.set_ahead(owner, True)
    for owner in ("file", "a", "other file", "b"):
        queue.put(job(owner))
    live = await queue.get()
    assert [each.owner for each in (live, *queue.beside(live, 16))] == ["a", "b"]
    ahead = await queue.get()
    assert [each.owner for each in (ahead, *queue.beside(ahead, 16))] == ["file", "other file"]


async def test_jobs_that_are_put_back_keep_their_order() -> None:
    queue = FairQueue(Charges(1), now)
    put = [job(owner) for owner in "abab"]
    for each in put:
        queue.put(each)
    first = await queue.get()
    taken = [first, *queue.beside(first, 3)]
    queue.put(job("c"))
    for each in reversed(taken):
        queue.put_back(each)
    assert [each.owner for each in await take(queue, 3)] == ["a", "b", "c"]


@dataclass(frozen=True)
class Load:
    """Jobs that an owner has at some moment, and how long each takes."""

    owner: str
    at: float
    jobs: int
    seconds: float


@dataclass(frozen=True)
class Done:
    """A job that was done, by its place among those of its load."""

    load: Load
    waited_seconds: float
    """From when it was put."""
    turn_seconds: float
    """From the turn of its owner before, or from when it was put."""


def simulated(loads: Sequence[Load], workers: int = 1) -> list[Done]:
    """What workers do of loads, on a clock on which only waiting takes time."""
    done: list[Done] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        charges = Charges(workers)
        queue = FairQueue(charges, now)
        put: dict[Job, tuple[Load, float]] = {}
        turns: dict[str, float] = {}

        async def arrive(load: Load) -> None:
            await asyncio.sleep(load.at)
            for _ in range(load.jobs):
                new = job(load.owner)
                put[new] = load, loop.time()
                queue.put(new)

        async def work() -> None:
            while True:
                taken = await queue.get()
                load, put_at = put[taken]
                since = max(put_at, turns.get(load.owner, put_at))
                done.append(Done(load, loop.time() - put_at, loop.time() - since))
                turns[load.owner] = loop.time()
                await asyncio.sleep(load.seconds)
                charges.account(load.owner).charge(load.seconds, loop.time())

        working = [asyncio.create_task(work()) for _ in range(workers)]
        await asyncio.gather(*map(arrive, loads))
        await asyncio.sleep(sum(load.jobs * load.seconds for load in loads))
        for task in working:
            task.cancel()
        assert len(done) == len(put)

    virtual_time.run(run())
    return done


LONGEST_JOB_SECONDS = 1.2
loads = st.builds(
    Load,
    owner=st.sampled_from("abcd"),
    at=st.floats(0, 60),
    jobs=st.integers(1, 20),
    seconds=st.floats(0.05, LONGEST_JOB_SECONDS),
)


@settings(deadline=None)
@given(st.lists(loads, min_size=1, max_size=12), st.integers(1, 3))
def test_every_session_gets_a_turn_within_a_limited_time(loads: list[Load], workers: int) -> None:
    owners = len({load.owner for load in loads})
    for done in simulated(loads, workers):
        assert done.turn_seconds <= LONGEST_WAIT_SECONDS + owners * LONGEST_JOB_SECONDS + 1e-6


@settings(deadline=None)
@given(
    dear_jobs=st.integers(1, 300),
    seconds=st.floats(0.05, LONGEST_JOB_SECONDS),
    ordinary=st.integers(1, 4),
)
def test_the_wait_of_an_ordinary_session_does_not_depend_on_the_demand_of_another(
    dear_jobs: int, seconds: float, ordinary: int
) -> None:
    """Four jobs at once, now and then; of the other one, that in hand and one each 5 s."""
    dear = Load("dear", 0, dear_jobs, seconds)
    took = LONGEST_JOB_SECONDS + 4 * ordinary * 0.1
    others = [Load(f"o{k}", 60 + 10 * n, 4, 0.1) for k in range(ordinary) for n in range(10)]
    for done in simulated([dear, *others]):
        if done.load is not dear:
            assert done.waited_seconds <= took + seconds + 1e-6

"""Jobs for the workers, shared fairly between sessions."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.workers import wire
from hwaja.workers.jobs import FairQueue, Job


def job(owner: str, samples: int = 0) -> Job:
    return Job(
        owner,
        lambda job_id, suspect: wire.Embed(job_id, memoryview(b""), suspect),
        10.0,
        asyncio.Future[wire.JobReply](),
        samples=samples,
    )


async def take(queue: FairQueue, count: int) -> list[Job]:
    return [await asyncio.wait_for(queue.get(), timeout=5) for _ in range(count)]


async def assert_empty(queue: FairQueue) -> None:
    getter = asyncio.ensure_future(queue.get())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not getter.done()
    getter.cancel()
    await asyncio.gather(getter, return_exceptions=True)


async def test_owners_take_turns_however_much_one_of_them_has() -> None:
    queue = FairQueue()
    for owner in "aaaabc":
        queue.put(job(owner))
    assert "".join(str(taken.owner) for taken in await take(queue, 6)) == "abcaaa"
    await assert_empty(queue)


async def test_an_owner_that_comes_late_waits_one_turn_not_a_queue() -> None:
    queue = FairQueue()
    for _ in range(100):
        queue.put(job("long"))
    await take(queue, 1)
    late = job("late")
    queue.put(late)
    assert late in await take(queue, 2)


async def test_who_is_ahead_has_turns_only_while_no_other_has_a_job() -> None:
    queue = FairQueue()
    queue.ahead.update("xy")
    for owner in "xxyabaxy":
        queue.put(job(owner))
    assert "".join(str(taken.owner) for taken in await take(queue, 3)) == "aba"
    assert "".join(str(taken.owner) for taken in await take(queue, 2)) == "xy"
    queue.put(job("c"))
    assert "".join(str(taken.owner) for taken in await take(queue, 4)) == "cxyx"


async def test_who_is_ahead_has_no_turn_while_none_of_them_is_admitted() -> None:
    admitted = False
    queue = FairQueue(lambda: admitted)
    queue.set_ahead("x", True)
    queue.put(early := job("x"))
    await assert_empty(queue)
    queue.put(live := job("a"))
    assert await take(queue, 1) == [live]
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    admitted = True
    queue.look_again()
    assert await asyncio.wait_for(waiting, timeout=5) is early


async def test_a_job_of_who_is_live_again_is_taken_though_none_that_is_ahead_is_admitted() -> None:
    queue = FairQueue(lambda: False)
    queue.set_ahead("x", True)
    queue.put(early := job("x"))
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    queue.set_ahead("x", False)
    assert await asyncio.wait_for(waiting, timeout=5) is early


async def test_what_waits_of_an_owner_goes_behind_the_others_once_it_is_ahead_and_back_again() -> (
    None
):
    queue = FairQueue()
    for owner in "aabb":
        queue.put(job(owner))
    queue.ahead.add("a")
    assert [taken.owner for taken in await take(queue, 1)] == ["b"]
    queue.ahead.discard("a")
    assert [taken.owner for taken in await take(queue, 3)] == ["a", "b", "a"]


async def test_a_job_put_back_of_an_owner_that_is_ahead_still_waits_for_those_who_speak() -> None:
    queue = FairQueue()
    queue.ahead.update("xy")
    queue.put(lost := job("x"))
    await take(queue, 1)
    for owner in "ya":
        queue.put(job(owner))
    queue.put_back(lost)
    assert [taken.owner for taken in await take(queue, 3)] == ["a", "x", "y"]


async def test_the_audio_that_waits_is_counted_but_not_what_nobody_waits_for() -> None:
    queue = FairQueue()
    for each in (job("a", 16_000), job("a", 8_000), given_up := job("b", 80_000)):
        queue.put(each)
    given_up.reply.cancel()
    assert queue.audio_seconds == 1.5
    await take(queue, 1)
    assert queue.audio_seconds == 0.5


async def test_jobs_of_one_owner_keep_their_order() -> None:
    queue = FairQueue()
    jobs = [job("a") for _ in range(5)]
    for each in jobs:
        queue.put(each)
    assert await take(queue, 5) == jobs


async def test_a_job_that_is_put_back_goes_first_of_all() -> None:
    """Its worker died; nobody who came later may pass it."""
    queue = FairQueue()
    first, other, second = job("a"), job("b"), job("a")
    for each in (first, other, second):
        queue.put(each)
    (taken,) = await take(queue, 1)
    queue.put_back(taken)
    assert await take(queue, 3) == [first, other, second]


async def test_a_job_that_is_put_back_into_an_empty_queue_is_taken() -> None:
    queue = FairQueue()
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    only = job("a")
    queue.put_back(only)
    assert await asyncio.wait_for(waiting, timeout=5) is only


async def test_a_job_nobody_waits_for_is_not_given_to_a_worker() -> None:
    queue = FairQueue()
    gone, kept = job("a"), job("b")
    queue.put(gone)
    queue.put(kept)
    gone.reply.cancel()
    assert await take(queue, 1) == [kept]
    await assert_empty(queue)


async def test_a_worker_that_waits_gets_the_next_job() -> None:
    queue = FairQueue()
    waiting = [asyncio.ensure_future(queue.get()) for _ in range(2)]
    await asyncio.sleep(0)
    jobs = [job("a"), job("a")]
    for each in jobs:
        queue.put(each)
    taken = await asyncio.wait_for(asyncio.gather(*waiting), timeout=5)
    assert sorted(map(id, taken)) == sorted(map(id, jobs))


async def test_a_worker_that_stops_waiting_takes_no_job_with_it() -> None:
    queue = FairQueue()
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    only = job("a")
    queue.put(only)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await take(queue, 1) == [only]


@given(st.lists(st.sampled_from("abc"), max_size=20), st.sets(st.sampled_from("abc")))
def test_every_job_is_taken_once_and_no_owner_waits_two_turns_of_its_like(
    owners: list[str], ahead: set[str]
) -> None:
    async def run() -> list[Job]:
        queue = FairQueue()
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

"""Jobs for the workers, shared fairly between sessions."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from queued_jobs import job, now

from hwaja.workers import jobs as jobs_module
from hwaja.workers.charges import Charges
from hwaja.workers.jobs import FairQueue, Job


async def take(queue: FairQueue, count: int) -> list[Job]:
    return [job for _ in range(count) for job in await asyncio.wait_for(queue.get(), timeout=5)]


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
    assert await asyncio.wait_for(waiting, timeout=5) == [early]


async def test_a_job_of_a_session_that_is_live_again_is_taken_while_none_ahead_is_admitted() -> (
    None
):
    queue = FairQueue(Charges(1), now, lambda: False)
    queue.set_ahead("x", True)
    queue.put(early := job("x"))
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    queue.set_ahead("x", False)
    assert await asyncio.wait_for(waiting, timeout=5) == [early]


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
    assert await asyncio.wait_for(waiting, timeout=5) == [only]


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
    assert sorted(id(each) for batch in taken for each in batch) == sorted(map(id, jobs))


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


async def test_the_next_jobs_in_turn_are_taken_at_once() -> None:
    queue = FairQueue(Charges(1), now)
    put = [job(owner) for owner in "aaabc"]
    for each in put:
        queue.put(each)
    put[3].reply.cancel()
    assert [each.owner for each in await queue.get(3)] == ["a", "c", "a"]
    assert await queue.get(16) == [put[2]]


@pytest.mark.parametrize("suspect", ["first", "second", "third"])
async def test_a_suspect_is_taken_alone(suspect: str) -> None:
    queue = FairQueue(Charges(1), now)
    jobs = {owner: job(owner) for owner in ("first", "second", "third")}
    jobs[suspect].suspect = True
    for each in jobs.values():
        queue.put(each)
    batches = []
    for _ in range(3 if suspect == "second" else 2):
        batches.append(await queue.get(16))
    assert [jobs[suspect]] in batches
    assert [each.owner for batch in batches for each in batch] == list(jobs)


async def test_jobs_ahead_of_real_time_are_not_taken_beside_others() -> None:
    queue = FairQueue(Charges(1), now)
    for owner in ("file", "other file"):
        queue.set_ahead(owner, True)
    for owner in ("file", "a", "other file", "b"):
        queue.put(job(owner))
    assert [each.owner for each in await queue.get(16)] == ["a", "b"]
    assert [each.owner for each in await queue.get(16)] == ["file", "other file"]


async def test_a_batch_waits_a_moment_for_the_jobs_of_others_and_has_the_shortest_first() -> None:
    queue = FairQueue(Charges(1), now)
    queue.put(job("busy"))
    await take(queue, 1)  # another session uses the workers
    waiting = asyncio.ensure_future(queue.get(3))
    queue.put(long := job("a", samples=3))
    for _ in range(5):
        await asyncio.sleep(0)
    queue.put(short := job("b", samples=1))
    assert await asyncio.wait_for(waiting, timeout=5) == [short, long]


async def test_a_full_batch_waits_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs_module, "GATHER_SECONDS", 1000)
    queue = FairQueue(Charges(1), now)
    for owner in "abc":
        queue.put(job(owner))
    assert len(await asyncio.wait_for(queue.get(3), timeout=5)) == 3


async def test_the_job_of_the_only_session_waits_for_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs_module, "GATHER_SECONDS", 1000)
    queue = FairQueue(Charges(1), now)
    queue.put(only := job("a"))
    assert await asyncio.wait_for(queue.get(16), timeout=5) == [only]


async def test_jobs_that_waited_for_a_worker_wait_for_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs_module, "GATHER_SECONDS", 2.0)
    clock = 0.0
    queue = FairQueue(Charges(1), lambda: clock)
    for owner in "ab":
        queue.put(job(owner))
    clock = 2.0
    assert len(await asyncio.wait_for(queue.get(16), timeout=1)) == 2


async def test_a_worker_that_dies_while_it_gathers_a_batch_takes_no_job_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs_module, "GATHER_SECONDS", 1000)
    queue = FairQueue(Charges(1), now)
    for owner in "ab":
        queue.put(job(owner))
    waiting = asyncio.ensure_future(queue.get(16))
    for _ in range(5):
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert [each.owner for each in await take(queue, 2)] == ["a", "b"]


async def test_jobs_that_are_put_back_keep_their_order() -> None:
    queue = FairQueue(Charges(1), now)
    put = [job(owner) for owner in "abab"]
    for each in put:
        queue.put(each)
    taken = await queue.get(4)
    queue.put(job("c"))
    for each in reversed(taken):
        queue.put_back(each)
    assert [each.owner for each in await take(queue, 3)] == ["a", "b", "c"]

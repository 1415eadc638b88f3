"""The queue of jobs over minutes of simulated time: who waits, and how long."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import virtual_time
from hypothesis import given, settings
from hypothesis import strategies as st
from queued_jobs import job, now

from hwaja.workers.charges import Charges
from hwaja.workers.jobs import LONGEST_WAIT_SECONDS, FairQueue, Job


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
                (taken,) = await queue.get()
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

"""What waits for a slow client: every answer, and the latest of each interim."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from hwaja.outbox import Outbox


async def taken(outbox: Outbox[str], count: int) -> list[str]:
    return [await asyncio.wait_for(outbox.get(), timeout=5) for _ in range(count)]


async def test_answers_leave_in_order_and_an_interim_gives_way_to_the_next() -> None:
    outbox: Outbox[str] = Outbox()
    outbox.put("answer 1")
    outbox.put_latest(2, "two, so far")
    outbox.put_latest(3, "three, so far")
    outbox.put_latest(2, "two, a bit more")
    outbox.put("answer 2")
    expected = ["answer 1", "three, so far", "two, a bit more", "answer 2"]
    assert await taken(outbox, 4) == expected


async def test_who_waits_gets_what_is_put_later() -> None:
    outbox: Outbox[str] = Outbox()
    waiting = asyncio.create_task(outbox.get())
    await asyncio.sleep(0)
    outbox.put_latest(0, "late")
    assert await asyncio.wait_for(waiting, timeout=5) == "late"


@given(st.lists(st.tuples(st.sampled_from(["answer", 0, 1, 2]), st.integers())))
def test_no_answer_is_lost_and_of_each_topic_the_last_remains(
    items: list[tuple[str | int, int]],
) -> None:
    outbox: Outbox[tuple[str | int, int]] = Outbox()
    for item in items:
        if isinstance(item[0], int):
            outbox.put_latest(item[0], item)
        else:
            outbox.put(item)
    answers = [item for item in items if item[0] == "answer"]
    last = {item[0]: item for item in items if item[0] != "answer"}

    async def drain() -> list[tuple[str | int, int]]:
        return [await outbox.get() for _ in range(len(answers) + len(last))]

    drained = asyncio.run(drain())
    assert [item for item in drained if item[0] == "answer"] == answers
    assert {item[0]: item for item in drained if item[0] != "answer"} == last

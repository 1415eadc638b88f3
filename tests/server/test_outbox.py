"""The messages that wait for a slow client: every answer, and the last interim text of each."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from hwaja.server.sessions.outbox import MOST_ITEMS, Outbox


async def taken(outbox: Outbox[str], count: int) -> list[str]:
    return [await asyncio.wait_for(outbox.get(), timeout=5) for _ in range(count)]


async def test_answers_are_sent_in_order_and_an_interim_text_is_replaced_by_the_next() -> None:
    outbox: Outbox[str] = Outbox()
    outbox.put("answer 1")
    outbox.put_latest(2, "two, so far")
    outbox.put_latest(3, "three, so far")
    outbox.put_latest(2, "two, a bit more")
    outbox.put("answer 2")
    expected = ["answer 1", "three, so far", "two, a bit more", "answer 2"]
    assert await taken(outbox, 4) == expected


async def test_a_waiting_reader_gets_the_next_message() -> None:
    outbox: Outbox[str] = Outbox()
    waiting = asyncio.create_task(outbox.get())
    await asyncio.sleep(0)
    outbox.put_latest(0, "late")
    assert await asyncio.wait_for(waiting, timeout=5) == "late"


async def test_unconfirmed_messages_are_sent_again_in_order_before_the_rest() -> None:
    outbox: Outbox[str] = Outbox()
    for item in ("one", "two", "three", "four"):
        outbox.put(item)
    assert await taken(outbox, 1) == ["one"]
    outbox.confirm(outbox.last_sent)
    assert await taken(outbox, 2) == ["two", "three"]
    outbox.put_latest(0, "so far")
    outbox.rewind()
    outbox.put_first("welcome back")
    assert await taken(outbox, 5) == ["welcome back", "two", "three", "four", "so far"]
    outbox.rewind()
    assert await taken(outbox, 3) == ["two", "three", "four"]  # the others were of their moment


async def test_a_client_that_reads_nothing_is_held_back_until_it_does() -> None:
    outbox: Outbox[int] = Outbox()
    for number in range(MOST_ITEMS - 1):
        outbox.put(number)
    await asyncio.wait_for(outbox.room(), timeout=5)
    outbox.put(-1)
    waiting = asyncio.ensure_future(outbox.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await outbox.get()
    await asyncio.wait_for(waiting, timeout=5)


async def test_a_limited_number_of_unconfirmed_messages_is_kept() -> None:
    outbox: Outbox[int] = Outbox()
    for number in range(2 * MOST_ITEMS):
        outbox.put(number)
        await outbox.get()
    outbox.rewind()
    assert await outbox.get() == MOST_ITEMS


@given(st.lists(st.tuples(st.sampled_from(["answer", 0, 1, 2]), st.integers())))
def test_no_answer_is_lost_and_only_the_last_of_each_topic_remains(
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

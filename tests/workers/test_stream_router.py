"""The assignment of sessions to workers, also if a worker dies."""

import asyncio
from itertools import count

import numpy as np
import pytest

from hwaja.engines.interface import EngineError, Pcm16
from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.values import Options
from hwaja.workers.stream_router import Route, StreamRouter
from hwaja.workers.transport import wire
from hwaja.workers.utterance_stream import UtteranceStream


def read(start: int, stop: int) -> Pcm16:
    return np.zeros(stop - start, np.int16)


def spoken(owner: str, samples: int = 100) -> UtteranceStream:
    live = UtteranceStream(owner, Options(), read, 0, None)
    live.stop = samples
    return live


@pytest.fixture
def board() -> StreamRouter:
    ids = count(1)
    return StreamRouter(lambda: next(ids))


async def sent(line: Route) -> list[wire.StreamRequest]:
    """All that a worker is to be sent now."""
    requests = []
    while True:
        waiting = asyncio.ensure_future(line.next_request())
        for _ in range(3):
            await asyncio.sleep(0)
        if not waiting.done():
            waiting.cancel()
            return requests
        requests.append(waiting.result())


async def test_a_session_stays_with_its_worker_and_the_next_one_gets_the_less_busy_worker(
    board: StreamRouter,
) -> None:
    lines = [board.connect(k) for k in (0, 1)]
    first, second, third = spoken("a"), spoken("b"), spoken("a")
    for live in (first, second, third):
        board.add(live)
    assert [board.worker_of(live) for live in (first, second, third)] == [0, 1, 0]
    assert [len(line.utterances) for line in lines] == [2, 1]


async def test_unsent_audio_is_counted_with_and_without_a_worker(
    board: StreamRouter,
) -> None:
    board.add(spoken("a", 300))
    assert board.unsent_samples == 300
    line = board.connect(0)
    board.add(spoken("b", 200))
    assert board.unsent_samples == 500
    await sent(line)
    assert board.unsent_samples == 0


async def test_a_session_that_left_may_get_another_worker(board: StreamRouter) -> None:
    for k in (0, 1):
        board.connect(k)
    mine, other = spoken("a"), spoken("b")
    board.add(mine)
    board.drop(mine)
    board.leave("a")
    board.add(spoken("c"))
    board.add(other)
    assert board.worker_of(other) == 1
    board.add(again := spoken("a"))
    assert board.worker_of(again) == 0


async def test_utterances_take_turns_in_being_sent(board: StreamRouter) -> None:
    line = board.connect(0)
    long, short = spoken("a", 20_000), spoken("b", 100)
    board.add(long)
    board.add(short)
    requests = await sent(line)
    assert [(type(r).__name__, r.stream_id) for r in requests] == [
        ("Open", 1),
        ("Open", 2),
        ("Feed", 1),
        ("Feed", 2),
        ("Feed", 1),
        ("Feed", 1),
    ]


async def test_audio_ahead_of_real_time_is_sent_only_if_nothing_else_waits(
    board: StreamRouter,
) -> None:
    line = board.connect(0)
    early, live = spoken("a", 20_000), spoken("b", 20_000)
    early.is_ahead = True
    board.add(early)
    board.add(live)
    requests = await sent(line)
    assert [type(r).__name__ for r in requests] == ["Open", "Feed", "Feed", "Feed"] * 2
    first, _, _, _, second, *_ = requests
    assert isinstance(first, wire.Open)
    assert isinstance(second, wire.Open)
    assert (first.is_ahead, second.is_ahead) == (False, True)


async def test_utterances_of_a_dead_worker_are_sent_from_the_beginning_to_another(
    board: StreamRouter,
) -> None:
    dead, alive = board.connect(0), board.connect(1)
    mine = spoken("a")
    board.add(mine)
    await sent(dead)
    board.disconnect(0, tried=None)
    assert board.worker_of(mine) == 1
    opened, fed = await sent(alive)
    assert isinstance(opened, wire.Open)
    assert opened.suspect, "the worker may have died of it"
    assert isinstance(fed, wire.Feed)
    assert len(fed.samples) == 200
    alive.take(wire.StreamResult(1, Hypothesis("of another life"), is_final=True))
    assert not mine.final.done(), "the dead worker's number means nothing"
    alive.take(wire.StreamResult(opened.stream_id, Hypothesis("네"), is_final=True))
    assert (await mine.final).text == "네"
    assert board.worker_of(mine) is None


async def test_only_the_suspect_that_killed_a_worker_fails(board: StreamRouter) -> None:
    line = board.connect(0)
    poison, innocent, unsent = spoken("a"), spoken("b"), spoken("c")
    board.add(poison)
    board.add(innocent)
    await sent(line)
    board.add(unsent)
    number = poison.stream_id
    board.disconnect(0, tried=number)
    with pytest.raises(EngineError):
        await poison.final
    assert (innocent.suspect, unsent.suspect) == (True, False)
    assert not innocent.final.done()
    later = board.connect(0)
    assert later.utterances == {innocent, unsent}


async def test_without_workers_utterances_wait_or_fail_together(board: StreamRouter) -> None:
    waiting, dropped = spoken("a"), spoken("b")
    board.add(waiting)
    board.add(dropped)
    board.drop(dropped)
    assert board.connect(3).utterances == {waiting}
    board.disconnect(3, None)
    board.fail_unstarted("the models are gone")
    with pytest.raises(EngineError, match="the models are gone"):
        await waiting.final
    assert board.connect(3).utterances == set()


async def test_the_worker_is_notified_of_dropped_utterances(board: StreamRouter) -> None:
    line = board.connect(0)
    known, unknown = spoken("a"), spoken("b")
    board.add(known)
    await sent(line)
    board.add(unknown)
    board.drop(known)
    board.drop(unknown)
    board.changed(known)
    assert await sent(line) == [wire.Drop(1)]


async def test_an_utterance_whose_audio_is_gone_fails_alone(board: StreamRouter) -> None:
    def gone(start: int, stop: int) -> Pcm16:
        raise IndexError

    line = board.connect(0)
    lost = UtteranceStream("a", Options(), gone, 0, None)
    lost.stop = 100
    board.add(lost)
    board.add(spoken("b"))
    requests = await sent(line)
    with pytest.raises(EngineError, match="IndexError"):
        await lost.final
    assert [type(r).__name__ for r in requests] == ["Open", "Open", "Drop", "Feed"]

"""Generations of workers: who uses which, and when an earlier one ends."""

import asyncio

import numpy as np
import pytest
from fakes import FakePool, one_generation

from hwaja._pcm import RingBuffer
from hwaja.engines.interface import Pcm16
from hwaja.engines.recognition import Abilities
from hwaja.protocol.values import Hotword, Options
from hwaja.workers.generations import Generation, Generations
from hwaja.workers.overload import Overload
from hwaja.workers.session_work import SessionWork

KOREAN = Abilities(languages=frozenset({"ko"}))
BOTH = Abilities(languages=frozenset({"ko", "en"}), takes_any_hotword=True)


def generation(pool: FakePool) -> Generation:
    return Generation(pool, FakePool())


async def ended(pool: FakePool) -> None:
    async with asyncio.timeout(5):
        await pool.closed.wait()


async def settle() -> None:
    """Run every task until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_an_earlier_generation_ends_at_once_if_nothing_holds_it() -> None:
    old, old_interims = FakePool(), FakePool()
    generations = one_generation(old, old_interims)
    generations.change(generation(FakePool()))
    await ended(old)
    await ended(old_interims)


async def test_an_earlier_generation_ends_only_after_its_last_utterance() -> None:
    old = FakePool()
    generations = one_generation(old)
    with generations.current.held():
        with generations.current.held():
            generations.change(generation(FakePool()))
        await settle()
        assert not old.closed.is_set()
    await ended(old)


async def test_an_embedding_in_flight_is_completed_by_the_workers_that_have_it() -> None:
    old, new = FakePool(), FakePool()
    generations, ring = one_generation(old), RingBuffer(1600)
    work = SessionWork("session", generations, ring, Overload())

    def read() -> Pcm16:
        return np.zeros(800, np.int16)

    old.working.clear()
    embedding = asyncio.create_task(work.embed(read, 800, overlaps=False))
    await settle()
    generations.change(generation(new))
    await work.embed(read, 800, overlaps=False)
    assert not old.closed.is_set()
    old.working.set()
    await embedding
    assert (len(old.embedded), len(new.embedded)) == (1, 1)
    await ended(old)


async def test_transcriptions_move_to_the_new_recogniser_unless_it_refuses_their_options() -> None:
    old, new = FakePool(BOTH), FakePool(KOREAN)
    generations = one_generation(old)
    before = generations.current
    placements = [
        generations.place(options)
        for options in (Options(), Options("en"), Options("ko"), Options(hotwords=(Hotword("가"),)))
    ]
    assert generations.change(generation(new)) == 2
    moved = [each.generation is generations.current for each in placements]
    assert moved == [True, False, True, False]
    generations.end(placements[1])
    await settle()
    assert placements[3].generation is before
    assert not old.closed.is_set(), "a transcription still needs it"
    generations.end(placements[3])
    await ended(old)


async def test_a_transcription_that_stayed_moves_to_a_later_recogniser_that_takes_it() -> None:
    old, middle = FakePool(BOTH), FakePool(KOREAN)
    generations = one_generation(old)
    placement = generations.place(Options("en"))
    assert generations.change(generation(middle)) == 1
    assert generations.change(generation(FakePool(BOTH))) == 0
    assert placement.generation is generations.current
    await ended(old)
    await ended(middle)


async def test_new_workers_know_which_sessions_are_ahead_of_real_time() -> None:
    old, new, interims = FakePool(), FakePool(), FakePool()
    generations = one_generation(old)
    for owner in ("stays ahead", "falls back", "leaves"):
        generations.set_ahead(owner, True)
    generations.set_ahead("falls back", False)
    generations.leave("leaves")
    with generations.current.held():
        generations.change(Generation(new, interims))
        assert new.ahead == interims.ahead == {"stays ahead"}
        generations.set_ahead("stays ahead", False)
        generations.leave("stays ahead")
    assert "stays ahead" not in old.ahead | new.ahead
    assert old.left == ["leaves", "stays ahead"]
    assert new.left == ["stays ahead"]


async def test_the_figures_are_those_of_the_current_workers_but_restarts_never_fall() -> None:
    old, new = FakePool(), FakePool()
    generations = one_generation(old)
    old.restarts, old.running_workers, old.queue_seconds = 3, 2, 1.5
    new.restarts, new.running_workers, new.queue_seconds, new.idle_workers = 1, 4, 2.0, 3
    with generations.current.held():
        generations.change(generation(new))
        assert (generations.running_workers, generations.idle_workers) == (4, 3)
        assert (generations.earlier_workers, generations.queue_seconds) == (2, 3.5)
        assert generations.restarts == 4
    await ended(old)
    await settle()
    assert (generations.restarts, generations.earlier_workers) == (4, 0)
    assert generations.queue_seconds == 2.0


async def test_the_caller_is_told_when_an_earlier_generation_has_ended() -> None:
    told: list[bool] = []
    old = FakePool()

    async def note() -> None:
        told.append(old.closed.is_set())

    generations = Generations(generation(old), note)
    generations.change(generation(FakePool()))
    await ended(old)
    await settle()
    assert told == [True]


@pytest.mark.parametrize("held", [False, True])
async def test_closing_ends_all_generations_even_if_they_are_held(held: bool) -> None:
    old, new = FakePool(), FakePool()
    generations = one_generation(old)
    if held:
        generations.current.hold("an utterance")
    generations.change(generation(new))
    await generations.close()
    assert old.closed.is_set()
    assert new.closed.is_set()

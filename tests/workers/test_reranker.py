"""The language worker chooses among candidates; without it the recogniser's own choice stands."""

import asyncio
import contextlib
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hwaja.engines.recognition import Candidate
from hwaja.workers.reranker import Reranker

pytest.importorskip("kiwipiepy", reason="the extra [ko] is not installed")

CANDIDATES = [
    Candidate("그러니까 늦게 라면 못 드실 수도 있어요.", -4.0, 20),
    Candidate("그러니까 늦게 가면 못 드실 수도 있어요.", -4.3, 20),
]


@contextlib.asynccontextmanager
async def running(*, ready: bool = True) -> AsyncIterator[Reranker]:
    reranker = Reranker()
    reranker.start()
    try:
        if ready:
            async with asyncio.timeout(60):
                await reranker.ready.wait()
        yield reranker
    finally:
        await reranker.close()


async def test_the_sensible_candidate_is_chosen_for_several_that_ask_at_once() -> None:
    async with running() as reranker:
        chosen = await asyncio.gather(*(reranker.choose(CANDIDATES, "ko") for _ in range(8)))
        assert chosen == [1] * 8
        assert await reranker.choose(CANDIDATES[::-1], "ko") == 0


async def test_another_language_keeps_the_recognisers_choice() -> None:
    async with running() as reranker:
        assert await reranker.choose(CANDIDATES, "en") == 0


async def test_before_the_model_is_loaded_the_recognisers_choice_stands() -> None:
    async with running(ready=False) as reranker:
        assert await reranker.choose(CANDIDATES, "ko") == 0


async def test_a_language_worker_that_dies_keeps_nobody_waiting_and_is_started_again() -> None:
    async with running() as reranker:
        (process,) = reranker.processes.values()
        waiting = [asyncio.create_task(reranker.choose(CANDIDATES, "ko")) for _ in range(50)]
        process.kill()
        await process.wait()
        assert set(await asyncio.gather(*waiting)) <= {0, 1}
        async with asyncio.timeout(60):
            await reranker.ready.wait()
        assert await reranker.choose(CANDIDATES, "ko") == 1
        (again,) = reranker.processes.values()
        assert again.pid != process.pid


_WORKER = f"""#!{sys.executable}
from hwaja.workers.transport import frames
from hwaja.workers.inference import language_worker
from hwaja.workers.transport import wire

answer = frames.write_reply

def wrong(stream, reply):
    ranked = isinstance(reply, wire.Ranked)
    answer(stream, {{reply}} if ranked else reply)

frames.write_reply = wrong
language_worker.main()
"""


@pytest.mark.parametrize(
    "reply",
    [
        "wire.Ranked(reply.rank_id, 9)",
        "wire.Ranked(reply.rank_id, -1)",
        "wire.Ranked(99, 1)",
        "wire.SuspectNotice(1)",
    ],
)
async def test_a_choice_that_was_not_offered_is_not_taken(
    reply: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "worker"
    script.write_text(_WORKER.format(reply=reply))
    script.chmod(stat.S_IRWXU)
    monkeypatch.setattr(sys, "executable", str(script))
    async with running() as reranker:
        assert await reranker.choose(CANDIDATES, "ko") == 0

"""Utterance streams with real workers, also if the workers die."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import clips
import pytest
import pytest_asyncio
from poison import poisoned
from pools import running
from structlog.testing import capture_logs

from hwaja.engines.interface import EngineError, Samples
from hwaja.engines.recognition import Hypothesis
from hwaja.models.conversion.tones import Spoken, spoken
from hwaja.protocol.values import Options
from hwaja.workers import pool as pool_module
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire
from hwaja.workers.utterance_stream import UtteranceStream
from hwaja.workers.worker_slot import WorkerSlot

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

PATIENCE_SECONDS = 30
CHUNK_SAMPLES = 4096


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def one(tones: wire.Setup) -> AsyncIterator[Pool]:
    """A pool of one worker; what a test does to the worker is over when the test is."""
    async with running(tones) as pool:
        yield pool


def live(
    said: Spoken, owner: str = "a", tell: Callable[[str], None] | None = None
) -> UtteranceStream:
    def read(start: int, stop: int) -> Samples:
        return clips.pcm16(said.samples[start:stop])

    return UtteranceStream(owner, Options(), read, 0, tell)


async def finish(pool: Pool, utterance: UtteranceStream, said: Spoken) -> Hypothesis:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await pool.finish(utterance, len(said.samples), 3.0)


async def test_an_utterance_is_recognised_while_it_is_spoken(one: Pool) -> None:
    said = spoken([0, 1, 2, 3, 4])
    told: asyncio.Queue[str] = asyncio.Queue()
    utterance = live(said, tell=told.put_nowait)
    one.extend(utterance, len(said.samples) // 2)
    async with asyncio.timeout(PATIENCE_SECONDS):
        early = await told.get()
    assert said.text.startswith(early)
    assert early != ""
    heard = await finish(one, utterance, said)
    assert heard.text == said.text
    assert [token.text for token in heard.tokens] == list(said.text)


async def test_many_sessions_at_once_each_get_their_own_text(live_pool: Pool) -> None:
    """Ten of them, each as fast as the pipes take it, on two workers."""
    talks = [spoken([(k + i * (k + 1)) % 8 for i in range(5)]) for k in range(10)]
    utterances = [live(said, f"session {k}") for k, said in enumerate(talks)]
    for stop in range(CHUNK_SAMPLES, len(talks[0].samples), CHUNK_SAMPLES):
        for utterance in utterances:
            live_pool.extend(utterance, stop)
        await asyncio.sleep(0)
    heard = await asyncio.gather(
        *(finish(live_pool, u, said) for u, said in zip(utterances, talks, strict=True))
    )
    assert [h.text for h in heard] == [said.text for said in talks]


async def test_a_worker_that_dies_during_speech_loses_no_text(one: Pool) -> None:
    before = one.restarts
    said = [spoken([5, 6, 7, 0]), spoken([1, 1, 2])]
    reached = asyncio.Event()
    utterances = [live(s, f"{k}", lambda _: reached.set()) for k, s in enumerate(said)]
    for utterance in utterances:
        one.extend(utterance, 2 * len(said[0].samples) // 3)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await reached.wait()
    one.processes[0].kill()
    heard = await asyncio.gather(
        *(finish(one, u, s) for u, s in zip(utterances, said, strict=True))
    )
    assert [h.text for h in heard] == [s.text for s in said]
    assert one.restarts - before == 1


async def test_a_fault_of_the_front_that_costs_a_worker_is_logged_and_loses_no_text(
    tones: wire.Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = spoken([3, 1, 4])
    take_reply = WorkerSlot.take_reply

    def fails_once(*_: object) -> None:
        monkeypatch.setattr(WorkerSlot, "take_reply", take_reply)
        raise RuntimeError("Geheimnis")

    monkeypatch.setattr(WorkerSlot, "take_reply", fails_once)
    with capture_logs() as log:
        async with running(tones) as pool:
            assert (await finish(pool, live(said), said)).text == said.text
    (fault,) = [line for line in log if line["event"] == "failed, tried again"]
    assert (fault["error"], fault["place"].partition(":")[0]) == ("RuntimeError", "workers/pool.py")
    assert "Geheimnis" not in str(log)


async def test_workers_killed_repeatedly_from_outside_still_answer_every_utterance(
    one: Pool,
) -> None:
    """No utterance is a suspect because of a kill from outside."""
    said = spoken([0, 2, 4])
    told: asyncio.Queue[str] = asyncio.Queue()
    utterance = live(said, tell=told.put_nowait)
    before = one.restarts
    one.extend(utterance, len(said.samples) // 2)
    for _ in range(3):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await told.get()  # every worker hears it from the beginning
        one.processes[0].kill()
    assert (await finish(one, utterance, said)).text == said.text
    assert one.restarts - before == 3


async def test_only_the_utterance_that_kills_workers_fails(
    tones: wire.Setup, poisonable: None
) -> None:
    said = [spoken([k, k + 1, k + 2]) for k in range(4)]
    said[2] = replace(
        said[2], samples=clips.samples(poisoned(clips.pcm16(said[2].samples)).tobytes())
    )
    async with running(tones) as pool:
        answers = await asyncio.gather(
            *(finish(pool, live(s, f"{k}"), s) for k, s in enumerate(said)), return_exceptions=True
        )
    assert isinstance(answers.pop(2), EngineError)
    assert [a.text for a in answers if isinstance(a, Hypothesis)] == [
        said[k].text for k in (0, 1, 3)
    ]
    assert pool.restarts == 2


async def test_the_utterances_of_a_stuck_worker_are_decoded_again(
    one: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = spoken([3, 3])
    utterance = live(said)
    before = one.restarts
    limits = iter([0.2])
    monkeypatch.setattr(
        pool_module, "limit_seconds", lambda _: next(limits, float(PATIENCE_SECONDS))
    )
    one.processes[0].send_signal(signal.SIGSTOP)
    assert (await finish(one, utterance, said)).text == said.text
    assert one.restarts - before == 1


async def test_an_utterance_of_a_session_ahead_of_real_time_waits_for_live_ones(
    tones: wire.Setup,
) -> None:
    pool, said = Pool(tones, workers=1), spoken([0, 1])
    pool.set_ahead("file", True)
    early, now = live(said, "file"), live(said, "here")
    for utterance in (early, now):
        pool.extend(utterance, len(said.samples))
    assert (early.is_ahead, now.is_ahead) == (True, False)


async def test_a_dropped_utterance_disturbs_no_other(one: Pool) -> None:
    left, stayed = spoken([0, 1, 2]), spoken([6, 7])
    gone = live(left, "gone")
    one.extend(gone, len(left.samples) // 2)
    utterance = live(stayed, "here")
    one.extend(utterance, len(stayed.samples) // 2)
    one.drop(gone)
    one.leave("gone")
    assert (await finish(one, utterance, stayed)).text == stayed.text


async def test_utterances_fail_once_the_pool_is_closed(tones: wire.Setup) -> None:
    pool = Pool(tones, workers=1)
    await pool.start()
    said = spoken([0])
    pool.processes[0].send_signal(signal.SIGSTOP)
    waiting = asyncio.create_task(finish(pool, live(said), said))
    await asyncio.sleep(0)
    await pool.close()
    with pytest.raises(EngineError):
        await waiting
    with pytest.raises(EngineError):
        await finish(pool, live(said), said)

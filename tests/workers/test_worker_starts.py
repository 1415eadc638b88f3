"""Workers that cannot be started, or get no memory: they are back once they can."""

import asyncio
import os
import resource
import sys
from itertools import pairwise
from pathlib import Path

import clips
import pytest
import virtual_time
from pools import running
from structlog.testing import capture_logs

from hwaja.engines.interface import EngineError
from hwaja.models import locate
from hwaja.models.conversion.tones import spoken
from hwaja.process import supervision
from hwaja.protocol.values import Options
from hwaja.workers import supervisor as supervisor
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire
from hwaja.workers.transport.worker_process import WorkerProcess
from hwaja.workers.utterance_stream import UtteranceStream

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

PATIENCE_SECONDS = 60

SAID = "peer 192.0.2.7 said 900101"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "FIRST_PAUSE_SECONDS", 0.0)


class Spawning:
    """Starts no process while it is set to fail, like the system or a faulty front."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._spawn = WorkerProcess.spawn
        self._error: Exception | None = None
        self._failures = 0
        self.has_failed = asyncio.Event()
        self.has_often_failed = asyncio.Event()
        monkeypatch.setattr(WorkerProcess, "spawn", self)

    def fails(self, error: Exception | None) -> None:
        self._error = error

    async def __call__(self, module: str) -> WorkerProcess:
        if self._error is not None:
            self._failures += 1
            self.has_failed.set()
            if self._failures > 2 * supervision.MANY_FAULTS:
                self.has_often_failed.set()
            raise self._error
        return await self._spawn(module)


async def heard(pool: Pool) -> str:
    said = spoken([3, 1, 4])
    utterance = UtteranceStream(
        "a", Options(), lambda a, b: clips.pcm16(said.samples[a:b]), 0, None
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        text = (await pool.finish(utterance, len(said.samples), 3.0)).text
    return "right" if text == said.text else text


@pytest.mark.parametrize(("one_by_one", "ready"), [(False, [0, 0]), (True, [0, 1])])
async def test_workers_start_together_or_one_by_one(
    one_by_one: bool, ready: list[int], tones: wire.Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One by one beside workers that serve, which then keep most of the processor."""
    spawn, found = WorkerProcess.spawn, []

    async def spawned(module: str) -> WorkerProcess:
        found.append(pool.running_workers)
        return await spawn(module)

    monkeypatch.setattr(WorkerProcess, "spawn", spawned)
    pool = Pool(tones, 2)
    await pool.start(one_by_one=one_by_one)
    await pool.close()
    assert found == ready


@pytest.mark.parametrize(
    "error",
    [
        BlockingIOError(11, os.strerror(11)),
        RuntimeError("can't start new thread"),
        MemoryError(),
        KeyError(SAID),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_dead_worker_that_cannot_be_restarted_is_back_once_it_can(
    error: Exception, tones: wire.Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawning = Spawning(monkeypatch)
    with capture_logs() as log:
        async with running(tones) as pool:
            spawning.fails(error)
            pool.processes[0].kill()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await spawning.has_failed.wait()
            spawning.fails(None)
            assert await heard(pool) == "right"
    (line,) = [line for line in log if line["log_level"] == "error"][:1]
    assert SAID not in str(log)
    if type(error) in (MemoryError, KeyError):
        assert (line["task"], line["error"]) == ("worker 0", type(error).__name__)
    else:
        assert line["reason"].startswith("A worker cannot be started: ")


async def test_a_fault_that_stops_the_last_worker_is_reported_as_hopeless(
    tones: wire.Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawning, given_up = Spawning(monkeypatch), asyncio.Event()
    pool = Pool(tones, 1, lambda _: given_up.set())
    await pool.start()
    try:
        spawning.fails(KeyError(SAID))
        waiting = asyncio.create_task(heard(pool))
        pool.processes[0].kill()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await given_up.wait()
            with pytest.raises(EngineError):
                await waiting
    finally:
        await pool.close()


async def test_a_fault_is_not_hopeless_while_another_worker_runs(
    tones: wire.Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawning, given_up = Spawning(monkeypatch), []
    pool = Pool(tones, 2, given_up.append)
    await pool.start()
    try:
        spawning.fails(KeyError(SAID))
        pool.processes[0].kill()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await spawning.has_often_failed.wait()
        assert given_up == []
        assert await heard(pool) == "right"
    finally:
        await pool.close()


async def test_the_server_waits_without_limit_for_a_system_that_starts_no_process(
    tones: wire.Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restarted server could start none either. Its log and `/readyz` report it."""
    spawning, given_up = Spawning(monkeypatch), []
    pool = Pool(tones, 1, given_up.append)
    await pool.start()
    try:
        spawning.fails(RuntimeError("can't start new thread"))
        pool.processes[0].kill()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await spawning.has_often_failed.wait()
        assert given_up == []
    finally:
        await pool.close()


async def test_pauses_between_failed_starts_grow_but_work_never_waits_long_to_be_failed(
    tones: wire.Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each attempt costs processor time; work that no worker can do fails at an attempt."""
    tried_at: list[float] = []

    async def spawn(_module: str) -> WorkerProcess:
        tried_at.append(asyncio.get_running_loop().time())
        raise BlockingIOError(11, os.strerror(11))

    async def try_for_a_minute() -> None:
        pool = Pool(tones, 1)
        starting = asyncio.create_task(pool.start())
        await asyncio.sleep(60)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)

    monkeypatch.undo()
    monkeypatch.setattr(WorkerProcess, "spawn", spawn)
    monkeypatch.setattr(supervisor, "START_TRIES", 100)
    await asyncio.to_thread(virtual_time.run, try_for_a_minute())
    pauses = [later - sooner for sooner, later in pairwise(tried_at)]
    assert pauses[:5] == [0.5, 1, 2, 4, 5]
    assert set(pauses[5:]) == {5}


async def test_a_worker_that_its_front_has_lost_ends_by_itself() -> None:
    """asyncio forgets a process that it started where it gets no thread to wait for its end."""
    program = "from hwaja.workers import worker; worker.SETUP_SECONDS = 0; worker.main()"
    pipe = asyncio.subprocess.PIPE
    lost = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdin=pipe, stdout=pipe
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await lost.communicate() == (b"", None)


def limit_memory_to_what_is_used(pid: int) -> None:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[0])
    limit_bytes = pages * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (limit_bytes, limit_bytes))


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of another process")
async def test_a_worker_without_memory_is_replaced_and_its_job_done_by_the_next() -> None:
    setup = wire.Setup(str(locate("whisper-base")), None, "en")
    speech = clips.pcm16(clips.samples(clips.part("two_cities", 1, 27)))

    async def text_of(seconds: float) -> str:
        some = speech[: round(16_000 * seconds)]
        async with asyncio.timeout(PATIENCE_SECONDS):
            heard = await pool.recognise("a", some.copy, len(some), Options(), seconds)
        return heard.text.lower()

    async with running(setup) as pool:
        await text_of(0.5)
        limit_memory_to_what_is_used(pool.processes[0].pid)
        assert "times" in await text_of(26)
        assert pool.restarts == 1

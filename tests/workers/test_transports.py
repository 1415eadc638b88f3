"""The same work over each transport: worker processes of this machine, and actors of Ray.

The actors are those of one server, or those that several may share. `make test` runs the first
third, and `make test-ray` all.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import clips
import numpy as np
import pytest
import pytest_asyncio
from poison import poisoned, sticky

from hwaja.engines.interface import EngineError, Pcm16
from hwaja.models.conversion.tones import spoken
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.workers import jobs as jobs_module
from hwaja.workers import pool as pool_module
from hwaja.workers import supervisor
from hwaja.workers.jobs import Job
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire
from hwaja.workers.transport.model_origin import with_origin
from hwaja.workers.transport.ray_engines import RayEngines
from hwaja.workers.transport.shared_engines import SharedEngines
from hwaja.workers.transport.worker_link import SpawnFor, WorkerTransport
from hwaja.workers.transport.worker_process import WorkerProcess
from hwaja.workers.utterance_stream import UtteranceStream

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

PATIENCE_SECONDS = 60

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="`make test-ray` installs Ray")


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="session",
    params=["local", *(pytest.param(kind, marks=needs_ray) for kind in ("ray", "shared"))],
)
async def spawn_for(request: pytest.FixtureRequest) -> AsyncIterator[SpawnFor]:
    """What starts workers, which find the modules of the tests."""
    if request.param == "local":
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", str(Path(clips.__file__).parent), prepend=":")
            yield lambda _: WorkerProcess.spawn
        return
    engines = RayEngines(request.getfixturevalue("cluster").address, 1, 0)
    await engines.connect()
    if request.param == "ray":
        yield lambda _: engines.spawn
    else:
        yield lambda setup: SharedEngines(engines, "all", setup).spawn
    await engines.close()


@asynccontextmanager
async def running(setup: wire.Setup, spawn_for: SpawnFor, workers: int = 1) -> AsyncIterator[Pool]:
    setup = with_origin(setup)
    pool = Pool(setup, workers, spawn=spawn_for(setup))
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def one(english: wire.Setup, spawn_for: SpawnFor) -> AsyncIterator[Pool]:
    """A pool of one worker, which dies of poisoned audio."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(supervisor._MODULES, wire.Setup, "deadly_worker")
        async with running(english, spawn_for) as pool:
            yield pool


@pytest.fixture(scope="module")
def speech() -> Pcm16:
    """ "Fail again, fail better." """
    return clips.pcm16(clips.samples(clips.part("beckett", 6.2, 9.5)))


async def text_of(pool: Pool, read: Callable[[], Pcm16], owner: str = "owner") -> str:
    async with asyncio.timeout(PATIENCE_SECONDS):
        found = await pool.recognise(owner, read, len(read()), Options())
    return found.text.lower()


# bytes


@pytest_asyncio.fixture(loop_scope="session")
async def echo(
    spawn_for: SpawnFor, request: pytest.FixtureRequest
) -> AsyncIterator[WorkerTransport]:
    if request.node.callspec.params["spawn_for"] == "shared":
        pytest.skip("a shared engine reads the frames, so it carries no other bytes")
    transport = await spawn_for(wire.Setup("", None, "en"))("echoing_worker")
    yield transport
    await transport.end()


async def test_bytes_arrive_in_order_in_both_directions_however_many_they_are(
    echo: WorkerTransport,
) -> None:
    sent = np.random.default_rng(1).bytes(1_000_000)
    async with asyncio.timeout(PATIENCE_SECONDS):
        _, echoed = await asyncio.gather(
            echo.write(bytearray(sent)), echo.replies.readexactly(len(sent))
        )
    assert echoed == sent


async def test_frames_that_are_sent_at_once_do_not_interleave(echo: WorkerTransport) -> None:
    sent = [bytes([number]) * 250_000 for number in range(4)]
    async with asyncio.timeout(PATIENCE_SECONDS):
        *_, echoed = await asyncio.gather(
            *(echo.write(bytearray(each)) for each in sent), echo.replies.readexactly(1_000_000)
        )
    parts = [echoed[start : start + 250_000] for start in range(0, 1_000_000, 250_000)]
    assert sorted(parts) == sent


async def test_a_killed_worker_takes_nothing_and_has_no_more_replies(
    echo: WorkerTransport,
) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        echo.kill()
        assert await echo.replies.read() == b""
        with pytest.raises(OSError):  # noqa: PT011  # how the system calls it differs
            await echo.write(bytearray(1_000_000))


# the pool


async def test_an_utterance_is_recognised_and_embedded(one: Pool, speech: Pcm16) -> None:
    assert "better" in await text_of(one, speech.copy)
    track = await one.embed("owner", speech.copy, len(speech), overlaps=True)
    assert track.whole.shape == (192,)
    assert np.linalg.norm(track.whole) > 1


async def test_the_longest_utterance_is_recognised(one: Pool) -> None:
    audio = clips.pcm16(clips.samples(clips.part("two_cities", 1, 15.9)))
    assert "season" in await text_of(one, audio.copy)


async def test_a_job_that_kills_two_workers_fails_alone(one: Pool, speech: Pcm16) -> None:
    before = one.restarts
    bad = asyncio.create_task(text_of(one, lambda: poisoned(speech)))
    good = [asyncio.create_task(text_of(one, speech.copy)) for _ in range(2)]
    with pytest.raises(EngineError):
        await bad
    assert ["better" in text for text in await asyncio.gather(*good)] == [True, True]
    assert one.restarts - before == 2


async def test_a_stuck_worker_is_killed_and_its_job_done_by_another(
    one: Pool, speech: Pcm16, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = one.restarts
    jobs: list[Job] = []

    def impatient(*args: Any, **_: object) -> Job:
        jobs.append(Job(*args, limit_seconds=0.5))
        return jobs[-1]

    def read() -> Pcm16:
        if not jobs[0].suspect:
            return sticky(speech)
        jobs[0].limit_seconds = PATIENCE_SECONDS
        return speech.copy()

    monkeypatch.setattr(pool_module, "Job", impatient)
    async with asyncio.timeout(PATIENCE_SECONDS):
        found = await one.recognise("owner", read, len(speech), Options(), 3.0)
    assert "better" in found.text.lower()
    assert one.restarts - before in (1, 2)  # a shared engine is found again before it is ended


async def test_sessions_take_turns(one: Pool, speech: Pcm16) -> None:
    done: list[str] = []

    async def say(owner: str) -> None:
        await text_of(one, speech.copy, owner)
        done.append(owner)

    await asyncio.gather(*(say(owner) for owner in ("much", "much", "much", "little")))
    assert done.index("little") <= 1


async def test_sessions_that_speak_at_once_share_a_batch_with_the_shortest_utterance_first(
    spawn_for: SpawnFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(supervisor._MODULES, wire.Setup, "instant_worker")
    monkeypatch.setattr(jobs_module, "GATHER_SECONDS", PATIENCE_SECONDS)
    seconds = list(range(wire.MAX_BATCH, 0, -1))
    setup = wire.Setup("", None, "en")
    pool = Pool(setup, 1, spawn=spawn_for(setup))
    await pool.start()
    try:
        texts = await asyncio.gather(
            *(text_of(pool, partial(silence, each), f"session {each}") for each in seconds)
        )
    finally:
        await pool.close()
    assert texts == [f"{each} of {len(seconds)}" for each in seconds]


def silence(seconds: int) -> Pcm16:
    return np.zeros(seconds * SAMPLE_RATE, np.int16)


async def test_the_number_of_workers_changes_while_they_work(one: Pool, speech: Pcm16) -> None:
    one.add_worker()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while one.running_workers < 2:
            assert "better" in await text_of(one, speech.copy)
        assert one.workers == 2
        one.remove_worker()
        while one.workers > 1:
            assert "better" in await text_of(one, speech.copy)
    assert one.running_workers == 1


async def test_work_moves_to_workers_with_another_model(
    one: Pool, tones: wire.Setup, spawn_for: SpawnFor, speech: Pcm16
) -> None:
    """Two generations of workers run at once."""
    said = spoken([3, 1, 4])
    samples = clips.pcm16(said.samples)
    async with running(tones, spawn_for) as other:
        utterance = UtteranceStream("a", Options(), lambda a, b: samples[a:b].copy(), 0, None)
        async with asyncio.timeout(PATIENCE_SECONDS):
            heard = other.finish(utterance, len(samples), 3.0)
            texts = await asyncio.gather(heard, text_of(one, speech.copy))
    assert texts[0].text == said.text
    assert "better" in texts[1]


async def test_an_open_utterance_of_a_killed_worker_is_sent_again_from_its_beginning(
    tones: wire.Setup, spawn_for: SpawnFor
) -> None:
    said = spoken([3, 1, 4, 1, 3, 0])
    samples = clips.pcm16(said.samples)
    interims: asyncio.Queue[str] = asyncio.Queue()
    async with running(tones, spawn_for) as pool, asyncio.timeout(PATIENCE_SECONDS):
        utterance = UtteranceStream(
            "a", Options(), lambda a, b: samples[a:b].copy(), 0, interims.put_nowait
        )
        pool.extend(utterance, len(samples) // 2)
        assert said.text.startswith(await interims.get())
        pool._supervisor.kill(0)
        assert (await pool.finish(utterance, len(samples), 3.0)).text == said.text
        assert pool.restarts == 1


async def test_a_model_that_cannot_be_loaded_is_named(
    english: wire.Setup, spawn_for: SpawnFor, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("no model")
    with pytest.raises(EngineError, match=tmp_path.name):
        async with running(wire.Setup(str(tmp_path), english.voices, "en"), spawn_for):
            pass

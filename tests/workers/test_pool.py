"""The workers as real processes: they answer, die, are killed, and are started again."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import clips
import numpy as np
import pytest
import pytest_asyncio
from pools import running

from hwaja.engines.interface import HOP_SAMPLES, EngineError, Pcm16
from hwaja.process import supervision
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.speakers.parts import SHORT_SECONDS, Part
from hwaja.workers import jobs
from hwaja.workers import pool as pool_module
from hwaja.workers import supervisor as supervisor
from hwaja.workers.charges import RECENT_SECONDS
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire
from hwaja.workers.transport import worker_process as process

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

PATIENCE_SECONDS = 30

DAMAGED = (
    r"^The engine ends while it loads \S+moonshine\S+ and \S+ and \S+; a file may be damaged\.$"
)


@pytest.fixture(scope="module")
def speech() -> Pcm16:
    """ "Fail again, fail better." """
    return clips.pcm16(clips.samples(clips.part("beckett", 6.2, 9.5)))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def one(english: wire.Setup) -> AsyncIterator[Pool]:
    """A pool of one worker; what a test does to the worker is over when the test is."""
    async with running(english) as pool:
        yield pool


async def text_of(
    pool: Pool, read: Callable[[], Pcm16], seconds: float = 3.3, owner: str = "owner"
) -> str:
    async with asyncio.timeout(PATIENCE_SECONDS):
        heard = await pool.recognise(owner, read, round(16_000 * seconds), Options(), seconds)
    return heard.text


def kill(pool: Pool) -> None:
    pool.processes[0].kill()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_an_utterance_is_recognised_and_embedded(one: Pool, speech: Pcm16) -> None:
    assert "better" in (await text_of(one, speech.copy)).lower()
    track = await one.embed("owner", speech.copy, len(speech), overlaps=True)
    assert (track.whole.shape, track.whole.dtype) == ((192,), np.float32)
    assert track.windows.shape == (-(-len(speech) // HOP_SAMPLES), 192)
    assert np.linalg.norm(track.whole) > 1


async def test_the_shortest_attributed_speech_is_long_enough_for_the_engine(
    one: Pool, speech: Pcm16
) -> None:
    least = round(SHORT_SECONDS * SAMPLE_RATE)
    assert not Part(0, least, (0, 1), least / SAMPLE_RATE).is_short
    track = await one.embed(
        "owner", lambda: speech[8000 : 8000 + least].copy(), least, overlaps=True
    )
    assert np.isfinite(track.whole).all()
    assert track.whole.any()
    assert track.windows.shape == (1, 192)


async def test_overlap_is_computed_only_if_requested(one: Pool, speech: Pcm16) -> None:
    both = speech + np.roll(speech, 4000)
    asked = await one.embed("owner", both.copy, len(both), overlaps=True)
    spared = await one.embed("owner", both.copy, len(both), overlaps=False)
    assert not spared.overlap.any()
    assert spared.overlap.shape == asked.overlap.shape
    np.testing.assert_allclose(spared.whole, asked.whole, atol=1e-3)


async def test_windows_and_overlap_are_separated_if_audio_ends_just_after_a_hop(
    one: Pool, speech: Pcm16
) -> None:
    samples = 10 * HOP_SAMPLES + 1
    track = await one.embed("owner", speech[:samples].copy, samples, overlaps=True)
    assert (track.windows.shape, track.overlap.shape) == ((11, 192), (11,))
    whole = await one.embed("owner", speech[: samples - 1].copy, samples - 1, overlaps=True)
    np.testing.assert_allclose(track.windows[:9], whole.windows[:9], atol=0.1)


async def test_the_audio_of_a_job_is_overwritten_once_it_is_sent(one: Pool, speech: Pcm16) -> None:
    given: list[Pcm16] = []

    def read() -> Pcm16:
        given.append(speech.copy())
        return given[-1]

    assert await text_of(one, read) != ""
    await one.embed("owner", read, len(speech), overlaps=True)
    assert [samples.any() for samples in given] == [False, False]


async def test_a_job_that_the_engine_refuses_fails_alone_and_the_worker_continues(
    one: Pool, speech: Pcm16
) -> None:
    pid = one.processes[0].pid
    with pytest.raises(EngineError):
        await one.embed("owner", lambda: speech[:100].copy(), 100, overlaps=True)
    assert "better" in (await text_of(one, speech.copy)).lower()
    assert one.processes[0].pid == pid


async def test_a_job_of_a_killed_worker_is_done_by_another(one: Pool, speech: Pcm16) -> None:
    """The job is done by the worker that follows, from audio that is read again."""
    before = one.restarts
    sent = asyncio.Event()
    reads = 0

    def read() -> Pcm16:
        nonlocal reads
        reads += 1
        if reads == 1:
            # Stopped, so that it surely has not answered when it is killed.
            one.processes[0].send_signal(signal.SIGSTOP)
            sent.set()
        return speech.copy()

    job = asyncio.create_task(text_of(one, read))
    await sent.wait()
    kill(one)
    assert "better" in (await job).lower()
    assert (one.restarts - before, reads) == (1, 2)


async def test_an_idle_worker_that_dies_is_replaced(one: Pool, speech: Pcm16) -> None:
    before = one.restarts
    kill(one)
    assert "better" in (await text_of(one, speech.copy)).lower()
    assert one.restarts - before == 1


async def test_a_cancelled_job_disturbs_no_other(one: Pool, speech: Pcm16) -> None:
    begun = asyncio.Event()

    def read() -> Pcm16:
        begun.set()
        return clips.pcm16(clips.samples(clips.clip("beckett")))

    pid, alone = one.processes[0].pid, await text_of(one, speech.copy)
    left = asyncio.create_task(text_of(one, read, 10))
    await begun.wait()
    left.cancel()
    assert await text_of(one, speech.copy) == alone
    assert one.processes[0].pid == pid


@pytest.mark.parametrize("error", [IndexError("released"), MemoryError()])
async def test_a_job_whose_audio_is_gone_fails_alone(
    error: Exception, one: Pool, speech: Pcm16
) -> None:
    """Its session ended between the moment a worker took the job and the moment it was sent."""

    def read() -> Pcm16:
        raise error

    with pytest.raises(EngineError):
        await text_of(one, read)
    assert "better" in (await text_of(one, speech.copy)).lower()


async def test_workers_share_the_jobs_and_waiting_jobs_are_counted(
    english: wire.Setup, speech: Pcm16
) -> None:
    idle: list[int] = []

    def read() -> Pcm16:
        idle.append(two.idle_workers)
        return speech.copy()

    async with running(english, workers=2) as two:
        texts = await asyncio.gather(*(text_of(two, read) for _ in range(4)))
    assert len(set(texts)) == 1
    assert idle[:2] == [1, 0]  # later jobs may find both free at once


@pytest.mark.parametrize(("asks", "idle_workers"), [("speaking", {1}), ("owner", {0, 1})])
async def test_one_worker_takes_no_job_ahead_of_real_time_while_an_interim_text_is_awaited(
    asks: str,
    idle_workers: set[int],
    english: wire.Setup,
    speech: Pcm16,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not for one that is ahead itself."""
    monkeypatch.setattr(pool_module, "SPARED_SECONDS", 0.05)
    monkeypatch.setattr(jobs, "SPARED_SECONDS", 0.05)
    idle: set[int] = set()

    def read() -> Pcm16:
        idle.add(two.idle_workers)
        return speech.copy()

    async with running(english, workers=2) as two:
        two.set_ahead("owner", True)
        with two.sparing(asks):
            texts = await asyncio.gather(*(text_of(two, read) for _ in range(4)))
        assert idle == idle_workers
        # Not for ever: a moment later both work again.
        texts += await asyncio.gather(*(text_of(two, read) for _ in range(4)))
    assert len(set(texts)) == 1
    assert idle == {0, 1}


async def test_one_worker_takes_no_job_ahead_of_real_time_while_somebody_speaks(
    english: wire.Setup, speech: Pcm16, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next utterance of the speaker finds a free worker."""
    now = 1000.0
    monkeypatch.setattr(pool_module, "_now", lambda: now)
    idle: list[int] = []

    async def heard(two: Pool) -> set[int]:
        """The number of free workers as jobs of a file began."""
        idle.clear()

        def read() -> Pcm16:
            idle.append(two.idle_workers)
            return speech.copy()

        await asyncio.gather(*(text_of(two, read) for _ in range(4)))
        return set(idle)

    async with running(english, workers=2) as two:
        await text_of(two, speech.copy, owner="speaker")
        two.set_ahead("owner", True)
        assert await heard(two) == {1}
        now += RECENT_SECONDS + 1
        assert await heard(two) == {0, 1}


async def test_closing_ends_every_process_and_fails_waiting_jobs(
    english: wire.Setup, speech: Pcm16
) -> None:
    begun = asyncio.Event()
    pool = Pool(english, workers=1)
    await pool.start()
    pids = [process.pid for process in pool.processes.values()]

    def read() -> Pcm16:
        pool.processes[0].send_signal(signal.SIGSTOP)
        begun.set()
        return speech.copy()

    jobs = [asyncio.create_task(text_of(pool, read)) for _ in range(3)]
    await begun.wait()
    assert [is_alive(pid) for pid in pids] == [True]
    await pool.close()
    assert [is_alive(pid) for pid in pids] == [False]
    answers = await asyncio.gather(*jobs, text_of(pool, read), return_exceptions=True)
    assert [type(answer) for answer in answers] == [EngineError] * 4


async def test_models_that_cannot_be_loaded_are_reported_and_no_process_remains(
    english: wire.Setup, tmp_path: Path
) -> None:
    pool = Pool(wire.Setup(str(tmp_path / "absent"), english.voices, "en"), workers=2)
    with pytest.raises(EngineError, match=r"^The model folder \S+absent does not exist\.$"):
        await pool.start()
    assert len(pool.processes) == 2
    assert not any(is_alive(process.pid) for process in pool.processes.values())


@pytest.mark.parametrize(
    ("executable", "sentence"),
    [
        ("/bin/false", DAMAGED),
        ("/bin/echo", DAMAGED),
        ("/nowhere/python", r"^A worker cannot be started: No such file or directory\.$"),
    ],
)
async def test_workers_that_die_at_their_start_are_given_up(
    executable: str, sentence: str, english: wire.Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They end at once, answer nonsense, or cannot be started at all."""
    monkeypatch.setattr(supervision, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(process.sys, "executable", executable)
    pool = Pool(english, workers=2)
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(EngineError, match=sentence):
            await pool.start()
    assert not any(is_alive(process.pid) for process in pool.processes.values())


async def test_a_worker_that_is_stuck_while_loading_is_given_up(
    english: wire.Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = tmp_path / "stuck"
    stuck.write_text("#!/bin/sh\nexec sleep 1000\n")
    stuck.chmod(0o700)
    monkeypatch.setattr(supervision, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(supervisor, "LOAD_SECONDS", 0.1)
    monkeypatch.setattr(process.sys, "executable", str(stuck))
    pool = Pool(english, workers=1)
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(EngineError, match=r"^The engine has not loaded within"):
            await pool.start()
    assert not any(is_alive(process.pid) for process in pool.processes.values())


async def test_jobs_fail_while_no_worker_can_be_started_and_succeed_afterwards(
    english: wire.Setup, speech: Pcm16, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An administrator replaces the model folder while the server runs."""
    monkeypatch.setattr(supervision, "FIRST_PAUSE_SECONDS", 0.0)
    folder = tmp_path / "model"
    shutil.copytree(english.recogniser_dir, folder, copy_function=os.symlink)
    async with running(wire.Setup(str(folder), english.voices, "en")) as pool:
        folder.rename(tmp_path / "away")
        kill(pool)
        with pytest.raises(EngineError):
            await text_of(pool, speech.copy)
        (tmp_path / "away").rename(folder)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    assert "better" in (await text_of(pool, speech.copy)).lower()
                    break
                except EngineError:  # a worker that saw no folder was still on its way
                    continue


async def test_a_truncated_model_file_is_reported_as_damaged(
    english: wire.Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sherpa-onnx would end the process over it."""
    monkeypatch.setattr(supervision, "FIRST_PAUSE_SECONDS", 0.0)
    folder = tmp_path / "model"
    shutil.copytree(english.recogniser_dir, folder, copy_function=os.symlink)
    decoder = folder / "decoder_model_merged.ort"
    content = decoder.read_bytes()
    decoder.unlink()
    decoder.write_bytes(content[: len(content) // 2])
    pool = Pool(wire.Setup(str(folder), english.voices, "en"), workers=1)
    with pytest.raises(EngineError, match=r"merged\.ort cannot be loaded"):
        await pool.start()

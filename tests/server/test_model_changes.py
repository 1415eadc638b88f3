"""Changes of the recogniser on request, with fake workers: what loads, when, and what stays."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from fakes import FakePool, one_generation
from msgspec.structs import replace
from recognitions import settle
from scrapes import read

from hwaja.engines.interface import EngineError
from hwaja.engines.recognition import Abilities
from hwaja.models import ModelError
from hwaja.observability.metrics import Metrics
from hwaja.process.memory import Memory
from hwaja.protocol.values import Options
from hwaja.server import model_changes
from hwaja.server.config import ConfigError
from hwaja.server.model_changes import Model, ModelChanges
from hwaja.workers.generations import Generation
from hwaja.workers.transport import wire


class LoadingPool(FakePool):
    """A pool whose workers load until the test lets them be ready, or fail."""

    def __init__(self, abilities: Abilities = Abilities()) -> None:  # noqa: B008  # it is frozen
        super().__init__(abilities)
        self.begun = asyncio.Event()
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def start(self, *, one_by_one: bool = False) -> None:
        self.begun.set()
        await self.ready


class Server:
    """The changes of a server that runs the model in `folder`; `configured` is the next one."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "model.bin").write_text("weights")
        self.voice = folder.parent / "voice.onnx"
        self.voice.write_text("voice")
        voices = wire.VoiceModels(str(self.voice), "")
        self.setup = wire.Setup(str(folder), voices, "ko")
        self.configured: wire.Setup | Exception = self.setup
        self.old, self.old_interims = FakePool(), FakePool()
        self.generations = one_generation(self.old, self.old_interims)
        self.pools: asyncio.Queue[LoadingPool] = asyncio.Queue()
        self.abilities = Abilities()
        self.loads = 0
        self.metrics = Metrics()
        self.requested = asyncio.Event()
        self.changes = ModelChanges(
            Model.of("first", self.setup),
            self._read,
            self._build,
            self.generations,
            self.metrics,
            self.requested,
        )

    def _read(self) -> Model:
        if isinstance(self.configured, Exception):
            raise self.configured
        return Model.of("next", self.configured)

    def _build(self, model: Model) -> Generation:
        pool = LoadingPool(self.abilities)
        self.loads += 1
        self.pools.put_nowait(pool)
        return Generation(pool, FakePool())

    def another(self, language: str) -> None:
        """Configure another model."""
        self.configured = replace(self.setup, language=language)

    async def request(self) -> None:
        self.requested.set()

    async def loading(self) -> LoadingPool:
        """Wait until the next workers load."""
        async with asyncio.timeout(5):
            pool = await self.pools.get()
            await pool.begun.wait()
        return pool

    @property
    def outcomes(self) -> dict[str, float]:
        return read(self.metrics).by("hwaja_model_changes_total", "outcome")


class Log:
    """The log of the changes, line by line."""

    def __init__(self) -> None:
        self._lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def _put(self, event: str, **facts: object) -> None:
        self._lines.put_nowait({"event": event, **facts})

    info = warning = error = _put

    async def line(self, event: str) -> dict[str, Any]:
        """Wait for the next line, which must be this event."""
        async with asyncio.timeout(5):
            line = await self._lines.get()
        assert line["event"] == event, line
        return line


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[Log]:
    """Take requests until the block ends; yields the log."""
    with pytest.MonkeyPatch.context() as patch:
        log = Log()
        patch.setattr(model_changes, "_log", log)
        task = asyncio.create_task(server.changes.run())
        try:
            yield log
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


STAYS = "not reloaded, the one before stays"


@pytest.fixture
async def server(tmp_path: Path) -> Server:
    return Server(tmp_path / "model")


async def test_new_work_goes_to_the_new_workers_only_when_they_are_ready(server: Server) -> None:
    server.another("en")
    async with running(server) as log:
        await server.request()
        new = await server.loading()
        assert server.generations.current.pool is server.old
        new.ready.set_result(None)
        line = await log.line("reloaded")
        assert server.generations.current.pool is new
        assert (line["what"], line["model"]) == ("model", "next")
        await server.old.closed.wait()
    assert server.outcomes == {"changed": 1}


async def test_nothing_loads_if_the_configured_model_runs_already(server: Server) -> None:
    async with running(server) as log:
        await server.request()
        await log.line("unchanged")
    assert (server.loads, server.outcomes) == (0, {})


async def test_a_changed_file_of_the_same_folder_is_loaded(server: Server, tmp_path: Path) -> None:
    os.utime(tmp_path / "model" / "model.bin", (1, 1))
    async with running(server):
        await server.request()
        await server.loading()


async def test_a_folder_that_a_link_now_names_is_loaded(tmp_path: Path) -> None:
    """As when the operator keeps each version in a folder of its own."""
    link = tmp_path / "current"
    (tmp_path / "one").mkdir()
    link.symlink_to(tmp_path / "one")
    server = Server(link)
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "model.bin").write_bytes((link / "model.bin").read_bytes())
    times = (tmp_path / "one" / "model.bin").stat()
    os.utime(tmp_path / "two" / "model.bin", ns=(times.st_mtime_ns, times.st_mtime_ns))
    link.unlink()
    link.symlink_to(tmp_path / "two")
    async with running(server):
        await server.request()
        await server.loading()


@pytest.mark.parametrize(
    "failure", [EngineError("The file a.onnx is damaged."), MemoryError("secret")]
)
async def test_a_model_that_does_not_load_changes_nothing(
    server: Server, failure: Exception
) -> None:
    server.another("en")
    async with running(server) as log:
        await server.request()
        new = await server.loading()
        new.ready.set_exception(failure)
        line = await log.line(STAYS)
        assert line["what"] == "model"
        assert line.get("reason") == (str(failure) if isinstance(failure, EngineError) else None)
        assert "secret" not in str(line)
        assert new.closed.is_set(), "its workers have ended"
        assert server.generations.current.pool is server.old
        assert not server.old.closed.is_set()
        await server.request()  # the next request tries again
        (await server.loading()).ready.set_result(None)
        await log.line("reloaded")
    assert server.outcomes == {"failed": 1, "changed": 1}


@pytest.mark.parametrize("failure", [ConfigError("It is not TOML."), ModelError("It is absent.")])
async def test_an_invalid_configuration_is_reported_and_loads_nothing(
    server: Server, failure: Exception
) -> None:
    server.configured = failure
    async with running(server) as log:
        await server.request()
        assert (await log.line(STAYS))["reason"] == str(failure)
    assert (server.loads, server.outcomes) == (0, {"failed": 1})


async def test_the_last_of_several_requests_wins_and_one_model_loads_at_a_time(
    server: Server,
) -> None:
    async with running(server) as log:
        server.another("en")
        await server.request()
        first = await server.loading()
        server.another("ja")
        await server.request()
        second = await server.loading()
        assert first.closed.is_set(), "before the next model loads"
        second.ready.set_result(None)
        await log.line("reloaded")
        assert server.generations.current.pool is second
        assert server.changes.running.setup.language == "ja"
    assert server.outcomes == {"changed": 1}


async def test_a_request_for_the_model_that_loads_lets_it_load(server: Server) -> None:
    async with running(server) as log:
        server.another("en")
        for _ in range(3):
            await server.request()
            await asyncio.to_thread(int)
            await settle()
        (await server.loading()).ready.set_result(None)
        await log.line("reloaded")
    assert server.loads == 1


async def test_a_request_for_the_running_model_cancels_the_load_of_another(server: Server) -> None:
    async with running(server) as log:
        server.another("en")
        await server.request()
        new = await server.loading()
        server.configured = server.setup
        await server.request()
        await log.line("unchanged")
        assert new.closed.is_set()
        assert server.generations.current.pool is server.old


async def test_a_stopping_server_ends_the_workers_that_load(server: Server) -> None:
    server.another("en")
    async with running(server):
        await server.request()
        new = await server.loading()
    assert new.closed.is_set()


async def test_another_model_of_voices_is_refused(server: Server) -> None:
    """Its embeddings could not be compared with the enrolled voices."""
    server.another("en")
    server.voice.write_text("another voice model")
    async with running(server) as log:
        await server.request()
        assert "restart" in (await log.line(STAYS))["reason"]
    assert server.loads == 0


async def test_a_model_for_which_there_is_no_memory_is_refused_in_one_sentence(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the kernel would kill a worker that serves."""
    server.old.processes = {0: await asyncio.create_subprocess_exec("sleep", "60")}
    monkeypatch.setattr(model_changes, "resident_bytes", lambda _: 400_000_000)
    monkeypatch.setattr(model_changes, "memory_now", lambda: Memory(10**12, 2_000_000_000))
    bigger = tmp_path / "bigger"
    bigger.mkdir()
    with (bigger / "model.bin").open("wb") as file:
        file.truncate(3_000_000_000)  # a file with a hole
    server.configured = replace(server.setup, recogniser_dir=str(bigger))
    try:
        async with running(server) as log:
            await server.request()
            reason = (await log.line(STAYS))["reason"]
            assert reason == (
                "The new model needs about 3.4 GB beside the running one, and 2.0 GB are available."
            )
            assert server.loads == 0
            server.another("en")
            await server.request()
            await server.loading()
    finally:
        server.old.processes[0].kill()
        await server.old.processes[0].wait()


async def test_a_new_process_for_interim_texts_counts_as_well(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_changes, "memory_now", lambda: Memory(10**12, 450_000_000))
    streaming = tmp_path / "streaming"
    streaming.mkdir()
    with (streaming / "model.onnx").open("wb") as file:
        file.truncate(400_000_000)
    interims = wire.Setup(str(streaming), None, "ko")
    monkeypatch.setattr(
        server.changes, "_configured", lambda: Model.of("next", server.setup, interims)
    )
    async with running(server) as log:
        await server.request()
        assert "needs about 0.5 GB" in (await log.line(STAYS))["reason"]


async def test_transcriptions_that_stay_with_the_old_model_are_logged_once(server: Server) -> None:
    server.old.abilities = Abilities(languages=frozenset({"en"}))
    for _ in range(2):
        server.generations.place(Options("en"))
    server.another("ko")
    async with running(server) as log:
        server.configured = replace(server.setup, decoding_method="modified_beam_search")
        await server.request()
        (await server.loading()).ready.set_result(None)
        await log.line("reloaded")
        line = await log.line(
            "transcriptions stay with the model before: the new one refuses theirs"
        )
    assert line["transcriptions"] == 2


async def test_the_interim_worker_loads_too_where_the_running_one_is_in_use(
    server: Server,
) -> None:
    started: list[str] = []

    class InterimPool(FakePool):
        async def start(self, *, one_by_one: bool = False) -> None:
            started.append("interims")

    def build(model: Model) -> Generation:
        pool = LoadingPool(server.abilities)
        pool.ready.set_result(None)
        return Generation(pool, InterimPool())

    server.changes._build = build
    server.old_interims.processes = {0: await asyncio.create_subprocess_exec("true")}
    await server.old_interims.processes[0].wait()
    async with running(server) as log:
        server.another("en")
        await server.request()
        await log.line("reloaded")
    assert started == ["interims"]

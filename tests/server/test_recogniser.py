"""The recogniser of a server: who may end the server, the language worker, other options."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import FakePool
from scrapes import read
from structlog.testing import capture_logs

from hwaja.engines.recognition import Abilities
from hwaja.observability.metrics import Metrics
from hwaja.process.supervision import Escalate
from hwaja.server import recogniser
from hwaja.server.config import Config
from hwaja.server.model_changes import Model
from hwaja.server.recogniser import RunningRecogniser
from hwaja.workers.transport import wire

RANKED = Abilities(has_efforts=True)


class RecordedPool(FakePool):
    """A pool whose recogniser has the abilities that are next in `abilities_of`."""

    abilities_of: list[Abilities] = []  # noqa: RUF012  # a test sets it
    built: list["RecordedPool"] = []  # noqa: RUF012

    def __init__(self, _setup: wire.Setup, _workers: int, escalate: Escalate, *_: Any) -> None:
        super().__init__(self.abilities_of.pop(0))
        self.escalate = escalate
        self.built.append(self)


class FakeReranker:
    """The language worker: whether it runs."""

    def __init__(self) -> None:
        self.runs = False
        self.changed = asyncio.Event()
        self.processes: dict[int, asyncio.subprocess.Process] = {}

    async def choose(self, *_: object) -> int:
        return 0

    def start(self) -> None:
        self.runs = True
        self.changed.set()

    async def close(self) -> None:
        self.runs = False
        self.changed.set()


class Server:
    """A recogniser with fake workers. `config` is what is read on request."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, *abilities: Abilities) -> None:
        self.config = Config(asr_model=str(folder), language="ko", workers=1)
        self.reranker = FakeReranker()
        self.given_up: list[str] = []
        self.metrics, self.requested = Metrics(), asyncio.Event()
        patch.setattr(RecordedPool, "abilities_of", list(abilities))
        patch.setattr(RecordedPool, "built", [])
        patch.setattr(recogniser, "Pool", RecordedPool)
        patch.setattr(recogniser, "InterimWorker", lambda _: FakePool())
        patch.setattr(recogniser, "Reranker", lambda: self.reranker)
        self.recogniser = RunningRecogniser(
            self.config,
            lambda: self.config,
            lambda config: Model.of(
                config.asr_model, wire.Setup(config.asr_model, None, config.language)
            ),
            self.requested,
            self.metrics,
            self.given_up.append,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.recogniser.start()
        try:
            yield
        finally:
            await self.recogniser.close()

    async def change(self, **options: Any) -> None:
        """Configure other options; return once the workers before have ended."""
        before = RecordedPool.built[-1]
        self.config = replace(self.config, **options)
        self.reranker.changed.clear()
        self.requested.set()
        async with asyncio.timeout(5):
            await before.closed.wait()
            await self.reranker.changed.wait()


async def test_only_the_current_workers_can_end_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that load, or that complete the work of an earlier model, are not needed to serve."""
    server = Server(tmp_path, monkeypatch, Abilities(), Abilities())
    async with server.running():
        (first,) = RecordedPool.built
        first.escalate("worker 0")
        assert server.given_up == ["worker 0"]
        await server.change(language="en")
        _, second = RecordedPool.built
        first.escalate("worker 0 of before")
        second.escalate("worker 0 of now")
    assert server.given_up == ["worker 0", "worker 0 of now"]
    assert first.closed.is_set()
    assert second.closed.is_set()


async def test_the_language_worker_runs_while_the_recogniser_has_use_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recogniser, "ranks", lambda able, lang: able.has_efforts and lang == "ko")
    server = Server(tmp_path, monkeypatch, RANKED, RANKED, Abilities(), RANKED)
    async with server.running():
        ran = [server.reranker.runs]
        for options in ({"language": "en"}, {"language": "ja"}, {"language": "ko"}):
            await server.change(**options)
            ran.append(server.reranker.runs)
        assert ran == [True, False, False, True]
    assert not server.reranker.runs


async def test_the_metrics_name_the_running_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(tmp_path, monkeypatch, Abilities(), Abilities())
    async with server.running():
        await server.change(language="en")
        (sample,) = [
            sample for sample in read(server.metrics).samples if sample.name == "hwaja_model_info"
        ]
    assert sample.labels == {
        "model": tmp_path.name,
        "language": "en",
        "decoding_method": "greedy_search",
    }


async def test_options_that_need_a_restart_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(tmp_path, monkeypatch, Abilities(), Abilities())
    with capture_logs() as log:
        async with server.running():
            await server.change(language="en", port=1234, max_connections=3)
    (line,) = [line for line in log if "options" in line]
    assert line["options"] == ["port", "max_connections"]

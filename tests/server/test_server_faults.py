"""Faults of the server outside a session: the client gets an answer, and the log an entry."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import FakePool, fake_services, one_generation
from loopback import PATIENCE_SECONDS, serving
from structlog.testing import capture_logs

from hwaja.process import supervision
from hwaja.server.network import listening
from hwaja.server.services import Services
from hwaja.vad.silero import Detection, SileroDetector, SileroState
from hwaja.workers.overload import Overload

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

SAID = "peer 192.0.2.7 said 900101"


@pytest.fixture
def services(detector: SileroDetector) -> Services:
    engine = FakePool()
    return fake_services(engine, Detection(detector))


def errors_in(log: Any) -> list[dict[str, str]]:
    assert SAID not in str(log)
    assert "127.0.0.1" not in str(log)
    return [line for line in log if line["log_level"] == "error"]


async def test_a_session_that_cannot_begin_is_closed_and_logged_with_the_place_of_the_fault(
    services: Services, detector: SileroDetector, certificate: tuple[Path, Path]
) -> None:
    class Broken(Detection[SileroState]):
        def new_state(self) -> SileroState:
            raise RuntimeError(SAID)

    broken = replace(services, detection=Broken(detector))
    with capture_logs() as log:
        async with serving(broken, certificate) as endpoint, endpoint.connect("/?q=900101") as peer:
            assert await peer.receive_until_closed() == ([], 1011)
    (failed,) = errors_in(log)
    assert failed["error"] == "RuntimeError"
    assert failed["place"].startswith("server/sessions/intake.py:")


async def test_a_request_that_cannot_be_answered_is_a_500_and_logged_with_the_place_of_the_fault(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    class Broken(FakePool):
        @property
        def running_workers(self) -> int:
            raise RuntimeError(SAID)

        @running_workers.setter
        def running_workers(self, _: int) -> None:
            pass

    broken = replace(services, generations=one_generation(Broken()))
    with capture_logs() as log:
        async with serving(broken, certificate) as endpoint:
            assert (await endpoint.get("/readyz")).status == 500
    (failed,) = errors_in(log)
    assert failed["error"] == "RuntimeError"
    assert failed["place"].startswith("workers/generations.py:")


async def test_a_failed_load_watch_is_logged_and_continues(
    services: Services, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "FIRST_PAUSE_SECONDS", 0.01)
    goes_on = asyncio.Event()

    class FailsOnce(Overload):
        has_failed = False

        def observe(self, _lag_seconds: float, _now: float) -> bool:
            if self.has_failed:
                goes_on.set()
                return False
            self.has_failed = True
            raise RuntimeError(SAID)

    with capture_logs() as log:
        async with serving(replace(services, overload=FailsOnce()), certificate):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await goes_on.wait()
            (line,) = errors_in(log)
    assert (line["task"], line["error"]) == ("load watch", "RuntimeError")


async def test_a_shut_down_listening_socket_listens_again(
    services: Services, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the event loop would report a waiting client for ever and accept no client."""
    monkeypatch.setattr(listening, "CHECK_PERIOD_SECONDS", 0.01)
    listens = asyncio.Event()
    async with serving(services, certificate) as endpoint:
        (shut_down,) = endpoint.server._listening
        listen = shut_down.listen
        monkeypatch.setattr(type(shut_down), "listen", lambda _: (listen(), listens.set()))
        shut_down.shutdown(socket.SHUT_RDWR)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await listens.wait()
        port = shut_down.getsockname()[1]  # another one, as the first was the system's choice
        assert (await replace(endpoint, port=port).get("/healthz")).status == 200

"""Connections without a session: their cost, and the access of other clients."""

import asyncio
import socket
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from abuses import STAGES
from fakes import FakePool, fake_services
from loopback import PATIENCE_SECONDS, Endpoint, serving
from raw_client import client_hello, dialled
from scrapes import read
from structlog.testing import capture_logs

from hwaja.observability.metrics import Metrics
from hwaja.server.services import Services
from hwaja.vad.silero import Detection, SileroDetector

pytestmark = [
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(
        not Path("/proc").is_dir(), reason="only Linux has more than one loopback address"
    ),
]

ROOM = 8
ATTACKERS = [f"127.0.0.{last}" for last in range(2, 6)]


@pytest.fixture
def services(detector: SileroDetector) -> Services:
    engine = FakePool()
    return fake_services(engine, Detection(detector))


class SilentClients:
    """Connections from one address that send something once and then nothing."""

    def __init__(self, stack: ExitStack, port: int, address: str = "127.0.0.2") -> None:
        self._stack = stack
        self._to = "127.0.0.1", port
        self._address = address

    async def one(self, content: bytes = b"") -> socket.socket:
        connection = self._stack.enter_context(socket.socket())
        connection.setblocking(False)
        connection.bind((self._address, 0))
        loop = asyncio.get_running_loop()
        with suppress(ConnectionError):
            await loop.sock_connect(connection, self._to)
            await loop.sock_sendall(connection, content)
        return connection


async def is_cut(connection: socket.socket) -> bool:
    """Wait until the server closes."""
    with suppress(OSError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await asyncio.get_running_loop().sock_recv(connection, 1 << 16):
                pass
    return True


async def until_there_are(openings: int, metrics: Metrics) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if read(metrics)["hwaja_openings"] == openings:
                return
            await asyncio.sleep(0)


def hello(endpoint: Endpoint) -> bytes:
    return client_hello(endpoint.trust)


@pytest.mark.parametrize("says", [lambda _: b"", hello], ids=["nothing", "half a handshake"])
async def test_unfinished_connections_of_one_address_get_half_of_the_places_and_others_connect(
    says: Callable[[Endpoint], bytes], services: Services, certificate: tuple[Path, Path]
) -> None:
    async with serving(services, certificate, max_openings=ROOM) as endpoint:
        with ExitStack() as stack:
            silent = SilentClients(stack, endpoint.port)
            content = says(endpoint)
            for _ in range(ROOM // 2):
                await silent.one(content)
            await until_there_are(ROOM // 2, services.metrics)
            for _ in range(ROOM):
                assert await is_cut(await silent.one(content))
            assert read(services.metrics)["hwaja_openings"] == ROOM // 2
            async with endpoint.welcomed():
                pass
        await until_there_are(0, services.metrics)


async def test_an_attack_from_many_addresses_does_not_keep_a_new_address_out(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    async with serving(services, certificate, max_openings=ROOM) as endpoint:
        with ExitStack() as stack:
            for _ in range(ROOM):
                for address in ATTACKERS:
                    await SilentClients(stack, endpoint.port, address).one()
            await until_there_are(ROOM, services.metrics)
            async with endpoint.welcomed():
                assert read(services.metrics)["hwaja_openings"] < ROOM
        await until_there_are(0, services.metrics)


async def test_a_session_takes_no_place_of_connections_without_one(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    async with (
        serving(services, certificate, max_openings=2) as endpoint,  # one of one address
        endpoint.welcomed(),
        endpoint.welcomed(),
        endpoint.welcomed(),
    ):
        assert read(services.metrics)["hwaja_openings"] == 0


@pytest.mark.parametrize("stage", STAGES)
async def test_a_connection_frees_its_place_in_any_phase(
    stage: str, services: Services, certificate: tuple[Path, Path]
) -> None:
    over_tls, content = STAGES[stage]
    async with serving(services, certificate, max_openings=2) as endpoint:
        for _ in range(3):
            async with dialled(endpoint.port, endpoint.trust if over_tls else None) as client:
                await client.send(content)
                client.reset()
            await until_there_are(0, services.metrics)


async def test_an_answered_and_closed_request_frees_its_place(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    async with serving(services, certificate, max_openings=2) as endpoint:
        for path in ("/healthz", "/", "/nothing") * 2:
            await endpoint.get(path)
            await until_there_are(0, services.metrics)


async def test_cut_connections_are_counted_and_logged_without_their_address(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    with capture_logs() as log:
        async with serving(services, certificate, max_openings=2) as endpoint:
            with ExitStack() as stack:
                for _ in range(4):
                    newest = await SilentClients(stack, endpoint.port).one()
                assert await is_cut(newest)
    found = read(services.metrics).by("hwaja_rejections_total", "reason")
    assert found == {"too_many_openings": 3}
    line = {"event": "connection refused", "reason": "too_many_openings", "log_level": "warning"}
    assert log == [line] * 3


async def test_a_silent_connection_costs_a_few_kilobytes_and_no_buffer_of_its_own(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    """The largest number of them adds little to the 140 MB of the front."""
    count = 20
    async with serving(services, certificate) as endpoint:
        with ExitStack() as stack:
            silent, content = SilentClients(stack, endpoint.port), hello(endpoint)
            await silent.one(content)
            await until_there_are(1, services.metrics)
            tracemalloc.start()
            try:
                for _ in range(count):
                    await silent.one(content)
                await until_there_are(1 + count, services.metrics)
                assert tracemalloc.get_traced_memory()[0] < count * 64_000
            finally:
                tracemalloc.stop()

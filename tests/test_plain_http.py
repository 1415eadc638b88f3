"""Plain HTTP on the port of the WebSocket: health, readiness, and who may read the metrics."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from fakes import FakePool
from hwaja.session_runner import Services
from loopback import Endpoint, serving
from scrapes import TOKEN

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def scrapable(services: Services, certificate: tuple[Path, Path]) -> AsyncIterator[Endpoint]:
    async with serving(services, certificate, metrics_token=TOKEN) as endpoint:
        yield endpoint


async def test_a_health_check_is_answered_in_plain_http(endpoint: Endpoint) -> None:
    page = await endpoint.get("/healthz")
    assert (page.status, page.body) == (200, "ok\n")


async def test_a_browser_that_opens_the_address_gets_the_page(endpoint: Endpoint) -> None:
    page = await endpoint.get("/")
    assert page.status == 200
    assert "<title>hwaja" in page.body


async def test_what_is_neither_page_nor_websocket_is_told_what_this_is(endpoint: Endpoint) -> None:
    page = await endpoint.get("/somewhere")
    assert page.status == 426
    assert "docs/protocol.md" in page.body


async def test_a_server_is_ready_until_its_last_slot_is_taken_and_again_when_it_is_free(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    """Who asks for its health or readiness takes no slot."""
    async with serving(services, certificate, max_connections=1) as endpoint:
        assert (await endpoint.get("/readyz")).body == "ready\n"
        async with endpoint.welcomed():
            page = await endpoint.get("/readyz")
            assert (page.status, page.body) == (503, "not ready: no slot is free\n")
            assert (await endpoint.get("/healthz")).status == 200
        page = await endpoint.get("/readyz")
        assert (page.status, page.body) == (200, "ready\n")


async def test_a_server_without_workers_lives_but_is_not_ready(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    engine = FakePool()
    engine.running_workers = 0
    workless = replace(services, pool=engine)  # type: ignore[arg-type]
    async with serving(workless, certificate, max_connections=1) as endpoint:
        page = await endpoint.get("/readyz")
        assert (page.status, page.body) == (503, "not ready: no worker runs\n")
        assert (await endpoint.get("/healthz")).status == 200
        async with endpoint.welcomed():
            page = await endpoint.get("/readyz")
            assert page.body == "not ready: no worker runs, no slot is free\n"
        engine.running_workers = 1
        assert (await endpoint.get("/readyz")).status == 200


async def test_without_a_token_configured_there_are_no_metrics(endpoint: Endpoint) -> None:
    """Not even for who guesses that the token is empty."""
    nowhere = await endpoint.get("/nowhere")
    for header in ([], ["Authorization: Bearer "], ["Authorization: Bearer None"]):
        page = await endpoint.get("/metrics", *header)
        assert (page.status, page.body) == (nowhere.status, nowhere.body)


async def test_who_has_the_token_reads_the_metrics(scrapable: Endpoint) -> None:
    for path in ("/metrics", "/metrics?name=x"):
        page = await scrapable.get(path, f"Authorization: Bearer {TOKEN}")
        assert page.status == 200
        assert "hwaja_slots 10.0\n" in page.body
        content_types = [line for line in page.head.splitlines() if "content-type" in line.lower()]
        assert content_types == ["Content-Type: text/plain; version=0.0.4; charset=utf-8"]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["Authorization: Bearer"],
        ["Authorization: Bearer wrong"],
        [f"Authorization: Bearer {TOKEN}x"],
        [f"Authorization: Basic {TOKEN}"],
    ],
    ids=["none", "empty", "wrong", "longer", "basic"],
)
async def test_who_has_not_the_token_is_refused_and_told_how_it_is_given(
    headers: list[str], scrapable: Endpoint
) -> None:
    page = await scrapable.get("/metrics", *headers)
    assert page.status == 401
    assert "WWW-Authenticate: Bearer" in page.head
    assert "hwaja_" not in page.body


@pytest.mark.parametrize("path", ["/metrics/", "/Metrics", "//metrics", "/metrics%20"])
async def test_only_the_path_itself_has_metrics(path: str, scrapable: Endpoint) -> None:
    assert (await scrapable.get(path, f"Authorization: Bearer {TOKEN}")).status == 426


async def test_headers_that_come_twice_break_nothing(endpoint: Endpoint) -> None:
    page = await endpoint.get("/somewhere", "Connection: close", "Connection: keep-alive")
    assert page.status == 426

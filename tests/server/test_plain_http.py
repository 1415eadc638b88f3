"""HTTP requests on the port of the WebSocket: health, readiness, metrics."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from fakes import FakePool, one_generation
from loopback import Endpoint, serving
from raw_client import KEY, dialled
from scrapes import TOKEN

from hwaja.server.services import Services

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def scrapable(services: Services, certificate: tuple[Path, Path]) -> AsyncIterator[Endpoint]:
    async with serving(services, certificate, metrics_token=TOKEN) as endpoint:
        yield endpoint


async def test_a_health_check_is_answered_in_plain_http(endpoint: Endpoint) -> None:
    page = await endpoint.get("/healthz")
    assert (page.status, page.body) == (200, "ok\n")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/metrics", "/somewhere"])
async def test_head_is_answered_like_get_without_a_body(path: str, scrapable: Endpoint) -> None:
    """Some load balancers use it."""
    got = await scrapable.get(path)
    async with dialled(scrapable.port, scrapable.trust) as client:
        await client.send(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head, _, body = (await client.read_to_end()).decode().partition("\r\n\r\n")
    assert body == ""
    assert fields(head) == fields(got.head)


def fields(head: str) -> list[str]:
    return [line for line in head.splitlines() if not line.startswith("Date:")]


async def test_a_browser_that_opens_the_address_gets_the_page(endpoint: Endpoint) -> None:
    page = await endpoint.get("/")
    assert page.status == 200
    assert "<title>hwaja" in page.body


async def test_a_request_for_anything_else_gets_an_explanation(endpoint: Endpoint) -> None:
    page = await endpoint.get("/somewhere")
    assert page.status == 426
    assert "docs/protocol.md" in page.body


async def test_a_server_is_ready_while_a_slot_is_free(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    """Requests for health and readiness take no slot."""
    async with serving(services, certificate, max_connections=1) as endpoint:
        assert (await endpoint.get("/readyz")).body == "ready\n"
        async with endpoint.welcomed():
            page = await endpoint.get("/readyz")
            assert (page.status, page.body) == (503, "not ready: no slot is free\n")
            assert (await endpoint.get("/healthz")).status == 200
        page = await endpoint.get("/readyz")
        assert (page.status, page.body) == (200, "ready\n")


async def test_a_server_without_workers_is_alive_but_not_ready(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    engine = FakePool()
    engine.running_workers = 0
    workless = replace(services, generations=one_generation(engine))
    async with serving(workless, certificate, max_connections=1) as endpoint:
        page = await endpoint.get("/readyz")
        assert (page.status, page.body) == (503, "not ready: no worker runs\n")
        assert (await endpoint.get("/healthz")).status == 200
        async with endpoint.welcomed():
            page = await endpoint.get("/readyz")
            assert page.body == "not ready: no worker runs, no slot is free\n"
        engine.running_workers = 1
        assert (await endpoint.get("/readyz")).status == 200


async def test_without_a_configured_token_there_are_no_metrics(endpoint: Endpoint) -> None:
    """An empty token does not give access either."""
    nowhere = await endpoint.get("/nowhere")
    for header in ([], ["Authorization: Bearer "], ["Authorization: Bearer None"]):
        page = await endpoint.get("/metrics", *header)
        assert (page.status, page.body) == (nowhere.status, nowhere.body)


async def test_a_request_with_the_token_gets_the_metrics(scrapable: Endpoint) -> None:
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
async def test_a_request_without_the_token_is_refused_with_the_scheme(
    headers: list[str], scrapable: Endpoint
) -> None:
    page = await scrapable.get("/metrics", *headers)
    assert page.status == 401
    assert "WWW-Authenticate: Bearer" in page.head
    assert "hwaja_" not in page.body


@pytest.mark.parametrize("path", ["/metrics/", "/Metrics", "//metrics", "/metrics%20"])
async def test_only_the_exact_path_has_metrics(path: str, scrapable: Endpoint) -> None:
    assert (await scrapable.get(path, f"Authorization: Bearer {TOKEN}")).status == 426


PAGE, METRICS, SOCKET = "/page/style.css", "/metrics", "/"
UPGRADING = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY.decode(),
}
TWICE: list[tuple[str, tuple[str, str], dict[str, int]]] = [
    ("Accept-Encoding", ("br", "gzip"), {PAGE: 200, METRICS: 401, SOCKET: 101}),
    ("If-None-Match", ('"a"', '"b"'), {PAGE: 200, METRICS: 401, SOCKET: 101}),
    ("Host", ("localhost", "elsewhere"), {PAGE: 400, METRICS: 400, SOCKET: 400}),
    ("Origin", ("https://localhost",) * 2, {PAGE: 200, METRICS: 401, SOCKET: 400}),
    ("Authorization", ("Bearer no", f"Bearer {TOKEN}"), {PAGE: 200, METRICS: 200, SOCKET: 101}),
    ("Sec-WebSocket-Protocol", ("hwaja.resume", "hwaja"), {PAGE: 200, METRICS: 401, SOCKET: 101}),
    ("Sec-WebSocket-Extensions", ("x", "y"), {PAGE: 200, METRICS: 401, SOCKET: 101}),
    ("Sec-WebSocket-Key", (KEY.decode(),) * 2, {PAGE: 200, METRICS: 401, SOCKET: 400}),
    ("Sec-WebSocket-Version", ("13", "13"), {PAGE: 200, METRICS: 401, SOCKET: 400}),
    ("Upgrade", ("websocket", "websocket"), {PAGE: 200, METRICS: 401, SOCKET: 426}),
    ("Connection", ("keep-alive", "Upgrade"), {PAGE: 426, METRICS: 401, SOCKET: 101}),
    ("Content-Length", ("0", "0"), {PAGE: 200, METRICS: 401, SOCKET: 101}),
]
"""Of each header that is read: two lines of it, and the answer to each kind of request."""


@pytest.mark.parametrize(("name", "values", "statuses"), TWICE, ids=[each[0] for each in TWICE])
async def test_a_repeated_header_never_breaks_the_server(
    name: str, values: tuple[str, str], statuses: dict[str, int], scrapable: Endpoint
) -> None:
    for path, status in statuses.items():
        fields = {"Host": "localhost", **(UPGRADING if path == SOCKET else {})}
        fields.pop(name, None)
        lines = [
            f"{key}: {value}" for key, value in [*fields.items(), *((name, v) for v in values)]
        ]
        request = "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()
        async with dialled(scrapable.port, scrapable.trust) as client:
            head = await client.upgrade(request)
        assert head.startswith(b"HTTP/1.1 %d " % status), path


async def test_a_list_in_two_header_lines_counts_as_one_list(endpoint: Endpoint) -> None:
    """As in one line (RFC 9110, section 5.3): the coding and the tag are found in either."""
    coded = ("Accept-Encoding: br", "Accept-Encoding: gzip")
    tag = re.search(r"ETag: (\S+)", await head_of(endpoint, PAGE, *coded))
    assert tag is not None
    assert tag[1].endswith('-gzip"')
    known = ('If-None-Match: "of another"', f"If-None-Match: {tag[1]}")
    assert (await endpoint.get(PAGE, *coded, *known)).status == 304
    assert (await endpoint.get(PAGE, *coded, f'If-None-Match: "another", {tag[1]}')).status == 304


async def test_a_client_that_offers_too_many_subprotocols_is_refused(
    endpoint: Endpoint,
) -> None:
    for count, status in ((8, 101), (9, 400)):
        fields = {"Host": "localhost", **UPGRADING}
        lines = [f"{key}: {value}" for key, value in fields.items()]
        lines.append(f"Sec-WebSocket-Protocol: {', '.join(f'hwaja.x{n}' for n in range(count))}")
        request = "\r\n".join(["GET / HTTP/1.1", *lines, "", ""]).encode()
        async with dialled(endpoint.port, endpoint.trust) as client:
            head = await client.upgrade(request)
        assert head.startswith(b"HTTP/1.1 %d " % status)


async def test_a_request_of_more_than_16_kb_is_cut_off_before_it_is_parsed(
    endpoint: Endpoint,
) -> None:
    """It may have too many lines or an endless one. A request of 15 KB is accepted."""
    line = b"X-Padding: " + b"x" * 4000 + b"\r\n"
    for lines, status in ((3, 200), (5, 431)):
        async with dialled(endpoint.port, endpoint.trust) as client:
            head = await client.upgrade(
                b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + line * lines + b"\r\n"
            )
        assert head.startswith(b"HTTP/1.1 %d " % status)


async def head_of(endpoint: Endpoint, path: str, *lines: str) -> str:
    """The status line and header fields of an answer whose body is no text."""
    request = "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()
    async with dialled(endpoint.port, endpoint.trust) as client:
        return (await client.upgrade(request)).decode()

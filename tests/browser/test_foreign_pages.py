"""Pages of other origins in a real browser: none opens a session."""

from pathlib import Path

import pytest
from loopback import Endpoint, serving
from playwright.async_api import Page

from browser import chromium
from browser.conftest import Visit
from hwaja.server.access.access_policy import AccessPolicy
from hwaja.server.http.origins import origins_of
from hwaja.server.http.pages import Pages
from hwaja.server.services import Services

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

Certificate = tuple[Path, Path]

CONNECT = """
url => new Promise(resolve => {
  const socket = new WebSocket(url);
  socket.onmessage = ({data}) => { resolve(JSON.parse(data).type); socket.close(); };
  socket.onerror = () => resolve('refused');
})
"""
OWN_NAMES = ("localhost", "127.0.0.1")


async def heard(page: Page, url: str) -> str:
    """The type of the first message that a page receives, or that it receives none."""
    return str(await page.evaluate(CONNECT, url))


def elsewhere(endpoint: Endpoint) -> str:
    """A page of another site. This server delivers it under another name."""
    return f"https://{chromium.ELSEWHERE}:{endpoint.port}/healthz"


async def test_pages_from_the_servers_own_addresses_open_sessions(
    endpoint: Endpoint, visit: Visit
) -> None:
    """By each name that this machine has for itself, and from one to another."""
    for name in OWN_NAMES:
        visitor = await visit(f"https://{name}:{endpoint.port}/healthz")
        for host in OWN_NAMES:
            assert await heard(visitor.page, f"wss://{host}:{endpoint.port}") == "model_loaded"


async def test_a_page_of_another_origin_opens_no_session(endpoint: Endpoint, visit: Visit) -> None:
    """A page with an opaque origin opens none either."""
    for url in (elsewhere(endpoint), "about:blank", "data:text/html,elsewhere"):
        visitor = await visit(url)
        for host in OWN_NAMES:
            assert await heard(visitor.page, f"wss://{host}:{endpoint.port}") == "refused"


async def test_a_page_of_another_origin_opens_a_session_if_it_is_listed(
    services: Services, certificate: Certificate, endpoint: Endpoint, visit: Visit
) -> None:
    visitor = await visit(elsewhere(endpoint))
    for origins in (f"https://{chromium.ELSEWHERE}:{endpoint.port}/", "*"):
        policy = AccessPolicy(pages=Pages(origins_of(origins)))
        async with serving(services, certificate, policy=policy) as listing:
            assert await heard(visitor.page, listing.url) == "model_loaded"


async def test_a_page_whose_name_resolves_to_the_server_opens_no_session(
    services: Services, visit: Visit
) -> None:
    """DNS rebinding: to the browser it is the page's own server, which speaks no TLS."""
    async with serving(services, None) as endpoint:
        own = await visit(f"http://localhost:{endpoint.port}/healthz")
        assert await heard(own.page, f"ws://localhost:{endpoint.port}") == "model_loaded"
        authority = f"{chromium.ELSEWHERE}:{endpoint.port}"
        rebound = await visit(f"http://{authority}/healthz")
        assert await heard(rebound.page, f"ws://{authority}") == "refused"


async def test_a_page_opened_by_an_unknown_name_explains_how_to_configure_the_name(
    endpoint: Endpoint, visit: Visit
) -> None:
    visitor = await visit(f"https://{chromium.ELSEWHERE}:{endpoint.port}/")
    assert "--hosts" in await visitor.page.locator("body").inner_text()

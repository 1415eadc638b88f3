"""Servers that refuse the page, and certificates that the browser refuses."""

from pathlib import Path

import pytest
from loopback import Endpoint, serving, tokens_of
from playwright.async_api import Error

from browser.album import Album
from browser.conftest import Visit
from hwaja.server.access.access_policy import AccessPolicy
from hwaja.server.services import Services

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHAPTER = "Being let in"

PRESENTED = "let-this-page_in.please~1+2"

Certificate = tuple[Path, Path]


async def test_a_full_server_is_reported_and_the_page_connects_once_a_slot_is_free(
    services: Services, certificate: Certificate, visit: Visit, album: Album
) -> None:
    async with serving(services, certificate, max_connections=1) as endpoint:
        async with endpoint.welcomed():
            visitor = await visit(endpoint.page)
            assert "Too many people" in await visitor.notice("connection")
            await visitor.until("closed")
            await album.show(visitor, CHAPTER, "The server is full.")
        await endpoint.until_free()
        await visitor.page.get_by_role("button", name="Connect again").click()
        await visitor.until("ready")
        assert await visitor.page.locator(".notice").count() == 0


async def test_a_page_that_enrols_nobody_loses_its_slot_and_shows_the_reason(
    services: Services, certificate: Certificate, visit: Visit
) -> None:
    limits = {"max_connections": 1, "unenrolled_seconds": 0}
    async with serving(services, certificate, **limits) as endpoint:
        visitor = await visit(endpoint.page)
        await visitor.until("ready")
        async with endpoint.welcomed():
            assert "Too many people" in await visitor.notice("connection")


async def test_the_page_asks_for_the_token_and_reports_a_wrong_one(
    services: Services, certificate: Certificate, visit: Visit, album: Album
) -> None:
    policy = AccessPolicy(tokens_of(PRESENTED))
    async with serving(services, certificate, policy=policy) as endpoint:
        visitor = await visit(endpoint.page)
        assert "requires a token" in await visitor.notice("connection")
        await album.show(visitor, CHAPTER, "The server requires a token.")
        await visitor.page.keyboard.type("something-else")  # the field has the focus
        await visitor.page.keyboard.press("Enter")
        wrong = visitor.page.get_by_text("This token is not valid.")
        await wrong.wait_for()
        await album.show(visitor, CHAPTER, "The token is wrong.")
        await visitor.page.get_by_label("This token is not valid.").fill(PRESENTED)
        await visitor.page.get_by_role("button", name="Enter").click()
        await visitor.until("ready")
        assert await visitor.page.locator(".notice").count() == 0
        assert PRESENTED not in visitor.page.url


async def test_text_that_cannot_be_a_token_is_reported_as_a_wrong_token(
    services: Services, certificate: Certificate, visit: Visit
) -> None:
    """A WebSocket's constructor throws at characters that no subprotocol has."""
    policy = AccessPolicy(tokens_of(PRESENTED))
    async with serving(services, certificate, policy=policy) as endpoint:
        visitor = await visit(endpoint.page)
        await visitor.page.get_by_label("This server requires a token.").fill("a, b (토큰)")
        await visitor.page.get_by_role("button", name="Enter").click()
        await visitor.page.get_by_text("This token is not valid.").wait_for()


async def test_a_self_signed_certificate_is_accepted_once_and_then_the_microphone_works(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    """Nothing of the page is shown before; after it, all of it works."""
    visitor = await visit(None, ignore_https_errors=False)
    page = visitor.page
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        await page.goto(endpoint.page)
    assert await page.locator("#status").count() == 0
    await album.show(visitor, CHAPTER, "The certificate is unknown.", whole=False, ours=False)
    await page.click("#details-button")
    await page.click("#proceed-link")
    await visitor.until("ready")
    await visitor.press("#allow")
    await page.wait_for_selector("#device-choice:visible")

"""Unavailable microphones: the notices of the page, and the recovery."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from loopback import Endpoint, serving
from playwright.async_api import Browser

from browser import chromium
from browser.album import Album
from browser.conftest import Visit
from hwaja.server.access.access_policy import AccessPolicy
from hwaja.server.http.pages import Pages
from hwaja.server.services import Services

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHAPTER = "The microphone"


async def test_a_denied_microphone_can_be_allowed_afterwards(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor = await visit(endpoint.page, permissions=[])
    await visitor.until("ready")
    await visitor.press("#allow")
    assert "was not allowed" in await visitor.notice("microphone")
    await album.show(visitor, CHAPTER, "The microphone was not allowed.")
    await visitor.page.context.grant_permissions(["microphone"])
    await visitor.page.locator(".notice").get_by_role("button", name="Allow").click()
    await visitor.page.wait_for_selector("#device-choice:visible")
    assert await visitor.page.locator(".notice").count() == 0


OTHER_IS_CHOSEN = """
const open = MediaDevices.prototype.getUserMedia;
MediaDevices.prototype.getUserMedia = async function (constraints) {
  const { deviceId } = (await this.enumerateDevices()).filter((d) => d.kind === 'audioinput')[2];
  return open.call(this, { audio: { deviceId: { exact: deviceId }, ...constraints.audio } });
};
"""
"""As when somebody chooses a microphone in the question of Firefox or Chrome."""


async def test_the_microphone_that_was_chosen_in_the_browsers_question_is_shown(
    endpoint: Endpoint, visit: Visit
) -> None:
    visitor = await visit(None)
    await visitor.page.add_init_script(OTHER_IS_CHOSEN)
    await visitor.page.goto(endpoint.page)
    await visitor.press("#allow")
    await visitor.page.wait_for_selector("#device-choice:visible")
    assert await visitor.page.evaluate("device.selectedIndex") == 2
    await visitor.press("#language")
    assert await visitor.page.evaluate("device.selectedIndex") == 2


@pytest_asyncio.fixture(loop_scope="session")
async def deaf_browser(browser: Browser) -> AsyncIterator[Browser]:
    """Another browser, on a machine without a microphone."""
    async with chromium.started(None) as deaf:
        yield deaf


async def test_the_page_reports_a_missing_microphone(
    endpoint: Endpoint, deaf_browser: Browser, visit: Visit, album: Album
) -> None:
    visitor = await visit(endpoint.page, deaf_browser, locale="ko-KR")
    await visitor.until("ready")
    await visitor.press("#allow")
    assert "마이크를 찾지 못했습니다" in await visitor.notice("microphone")
    await album.show(visitor, CHAPTER, "There is no microphone.")


async def test_a_page_without_https_explains_what_is_missing(
    services: Services, visit: Visit, album: Album
) -> None:
    policy = AccessPolicy(pages=Pages(names=lambda: [chromium.ELSEWHERE], has_tls=False))
    async with serving(services, None, policy=policy) as endpoint:
        visitor = await visit(f"http://{chromium.ELSEWHERE}:{endpoint.port}/")
        await visitor.until("ready")
        await visitor.press("#allow")
        assert "only on https pages" in await visitor.notice("microphone")
        await album.show(visitor, CHAPTER, "The page came without https.")


async def test_a_page_on_localhost_needs_no_https(services: Services, visit: Visit) -> None:
    async with serving(services, None) as endpoint:
        visitor = await visit(f"http://localhost:{endpoint.port}/")
        await visitor.until("ready")
        await visitor.press("#allow")
        await visitor.page.wait_for_selector("#device-choice:visible")


async def test_a_microphone_that_is_unplugged_is_reported(endpoint: Endpoint, visit: Visit) -> None:
    visitor = await visit(endpoint.page)
    await visitor.press("#allow")
    await visitor.page.wait_for_selector("#device-choice:visible")
    await visitor.page.context.clear_permissions()
    await visitor.notice("microphone")

"""Phones: the link with the access code, and what happens to a microphone there."""

import re
from pathlib import Path

import clips
import pytest
import segno
from loopback import Endpoint, serving
from playwright.async_api import expect
from relay import relaying

from browser.album import Album
from browser.conftest import Visit
from browser.sessions import enrolled, remember
from hwaja.server.access.access_code import AccessCode
from hwaja.server.access.access_policy import AccessPolicy
from hwaja.server.services import Services

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHAPTER = "Phones and second screens"

Certificate = tuple[Path, Path]


async def test_the_link_with_the_access_code_lets_in_and_leaves_no_code_in_the_address(
    services: Services, certificate: Certificate, visit: Visit
) -> None:
    policy = AccessPolicy(AccessCode("k3fp-9xwd-m7qh"))
    async with serving(services, certificate, policy=policy) as endpoint:
        visitor = await visit(f"{endpoint.page}#code=k3fp-9xwd-m7qh")
        await visitor.until("ready")
        assert visitor.page.url == endpoint.page
        await visitor.page.reload()
        await visitor.until("ready")
        assert await visitor.page.locator(".notice").count() == 0


async def test_a_second_screen_shows_the_conversation_by_its_link_until_it_ends(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor = await visit(None)
    await remember(visitor.page, await enrolled(endpoint))
    await visitor.page.goto(endpoint.page)
    await visitor.until("ready")
    # The second screen is there before anybody speaks.
    await visitor.listen_to(clips.silence(9) + clips.conversation())
    await visitor.press("#start")
    await visitor.until("transcribing")
    await visitor.page.get_by_role("button", name="Export").click()
    await visitor.page.get_by_role("button", name="Subtitles on another screen").click()
    field = visitor.page.get_by_label("Link to the subtitles")
    code = visitor.page.locator("#share-code:visible path")
    await expect(field).to_have_value(re.compile(r"/subtitles#[\w-]{20,}$"))
    assert modules(await code.get_attribute("d"))
    second = await visit(await field.input_value())
    await expect(second.page.locator("#status")).to_have_text("Connected")
    await visitor.page.get_by_role("button", name="Close").click()
    said = (await visitor.until_said(2))[-1].text
    await expect(second.page.locator("#lines")).to_contain_text(said)
    assert await second.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await album.show(second, CHAPTER, "The second screen.", whole=False)
    before = await second.page.evaluate("parseFloat(getComputedStyle(lines).fontSize)")
    await second.page.get_by_role("button", name="Larger text").click()
    assert await second.page.evaluate("parseFloat(getComputedStyle(lines).fontSize)") > before
    link = await field.input_value()
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    await visitor.page.reload()
    assert "continues" in await visitor.notice("resumed")
    await visitor.page.get_by_role("button", name="Export").click()
    await visitor.page.get_by_role("button", name="Subtitles on another screen").click()
    await expect(field).to_have_value(link)  # another one would end it
    await album.show(visitor, CHAPTER, "The link for a second screen.", whole=False)
    await visitor.page.get_by_role("button", name="End the link").click()
    await expect(code).to_have_count(0)
    await expect(second.page.locator("#status")).to_have_text("The conversation has ended.")
    await expect(second.page.locator("#lines")).to_contain_text(said)


def modules(path: str | None) -> set[tuple[int, int]]:
    """Columns and rows of the dark modules of a QR code."""
    return {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", path or "")}


async def test_the_code_of_a_link_is_a_qr_code_and_a_link_that_is_too_long_has_none(
    endpoint: Endpoint, visit: Visit
) -> None:
    """Every module is that of another encoder. The link fills the code, which leaves no choice."""
    visitor = await visit(endpoint.page)
    link = f"{endpoint.page}subtitles#".ljust(106, "k")
    drawn = "async (link) => (await import('/page/qr.js')).qrPath(link)"
    wanted = segno.make(link, version=5, error="L", mask=0, mode="byte", boost_error=False)
    dark = {(x, y) for y, row in enumerate(wanted.matrix) for x, bit in enumerate(row) if bit}
    assert modules(await visitor.page.evaluate(drawn, link)) == dark
    assert await visitor.page.evaluate(drawn, link + "k") == ""


async def test_a_second_screen_waits_for_a_network_that_is_away(
    endpoint: Endpoint, visit: Visit
) -> None:
    async with endpoint.welcomed() as client:
        await client.say("share_session")
        token = (await client.receive())["token"]
        async with relaying(endpoint.port) as relay:
            link = f"https://localhost:{relay.port}/subtitles#{token}"
            second = await visit(link)
            status = second.page.locator("#status")
            await expect(status).to_have_text("Connected")
            await relay.cut()
            await expect(status).to_have_text("Connecting…")
            for _ in range(3):
                await second.page.wait_for_event("websocket")
            await relay.mend()
            await expect(status).to_have_text("Connected")


async def test_a_link_that_leads_nowhere_is_told(endpoint: Endpoint, visit: Visit) -> None:
    visitor = await visit(f"{endpoint.page}subtitles#no-such-link")
    await expect(visitor.page.locator("#status")).to_have_text(re.compile("The link is wrong"))

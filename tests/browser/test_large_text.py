"""Text as large as a reader sets it in the browser: nothing is cut off, whatever the width."""

import pytest
from loopback import Endpoint
from playwright.async_api import Page

from browser.album import Album
from browser.conftest import Visit
from browser.prompter import discovering
from browser.visitor import Visitor

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHAPTER = "Text of twice the size"

TWICE_PX = 32

MISFITS = """
() => {
  const within = (element) => element.scrollWidth <= element.clientWidth;
  const sheets = document.querySelectorAll('dialog[open]');
  const whole = [document.documentElement, ...sheets].every(within);
  const lines = (element) => element.getClientRects().length;
  const status = document.createRange();
  status.selectNodeContents(document.getElementById('status'));
  const facts = [...document.querySelectorAll('dialog[open] dd')];
  const isNarrow = (dd) => 2.1 * dd.clientWidth < dd.parentElement.clientWidth - 16;
  const faults = { wider: !whole, status: lines(status) > 1, facts: facts.some(isNarrow) };
  return Object.keys(faults).filter((name) => faults[name]);
}
"""
"""What is wider than the screen, the status where it is broken, facts beside which no room is."""


async def enlarged(page: Page) -> None:
    """Set the browser's own size of the text."""
    session = await page.context.new_cdp_session(page)
    await session.send("Page.setFontSizes", {"fontSizes": {"standard": TWICE_PX}})
    await page.set_viewport_size({"width": 360, "height": 740})


async def fits(visitor: Visitor) -> None:
    assert await visitor.page.evaluate(MISFITS) == []


@pytest.mark.parametrize("locale", ["en-GB", "ko-KR"])
async def test_twice_the_size_fits_the_width_of_a_telephone(
    locale: str, endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor = await visit(endpoint.page, locale=locale)
    await enlarged(visitor.page)
    await visitor.until("ready")
    size = await visitor.page.evaluate("getComputedStyle(document.documentElement).fontSize")
    assert size == f"{TWICE_PX}px"
    await fits(visitor)
    await album.show(visitor, CHAPTER, f"The page is opened ({locale}).")
    talker, prompter = await discovering(visit, endpoint, locale=locale)
    await enlarged(talker.page)
    prompter.say()
    prompter.say()
    await talker.until_said(2)
    await fits(talker)
    await talker.press("#export-open")
    await fits(talker)
    await album.show(talker, CHAPTER, f"The conversation can be exported ({locale}).", whole=False)


async def test_a_text_that_is_edited_is_seen_whole_when_the_screen_is_turned(
    endpoint: Endpoint, visit: Visit
) -> None:
    visitor, prompter = await discovering(visit, endpoint)
    page = visitor.page
    await page.set_viewport_size({"width": 800, "height": 600})
    prompter.say("말씀드린 대로 아침마다 걷고 있는데, 이제는 훨씬 나아진 것 같아요.")
    await page.click(".utterance .text")
    await page.click("[data-act=edit]")
    hidden = "field => field.scrollHeight > field.clientHeight"
    assert not await page.locator("textarea").evaluate(hidden)
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.wait_for_function("innerWidth === 360")
    assert not await page.locator("textarea").evaluate(hidden)

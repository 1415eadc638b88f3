"""A long conversation: the page scrolls to the newest sentence unless the reader scrolled up."""

import pytest
from loopback import Endpoint

from browser.album import OVERFLOWS, WIDTHS, Album
from browser.conftest import Visit
from browser.prompter import SENTENCES, conversing, discovering
from browser.visitor import Visitor

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHAPTER = "A long conversation"

SAID = 16

widths = pytest.mark.parametrize("width", WIDTHS)

IS_SEEN = """
(selector) => {
  const { top, bottom } = document.querySelector(selector).getBoundingClientRect();
  const notices = document.querySelector('#notices').getBoundingClientRect();
  const controls = document.querySelector('#controls').getBoundingClientRect();
  return top >= Math.max(0, notices.bottom) && bottom <= controls.top && bottom > top;
}
"""


async def is_seen(visitor: Visitor, selector: str = ".utterance:last-child") -> bool:
    """Whether an element is wholly visible and not covered."""
    seen: bool = await visitor.page.evaluate(IS_SEEN, selector)
    return seen


@widths
async def test_the_newest_sentence_stays_visible_while_the_reader_is_at_the_end(
    width: int, endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    viewport = {"width": width, "height": WIDTHS[width]}
    visitor, prompter = await conversing(visit, endpoint, locale="ko-KR", viewport=viewport)
    for said in range(1, SAID + 1):
        text = SENTENCES[said % len(SENTENCES)]
        prompter.tell("interim", segment_id=said - 1, text=text, stable_chars=0)
        await visitor.page.wait_for_selector("#interim:not(:empty)")
        assert await is_seen(visitor, "#interim"), said
        prompter.say(text)
        await visitor.until_said(said)
        assert await is_seen(visitor), said
    if width == min(WIDTHS):
        await album.show(visitor, CHAPTER, "Sixteen sentences were said.", whole=False)
        await visitor.page.set_viewport_size({"width": width, "height": WIDTHS[width]})
    # What turns up beside the conversation does not lead away from its end.
    failure = {"code": "TRANSCRIPTION_FAILED", "reason": "engine_failed", "message": ""}
    prompter.tell("error", **failure)
    await visitor.notice("talk")
    prompter.say()
    await visitor.until_said(SAID + 1)
    assert await is_seen(visitor)
    await visitor.page.set_viewport_size({"width": WIDTHS[width], "height": width})
    prompter.say()
    await visitor.until_said(SAID + 2)
    assert await is_seen(visitor)


@widths
async def test_a_reader_who_scrolled_up_is_not_moved_until_they_return_to_the_end(
    width: int, endpoint: Endpoint, visit: Visit
) -> None:
    viewport = {"width": width, "height": WIDTHS[width]}
    visitor, prompter = await conversing(visit, endpoint, locale="ko-KR", viewport=viewport)
    page = visitor.page
    for _ in range(SAID):
        prompter.say()
    await visitor.until_said(SAID)
    end = await page.evaluate("scrollY")
    await page.mouse.move(width / 2, WIDTHS[width] / 2)
    await page.mouse.wheel(0, -60)
    await page.wait_for_function("end => scrollY <= end - 60", arg=end)
    where = await page.evaluate("scrollY")
    for said in range(1, 4):
        prompter.tell("interim", segment_id=SAID + said, text="그런데", stable_chars=0)
        prompter.say(segment_id=SAID + said)
        await visitor.until_said(SAID + said)
        assert await page.evaluate("scrollY") == where
    assert not await is_seen(visitor)
    assert await page.inner_text("#latest") == "최신으로 (새 문장 3개)"
    await visitor.press("#latest")
    assert await is_seen(visitor)
    assert await page.is_hidden("#latest")
    prompter.say()
    await visitor.until_said(SAID + 4)
    assert await is_seen(visitor)


USUAL_PIXELS = 16
"""Of a browser's text."""


async def test_large_text_and_high_zoom_leave_room_for_the_newest_sentence(
    endpoint: Endpoint, visit: Visit
) -> None:
    """400 % zoom of a window of 1280 by 1024 px is a window of 320 by 256 px."""
    zoomed = {"width": 320, "height": 256}
    visitor, prompter = await discovering(visit, endpoint, locale="ko-KR", viewport=zoomed)
    page = visitor.page
    developer = await page.context.new_cdp_session(page)
    for text_pixels, width, height in (
        (USUAL_PIXELS, *zoomed.values()),
        *((2 * USUAL_PIXELS, *size) for size in WIDTHS.items()),
    ):
        sizes = {"standard": text_pixels, "fixed": text_pixels}
        await developer.send("Page.setFontSizes", {"fontSizes": sizes})
        await page.set_viewport_size({"width": width, "height": height})
        for _ in range(3):
            prompter.say()
            await visitor.until_said(prompter.said)
            assert await is_seen(visitor), (text_pixels, width)
        assert not await page.evaluate(OVERFLOWS), (text_pixels, width)

"""Correcting the transcript while the conversation goes on."""

import pytest
from loopback import Endpoint
from playwright.async_api import Page

from browser.album import Album
from browser.conftest import Visit
from browser.prompter import discovering
from browser.visitor import Visitor

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHAPTER = "Corrections"

SAID = 9

COMPOSING = """
(field, key) => {
  const composing = { key, isComposing: true, bubbles: true };
  field.dispatchEvent(new KeyboardEvent('keydown', composing));
}
"""


async def compose(page: Page, key: str) -> None:
    """Press a key that belongs to a Korean letter that is being composed."""
    await page.locator("textarea").evaluate(COMPOSING, key)


async def shown(visitor: Visitor, place: int) -> tuple[str, str]:
    """The speaker and the text of a sentence."""
    said = (await visitor.said())[place]
    return said.speaker, said.text


async def test_a_sentence_is_corrected_with_the_keyboard_while_others_are_said(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    """What comes meanwhile neither disturbs the editing nor moves the page."""
    visitor, prompter = await discovering(visit, endpoint, locale="ko-KR")
    page, keyboard = visitor.page, visitor.page.keyboard
    for _ in range(SAID):
        prompter.say()
    await visitor.until_said(SAID)
    await page.focus("#transcript li[tabindex='0']")
    await keyboard.press("ArrowUp")
    await keyboard.press("ArrowUp")
    await keyboard.press("Enter")
    await keyboard.type("그래요 정말")
    where = await page.evaluate("scrollY")
    await compose(page, "Enter")
    await compose(page, "Escape")
    prompter.tell("speaker_update", segment_id=SAID - 3, speaker_id=1)
    for _ in range(3):
        prompter.say()
    await visitor.until_said(SAID + 3)
    assert await page.evaluate("scrollY") == where
    assert "새 문장 3개" in await page.inner_text("#latest")
    assert await page.input_value("textarea") == "네.그래요 정말"
    await album.show(visitor, CHAPTER, "A sentence is edited while others are said.", whole=False)
    for _ in range(2):
        await keyboard.press("ArrowLeft")
    await keyboard.press("Control+Enter")
    assert await shown(visitor, SAID - 3) == ("화자 2", "네.그래요")
    assert await shown(visitor, SAID - 2) == ("화자 2", "정말")
    await keyboard.press("Digit1")
    assert (await shown(visitor, SAID - 2))[0] == "화자 1"
    await keyboard.press("KeyM")
    await keyboard.press("KeyN")
    await keyboard.type("다시 묻기")
    await keyboard.press("Enter")
    await album.show(visitor, CHAPTER, "It was split, marked, and has a note.", whole=False)
    await keyboard.press("Escape")
    for _ in range(4):
        await keyboard.press("Control+KeyZ")
    assert await shown(visitor, SAID - 3) == ("화자 2", "네.")
    await keyboard.press("Control+Shift+KeyZ")
    assert await shown(visitor, SAID - 2) == ("화자 2", "정말")


async def test_a_finger_and_a_mouse_correct_what_the_keyboard_does(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    """Every target of the tools is 44 px high."""
    visitor, prompter = await discovering(visit, endpoint, locale="ko-KR")
    page = visitor.page
    for _ in range(4):
        prompter.say()
    await visitor.until_said(4)
    await page.click(".utterance:nth-child(1) .speaker")
    assert await shown(visitor, 0) == ("화자 2", "네.")
    await page.click(".utterance:nth-child(3) .text")
    await page.get_by_role("button", name="앞 문장과 합치기").click()
    await page.click(".utterance:nth-child(2) .text")
    await page.fill("textarea", "")
    await page.get_by_role("button", name="저장").click()
    assert [each.text for each in await visitor.said()] == ["네.", "네."]
    await page.click("#undo")
    await page.click("#search-open")
    await page.keyboard.type("아 침마다")
    await page.keyboard.press("Enter")
    assert await page.inner_text("#found") == "1개 중 1"
    assert await page.inner_text("mark") == "아침마다"
    heights = "es => es.map(e => e.getBoundingClientRect().height)"
    assert min(await page.locator("#tools button").evaluate_all(heights)) >= 44
    await album.show(visitor, CHAPTER, "Words are found.", whole=False)
    await page.click("#help-open")
    await album.show(visitor, CHAPTER, "A sheet shows the keys.", whole=False)
    await page.keyboard.press("Escape")
    assert await page.evaluate("document.activeElement.id") == "help-open"

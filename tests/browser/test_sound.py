"""Audio that stops during a recording: the page shows a notice until it resumes."""

import clips
import pytest
from loopback import Endpoint
from playwright.async_api import Page

from browser.album import Album
from browser.conftest import Visit
from browser.prompter import conversing
from browser.visitor import Visitor

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHAPTER = "The microphone is not heard"

IN_REACH = """
globalThis.AudioContext = class extends AudioContext {
  constructor() {
    super();
    globalThis.context = this;
  }
};
const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (constraints) => {
  const stream = await getUserMedia(constraints);
  [globalThis.track] = stream.getAudioTracks();
  return stream;
};
"""
"""Has a test reach what the page opened last."""

CALLED = """
async () => {
  Object.defineProperty(context, 'state', { value: 'interrupted', configurable: true });
  context.resume = async () => { throw new DOMException('a call', 'InvalidStateError'); };
  await AudioContext.prototype.suspend.call(context);
}
"""
"""As Safari does on a telephone that is called: no click helps before the call is over."""

HUNG_UP = """
async () => {
  delete context.state;
  delete context.resume;
  await context.resume();
}
"""

MUTED = """
(isMuted) => {
  Object.defineProperty(track, 'muted', { value: isMuted, configurable: true });
  track.enabled = !isMuted; // brings zeros, as one that is muted does
  track.dispatchEvent(new Event(isMuted ? 'mute' : 'unmute'));
}
"""

STALLED = """
async () => {
  await context.suspend();
  Object.defineProperty(context, 'state', { value: 'running' });
}
"""


async def is_well(page: Page) -> None:
    """Wait until no notice is about the microphone."""
    await page.locator(".notice[data-kind=microphone]").wait_for(state="detached")


async def listening(visit: Visit, endpoint: Endpoint) -> Visitor:
    """Open the page and the microphone before any recording."""
    visitor = await visit(None)
    await visitor.page.add_init_script(IN_REACH)
    await visitor.page.goto(endpoint.page)
    await visitor.until("ready")
    await visitor.listen_to(clips.silence(1))
    return visitor


async def test_the_notice_of_a_call_stays_until_sound_arrives_again(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor, _ = await conversing(visit, endpoint, locale="ko-KR", script=IN_REACH)
    page = visitor.page
    await page.evaluate(CALLED)
    assert "브라우저가 소리를 멈추었습니다" in await visitor.notice("microphone")
    await album.show(visitor, CHAPTER, "A call interrupts the conversation.", whole=False)
    for _ in range(2):
        await page.get_by_role("button", name="이어서 하기").click()
        assert await page.evaluate("context.state") == "interrupted"
        assert await page.locator(".notice[data-kind=microphone]").count() == 1
    await page.evaluate(HUNG_UP)
    await is_well(page)


async def test_sound_that_the_browser_suspended_resumes_after_a_click(
    endpoint: Endpoint, visit: Visit
) -> None:
    visitor = await listening(visit, endpoint)
    await visitor.page.evaluate("context.suspend()")
    await visitor.page.get_by_role("button", name="Continue").click()
    await is_well(visitor.page)


async def test_the_notice_of_a_muted_microphone_stays_until_it_gives_sound(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor = await listening(visit, endpoint)
    await visitor.page.evaluate(MUTED, True)
    assert "is muted" in await visitor.notice("microphone")
    await album.show(visitor, CHAPTER, "The microphone is muted.", whole=False)
    await visitor.page.evaluate(MUTED, False)
    await is_well(visitor.page)


async def test_the_notice_of_a_microphone_that_gives_only_zeros_stays_until_it_gives_sound(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor = await visit(endpoint.page, locale="ko-KR")
    await visitor.until("ready")
    visitor.tape.record(clips.silence(1), hisses=False)
    await visitor.press("#allow")
    assert "아무 소리도" in await visitor.notice("microphone")
    await album.show(visitor, CHAPTER, "The microphone is switched off.")
    await visitor.listen_to(clips.silence(1))
    await is_well(visitor.page)


async def test_a_microphone_that_falls_silent_without_an_event_can_be_reopened_with_a_click(
    endpoint: Endpoint, visit: Visit
) -> None:
    visitor = await listening(visit, endpoint)
    await visitor.page.evaluate(STALLED)
    assert "stopped sending sound" in await visitor.notice("microphone")
    await visitor.page.get_by_role("button", name="Reopen the microphone").click()
    await is_well(visitor.page)

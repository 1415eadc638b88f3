"""Voices that a device remembers: only if the person wants it, until a date, and deletable."""

import json
from collections.abc import Callable
from typing import Any

import clips
import pytest
from loopback import Endpoint
from playwright.async_api import Page

from browser.album import Album
from browser.conftest import Visit
from browser.sessions import VOICES, keep, sealed
from browser.visitor import Visitor

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHAPTER = "Remembered voices"


async def kept(page: Page) -> dict[str, Any]:
    text = await page.evaluate("localStorage.getItem('hwaja.voices')")
    return json.loads(text) if text else {}


def remember(visitor: Visitor, speaker_id: int) -> Any:
    return visitor.card(speaker_id).locator(".remember")


async def test_a_voice_is_remembered_only_if_the_person_wants_it_and_comes_back(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor = await visit(endpoint.page)
    await visitor.enrol(0, VOICES[0])
    await visitor.card(0, "enrolled").wait_for()
    await visitor.cancel()  # of the other voice, which would be recorded next
    assert await kept(visitor.page) == {}
    assert "Remember this voice" in await remember(visitor, 0).inner_text()
    await visitor.card(0).locator(".name input").fill("민지")
    await remember(visitor, 0).click()
    assert "Remembered on this device until" in await remember(visitor, 0).inner_text()
    await album.show(visitor, CHAPTER, "The device remembers one voice.")
    voices = await kept(visitor.page)
    assert list(voices) == ["0"]
    assert voices["0"]["name"] == "민지"

    later = await visit(None)
    await keep(later.page, voices)
    await later.page.goto(endpoint.page)
    await later.card(0, "enrolled").wait_for()
    assert "this device remembers" in await later.card(0).locator(".verdict").inner_text()
    assert await later.card(0).locator(".name input").input_value() == "민지"
    await later.enrol(1, VOICES[1])
    await later.card(1, "enrolled").wait_for()
    assert await later.page.is_enabled("#start")

    await remember(later, 0).click()
    assert await kept(later.page) == {}
    assert "Remember this voice" in await remember(later, 0).inner_text()


async def test_both_remembered_voices_start_a_conversation_without_a_word(
    endpoint: Endpoint, visit: Visit
) -> None:
    voices = {str(k): await sealed(endpoint, voice) for k, voice in enumerate(clips.voices())}
    visitor = await visit(None)
    await keep(visitor.page, voices)
    await visitor.page.goto(endpoint.page)
    await visitor.card(1, "enrolled").wait_for()
    assert await visitor.page.is_enabled("#start")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda voice: voice | {"ticket": voice["ticket"][:-4]}, "was damaged"),
        (lambda voice: voice | {"expiresAt": "2020-01-01T00:00:00.000Z"}, "Press the button"),
        (lambda _: {"ticket": 7}, "Press the button"),
        (lambda _: "nonsense", "Press the button"),
    ],
    ids=["damaged", "expired", "no ticket", "nonsense"],
)
async def test_a_voice_that_is_no_good_is_deleted_and_can_be_recorded(
    endpoint: Endpoint,
    visit: Visit,
    spoil: Callable[[dict[str, str]], object],
    sentence: str,
) -> None:
    visitor = await visit(None)
    await keep(visitor.page, {"0": spoil(await sealed(endpoint, clips.voices()[0]))})
    await visitor.page.goto(endpoint.page)
    await visitor.until("ready")
    verdict = visitor.card(0).locator(".verdict", has_text=sentence)
    await verdict.wait_for()
    assert not await remember(visitor, 0).locator("input").is_checked()
    await visitor.card(0, "waiting").wait_for()

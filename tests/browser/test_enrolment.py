"""Enrolment on the page: how it shows the verdicts of the server."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import clips
import pytest
from loopback import Endpoint, serving

from browser.album import Album
from browser.conftest import Visit
from browser.prompter import held
from browser.sessions import VOICES, enrolled, keep, remember, sealed
from browser.test_keyboard import focused
from browser.visitor import Visitor
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server.services import Services

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHAPTER = "Recording voices"


async def test_a_voice_that_is_enrolled_for_another_speaker_is_refused_with_the_reason(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor = await visit(endpoint.page)
    voice = clips.part("beckett", 0, 9.9)
    await visitor.enrol(0, voice)
    await visitor.card(0, "enrolled").wait_for()
    refusal = await visitor.enrol(1, voice)
    assert refusal == "This voice is already enrolled. The other person should speak."
    await visitor.card(1, "waiting").wait_for()
    assert await visitor.page.is_disabled("#start")
    assert "again" in await visitor.card(1).locator(".record").inner_text()
    await album.show(visitor, CHAPTER, "One person recorded both voices.")


async def test_a_take_can_be_added_to_a_voice(endpoint: Endpoint, visit: Visit) -> None:
    visitor = await visit(None)
    await remember(visitor.page, await enrolled(endpoint))
    await visitor.page.goto(endpoint.page)
    await visitor.card(0, "enrolled").wait_for()
    # Twice what is needed: a slow page begins to record late.
    await visitor.listen_to(2 * clips.part("beckett", 4, 9.9))
    await visitor.card(0).locator(".add").click()
    await visitor.card(0, "recording").wait_for()
    assert "Enrolled" in await visitor.verdict(0)
    measured = await visitor.card(0).locator(".verdict").get_attribute("title") or ""
    seconds = float(measured.split(" s")[0])
    assert seconds > 4.5  # of both takes; one alone ends at 4.5 s
    assert await visitor.page.is_enabled("#start")


async def test_silence_gets_a_hint_and_a_cancelled_recording_changes_nothing(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor = await visit(None, locale="ko-KR")
    await remember(visitor.page, await enrolled(endpoint))
    await visitor.page.goto(endpoint.page)
    await visitor.card(0, "enrolled").wait_for()
    await visitor.begin_to_record(0, clips.silence(1))
    card = visitor.card(0)
    await card.get_by_text("말소리가 들리지 않습니다").wait_for()
    assert await card.get_by_text("녹음 중").is_visible()
    sizes = "es => es.map((e) => parseFloat(getComputedStyle(e).fontSize))"
    (read,) = await card.locator(".sentence").evaluate_all(sizes)
    assert read == max(await visitor.page.locator("main :visible").evaluate_all(sizes))
    await album.show(visitor, CHAPTER, "Nothing is said for 4 s.")
    await card.get_by_role("button", name="취소").click()
    await visitor.card(0, "enrolled").wait_for()
    assert await visitor.page.is_enabled("#start")


COUNTING_STOPS = """
const { setTimeout: set, clearTimeout: clear } = window;
const stopped = new Set();
window.setTimeout = (...timer) => {
  if (timer[1] !== 1000) return set(...timer);
  stopped.add(timer);
  return timer;
};
window.clearTimeout = (timer) => stopped.delete(timer) || clear(timer);
window.countOn = () => {
  window.setTimeout = set;
  for (const timer of stopped) set(...timer);
};
"""
"""A countdown stands until `countOn()`: a slow machine has the time to look and to click."""


async def visit_while_counting_stops(visit: Visit, endpoint: Endpoint) -> Visitor:
    """Go to the page; its countdowns stand."""
    visitor = await visit(None)
    await visitor.page.add_init_script(COUNTING_STOPS)
    await visitor.page.goto(endpoint.page)
    return visitor


FIRST_BYTES = 2 * 6 * SAMPLE_RATE
"""So much a person says: enough, and all of it before the next is recorded."""


async def test_the_next_voice_is_announced_and_recorded_without_a_click(
    endpoint: Endpoint, visit: Visit
) -> None:
    visitor = await visit_while_counting_stops(visit, endpoint)
    second, first = VOICES
    visitor.tape.record(clips.silence(1) + first[:FIRST_BYTES] + clips.silence(4) + second)
    # All clicks to two enrolled voices. Who speaks waits for nobody.
    for click in ("#consent", ".record >> nth=0"):
        await visitor.page.click(click)
    await visitor.card(1, "next").wait_for()
    told = visitor.card(1).get_by_role("status")
    assert "Speaker 2 is next" in await told.inner_text()
    assert int(await visitor.card(1).locator(".countdown").inner_text()) == 3
    assert await focused(visitor) == "Cancel"
    await visitor.page.evaluate("countOn()")
    await visitor.card(1, "recording").wait_for()
    assert await focused(visitor) == "Cancel"
    assert "Enrolled" in await visitor.verdict(1)
    await visitor.card(1, "enrolled").wait_for()
    assert await visitor.page.is_enabled("#start")


async def test_a_cancelled_turn_does_not_come_by_itself_again(
    endpoint: Endpoint, visit: Visit
) -> None:
    visitor = await visit_while_counting_stops(visit, endpoint)
    await visitor.enrol(0, VOICES[1])
    await visitor.card(1, "next").get_by_role("button", name="Cancel").click()
    await visitor.card(1, "waiting").wait_for()
    assert await focused(visitor) == "Record Speaker 2"
    await visitor.page.evaluate("countOn()")
    await visitor.enrol(0, VOICES[1])  # which takes longer than a countdown
    await visitor.card(0, "enrolled").wait_for()
    await visitor.card(1, "waiting").wait_for()


async def test_nobody_is_recorded_next_who_agrees_no_more(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor = await visit_while_counting_stops(visit, endpoint)
    await visitor.enrol(0, VOICES[1])
    await visitor.card(1, "next").wait_for()
    await album.show(visitor, CHAPTER, "The other person is recorded next.")
    await visitor.page.uncheck("#consent")
    await visitor.card(1, "waiting").wait_for()
    assert await visitor.card(1).locator(".record").is_disabled()


async def cancel(visitor: Visitor) -> None:
    await visitor.card(1).get_by_role("button", name="Cancel").click()


async def agree_no_more(visitor: Visitor) -> None:
    await visitor.page.uncheck("#consent")


@pytest.mark.parametrize("give_up", [cancel, agree_no_more])
async def test_nobody_is_recorded_who_gives_up_before_the_server_has_begun(
    endpoint: Endpoint, visit: Visit, give_up: Callable[[Visitor], Awaitable[None]]
) -> None:
    """Its answer takes minutes where the connection is lost. Then the card can be used again."""
    visitor = await visit(None)
    await visitor.page.add_init_script(COUNTING_STOPS)
    holder = await held(visitor.page)
    await visitor.page.goto(endpoint.page)
    await visitor.enrol(0, VOICES[1])
    await visitor.card(1, "next").wait_for()
    holder.kind = "speaker_registration_started"
    await visitor.page.evaluate("countOn()")
    await holder.holds.wait()
    await give_up(visitor)
    await visitor.card(1, "waiting").wait_for()
    holder.release()
    await visitor.until("ready")
    await visitor.card(1, "waiting").wait_for()
    assert "Enrolled" in await visitor.enrol(1, VOICES[0])


async def test_a_button_that_is_pressed_twice_records_once(
    endpoint: Endpoint, visit: Visit
) -> None:
    visitor = await visit(None)
    holder = await held(visitor.page)
    await visitor.page.goto(endpoint.page)
    await visitor.listen_to(VOICES[1])
    holder.kind = "speaker_registration_started"
    await visitor.card(0).locator(".record").dblclick()
    await holder.holds.wait()
    holder.release()
    await visitor.card(0, "recording").wait_for()
    assert "Enrolled" in await visitor.verdict(0)


async def test_nobody_is_recorded_any_longer_who_agrees_no_more(
    endpoint: Endpoint, visit: Visit
) -> None:
    visitor = await visit(endpoint.page)
    await visitor.begin_to_record(0, clips.silence(1))
    await agree_no_more(visitor)
    await visitor.card(0, "waiting").wait_for()
    await visitor.until("ready")
    assert await visitor.card(0).get_attribute("data-refused") is None  # as silence is
    assert await visitor.card(0).locator(".record").is_disabled()


CONSENT = "<b>동의서</b>\n1. 성문을 계산합니다."


async def test_nobody_is_recorded_before_they_agree_to_the_text_of_the_operator(
    services: Services, certificate: tuple[Path, Path], tmp_path: Path, visit: Visit, album: Album
) -> None:
    """It is shown as text, also where it looks like HTML."""
    consent = tmp_path / "consent.txt"
    consent.write_text(CONSENT, encoding="utf-8")
    async with serving(services, certificate, consent_file=consent) as endpoint:
        visitor = await visit(endpoint.page, locale="ko-KR")
        await visitor.until("ready")
        await visitor.page.get_by_text("1. 성문을 계산합니다.").wait_for()
        assert await visitor.page.text_content("#consent-text") == CONSENT
        assert await visitor.page.is_disabled("#discover")
        assert await visitor.card(0).locator(".record").is_disabled()
        await album.show(visitor, CHAPTER, "The operator's text is to be agreed to.")
        clicks = ("#consent", "#discover")  # and the browser's own question
        for click in clicks:
            await visitor.page.click(click)
        await visitor.until("transcribing")


COMES_BACK = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
"""What a browser tells a page that it kept while another was visited; Chromium keeps none here."""


async def test_an_agreement_ends_with_the_visit_also_where_the_browser_fills_in_again(
    endpoint: Endpoint, visit: Visit
) -> None:
    """Chromium ticks a box again on the way back, Firefox also when the page is loaded anew."""
    visitor = await visit(endpoint.page)
    await visitor.until("ready")
    await visitor.page.check("#consent")
    await visitor.page.goto(f"{endpoint.page}healthz")
    await visitor.page.go_back()
    await visitor.until("ready")
    assert not await visitor.page.is_checked("#consent")
    assert await visitor.page.is_disabled("#discover")
    await visitor.page.check("#consent")
    await visitor.page.evaluate("learn.checked = true")
    await visitor.page.evaluate(COMES_BACK)
    assert not await visitor.page.is_checked("#consent")
    assert not await visitor.page.is_checked("#learn")
    assert await visitor.page.is_disabled("#discover")


async def test_as_many_voices_are_enrolled_as_the_server_takes(
    services: Services, certificate: tuple[Path, Path], visit: Visit, album: Album
) -> None:
    three = replace(services, settings=replace(services.settings, max_speakers=3))
    async with serving(three, certificate) as endpoint:
        visitor = await visit(None)
        voices = {str(k): await sealed(endpoint, each) for k, each in enumerate(clips.voices())}
        await keep(visitor.page, voices)
        await visitor.page.goto(endpoint.page)
        await visitor.card(1, "enrolled").wait_for()
        await visitor.page.get_by_role("button", name="Record one more person").click()
        assert await visitor.page.is_hidden("#voice-more")
        assert "Enrolled" in await visitor.enrol(2, clips.part("two_cities", 1, 9))
        await visitor.card(2, "enrolled").wait_for()
        await album.show(visitor, CHAPTER, "Three people are enrolled.")
        assert await visitor.page.is_enabled("#start")

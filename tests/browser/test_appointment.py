"""A whole appointment: nothing is lost when a session, the page or the server ends."""

import asyncio
import json
from itertools import groupby
from pathlib import Path

import clips
import pytest
from loopback import Endpoint, serving
from people import english
from playwright.async_api import CDPSession, Page, expect
from relay import Relay

from browser.album import Album
from browser.conftest import Visit
from browser.prompter import Prompter, discovering
from browser.sessions import keep, sealed
from browser.visitor import PATIENCE_MS, Visitor
from hwaja.server.services import Services

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHAPTER = "A whole appointment"

STORES = """
async (records) => {
  const opening = indexedDB.open('hwaja');
  await new Promise((resolve) => (opening.onsuccess = resolve));
  const store = opening.result.transaction('conversations').objectStore('conversations');
  const getting = store.getAll();
  await new Promise((resolve) => (getting.onsuccess = resolve));
  opening.result.close();
  if (getting.result.length !== records) return null;
  const letters = (bytes) => String.fromCharCode(...new Uint8Array(bytes));
  const utf8 = (bytes) => new TextDecoder().decode(bytes);
  const written = getting.result.flatMap(({ sealed, key, ...rest }) =>
    [JSON.stringify(rest), letters(sealed), utf8(sealed), key ? `${key.extractable}` : '']);
  return [{ ...localStorage }, { ...sessionStorage }, written].map(JSON.stringify).join();
}
"""


async def until_stored(page: Page, records: int) -> str:
    """Wait until the browser keeps so many conversations; return all that a script can read."""
    found = await page.wait_for_function(STORES, arg=records, polling=100)
    text: str = await found.json_value()
    return text


async def talked(visit: Visit, endpoint: Endpoint, sentences: int) -> tuple[Visitor, Prompter]:
    """Hold a conversation, in which one speaker gets a name."""
    visitor, prompter = await discovering(visit, endpoint, locale="ko-KR")
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    for _ in range(sentences):
        prompter.say()
    await visitor.until_said(sentences)
    await visitor.page.locator("#speakers li[data-speaker='1'] input").fill("김지영")
    return visitor, prompter


async def test_a_reloaded_page_has_text_corrections_names_and_clock_and_no_store_shows_them(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor, prompter = await talked(visit, endpoint, 4)
    page, keyboard = visitor.page, visitor.page.keyboard
    await page.click(".utterance:nth-child(2) .text")
    for key in ("KeyM", "Enter"):
        await keyboard.press(key)
    await page.fill("textarea", "상담은 처음이신가요?")
    for key in ("Enter", "Digit1", "KeyN"):
        await keyboard.press(key)
    await keyboard.type("다시 묻기")
    await keyboard.press("Enter")
    await page.wait_for_selector(".note:has-text('다시 묻기')")
    before = (await visitor.export("json"))[1]  # then nothing is kept, until something changes
    await until_stored(page, 0)
    await page.focus(".utterance[data-selected]")
    await keyboard.press("KeyM")
    await keyboard.press("KeyM")
    kept = await until_stored(page, 1)
    for secret in ("상담", "묻기", "김지영", "걷고", "화자"):
        assert secret not in kept
    await page.reload()
    await page.get_by_text("대화를 이어서 받아씁니다").wait_for()
    await visitor.until("transcribing")
    await album.show(visitor, CHAPTER, "The page was loaded anew.", whole=False)
    assert (await visitor.export("json"))[1] == before
    assert await page.inner_text("#clock") >= "0:07"
    # What is said next has the ids and times behind, and a correction of the server its sentence.
    prompter.tell("speaker_update", segment_id=3, speaker_id=0)
    prompter.say()
    said = await visitor.until_said(5)
    assert [each.speaker for each in said] == ["화자 1"] * 5
    entries = json.loads((await visitor.export("json"))[1])["utterances"]
    assert [entry["start_seconds"] for entry in entries] == [0, 2, 4, 6, 8]


TEXTS = """
new Promise((resolve) => setInterval(() => {
  const texts = [...document.querySelectorAll('.utterance .text')].map((e) => e.textContent);
  if (texts.length > 0) resolve(texts);
}, 50))
"""


async def crash(page: Page, developer: CDPSession) -> None:
    """End the process of a page."""
    async with page.expect_event("crash"):
        crashing = asyncio.create_task(developer.send("Page.crash"))
    crashing.cancel()


async def test_a_tab_that_crashes_comes_back_with_every_sentence(
    endpoint: Endpoint, visit: Visit
) -> None:
    visitor, _ = await talked(visit, endpoint, 6)
    page = visitor.page
    await until_stored(page, 1)
    said = [each.text for each in await visitor.said()]
    developer = await page.context.new_cdp_session(page)
    loaded = asyncio.Event()
    developer.on("Page.loadEventFired", lambda _: loaded.set())
    await developer.send("Page.enable")
    await crash(page, developer)
    async with asyncio.timeout(PATIENCE_MS / 1000):
        await developer.send("Page.reload")
        await loaded.wait()
        asked = {"expression": TEXTS, "awaitPromise": True, "returnByValue": True}
        shown = await developer.send("Runtime.evaluate", asked)
    assert shown["result"]["value"] == said


async def test_a_page_that_is_loaded_anew_while_the_server_restarts_has_text_and_voices(
    services: Services, certificate: tuple[Path, Path], visit: Visit, album: Album
) -> None:
    """The voices were recorded for this tab only."""
    visitor = await visit(None)
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    async with serving(services, certificate) as endpoint:
        relay = Relay(endpoint.port)
        await relay.mend()
        voices = {str(k): await sealed(endpoint, each) for k, each in enumerate(clips.voices())}
        await keep(visitor.page, voices, "sessionStorage")
        await visitor.page.goto(f"https://localhost:{relay.port}/")
        await visitor.listen_to(clips.part("beckett", 4.4, 9.9) + clips.silence(9))
        await visitor.press("#start")
        said = await visitor.until_said(2)
        await until_stored(visitor.page, 1)
        await relay.cut()
    async with serving(services, certificate) as endpoint:
        restarted = Relay(endpoint.port)
        restarted.port = relay.port
        await restarted.mend()
        await visitor.page.reload()
        await visitor.until("ready")
        assert await visitor.said() == said
        await visitor.page.wait_for_selector("#toggle[aria-disabled=false]")
        assert await visitor.page.inner_text("#toggle") == "Continue"
        await album.show(visitor, CHAPTER, "The server was restarted, and the page too.")
        await visitor.press("#toggle")
        after = await visitor.until_said(3)
        assert after[:2] == said
        assert await visitor.page.locator(".notice").count() == 0
        await restarted.cut()


SESSION_SECONDS = 16

SHOWN = """
() => {
  const shown = window.shown = new Set();
  const note = () => {
    shown.add(document.querySelector('#status').dataset.state);
    for (const notice of document.querySelectorAll('.notice')) shown.add(notice.textContent);
  };
  note();
  const all = { childList: true, subtree: true, attributes: true };
  new MutationObserver(note).observe(document.body, all);
}
"""


async def test_a_session_is_renewed_in_the_middle_of_a_sentence_and_nobody_notices(
    services: Services, certificate: tuple[Path, Path], visit: Visit
) -> None:
    """No sentence is lost, doubled or divided, and the second screen stays with its link."""
    visitor = await visit(None)
    async with serving(services, certificate, max_session_seconds=SESSION_SECONDS) as endpoint:
        voices = {str(k): await sealed(endpoint, each) for k, each in enumerate(clips.voices())}
        await keep(visitor.page, voices)
        sockets: list[object] = []
        visitor.page.on("websocket", lambda socket: sockets.append(socket))
        await visitor.page.goto(endpoint.page)
        await visitor.card(1, "enrolled").wait_for()
        await visitor.listen_to(clips.conversation())
        await visitor.press("#start")
        await visitor.until("transcribing")
        await visitor.page.evaluate(SHOWN)
        await visitor.press("#export-open")
        await visitor.press("#share-open")
        await expect(visitor.page.locator("#share-link")).not_to_have_value("")
        second = await visit(await visitor.page.locator("#share-link").input_value())
        await visitor.page.keyboard.press("Escape")
        said = await visitor.until_said(4)
        await expect(second.page.locator("#lines")).to_contain_text(said[-1].text)
        assert [each.speaker_id for each in said] == [0, 0, 0, 1]
        assert len(sockets) >= 2
        assert await visitor.page.evaluate("[...window.shown]") == ["transcribing"]
        await visitor.press("#toggle")
        await visitor.until("ready")
        entries = json.loads((await visitor.export("json"))[1])["utterances"]
        assert [entry["text"] for entry in entries] == [each.text for each in said]
        times = [(entry["start_seconds"], entry["end_seconds"]) for entry in entries]
        assert sorted(times) == times


DISCOVERING_SECONDS = 28
"""A session is renewed after three quarters of it, in the long silence of the conversation."""


async def test_people_who_were_found_keep_number_colour_and_name_in_a_session_that_is_renewed(
    services: Services, certificate: tuple[Path, Path], visit: Visit, album: Album
) -> None:
    """Also on a page that is loaded anew then, which takes nobody for an enrolled voice."""
    people, silence = english(), clips.silence(1)
    talk = silence.join([people.first[0], people.second[0], clips.silence(10)])
    talk += silence.join([people.second[1], people.first[1], b""])
    async with serving(services, certificate, max_session_seconds=DISCOVERING_SECONDS) as endpoint:
        visitor = await visit(endpoint.page)
        page = visitor.page
        page.on("dialog", lambda dialog: dialog.accept())
        await visitor.listen_to(talk)
        await visitor.press("#discover")
        await visitor.until("transcribing")
        await page.evaluate(SHOWN)
        async with page.expect_websocket() as renewal:
            await visitor.until_heard(1)
            await page.locator("#speakers li[data-speaker='1'] input").fill("Dickens")
            await page.keyboard.press("Tab")
        await renewal.value
        before = await visitor.said()
        colours = [await visitor.colour(f".utterance[data-speaker='{k}'] .speaker") for k in (0, 1)]
        await page.wait_for_selector("[data-speaker='1'] ~ .utterance[data-speaker='0']")
        said = await visitor.said()
        assert said[: len(before)] == before
        assert [k for k, _ in groupby(each.speaker_id for each in said)] == [0, 1, 0]
        assert {each.speaker for each in said} == {"Speaker 1", "Dickens"}
        assert said[len(before)].speaker == "Dickens", "who spoke first in the new session"
        again = [await visitor.colour(f".utterance[data-speaker='{k}'] .speaker") for k in (0, 1)]
        assert again == colours
        assert await page.evaluate("[...window.shown]") == ["transcribing"]
        await album.show(visitor, CHAPTER, "The session was renewed, and all are known.")
        await page.reload()
        await visitor.notice("resumed")
        assert (await visitor.said())[: len(said)] == said
        assert await page.locator("#speakers li[data-speaker='1'] input").input_value() == "Dickens"
        assert await page.locator(".voice[data-state=enrolled]").count() == 0


async def test_a_conversation_is_kept_until_it_is_exported_if_the_person_wants_it(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    """Whoever opens the page next is shown a date, not a word."""
    visitor, _ = await talked(visit, endpoint, 3)
    said = await visitor.said()
    await visitor.press("#export-open")
    await visitor.page.get_by_label("내보낼 때까지 이 브라우저에 보관").check()
    await album.show(visitor, CHAPTER, "The conversation outlasts the tab.", whole=False)
    await visitor.page.keyboard.press("Escape")
    assert "false" in await until_stored(visitor.page, 1)  # the key cannot be read
    context = visitor.page.context
    later = Visitor(await context.new_page(), visitor.tape)
    await visitor.page.close()
    await later.page.goto(endpoint.page)
    assert "내보내지 않은 대화" in await later.notice("left")
    assert await later.said() == []
    await album.show(later, CHAPTER, "Another tab left a conversation.", whole=False)
    await later.page.get_by_role("button", name="열기").click()
    assert await later.until_said(3) == said
    await later.page.click(".utterance:nth-child(1) .text")
    await later.page.keyboard.press("KeyM")
    await until_stored(later.page, 1)
    await later.export("txt")
    await until_stored(later.page, 0)
    assert not await later.page.is_checked("#keep")
    await later.page.close()


async def test_a_new_conversation_keeps_the_voices_and_can_be_taken_back(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor, prompter = await talked(visit, endpoint, 3)
    page = visitor.page
    said = await visitor.said()
    await visitor.press("#toggle")
    await visitor.until("ready")
    await visitor.press("#fresh")
    await album.show(visitor, CHAPTER, "A new conversation would delete the text.", whole=False)
    await visitor.press("#sure [value=yes]")
    await page.wait_for_selector("#transcript:empty", state="attached")
    await until_stored(page, 0)
    assert await page.inner_text("#toggle") == "대화 시작"
    await album.show(visitor, CHAPTER, "A new conversation can begin.", whole=False)
    await page.get_by_role("button", name="글 되돌리기").click()
    assert await visitor.until_said(3) == said
    await visitor.press("#fresh")
    await visitor.press("#sure [value=yes]")
    await visitor.press("#toggle")
    await visitor.until("transcribing")
    assert await page.locator(".notice").count() == 0
    prompter.say(segment_id=0, speaker_id=1)
    assert [each.speaker for each in await visitor.until_said(1)] == ["김지영"]

"""A conversation from the first visit of the page to the exported file."""

import json
import re

import clips
import pytest
from loopback import Endpoint

from browser.album import Album
from browser.conftest import Visit
from browser.sessions import VOICES
from browser.visitor import Visitor

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHAPTER = "A conversation"


async def test_two_people_enrol_talk_and_export_their_conversation(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor = await visit(endpoint.page)
    await visitor.until("ready")
    await album.show(visitor, CHAPTER, "The page is opened.")
    await enrol_both(visitor, album)
    await talk(visitor, album)
    await rename(visitor)
    await is_asked_before_it_closes(visitor)
    await take_along(visitor)
    await may_close_it(visitor)


async def enrol_both(visitor: Visitor, album: Album) -> None:
    page = visitor.page
    assert await page.is_disabled("#start")
    await visitor.begin_to_record(0, VOICES[0])
    await visitor.card(0).locator(".seconds", has_text=re.compile("^[1-4]")).wait_for()
    await album.show(visitor, CHAPTER, "The first voice is being recorded.")
    assert "Enrolled" in await visitor.verdict(0)
    await visitor.begin_to_record(1, VOICES[1])
    # Who has said enough may end it.
    await visitor.card(1).get_by_role("button", name="Done").click()
    assert "Enrolled" in await visitor.verdict(1)
    await visitor.card(0).locator(".name input").fill("Beckett")
    await album.show(visitor, CHAPTER, "Both voices are enrolled, and one has a name.")


async def talk(visitor: Visitor, album: Album) -> None:
    page = visitor.page
    await visitor.listen_to(clips.conversation())
    await visitor.press("#start")
    await visitor.until("transcribing")
    await album.show(visitor, CHAPTER, "The conversation begins.", whole=False)
    await page.wait_for_selector("#interim:not(:empty)")
    assert await visitor.colour("#interim") == await visitor.colour("#empty, .at")
    await album.show(visitor, CHAPTER, "What is being said is grey.", whole=False)
    await visitor.until_heard(1)
    await album.show(visitor, CHAPTER, "What was said has the colour of who said it.", whole=False)
    await visitor.press("#toggle")
    await visitor.until("ready")
    await album.show(visitor, CHAPTER, "The transcription is stopped.", whole=False)
    said = await visitor.said()
    of_first = len(said) - 1
    assert [utterance.speaker_id for utterance in said] == [0] * of_first + [1]
    assert [utterance.speaker for utterance in said] == ["Beckett"] * of_first + ["Speaker 2"]
    assert re.search("better", said[-2].text, re.IGNORECASE)
    assert re.search("it was the", said[-1].text, re.IGNORECASE)
    colours = [
        await visitor.colour(f".utterance[data-speaker='{speaker_id}'] .speaker")
        for speaker_id in (0, 1)
    ]
    assert colours == [
        await visitor.colour(f"#speakers li[data-speaker='{i}'] input") for i in (0, 1)
    ]
    assert colours[0] != colours[1]
    assert await visitor.page.inner_text("#interim") == ""


async def rename(visitor: Visitor) -> None:
    """A name can be given when the conversation is there already."""
    await visitor.page.locator("#speakers li[data-speaker='1'] input").fill("Dickens")
    said = await visitor.said()
    assert [utterance.speaker for utterance in said] == ["Beckett"] * (len(said) - 1) + ["Dickens"]


async def take_along(visitor: Visitor) -> None:
    said = await visitor.said()
    files = {form: await visitor.export(form) for form in ("txt", "srt", "vtt", "json")}
    for form, (name, written) in files.items():
        assert re.fullmatch(rf"hwaja-[\d-]+\.{form}", name)
        for utterance in said:
            assert utterance.text in written
    lines = files["txt"][1].split("\n\n")[1].splitlines()
    assert [line.split("] ")[1] for line in lines] == [f"{u.speaker}: {u.text}" for u in said]
    assert re.findall(r"^\d+$", files["srt"][1], re.MULTILINE) == [
        str(k + 1) for k in range(len(said))
    ]
    times = re.findall(r"^\d\d:\d\d:\d\d,\d{3} --> ", files["srt"][1], re.MULTILINE)
    assert len(times) == len(said)
    assert re.search(r"^WEBVTT\n\nNOTE\n(?s:.*)\n\n00:00:", files["vtt"][1])
    entries = json.loads(files["json"][1])["utterances"]
    assert [entry["speaker_id"] for entry in entries] == [u.speaker_id for u in said]
    starts = [entry["start_seconds"] for entry in entries]
    assert starts == sorted(starts)


async def is_asked_before_it_closes(visitor: Visitor) -> None:
    """The text is stored nowhere else, so the page asks before it closes."""
    async with visitor.page.expect_event("dialog") as asked:
        await visitor.page.close(run_before_unload=True)
    dialog = await asked.value
    assert dialog.type == "beforeunload"
    await dialog.dismiss()


async def may_close_it(visitor: Visitor) -> None:
    """The page does not ask, because the text was exported."""
    async with visitor.page.expect_event("close"):
        await visitor.page.close(run_before_unload=True)

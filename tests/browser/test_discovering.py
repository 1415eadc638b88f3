"""A conversation whose speakers nobody enrolled: they are found, named and corrected."""

import json

import clips
import pytest
from loopback import Endpoint
from playwright.async_api import Locator

from browser.album import Album
from browser.conftest import Visit
from browser.prompter import discovering
from browser.visitor import Visitor

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHAPTER = "Without enrolment"

SECOND_VOICE = clips.deepened(clips.part("two_cities", 10, 14))
"""Of `clips.conversation`, with other words."""


def field(visitor: Visitor, speaker_id: int) -> Locator:
    """Where a speaker is named during the conversation."""
    return visitor.page.locator(f"#speakers li[data-speaker='{speaker_id}'] input")


async def test_people_whom_nobody_enrolled_are_told_apart_and_named(
    endpoint: Endpoint, visit: Visit
) -> None:
    """The server knows the name when the page is loaded anew."""
    visitor = await visit(endpoint.page)
    await visitor.until("ready")
    await visitor.listen_to(clips.conversation())
    await visitor.press("#discover")
    await visitor.until("transcribing")
    said = await visitor.until_said(4)
    assert [each.speaker_id for each in said] == [0, 0, 0, 1]
    assert [each.speaker for each in said] == ["Speaker 1"] * 3 + ["Speaker 2"]
    await field(visitor, 1).fill("Dickens")
    await visitor.page.keyboard.press("Tab")
    assert (await visitor.said())[3].speaker == "Dickens"
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    await visitor.page.reload()
    await visitor.until("transcribing")
    visitor.tape.record(clips.silence(1) + SECOND_VOICE + clips.silence(2))
    await visitor.press(".notice[data-kind=resumed] button")
    await field(visitor, 1).wait_for()
    assert await field(visitor, 1).input_value() == "Dickens"
    assert "Dickens" in [each.speaker for each in await visitor.said()]


async def test_found_speakers_have_colours_are_renamed_in_place_and_corrected_live(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor, prompter = await discovering(visit, endpoint, locale="ko-KR")
    assert await visitor.page.locator("#speakers li").count() == 0
    for speaker_id, text in enumerate(("어서 오세요.", "안녕하세요.", "저도 왔어요.", "늦었네요.")):
        prompter.say(text, speaker_id=speaker_id)
    prompter.say("음, 글쎄요.", speaker_id=1, label="unknown")
    await visitor.until_said(5)
    names = [each.speaker for each in await visitor.said()]
    assert names == ["화자 1", "화자 2", "화자 3", "화자 4", "누구인지 불확실"]
    colours = {await visitor.colour(f".utterance:nth-child({k}) .speaker") for k in range(1, 6)}
    assert len(colours) == 5
    await field(visitor, 2).fill("미나")
    prompter.tell("speaker_update", segment_id=3, speaker_id=2)
    prompter.tell("speaker_update", segment_id=4, speaker_id=0)
    await field(visitor, 3).wait_for(state="detached")
    names = [each.speaker for each in await visitor.said()]
    assert names == ["화자 1", "화자 2", "미나", "미나", "화자 1"]
    assert await field(visitor, 2).evaluate("e => e === document.activeElement")
    await album.show(visitor, CHAPTER, "One is named, and an answer was corrected.", whole=False)
    entries = json.loads((await visitor.export("json"))[1])["utterances"]
    assert [entry["speaker"] for entry in entries] == names
    assert "미나: 늦었네요." in (await visitor.export("srt"))[1]


async def test_all_eight_speakers_can_be_told_apart_by_their_colours(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor, prompter = await discovering(visit, endpoint)
    for speaker_id in range(8):
        prompter.say(speaker_id=speaker_id)
    await visitor.until_said(8)
    colours = {await visitor.colour(f"#speakers li:nth-child({k}) input") for k in range(1, 9)}
    assert len(colours) == 8
    await album.show(visitor, CHAPTER, "Eight people were found.", whole=False)


async def test_who_is_found_after_a_lost_session_is_nobody_who_was_found_before(
    endpoint: Endpoint, visit: Visit
) -> None:
    """The server counts from 0 again. The page cannot know that it is the same person."""
    visitor, prompter = await discovering(visit, endpoint)
    prompter.say("One.", speaker_id=0)
    await field(visitor, 0).fill("Ann")
    prompter.tell("error", code="CONNECTION_FAILED", reason="idle", message="")
    assert prompter.route is not None
    await prompter.route.close(code=1000)
    await visitor.page.get_by_role("button", name="Connect again").click()
    await visitor.until("ready")
    await visitor.press("#toggle")
    await visitor.until("transcribing")
    prompter.say("Two.", speaker_id=0)
    said = await visitor.until_said(2)
    assert [each.speaker for each in said] == ["Ann", "Speaker 2"]
    await visitor.press("#toggle")
    await visitor.until("ready")
    await visitor.press("#again")
    await visitor.press("#sure [value=yes]")
    await visitor.until("ready")
    await visitor.press("#discover")
    await visitor.until("transcribing")
    prompter.say("Three.", speaker_id=0)
    assert [each.speaker for each in await visitor.until_said(1)] == ["Speaker 1"]

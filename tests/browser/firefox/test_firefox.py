"""The page in Firefox: a conversation from the enrolment to the reloaded page, and its looks.

Elements are found by selectors alone: Firefox ESR 153 ends a page in which both axe and Playwright
have looked for roles or labels.
"""

import json

import clips
import pytest
from loopback import Endpoint

from browser.album import Album
from browser.conftest import Visit
from browser.prompter import discovering
from browser.sessions import VOICES

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHAPTERS = {"en-GB": "In Firefox", "ko-KR": "Firefox에서"}


async def test_two_people_enrol_talk_come_back_and_export(endpoint: Endpoint, visit: Visit) -> None:
    visitor = await visit(endpoint.page)
    for speaker_id, voice in enumerate(VOICES):
        assert "Enrolled" in await visitor.enrol(speaker_id, voice)
    await visitor.listen_to(clips.conversation())
    await visitor.press("#start")
    said = await visitor.until_heard(1)
    assert [each.speaker_id for each in said] == [0] * (len(said) - 1) + [1]
    assert "it was the" in said[-1].text.lower()
    await visitor.press("#toggle")
    await visitor.until("ready")
    visitor.page.on("dialog", lambda dialog: dialog.accept())  # nothing was exported yet
    await visitor.page.reload()
    await visitor.until("ready")
    assert await visitor.said() == said
    assert not await visitor.page.is_checked("#consent")  # which Firefox would fill in again
    name, exported = await visitor.export("json")
    assert name.endswith(".json")
    assert [each["text"] for each in json.loads(exported)["utterances"]] == [e.text for e in said]


@pytest.mark.parametrize("locale", CHAPTERS)
async def test_every_part_fits_every_width_and_has_no_accessibility_fault(
    locale: str, endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    """The visitor's faults say otherwise."""
    chapter = CHAPTERS[locale]
    visitor = await visit(endpoint.page, locale=locale)
    await visitor.until("ready")
    await album.show(visitor, chapter, "The page is opened.")
    talker, prompter = await discovering(visit, endpoint, locale=locale)
    prompter.say()
    prompter.say()
    prompter.say(label="unknown")
    await talker.until_said(3)
    await album.show(talker, chapter, "Two people were found.", whole=False)
    await talker.press("#export-open")
    await album.show(talker, chapter, "The conversation can be exported.", whole=False)

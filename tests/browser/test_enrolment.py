"""Enrolment on the page: how it shows the verdicts of the server."""

import clips
import pytest
from loopback import Endpoint

from browser.album import Album
from browser.conftest import Visit
from browser.sessions import enrolled, remember

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
    verdict = await visitor.verdict(0)
    seconds = float(verdict.split("Enrolled: ")[1].split(" s")[0])
    assert seconds > 4.5  # of both takes; one alone ends at 4.5 s
    assert await visitor.page.is_enabled("#start")

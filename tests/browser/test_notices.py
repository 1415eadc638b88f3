"""Notices of the page: each stays as long as its reason."""

import pytest
from loopback import Endpoint

from browser.conftest import Visit
from browser.prompter import conversing

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


async def test_an_interim_text_disappears_when_the_transcription_ends_in_any_way(
    endpoint: Endpoint, visit: Visit
) -> None:
    visitor, prompter = await conversing(visit, endpoint)
    prompter.tell("interim", segment_id=0, text="그래서", stable_chars=0)
    await visitor.page.wait_for_selector("#interim:not(:empty)")
    ended = {"code": "TRANSCRIPTION_FAILED", "reason": "wrong_state", "message": ""}
    prompter.tell("error", **ended)
    await visitor.until("ready")
    assert await visitor.page.inner_text("#interim") == ""

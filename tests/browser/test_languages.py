"""Korean and English: one button switches every text of the page."""

import re

import pytest
from loopback import Endpoint

from browser.conftest import Visit

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

KOREAN_IN_BOTH = "main [lang=ko]"
"""The sentences that are to be read."""


async def test_the_page_uses_the_language_of_the_browser_and_can_be_switched(
    endpoint: Endpoint, visit: Visit
) -> None:
    visitor = await visit(endpoint.page, locale="ko-KR", permissions=[])
    page = visitor.page
    await visitor.until("ready")
    assert await page.inner_text("h2 >> nth=0") == "두 분의 목소리를 등록해 주세요"
    await visitor.press("#allow")
    assert "마이크가 허용되지 않았습니다" in await visitor.notice("microphone")
    await page.get_by_role("button", name="English").click()
    assert "was not allowed" in await visitor.notice("microphone")
    assert await page.get_attribute("html", "lang") == "en"
    shown = await page.inner_text("main")
    for sentence in await page.locator(KOREAN_IN_BOTH).all_inner_texts():
        shown = shown.replace(sentence, "")
    assert re.findall("[가-힣]+", shown) == []
    await page.reload()
    await visitor.until("ready")
    assert await page.inner_text("h2 >> nth=0") == "Who is speaking?"
    assert await page.get_by_role("button", name="한국어").count() == 1

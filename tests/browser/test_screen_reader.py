"""What a screen reader tells: the role and the name of everything, in the order of the page."""

import pytest
from loopback import Endpoint

from browser.conftest import Visit
from browser.prompter import discovering

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

BEFORE = [
    'link "본문으로 건너뛰기"',
    'button "큰 글씨"',
    'heading "두 분의 목소리를 등록해 주세요" [level=2]',
    'heading "안내를 읽고 동의해 주세요" [level=3]',
    'checkbox "말하는 사람 모두 동의합니다"',
    'heading "마이크를 켜 주세요" [level=3]',
    'button "마이크 허용"',
    'heading "목소리를 등록해 주세요" [level=3]',
    'article "화자 1"',
    'textbox "이름: 화자 1"',
    'button "화자 1 녹음" [disabled]',
    'article "화자 2"',
    'textbox "이름: 화자 2"',
    'heading "대화를 시작하세요" [level=3]',
    'button "대화 시작" [disabled]',
]

DURING = [
    'heading "대화" [level=2]',
    'textbox "이름: 화자 1"',
    'textbox "이름: 화자 2"',
    'group "대화"',
    'listitem "화자 1: 네."',
    'listitem "화자 2: 오늘은 어떻게 지내셨어요?"',
    "log",
    'button "멈추기"',
    'button "찾기"',
    'button "내보내기"',
]


def in_order(wanted: list[str], told: str) -> list[str]:
    """What of it is not told, or not in this order."""
    told = told.replace("- '", "- ")  # YAML, with quotes where a name has a colon
    missing, place = [], 0
    for each in wanted:
        found = told.find(f"- {each}", place)
        if found < 0:
            missing.append(each)
        else:
            place = found
    return missing


async def test_roles_and_names_are_told_in_the_order_of_the_page(
    endpoint: Endpoint, visit: Visit
) -> None:
    """The fields for the names of two people have different names."""
    visitor = await visit(endpoint.page, locale="ko-KR")
    await visitor.until("ready")
    assert in_order(BEFORE, await visitor.page.locator("body").aria_snapshot()) == []
    await visitor.page.keyboard.press("Tab")
    await visitor.page.keyboard.press("Enter")
    assert await visitor.page.evaluate("document.activeElement.id") == "main"
    talker, prompter = await discovering(visit, endpoint, locale="ko-KR")
    prompter.say()
    prompter.say()
    await talker.until_said(2)
    assert in_order(DURING, await talker.page.locator("body").aria_snapshot()) == []

"""The page without a mouse."""

import clips
import pytest
from loopback import Endpoint

from browser.conftest import Visit
from browser.sessions import enrolled, remember
from browser.visitor import Visitor

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


async def go_to(visitor: Visitor, name: str, key: str = "Tab") -> None:
    """Press a key until something of this name has the focus."""
    for _ in range(30):
        await visitor.page.keyboard.press(key)
        if await focused(visitor) == name:
            return
    pytest.fail(f"no way to {name!r}: the focus is at {await focused(visitor)!r}")


FOCUSED = """
() => {
  const element = document.activeElement;
  if (!element.matches('input, select')) return element.innerText.trim();
  return element.getAttribute('aria-label') || element.labels[0].querySelector('span').innerText;
}
"""


async def focused(visitor: Visitor) -> str:
    """What has the focus: the text of a button, the label of a field."""
    name: str = await visitor.page.evaluate(FOCUSED)
    return name


async def test_enrolment_and_conversation_work_with_the_keyboard_alone(
    endpoint: Endpoint, visit: Visit
) -> None:
    visitor = await visit(None)
    await remember(visitor.page, await enrolled(endpoint))
    await visitor.page.goto(endpoint.page)
    await visitor.card(1, "enrolled").wait_for()
    await go_to(visitor, "Everybody who speaks agrees")
    await visitor.page.keyboard.press("Space")
    await go_to(visitor, "Allow the microphone")
    await visitor.page.keyboard.press("Enter")
    await visitor.page.wait_for_selector("#device-choice:visible")
    assert await focused(visitor) == "Microphone"  # where the button was
    visitor.tape.record(clips.silence(1) + clips.part("beckett", 0, 9.9))
    await visitor.page.keyboard.press("ArrowDown")  # another one, which plays the tape
    await go_to(visitor, "Record Speaker 1 again")
    await visitor.page.keyboard.press("Enter")
    await visitor.card(0, "recording").wait_for()
    await visitor.card(0, "enrolled").wait_for()
    assert await focused(visitor) == "Record Speaker 1 again"  # where they were
    visitor.tape.record(clips.silence(1))  # or the rest of the voice would be said
    await go_to(visitor, "Microphone", "Shift+Tab")
    await visitor.page.keyboard.press("ArrowUp")
    await visitor.page.wait_for_selector("#allow[aria-disabled=false]", state="attached")
    await go_to(visitor, "Start the conversation")
    await visitor.page.keyboard.press("Space")
    await visitor.until("transcribing")
    await go_to(visitor, "Stop")
    await visitor.page.keyboard.press("Enter")
    await visitor.until("ready")
    assert await focused(visitor) == "Start the conversation"  # nothing was said
    await go_to(visitor, "Export")
    await visitor.page.keyboard.press("Enter")
    await go_to(visitor, "Close")
    await visitor.page.keyboard.press("Enter")
    assert await focused(visitor) == "Export"

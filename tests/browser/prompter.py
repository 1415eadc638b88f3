"""Messages that a test sends to a page beside those of its server."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import clips
from loopback import Endpoint
from playwright.async_api import Page, WebSocketRoute

from browser.sessions import enrolled, remember
from browser.visitor import Visitor

BEGAN = datetime(2026, 11, 26, 10, tzinfo=UTC)

SENTENCES = (
    "네.",
    "오늘은 어떻게 지내셨어요?",
    "말씀드린 대로 아침마다 걷고 있는데, 처음에는 힘들었지만 이제는 훨씬 나아진 것 같아요.",
)
"""Of one line, and of several on a telephone."""


@dataclass
class Prompter:
    """Sends messages to one page as if they came from its server."""

    route: WebSocketRoute | None = None
    said: int = 0
    """How many utterances."""

    def tell(self, kind: str, **fields: Any) -> None:
        """Have the page get a message."""
        assert self.route is not None
        self.route.send(json.dumps({"type": kind, **fields}))

    def say(self, text: str | None = None, **fields: Any) -> None:
        """Have the page get an utterance, a second behind the last one."""
        seconds = 2.0 * self.said
        told = {
            "segment_id": self.said,
            "speaker_id": self.said % 2,
            "text": text or SENTENCES[self.said % len(SENTENCES)],
            "timestamp": (BEGAN + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z"),
            "confidence": -28.4,
            "start_seconds": seconds,
            "end_seconds": seconds + 1,
            "label": "sure",
        }
        self.said += 1
        self.tell("transcription", **(told | fields))


async def prompted(page: Page) -> Prompter:
    """Return a visitor's page with a prompter, before it opens an address."""
    prompter = Prompter()

    def connect(route: WebSocketRoute) -> None:
        route.connect_to_server()
        prompter.route = route

    await page.route_web_socket("**", connect)
    return prompter


@dataclass
class Holder:
    """Holds back what the server says to one page, from the next message of a kind on."""

    kind: str = ""
    """Empty: none is held back."""
    route: WebSocketRoute | None = None
    held: list[str | bytes] = field(default_factory=list)
    holds: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether something is held back."""

    def take(self, message: str | bytes) -> None:
        """Pass a message of the server on, or hold it back."""
        is_kind = self.kind != "" and json.loads(message)["type"] == self.kind
        if self.held or is_kind:
            self.held.append(message)
            self.holds.set()
        else:
            assert self.route is not None
            self.route.send(message)

    def release(self) -> None:
        """Have the page get all that was held back, and what follows."""
        assert self.route is not None
        for message in self.held:
            self.route.send(message)
        self.held.clear()
        self.kind = ""


async def held(page: Page) -> Holder:
    """Return a visitor's page with a holder, before it opens an address."""
    holder = Holder()

    def connect(route: WebSocketRoute) -> None:
        holder.route = route
        route.connect_to_server().on_message(holder.take)

    await page.route_web_socket("**", connect)
    return holder


async def conversing(
    visit: Callable[..., Awaitable[Visitor]], endpoint: Endpoint, script: str = "", **options: Any
) -> tuple[Visitor, Prompter]:
    """Open the page with enrolled voices and start a conversation without speech.

    Args:
        visit: how.
        endpoint: to where.
        script: what the page begins with.
        options: of the browser's context.

    """
    visitor = await visit(None, **options)
    visitor.tape.record(clips.silence(1))
    await visitor.page.add_init_script(script)
    prompter = await prompted(visitor.page)
    await remember(visitor.page, await enrolled(endpoint))
    await visitor.page.goto(endpoint.page)
    await visitor.card(1, "enrolled").wait_for()
    await visitor.press("#start")
    await begun(visitor)
    return visitor, prompter


async def discovering(
    visit: Callable[..., Awaitable[Visitor]], endpoint: Endpoint, **options: Any
) -> tuple[Visitor, Prompter]:
    """Open the page and start a conversation of speakers whom nobody enrolled, without speech."""
    visitor = await visit(None, **options)
    visitor.tape.record(clips.silence(1))
    prompter = await prompted(visitor.page)
    await visitor.page.goto(endpoint.page)
    await visitor.press("#discover")
    await begun(visitor)
    return visitor, prompter


async def begun(visitor: Visitor) -> None:
    """Wait for the server's answer: no server sends a sentence before it."""
    await visitor.until("transcribing")
    await visitor.page.wait_for_selector("#talk")

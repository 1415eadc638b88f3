"""Fixtures of the browser tests: one browser with its tape, and visitors of the page."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from browser import chromium
from browser.album import Album
from browser.tape import Tape
from browser.visitor import Visitor

ROOT = Path(__file__).resolve().parent.parent.parent

Visit = Callable[..., Awaitable[Visitor]]


@pytest.fixture(scope="session")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    return Tape(tmp_path_factory.mktemp("microphone") / "tape.wav")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(tape: Tape) -> AsyncIterator[Browser]:
    """One browser for all tests. Its microphone plays the tape."""
    if chromium.EXECUTABLE is None:
        pytest.skip("Chromium is not installed here")
    async with chromium.started(tape) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, tape: Tape) -> AsyncIterator[Visit]:
    """Opens pages, each with an empty profile. Checks for faults after the test."""
    visitors: list[Visitor] = []

    async def visited(url: str | None, within: Browser = browser, **options: Any) -> Visitor:
        """Go to an address.

        Args:
            url: None: to none yet.
            within: another browser.
            options: of the browser's context.

        """
        usual = {"ignore_https_errors": True, "permissions": ["microphone"], "locale": "en-GB"}
        context = await within.new_context(**(usual | options))
        visitor = Visitor(await context.new_page(), tape)
        visitors.append(visitor)
        if url is not None:
            await visitor.page.goto(url)
        return visitor

    yield visited
    for visitor in visitors:
        await visitor.page.context.close()
    faults = [fault for visitor in visitors for fault in visitor.faults]
    if faults:
        pytest.fail("\n".join(dict.fromkeys(faults)), pytrace=False)


@pytest.fixture(scope="session")
def album() -> Iterator[Album]:
    """Pictures of every state of the page, which are kept."""
    album = Album(ROOT / "build" / "screenshots")
    yield album
    album.write_index()

"""Fixtures of the tests in Firefox: those of the browser tests with another browser."""

import shlex
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from browser.album import Album
from browser.conftest import ROOT
from browser.firefox import bidi, sound_server
from browser.tape import Tape

SETTINGS = {"media.navigator.permission.disabled": True}
"""Every page has a microphone: without a window there is nobody to ask."""


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that Playwright takes for Firefox."""
    program = tmp_path_factory.mktemp("firefox") / "firefox"
    command = shlex.join([sys.executable, bidi.__file__])
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n', "utf-8")
    program.chmod(0o700)
    return program


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(tape: Tape, program: Path) -> AsyncIterator[Browser]:
    """One Firefox for all tests. Its microphones play the tape."""
    if bidi.EXECUTABLE is None:
        pytest.skip("Firefox is not installed here")
    if (version := bidi.version(bidi.EXECUTABLE)) < bidi.OLDEST:
        pytest.skip(f"Firefox {version} is installed here, and {bidi.OLDEST} is needed")
    if sound_server.MISSING:
        pytest.skip(f"PulseAudio is not installed here: {', '.join(sound_server.MISSING)}")
    with TemporaryDirectory() as folder:
        async with (
            sound_server.playing(tape, Path(folder)) as environment,
            async_playwright() as playwright,
        ):
            browser = await playwright.firefox.launch(
                executable_path=program,
                channel="moz-firefox",
                firefox_user_prefs=SETTINGS,
                env=environment,
            )
            try:
                yield browser
            finally:
                await browser.close()


@pytest.fixture(scope="session")
def album() -> Iterator[Album]:
    """Pictures of the page in Firefox, which are kept."""
    album = Album(ROOT / "build" / "screenshots" / "firefox")
    yield album
    album.write_index()

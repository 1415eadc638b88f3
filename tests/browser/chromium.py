"""Chromium: its path, and its start with a microphone that plays a file."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

from browser.tape import Tape

NAMES = ("chromium", "chromium-browser", "google-chrome")
EXECUTABLE = next(filter(None, map(shutil.which, NAMES)), None)
"""None where it is not installed."""

ELSEWHERE = "stt.example"
"""A name of this machine that the browser does not take for this machine."""


@asynccontextmanager
async def started(tape: Tape | None) -> AsyncIterator[Browser]:
    """Run Chromium until the block ends.

    Args:
        tape: the audio of its microphone. None: it has no microphone.

    """
    arguments = [f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"]
    if tape is not None:
        arguments.append("--use-fake-device-for-media-stream")
        arguments.append(f"--use-file-for-fake-audio-capture={tape.path}%noloop")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=EXECUTABLE, args=arguments)
        try:
            yield browser
        finally:
            await browser.close()

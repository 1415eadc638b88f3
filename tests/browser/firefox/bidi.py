"""Firefox as Playwright starts it: a program that runs it and passes WebDriver BiDi on.

Playwright 1.65 expects more than Firefox ESR 153 has. What is missing is added here.
"""

import asyncio
import itertools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

EXECUTABLE = shutil.which("firefox-esr") or shutil.which("firefox")
"""None where it is not installed."""

OLDEST = 153
"""Nobody has tried an older one with this file."""

LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")

SCHEME = "emulation.setMediaFeaturesOverride"
"""A command that Firefox does not know. Playwright opens no page without it."""

SETTING = "layout.css.prefers-color-scheme.content-override"

VALUES = {"dark": 0, "light": 1, None: 2}
"""Of the setting. 2: as the system has it."""

DOWNLOADS = "browsingContext.downloadWillBegin", "browsingContext.downloadEnd"
"""Events that Playwright overlooks if they name no download."""

NO_FAULTS = (
    # Of "body {}". Playwright adds it to take a picture, and the policy of the page forbids it.
    "sha256-YjaKGiklmzC6wjXA513HAMmzus8VE61XCOT+SmwNZWA=",
    # The page says so, too. Chromium tells it as a line of the console.
    "Firefox can’t establish a connection to the server at ",
    "was interrupted while the page was loading.",
)
"""Of what the browser logs like an uncaught error."""

OUR_FIRST_ID = 1 << 40
"""Of the commands that are sent from here; Playwright counts from 1."""


def version(executable: str) -> int:
    """Ask Firefox for the first number of its version."""
    told = subprocess.run([executable, "--version"], capture_output=True, text=True, check=True)
    return int(told.stdout.partition("Firefox ")[2].partition(".")[0])


class Link:
    """Passes messages on between Playwright and Firefox."""

    def __init__(self, driver: ServerConnection, browser: ClientConnection) -> None:
        self._driver = driver
        self._browser = browser
        self._ids = itertools.count(OUR_FIRST_ID)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def run(self) -> None:
        """Pass on until one of the two closes."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pass_answers())
            async for text in self._driver:
                command = json.loads(text)
                if command["method"] == SCHEME:
                    tasks.create_task(self._set_scheme(command))
                else:
                    await self._browser.send(text)
            await self._browser.close()

    async def _pass_answers(self) -> None:
        async for text in self._browser:
            answer = json.loads(text)
            if (waiting := self._answers.pop(answer.get("id"), None)) is not None:
                waiting.set_result(answer)
            elif not is_no_fault(answer):
                await self._driver.send(json.dumps(with_download(answer)))
        await self._driver.close()

    async def _set_scheme(self, command: dict[str, Any]) -> None:
        scheme = command["params"]["features"].get("prefers-color-scheme")
        expression = f"Services.prefs.setIntPref({SETTING!r}, {VALUES[scheme]})"
        # Any window of the browser will do, but it may close now.
        while "error" in await self._evaluate_in_a_window(expression):
            pass
        answer = {"type": "success", "id": command["id"], "result": {}}
        await self._driver.send(json.dumps(answer))

    async def _evaluate_in_a_window(self, expression: str) -> dict[str, Any]:
        answer = await self._ask("browsingContext.getTree", {"moz:scope": "chrome"})
        target = {"context": answer["result"]["contexts"][-1]["context"]}
        params = {"expression": expression, "target": target, "awaitPromise": False}
        return await self._ask("script.evaluate", params)

    async def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._browser.send(json.dumps({"id": number, "method": method, "params": params}))
        return await self._answers[number]


def is_no_fault(event: dict[str, Any]) -> bool:
    """Whether an event says what only looks like a fault of the page."""
    if event.get("method") != "log.entryAdded":
        return False
    return any(text in (event["params"]["text"] or "") for text in NO_FAULTS)


def with_download(event: dict[str, Any]) -> dict[str, Any]:
    """Name the download that an event is about, by its address."""
    if event.get("method") not in DOWNLOADS:
        return event
    params = event["params"]
    return event | {"params": params | {"download": params["url"]}}


async def main() -> None:
    """Run Firefox with the arguments of this program."""
    assert EXECUTABLE is not None
    browser = await asyncio.create_subprocess_exec(
        EXECUTABLE,
        "--remote-allow-system-access",
        *sys.argv[1:],
        stderr=asyncio.subprocess.PIPE,
    )
    assert browser.stderr is not None
    async for address in addresses(browser.stderr):

        async def passed(driver: ServerConnection, address: str = address) -> None:
            async with connect(f"{address}/session", max_size=None, proxy=None) as firefox:
                await Link(driver, firefox).run()

        server = await serve(passed, "127.0.0.1", 0, max_size=None)
        port = server.sockets[0].getsockname()[1]
        print(f"WebDriver BiDi listening on ws://127.0.0.1:{port}", file=sys.stderr, flush=True)
    await browser.wait()


async def addresses(stderr: asyncio.StreamReader) -> AsyncIterator[str]:
    """Read what Firefox writes, and yield where it listens."""
    async for line in stderr:
        if (found := LISTENING.search(line.decode())) is not None:
            yield found[1]


if __name__ == "__main__":
    asyncio.run(main())

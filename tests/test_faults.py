"""Faults that nobody catches: logged by type and place, never by their text."""

import json
import subprocess
import sys
from typing import Any

import pytest

PROLOGUE = """
import asyncio, logging, threading
from hwaja import faults, logs
from hwaja.parse import parse
logs.configure("json")
faults.log_uncaught()
"""

WAYS = {
    "main thread": "parse(b'Geheimnis' * 0 or 4711)",
    "thread": "threading.Thread(target=parse, args=(4711,)).start()",
    "finaliser": """
class Left:
    def __del__(self): parse(4711)
Left()""",
    "callback": """
async def main():
    faults.log_uncaught_in_loop()
    asyncio.get_running_loop().call_soon(lambda secret: parse(4711), "Geheimnis")
    await asyncio.sleep(0)
asyncio.run(main())""",
    "lost task": """
async def main():
    faults.log_uncaught_in_loop()
    async def lost(secret): parse(4711)
    asyncio.create_task(lost("Geheimnis"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
asyncio.run(main())""",
}


def logged(program: str) -> list[dict[str, Any]]:
    run = subprocess.run(
        [sys.executable, "-c", PROLOGUE + program], capture_output=True, text=True, check=False
    )
    assert "Geheimnis" not in run.stderr
    return [json.loads(line) for line in run.stderr.splitlines()]


@pytest.mark.parametrize("way", WAYS)
def test_what_nobody_catches_is_one_line_with_type_and_place(way: str) -> None:
    (line,) = logged(WAYS[way])
    place = line.pop("place")
    del line["timestamp"]
    assert line == {"event": "uncaught", "error": "TypeError", "level": "error"}
    assert place.startswith("parse.py:")


def test_a_librarys_warning_is_logged_by_its_place_alone() -> None:
    """asyncio and websockets name addresses, and quote requests."""
    (line,) = logged("logging.getLogger('asyncio').warning('peer %s', 'Geheimnis')")
    assert (line["event"], line["logger"]) == ("library warned", "asyncio")

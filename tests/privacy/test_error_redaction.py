"""Uncaught exceptions: logged by type and place, never by their text."""

import json
import subprocess
import sys
from typing import Any

import pytest

PROLOGUE = """
import asyncio, logging, threading
from hwaja.privacy import error_redaction as faults
from hwaja.process import log_setup as logs
from hwaja.protocol.parse import parse
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
def test_an_uncaught_exception_is_one_line_with_type_and_place(way: str) -> None:
    (line,) = logged(WAYS[way])
    place = line.pop("place")
    del line["timestamp"]
    assert line == {"event": "uncaught", "error": "TypeError", "level": "error"}
    assert place.startswith("protocol/parse.py:")


def test_a_warning_of_a_library_is_logged_by_its_place_alone() -> None:
    """The warnings of asyncio and websockets contain addresses and quote requests."""
    (line,) = logged("logging.getLogger('asyncio').warning('peer %s', 'Geheimnis')")
    assert (line["event"], line["logger"]) == ("library warned", "asyncio")


def test_our_exceptions_that_a_library_caught_are_logged_by_type_and_place() -> None:
    (line,) = logged("""
log = faults.redacting_logger("hwaja.library")
log.warning("peer %s did wrong", "Geheimnis")
try:
    parse(4711)
except TypeError:
    log.error("handler of %s failed", "Geheimnis", exc_info=True)
""")
    assert (line["event"], line["level"]) == ("library caught", "error")
    assert (line["logger"], line["error"]) == ("hwaja.library", "TypeError")
    assert line["place"].startswith("protocol/parse.py:")


def test_a_failed_background_task_is_logged_when_it_fails() -> None:
    """A reference keeps the task, so Python itself would report it only at the program's end."""
    first, second = logged("""
from structlog import get_logger
async def main():
    async def failing(secret): parse(4711)
    task = asyncio.create_task(failing("Geheimnis"))
    task.add_done_callback(faults.log_failure)
    await asyncio.wait([task])
    await asyncio.sleep(0)
    get_logger().info("afterwards")
    await asyncio.gather(task, return_exceptions=True)
asyncio.run(main())
""")
    assert (first["event"], first["error"]) == ("uncaught", "TypeError")
    assert first["place"].startswith("protocol/parse.py:")
    assert second["event"] == "afterwards"

"""The destination of the log, and the format of a line."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog

from hwaja.process import log_setup as logs
from hwaja.process.log_writer import WRITER


@pytest.fixture(autouse=True)
def defaults() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_json_logs_are_one_object_on_each_line_of_stderr(
    capfd: pytest.CaptureFixture[str],
) -> None:
    logs.configure("json")
    log = structlog.get_logger("hwaja.test").bind(session="ab12")
    log.info("session opened")
    log.warning("화자 둘", count=2, text="one\ntwo")
    assert WRITER.flush()
    captured = capfd.readouterr()
    assert captured.out == ""
    first, second = (json.loads(line) for line in captured.err.splitlines())
    when = datetime.fromisoformat(first.pop("timestamp"))
    assert abs((datetime.now(UTC) - when).total_seconds()) < 60
    assert first == {"event": "session opened", "level": "info", "session": "ab12"}
    assert second["event"] == "화자 둘"
    assert (second["level"], second["count"], second["text"]) == ("warning", 2, "one\ntwo")
    assert "화자 둘" in captured.err  # readable without unescaping


def test_console_logs_are_plain_text_if_stderr_is_no_terminal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    logs.configure("console")
    structlog.get_logger("hwaja.test").info("serving", url="wss://localhost:8088", workers=2)
    assert WRITER.flush()
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "\x1b" not in captured.err
    (line,) = captured.err.splitlines()
    assert all(
        part in line for part in ("info", "serving", "url=wss://localhost:8088", "workers=2")
    )

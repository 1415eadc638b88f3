"""Sets up structured logs: names, counts and durations, never audio, text, voices or addresses."""

import sys
from collections.abc import Callable

import structlog

from hwaja.process.log_repetition import Line
from hwaja.process.log_writer import WRITER, Render


def configure(log_format: str) -> None:
    """Log to stderr as text ("console") or as one JSON object a line ("json").

    After this call, a log call never raises and never blocks (`log_writer.py`).
    """
    shown: Callable[[object, str, dict[str, object]], object]
    if log_format == "json":
        shown = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        shown = structlog.dev.ConsoleRenderer(colors=sys.stderr is not None and sys.stderr.isatty())

    def render(line: Line) -> str:
        return str(shown(None, "", dict(line)))

    WRITER.start()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        logger_factory=lambda *_: _Queued(render),
        cache_logger_on_first_use=True,
    )


class _Queued:
    """The logger behind structlog: passes each line to the writer."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def msg(self, /, **line: object) -> None:
        WRITER.put(line, self._render)

    debug = info = warning = error = critical = msg

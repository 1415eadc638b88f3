"""Logs exceptions by type and place only: the text of an exception may quote a client."""

import asyncio
import errno
import logging
import os
import sys
import threading
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog

_PACKAGE = Path(__file__).parents[1]

_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
"""Errors after which asyncio's loop accepts no connections for one second."""

_log = structlog.get_logger("hwaja.privacy.error_redaction")


def describe(error: BaseException) -> dict[str, str]:
    """Return the log fields of an exception: its type, and its place in hwaja's code."""
    return {"error": type(error).__name__, "place": _place(error.__traceback__)}


def log_uncaught() -> None:
    """Install hooks that log uncaught exceptions and libraries' warnings by type and place only."""
    sys.excepthook = lambda _, error, __: _uncaught(error)
    sys.unraisablehook = lambda fault: _uncaught(fault.exc_value)
    threading.excepthook = lambda fault: _uncaught(fault.exc_value)
    warnings.showwarning = _warned
    root = logging.getLogger()
    root.handlers = [_RedactingHandler(logging.WARNING)]


def redacting_logger(name: str) -> logging.Logger:
    """Return a logger for a library that logs only errors, by type and place.

    It drops records of lower levels, such as those about a client's mistakes.
    """
    logger = logging.getLogger(name)
    logger.setLevel(logging.ERROR)
    logger.handlers = [_RedactingHandler()]
    logger.propagate = False
    return logger


def log_failure(task: asyncio.Task[Any]) -> None:
    """Log the exception of a task that is never awaited. Pass this to `add_done_callback`."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _uncaught(error)


def log_uncaught_in_loop() -> None:
    """Log uncaught exceptions of the running loop's tasks, callbacks and transports likewise."""
    asyncio.get_running_loop().set_exception_handler(
        # The message and the rest of the context contain tasks, arguments and addresses.
        lambda _, context: _lost(context.get("exception"), is_of_listener="socket" in context)
    )


class _RedactingHandler(logging.Handler):
    """Logs the place of a library's record and the type of its exception, without its message."""

    def emit(self, record: logging.LogRecord) -> None:
        where = f"{record.module}:{record.lineno}"
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            _log.warning("library warned", logger=record.name, place=where)
        else:
            _log.error("library caught", logger=record.name, caught_at=where, **describe(error))


def _uncaught(error: BaseException | None) -> None:
    if not isinstance(error, KeyboardInterrupt | SystemExit):
        _log.error("uncaught", **({} if error is None else describe(error)))


def _lost(error: BaseException | None, *, is_of_listener: bool) -> None:
    """Log an exception that the event loop caught.

    A listener that runs out of files stops accepting for one second, which has its own log line.
    """
    if is_of_listener and isinstance(error, OSError) and error.errno in _EXHAUSTED:
        _log.error("cannot accept connections", reason=os.strerror(error.errno))
    else:
        _uncaught(error)


def _warned(
    message: Warning | str,  # may quote a client
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Log a Python warning by category and place, in place of its text on stderr."""
    _log.warning("warned", category=category.__name__, place=f"{Path(filename).name}:{lineno}")


def _place(traceback: TracebackType | None) -> str:
    """Return the innermost line of hwaja's code in a traceback; empty if there is none."""
    place = ""
    while traceback is not None:
        file = Path(traceback.tb_frame.f_code.co_filename)
        if file.is_relative_to(_PACKAGE):
            place = f"{file.relative_to(_PACKAGE).as_posix()}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place

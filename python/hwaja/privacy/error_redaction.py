"""Faults in the log: by their type and place, since the text of an exception may quote a client."""

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
"""What asyncio's loop does not accept connections after, for a second."""

_log = structlog.get_logger("hwaja.privacy.error_redaction")


def describe(error: BaseException) -> dict[str, str]:
    """Return what may be logged of an exception: its type, and where in hwaja it came from."""
    return {"error": type(error).__name__, "place": _place(error.__traceback__)}


def log_uncaught() -> None:
    """From now on, log what nobody catches, and what libraries warn of, by type and place only."""
    sys.excepthook = lambda _, error, __: _uncaught(error)
    sys.unraisablehook = lambda fault: _uncaught(fault.exc_value)
    threading.excepthook = lambda fault: _uncaught(fault.exc_value)
    warnings.showwarning = _warned
    root = logging.getLogger()
    root.handlers = [_Discreet(logging.WARNING)]


def discreet_logger(name: str) -> logging.Logger:
    """Return a logger for a library, of which only errors are logged, by type and place.

    What it says at lower levels, as of what clients did wrong, is dropped.
    """
    logger = logging.getLogger(name)
    logger.setLevel(logging.ERROR)
    logger.handlers = [_Discreet()]
    logger.propagate = False
    return logger


def log_failure(task: asyncio.Task[Any]) -> None:
    """Log the exception of a task that nobody awaits; for `add_done_callback`."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _uncaught(error)


def log_uncaught_in_loop() -> None:
    """Do so for the event loop that runs: what is lost in tasks, callbacks and transports."""
    asyncio.get_running_loop().set_exception_handler(
        # The message and the rest of the context have tasks, arguments and addresses in them.
        lambda _, context: _lost(context.get("exception"), is_of_listener="socket" in context)
    )


class _Discreet(logging.Handler):
    """Says where a library logged something, and what it caught, but not what it says of it."""

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
    """Log what the event loop caught. Where no file is left it stops accepting for a second."""
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
    """Log what Python warns of, in place of its text on stderr."""
    _log.warning("warned", category=category.__name__, place=f"{Path(filename).name}:{lineno}")


def _place(traceback: TracebackType | None) -> str:
    """Return the last line of hwaja's own that a traceback goes through; empty where none does."""
    place = ""
    while traceback is not None:
        file = Path(traceback.tb_frame.f_code.co_filename)
        if file.is_relative_to(_PACKAGE):
            place = f"{file.relative_to(_PACKAGE).as_posix()}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place

"""Reloads the certificate, the tokens and the model on SIGHUP while the server runs."""

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping

import structlog

from hwaja.privacy.error_redaction import describe
from hwaja.server.config import ConfigError
from hwaja.server.network.tls import TlsError
from hwaja.server.signals import on_signal

Reloads = Mapping[str, Callable[[], None]]
"""Functions that reload a file, by their names in the log.

A function raises `ConfigError` or `TlsError` where the file is invalid. The message is one sentence
that may be logged, and the earlier content stays in use.
"""

PAUSE_SECONDS = 1.0
"""Time between two reloads. A reload reads files and blocks the event loop."""

_log = structlog.get_logger("hwaja.server.reloading")


def reload_on_hangup(reloads: Reloads, then: Callable[[], None]) -> None:
    """Call `reload_all`, then `then`, on each SIGHUP from now on. Call this in the event loop.

    Signals within `PAUSE_SECONDS` of each other share one call, after the last of them. On a
    terminal, SIGHUP means that the terminal was closed; there the signal still ends the server.
    """

    def reload() -> None:
        reload_all(reloads)
        then()

    if not sys.stderr.isatty():
        on_signal(signal.SIGHUP, _Spaced(reload).ask)


def reload_all(reloads: Reloads) -> None:
    """Reload every file; log each failure and continue with the next file."""
    for name, reload in reloads.items():
        try:
            reload()
        except (ConfigError, TlsError) as error:
            _log.error("not reloaded, the one before stays", what=name, reason=str(error))
        except Exception as error:  # for example MemoryError
            _log.error("not reloaded, the one before stays", what=name, **describe(error))
        else:
            _log.info("reloaded", what=name)


class _Spaced:
    """Runs a function on request, but at most once per pause."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._pause: asyncio.TimerHandle | None = None
        self._is_wanted = False

    def ask(self) -> None:
        """Run the function now, or once after the pause."""
        if self._pause is not None:
            self._is_wanted = True
            return
        self._pause = asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._end_pause)
        self._work()

    def _end_pause(self) -> None:
        self._pause = None
        if self._is_wanted:
            self._is_wanted = False
            self.ask()

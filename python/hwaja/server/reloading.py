"""What is read again while the server runs, on SIGHUP."""

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping

import structlog

from hwaja.privacy.error_redaction import describe
from hwaja.server.config import ConfigError
from hwaja.server.signals import on_signal
from hwaja.server.tls import TlsError

Reloads = Mapping[str, Callable[[], None]]
"""What can be read again, by the name it has in the log. Where it cannot be used it raises
`ConfigError` or `TlsError`, with a sentence that may be logged, and what was there stays in use."""

PAUSE_SECONDS = 1.0
"""Between two reloads: each reads files while no client is served."""

_log = structlog.get_logger("hwaja.server.reloading")


def reload_on_hangup(reloads: Reloads) -> None:
    """Have SIGHUP call `reload_all` from now on; call it in the event loop.

    Signals that come faster than each `PAUSE_SECONDS` share one call, after the last of them.
    On a terminal SIGHUP means that it was closed: there the server ends with it, as before.
    """
    if not sys.stderr.isatty():
        on_signal(signal.SIGHUP, _Spaced(lambda: reload_all(reloads)).ask)


def reload_all(reloads: Reloads) -> None:
    """Read everything again; what fails is logged and keeps nothing else from it."""
    for name, reload in reloads.items():
        try:
            reload()
        except (ConfigError, TlsError) as error:
            _log.error("not reloaded, the one before stays", what=name, reason=str(error))
        except Exception as error:  # as where no memory is left
            _log.error("not reloaded, the one before stays", what=name, **describe(error))
        else:
            _log.info("reloaded", what=name)


class _Spaced:
    """Work that is done soon after it was asked for, but not again before a pause."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._pause: asyncio.TimerHandle | None = None
        self._is_wanted = False

    def ask(self) -> None:
        """Do the work now, or once after the pause."""
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

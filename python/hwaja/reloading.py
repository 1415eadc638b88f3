"""What is read again while the server runs, on SIGHUP."""

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping

import structlog

from hwaja.config import ConfigError
from hwaja.tls import TlsError

Reloads = Mapping[str, Callable[[], None]]
"""What can be read again, by the name it has in the log. Where it cannot be used it raises
`ConfigError` or `TlsError`, with a sentence that may be logged, and what was there stays in use."""

_log = structlog.get_logger("hwaja.reloading")


def reload_on_hangup(reloads: Reloads) -> None:
    """Have SIGHUP call `reload_all` from now on; call it in the event loop.

    On a terminal SIGHUP means that it was closed: there the server ends with it, as before.
    """
    if not sys.stderr.isatty():
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload_all, reloads)


def reload_all(reloads: Reloads) -> None:
    """Read everything again; what fails is logged and keeps nothing else from it."""
    for name, reload in reloads.items():
        try:
            reload()
        except (ConfigError, TlsError) as error:
            _log.error("not reloaded, the one before stays", what=name, reason=str(error))
        else:
            _log.info("reloaded", what=name)

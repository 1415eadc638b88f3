"""Tells of the end of the certificate in use: it is served on, but clients refuse it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import structlog

WARN_DAYS = (30, 7, 1)
"""Before the end. Renewal by hand needs some time; that by machine happens before the first."""

PERIOD_SECONDS = 3600.0
"""Between two looks. The wall clock may be set meanwhile, so none is planned by it."""

_log = structlog.get_logger("hwaja.server.certificate_expiry")


class ExpiryWatch:
    """Logs one line each time that the end comes nearer than one of `WARN_DAYS`, and at the end."""

    def __init__(
        self,
        expires: Callable[[], datetime | None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Watch the end that `expires` returns, where that is known, by the clock `now`."""
        self._expires = expires
        self._now = now
        self._passed = 0  # of the times that are told of, at the last look

    def look(self) -> None:
        """Tell of what has come nearer since the last look."""
        expires = self._expires()
        if expires is None:
            return
        left = expires - self._now()
        passed = sum(left < timedelta(days=days) for days in (*WARN_DAYS, 0))
        if passed > self._passed:
            facts = {"days_left": left.days, "ends": expires.isoformat()}
            if left < timedelta():
                _log.error("the certificate has expired", **facts)
            else:
                _log.warning("the certificate expires soon", **facts)
        self._passed = passed

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look now and each `PERIOD_SECONDS` until the block ends; enter it in the event loop."""
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle

        def look_again() -> None:
            nonlocal timer
            timer = loop.call_later(PERIOD_SECONDS, look_again)
            self.look()

        look_again()
        try:
            yield
        finally:
            timer.cancel()

"""Warns before the certificate in use expires.

The server continues to present an expired certificate, but clients refuse it.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import structlog

WARN_DAYS = (30, 7, 1)
"""Days before the expiry. Renewal by hand needs some time; automatic renewal happens earlier."""

PERIOD_SECONDS = 3600.0
"""Time between two checks. It is measured by a monotonic clock, since the wall clock may be set."""

_log = structlog.get_logger("hwaja.server.network.certificate_expiry")


class ExpiryWatch:
    """Logs one line when each of `WARN_DAYS` is reached, and one when the certificate expires."""

    def __init__(
        self,
        expires: Callable[[], datetime | None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Watch an expiry date.

        Args:
            expires: returns the date; None: it is unknown, and nothing is logged.
            now: the wall clock.

        """
        self._expires = expires
        self._now = now
        self._passed = 0  # thresholds that the last check found to be reached

    def check(self) -> None:
        """Log the thresholds that were reached since the last check."""
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
        """Check now and then every `PERIOD_SECONDS` while the context is open.

        Enter it in the event loop.
        """
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle

        def check_again() -> None:
            nonlocal timer
            timer = loop.call_later(PERIOD_SECONDS, check_again)
            self.check()

        check_again()
        try:
            yield
        finally:
            timer.cancel()

"""The expiry of the certificate in use: warnings, a metric, and no interruption."""

import asyncio
import re
import signal
import ssl
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from certificates import issued
from handshakes import client, shake
from processes import hwaja_serve
from structlog.testing import capture_logs
from virtual_time import run

from hwaja.client import ClientError
from hwaja.client.trust import client_tls
from hwaja.client.websocket import open_connection
from hwaja.observability.metrics import Metrics
from hwaja.server.network.certificate_expiry import PERIOD_SECONDS, ExpiryWatch
from hwaja.server.network.tls import ServerTls, TlsError

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


class Clock:
    """A wall clock that a test sets, and a watch that reads it."""

    def __init__(self, ends_in_days: float) -> None:
        self.now = NOW
        self.ends = NOW + timedelta(days=ends_in_days)
        self.watch = ExpiryWatch(lambda: self.ends, lambda: self.now)

    def told_after(self, days: float = 0.0) -> list[tuple[str, int]]:
        """Advance the clock and check. Return the level and the days of each log line."""
        self.now += timedelta(days=days)
        with capture_logs() as logged:
            self.watch.check()
        return [(line["log_level"], line["days_left"]) for line in logged]


def test_a_certificate_causes_a_warning_at_30_7_and_1_days_and_after_its_end() -> None:
    clock = Clock(ends_in_days=31.5)
    told = [clock.told_after(1 / 24 if hour else 0) for hour in range(33 * 24)]
    assert [line for lines in told for line in lines] == [
        ("warning", 29),
        ("warning", 6),
        ("warning", 0),
        ("error", -1),
    ]


def test_a_renewed_certificate_causes_new_warnings_only_at_its_own_times() -> None:
    clock = Clock(ends_in_days=3)
    assert clock.told_after() == [("warning", 3)]
    clock.ends += timedelta(days=90)
    assert clock.told_after() == []
    assert clock.told_after(days=91) == [("warning", 2)]


@pytest.mark.parametrize("days", [1, 3650])
def test_a_jump_of_the_wall_clock_only_causes_a_warning(days: float) -> None:
    clock = Clock(ends_in_days=0.5)
    assert clock.told_after() == [("warning", 0)]
    assert clock.told_after(days)[0][0] == "error"
    assert clock.told_after(-days) == []  # it was warned of that before
    assert clock.told_after(-days) == []


def test_the_expiry_is_checked_each_hour_until_the_watch_ends() -> None:
    looks: list[float] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()

        def expires() -> datetime:
            looks.append(loop.time())
            return NOW

        with ExpiryWatch(expires).running():
            await asyncio.sleep(2.5 * PERIOD_SECONDS)
        await asyncio.sleep(2 * PERIOD_SECONDS)

    run(serve())
    assert looks == [0, PERIOD_SECONDS, 2 * PERIOD_SECONDS]


def test_the_expiry_of_the_newest_certificate_counts(tmp_path: Path) -> None:
    files = issued(tmp_path, days=10)
    tls = ServerTls(lambda: files)

    def days_left() -> int:
        assert tls.expires is not None
        return (tls.expires - datetime.now(UTC)).days

    assert days_left() == 10
    issued(tmp_path, days=90)
    assert days_left() == 10
    tls.reload()
    assert days_left() == 90
    files[0].write_text("half a certifica")
    with pytest.raises(TlsError, match="not a certificate"):
        tls.reload()
    assert days_left() == 90


def test_an_unreadable_expiry_is_neither_logged_nor_shown() -> None:
    """OpenSSL accepts certificates that other parsers reject."""
    with capture_logs() as logged:
        ExpiryWatch(lambda: None).check()
    metrics = Metrics()
    metrics.watch_certificate(lambda: None)
    assert (logged, b"hwaja_certificate" in metrics.exposition()) == ([], False)


def test_the_metric_shows_the_expiry_and_is_absent_without_tls() -> None:
    metrics = Metrics()
    assert b"hwaja_certificate" not in metrics.exposition()
    metrics.watch_certificate(lambda: NOW)
    shown = re.search(
        rb"^hwaja_certificate_expires_timestamp_seconds (\S+)$", metrics.exposition(), re.M
    )
    assert shown is not None
    assert float(shown[1]) == NOW.timestamp()


def test_an_expired_certificate_ends_no_open_connection(tmp_path: Path) -> None:
    files = issued(tmp_path, days=-0.5)
    shaken = shake(ServerTls(lambda: files).context, client())
    shaken.server.write(b"still here")
    assert shaken.client.read() == b"still here"


# A whole server -------------------------------------------------------------------------------


@pytest.fixture
def token(tmp_path: Path) -> str:
    file = tmp_path / "metrics-token"
    file.write_text("a-token-of-the-metrics")
    file.chmod(0o600)
    return file.read_text()


@pytest.mark.models
async def test_a_server_with_an_expired_certificate_stays_ready_and_recovers_with_sighup(
    tmp_path: Path, token: str
) -> None:
    """The client decides by its own clock whether it accepts it."""
    cert, key = issued(tmp_path, days=-1.5)
    options = ("--no-dev-cert", "--cert", str(cert), "--key", str(key), "--port", "0")
    options += ("--metrics-token-file", str(tmp_path / "metrics-token"))
    with hwaja_serve(tmp_path, *options) as running:
        line = await asyncio.to_thread(running.next_line)
        assert (line["event"], line["level"]) == ("the certificate has expired", "error")
        assert line["days_left"] == -2

        def asked(path: str) -> str:
            request = urllib.request.Request(  # noqa: S310
                running.url.replace("wss", "https") + path,
                headers={"Authorization": f"Bearer {token}"},
            )
            with urllib.request.urlopen(request, context=client()) as answer:  # noqa: S310
                return str(answer.read().decode())

        assert await asyncio.to_thread(asked, "/healthz") == "ok\n"
        assert await asyncio.to_thread(asked, "/readyz") == "ready\n"
        metrics = await asyncio.to_thread(asked, "/metrics")
        told = re.search(r"^hwaja_certificate_expires_timestamp_seconds (\S+)$", metrics, re.M)
        assert told is not None
        assert datetime.fromtimestamp(float(told[1]), UTC) < datetime.now(UTC)
        with pytest.raises(ClientError, match="expired"):
            async with open_connection(running.url, client_tls(cert)):
                pass
        issued(tmp_path, days=90)
        running.process.send_signal(signal.SIGHUP)
        while line["event"] != "reloaded":
            line = await asyncio.to_thread(running.next_line)
        trust = ssl.create_default_context(cafile=str(cert))
        async with open_connection(running.url, trust):
            pass

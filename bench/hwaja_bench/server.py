"""Starts a server for a measurement: `hwaja serve` in a process, on a free port."""

import json
import os
import secrets
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import psutil

from hwaja.client.trust import client_tls
from hwaja.client.websocket import Connection, open_connection
from hwaja.models.conversion.tones import write_tone_model
from hwaja_bench.errors import BenchmarkError

STOPPING_SECONDS = 30
"""Timeout for the server's end; it answers received audio for 10 s at most."""


@dataclass(frozen=True)
class Service:
    """A running server."""

    url: str
    cafile: Path
    process: psutil.Popen
    metrics_token: str
    """The token for the server's metrics."""

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return int(self.url.rpartition(":")[2])

    @property
    def workers(self) -> list[psutil.Process]:
        """The inference processes in their start order."""
        return sorted(self.process.children(), key=psutil.Process.create_time)

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """A client's TLS context that trusts the server's certificate."""
        return client_tls(self.cafile)

    def open(self, query: str = "") -> AbstractAsyncContextManager[Connection]:
        """Connect; `query` is the path and query of the address, for example "/?resume"."""
        return open_connection(self.url + query, self.tls)

    def get(self, path: str) -> str:
        """Return the response body to a plain HTTP request, also for an error status."""
        request = urllib.request.Request(  # our own address
            f"https://localhost:{self.port}{path}",
            headers={"Authorization": f"Bearer {self.metrics_token}"},
        )
        try:
            with urllib.request.urlopen(request, context=self.tls) as answer:  # noqa: S310
                return bytes(answer.read()).decode()
        except urllib.error.HTTPError as refused:
            return refused.read().decode()


@contextmanager
def running_server(*options: str) -> Iterator[Service]:
    """Run `hwaja serve` with a new certificate while the context is open.

    Raises:
        BenchmarkError: where the server does not start; the message has its last line.

    """
    with TemporaryDirectory() as folder:
        metrics_token = secrets.token_hex()
        token_file = Path(folder, "metrics-token")
        token_file.write_text(metrics_token, encoding="ascii")
        token_file.chmod(0o600)
        command = [sys.executable, "-m", "hwaja", "serve", "--dev-cert", "--data-dir", folder]
        command += ["--metrics-token-file", str(token_file)]
        command += ["--port", "0", "--log-format", "json", *options]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        process = psutil.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        # The pipe must be read: a full pipe would block the server.
        reading = Thread(target=process.communicate, daemon=True)
        try:
            url = _url(process)
            reading.start()
            yield Service(url, Path(folder, "dev-cert.pem"), process, metrics_token)
        finally:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGTERM)
            if reading.ident is None:
                process.communicate(timeout=STOPPING_SECONDS)
            else:
                reading.join(STOPPING_SECONDS)


@contextmanager
def tone_server(*options: str, ballast: int = 0) -> Iterator[Service]:
    """Run a server with the tone model, whose output is known.

    Args:
        options: options of `hwaja serve`.
        ballast: idle weights in millions, so that a step costs as much as in a real model.

    Raises:
        BenchmarkError: see `running_server`.

    """
    with TemporaryDirectory() as folder:
        write_tone_model(Path(folder), ballast=ballast)
        with running_server("--asr-model", folder, *options) as service:
            yield service


def _url(process: psutil.Popen) -> str:
    """Wait until the server is ready; return its address."""
    line = ""
    for line in process.stderr:
        if line.startswith("{") and (url := json.loads(line).get("url")):
            return str(url)
    raise BenchmarkError(f"The server did not start: {line.strip() or 'it said nothing.'}")

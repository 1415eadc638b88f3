"""A server of its own for a measurement: `hwaja serve` in a process, on a free port."""

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
from hwaja.models.tones import write_tone_model
from hwaja_bench.errors import BenchmarkError

STOPPING_SECONDS = 30
"""How long a server may take to end; it answers what it heard for 10 s at most."""


@dataclass(frozen=True)
class Service:
    """A running server."""

    url: str
    cafile: Path
    process: psutil.Popen
    metrics_token: str
    """Shows its metrics."""

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    @property
    def workers(self) -> list[psutil.Process]:
        """The inference processes, in the order in which they were started."""
        return sorted(self.process.children(), key=psutil.Process.create_time)

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """The side of a client that trusts it."""
        return client_tls(self.cafile)

    def open(self, query: str = "") -> AbstractAsyncContextManager[Connection]:
        """Connect; `query` is part of the address, as in "/?resume"."""
        return open_connection(self.url + query, self.tls)

    def get(self, path: str) -> str:
        """Return what it answers to a plain request, whether or not that is a refusal."""
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
    """Start `hwaja serve` with a certificate of its own; stop it at the end.

    Raises:
        BenchmarkError: where it does not start, with its last line.

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
        # A pipe that nobody empties stops the server once it is full.
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
    """Start a server with the tone model, whose answers are known.

    Args:
        options: those of `hwaja serve`.
        ballast: million idle weights, so that a step costs what one of a real model does.

    Raises:
        BenchmarkError: as `running_server`.

    """
    with TemporaryDirectory() as folder:
        write_tone_model(Path(folder), ballast=ballast)
        with running_server("--asr-model", folder, *options) as service:
            yield service


def _url(process: psutil.Popen) -> str:
    """Wait until the server serves."""
    line = ""
    for line in process.stderr:
        if line.startswith("{") and (url := json.loads(line).get("url")):
            return str(url)
    raise BenchmarkError(f"The server did not start: {line.strip() or 'it said nothing.'}")

"""A server of its own for a measurement: `hwaja serve` in a process, on a free port."""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from hwaja.benchmark.corpus import BenchmarkError
from hwaja.client.trust import client_tls
from hwaja.client.websocket import Connection, open_connection

STOPPING_SECONDS = 30
"""How long a server may take to end; it answers what it heard for 10 s at most."""


@dataclass(frozen=True)
class Service:
    """A running server."""

    url: str
    cafile: Path
    process: subprocess.Popen[str]
    metrics_token: str
    """Shows its metrics."""

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    @property
    def worker_pids(self) -> list[int]:
        """The inference processes (Linux)."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def open(self) -> AbstractAsyncContextManager[Connection]:
        """Connect."""
        return open_connection(self.url, client_tls(self.cafile))

    def cpu_seconds(self) -> float | None:
        """Return the processor time that it and its workers have used; None where unknown."""
        try:
            return sum(map(cpu_seconds, (self.process.pid, *self.worker_pids)))
        except OSError:
            return None


@contextmanager
def running_server(*options: str) -> Iterator[Service]:
    """Start `hwaja serve` with a certificate of its own; stop it at the end.

    Raises:
        BenchmarkError: where it does not start, with its last line.

    """
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hwaja", "serve", "--dev-cert", "--data-dir", folder]
        metrics_token = secrets.token_hex()
        token_file = Path(folder, "metrics-token")
        token_file.write_text(metrics_token, encoding="ascii")
        token_file.chmod(0o600)
        command += ["--metrics-token-file", str(token_file)]
        command += ["--port", "0", "--log-format", "json", *options]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        # A pipe that nobody empties stops the server once it is full.
        reading = Thread(target=process.communicate, daemon=True)
        try:
            url = _url(process)
            reading.start()
            yield Service(url, Path(folder, "dev-cert.pem"), process, metrics_token)
        finally:
            process.send_signal(signal.SIGTERM)
            if reading.ident is None:
                process.communicate(timeout=STOPPING_SECONDS)
            else:
                reading.join(STOPPING_SECONDS)


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process (Linux)."""
    return _memory_bytes(pid, "VmRSS")


def peak_bytes(pid: int) -> int:
    """Return the most that the resident memory of a process has been (Linux)."""
    return _memory_bytes(pid, "VmHWM")


def _memory_bytes(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    (found,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(found.split()[1]) * 1024


def _url(process: subprocess.Popen[str]) -> str:
    """Wait until the server serves."""
    if process.stderr is None:
        raise RuntimeError("no log to read")
    line = ""
    for line in process.stderr:
        if line.startswith("{") and (url := json.loads(line).get("url")):
            return str(url)
    raise BenchmarkError(f"The server did not start: {line.strip() or 'it said nothing.'}")

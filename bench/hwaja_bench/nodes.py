"""Servers that can be killed and started again, with the same address, certificate and keys."""

import asyncio
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil

from hwaja_bench.cables import Cable
from hwaja_bench.errors import BenchmarkError


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


class Node:
    """A server on this machine. It keeps its port when it starts again."""

    def __init__(
        self, folder: Path, *options: str, name: str = "", cable: Cable | None = None
    ) -> None:
        """Prepare.

        Args:
            folder: has the development certificate; nodes may share it.
            options: further options of `hwaja serve`.
            name: its name in a fleet; empty: it is alone.
            cable: leads to it; None: it shares the network of this machine.

        """
        self.host = "127.0.0.1" if cable is None else cable.host
        self.port = free_port()
        self.name = name
        self.url = f"wss://localhost:{self.port}"
        self.cable = cable
        self._command = [] if cable is None else [*cable.prefix]
        self._command += [sys.executable, "-m", "hwaja", "serve", "--host", self.host]
        self._command += ["--dev-cert", "--data-dir", str(folder), "--port", str(self.port)]
        self._command += [*options, *(("--node", name) if name else ())]
        self._process: psutil.Popen | None = None

    def start(self, log: int | None = subprocess.DEVNULL) -> None:
        """Start the server; `ready` tells when it serves. `log` is where it writes its log."""
        # A group of its own: Ctrl-C reaches the fleet only, which then stops its nodes.
        self._process = psutil.Popen(self._command, stderr=log, process_group=0)

    @property
    def pid(self) -> int:
        """The process id of the server that was started last; 0: none."""
        return 0 if self._process is None else int(self._process.pid)

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    async def ready(self) -> None:
        """Wait until the server listens.

        Raises:
            BenchmarkError: where it has ended.

        """
        while True:
            try:
                _, writer = await asyncio.open_connection(self.host, self.port)
            except OSError:
                if not self.is_running:
                    raise BenchmarkError("A server did not start.") from None
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return

    @property
    def sessions(self) -> int:
        """The number of established connections to the server."""
        if self._process is None or not self.is_running:
            return 0
        found = self._process.net_connections("tcp")
        return sum(each.status == psutil.CONN_ESTABLISHED for each in found)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server, if it runs."""
        if self._process is not None and self.is_running:
            self._process.send_signal(number)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the server, and wait for its end."""
        self.send(how)
        if self._process is not None:
            self._process.wait()

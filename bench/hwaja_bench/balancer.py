"""HAProxy in front of nodes of this machine, with the files of `deploy/haproxy`."""

import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hwaja_bench.checkout import ROOT
from hwaja_bench.errors import BenchmarkError
from hwaja_bench.nodes import Node, free_port

VARIANTS = ("terminated", "passthrough")
FOLDER = ROOT / "deploy" / "haproxy"

PROGRAM = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin")
"""HAProxy; None: it is not installed. Its folder is not in the path of every user."""

STOPPING_SECONDS = 10

_SERVERS = re.compile(r"(?:^    server .*\n)+", re.MULTILINE)
"""The nodes of a backend."""


class Balancer:
    """One address that leads to several nodes."""

    def __init__(
        self,
        folder: Path,
        nodes: Sequence[Node],
        variant: str = "terminated",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Write the configuration.

        Args:
            folder: has the nodes' development certificate and its key; gets the configuration.
            nodes: where it leads.
            variant: one of VARIANTS.
            host: address to listen on.
            port: 0: any that is free.

        Raises:
            BenchmarkError: where HAProxy is not installed.

        """
        if PROGRAM is None:
            raise BenchmarkError("This needs HAProxy: apt-get install haproxy.")
        self.port = port or free_port()
        self.url = f"wss://localhost:{self.port}"
        file = folder / f"{variant}.cfg"
        file.write_text(configuration(folder, nodes, variant, f"{host}:{self.port}"))
        self._command = [PROGRAM, "-W", "-db", "-f", str(file)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start HAProxy. It listens at once, and takes each node for ready until it asked it."""
        checked = subprocess.run(
            [*self._command[:1], "-c", *self._command[-2:]],
            capture_output=True,
            text=True,
            check=False,
        )
        if checked.returncode:
            raise BenchmarkError(f"HAProxy refuses its configuration: {checked.stderr.strip()}")
        self._process = subprocess.Popen(
            self._command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, process_group=0
        )

    def reload(self) -> None:
        """Read the configuration again; open sessions continue in the earlier process."""
        if self._process is not None:
            self._process.send_signal(signal.SIGUSR2)

    def stop(self) -> None:
        """End HAProxy and all connections."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(STOPPING_SECONDS)


def configuration(folder: Path, nodes: Sequence[Node], variant: str, bind: str) -> str:
    """Return a file of `deploy/haproxy` with the addresses and certificates of a trial."""
    certificate, key = folder / "dev-cert.pem", folder / "dev-key.pem"
    both = folder / "haproxy.pem"
    both.touch(mode=0o600)
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    text = (FOLDER / f"{variant}.cfg").read_text()
    for old, new in (
        ("bind :8088", f"bind {bind}"),
        ("/etc/haproxy/hwaja.pem", str(both)),
        ("/etc/haproxy/nodes.pem", str(certificate)),
        ("stt.example", "localhost"),
    ):
        text = text.replace(old, new)
    servers = "".join(f"    server {each.name} {each.host}:{each.port}\n" for each in nodes)
    return _SERVERS.sub(servers, text)

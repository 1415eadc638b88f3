"""Network cables that can be pulled: nodes in network namespaces of their own. Linux, as root."""

import os
import shutil
import subprocess
from contextlib import suppress

from hwaja_bench.errors import BenchmarkError

PROGRAM = shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin") or ""
"""The program `ip`; empty: it is not installed. Its folder is not in the path of every user."""

_NETWORK = "10.213"
"""Private addresses (RFC 1918). Each cable has the next four of them."""


class Cable:
    """Joins this machine and a network namespace, in which a node can run."""

    def __init__(self, number: int) -> None:
        """Lay a cable.

        Args:
            number: distinguishes it from the other cables of this machine, below 250.

        Raises:
            BenchmarkError: this user may not, or the program `ip` is not installed.

        """
        if os.geteuid() != 0 or not PROGRAM:
            raise BenchmarkError("To pull cables, this needs root and the program ip (iproute2).")
        self._name = f"hwaja-{number}"
        self.host = f"{_NETWORK}.{number}.2"
        """Address of the node."""
        self.near_host = f"{_NETWORK}.{number}.1"
        """Address of this machine, as the node sees it."""
        self.prefix = [PROGRAM, "netns", "exec", self._name]
        """Runs a command in the namespace."""
        self.remove()  # what an earlier run left
        _ip("netns", "add", self._name)
        _ip("link", "add", self._name, "type", "veth", "peer", "eth0", "netns", self._name)
        _ip("address", "add", f"{self.near_host}/30", "dev", self._name)
        for command in (
            ("address", "add", f"{self.host}/30", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-netns", self._name, *command)
        self.plug()

    def pull(self) -> None:
        """Let no packet through. Neither end is told."""
        _ip("-netns", self._name, "link", "set", "eth0", "down")

    def plug(self) -> None:
        """Let packets through again."""
        _ip("link", "set", self._name, "up")
        _ip("-netns", self._name, "link", "set", "eth0", "up")

    def remove(self) -> None:
        """Take the cable and its namespace away, if they are there."""
        for what in ("link", "netns"):
            with suppress(BenchmarkError):  # it is not there
                _ip(what, "del", self._name)


def _ip(*arguments: str) -> None:
    done = subprocess.run([PROGRAM, *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise BenchmarkError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")

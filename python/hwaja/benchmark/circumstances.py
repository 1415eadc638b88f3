"""Under which circumstances figures were found, for who wants to repeat them."""

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hwaja import __version__
from hwaja.server.config import ENVIRONMENT_PREFIX


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The machine, the software, what was asked for and what it took."""

    date: str
    machine: str
    version: str
    options: str
    """Of the command."""
    environment: str
    """Settings of the server that are not among its options."""
    corpus: str
    conversations: int
    audio_seconds: float
    wall_seconds: float
    cpu_seconds: float | None
    """Of the server and its workers; None where the system does not tell."""


def today() -> str:
    """Return the date in UTC."""
    return datetime.now(UTC).date().isoformat()


def machine() -> str:
    """Name processor, cores and Python."""
    python = f"Python {platform.python_version()}"
    return f"{_processor()}, {os.cpu_count()} cores, {platform.system()}, {python}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def version() -> str:
    """Name the version of hwaja, and the commit where it runs from a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return __version__
    commit = found.stdout.strip()
    return f"{__version__} ({commit})" if commit else __version__


def environment() -> str:
    """Return the variables that configure a server, but not where models are."""
    names = [n for n in sorted(os.environ) if n.startswith(ENVIRONMENT_PREFIX)]
    return " ".join(f"{n}={os.environ[n]}" for n in names if n != f"{ENVIRONMENT_PREFIX}CACHE")

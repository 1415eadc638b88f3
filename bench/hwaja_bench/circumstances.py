"""Records the circumstances of a measurement, so that it can be repeated."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from hwaja import __version__
from hwaja.doctor.machine import processor
from hwaja.server.config import ENVIRONMENT_PREFIX


def circumstances(options: str = "") -> dict[str, str]:
    """Return date, machine, software, the command's options and the settings of a server."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{processor().model}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}",
        "hwaja": _version(),
        "options": options,
        "environment": _environment(),
    }


def _version() -> str:
    """Return hwaja's version, with the commit where it runs from a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return __version__
    commit = found.stdout.strip()
    return f"{__version__} ({commit})" if commit else __version__


def _environment() -> str:
    """Return the environment variables that configure a server, without the models' folders."""
    names = [n for n in sorted(os.environ) if n.startswith(ENVIRONMENT_PREFIX)]
    return " ".join(f"{n}={os.environ[n]}" for n in names if n != f"{ENVIRONMENT_PREFIX}CACHE")

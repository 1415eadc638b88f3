"""The memory that processes may take, by the system and by a container's limit."""

from dataclasses import dataclass
from pathlib import Path

import psutil

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


@dataclass(frozen=True, slots=True)
class Memory:
    """Total and available memory, in bytes."""

    total: int
    available: int


def memory_now() -> Memory | None:
    """Return the memory of this process and others; None where the system does not say.

    A limit counts if it is that of the process's own control group (version 2), as systemd and
    container engines set it. Its page cache is available.
    """
    try:
        found = psutil.virtual_memory()
    except OSError:  # a sandbox without /proc
        return None
    limit = _limit(_group(_CGROUPS, _text(_OWN_CGROUP)))
    if limit is None:
        return Memory(found.total, found.available)
    return Memory(min(found.total, limit.total), min(found.available, limit.available))


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process; 0 where it has ended."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _group(root: Path, own: str) -> Path:
    """Return the folder of the process's control group, from the text of /proc/self/cgroup."""
    for line in own.splitlines():
        if line.startswith("0::/"):  # version 2 has one hierarchy, with number 0
            return root / line.removeprefix("0::/")
    return root


def _limit(group: Path) -> Memory | None:
    """Return what a control group may take, and still take; None without a limit."""
    limit, used = _text(group / "memory.max").strip(), _text(group / "memory.current").strip()
    if not (limit.isdecimal() and used.isdecimal()):
        return None
    counts = dict(line.split(" ", 1) for line in _text(group / "memory.stat").splitlines())
    cached = counts.get("inactive_file", "0")
    left = int(limit) - int(used) + (int(cached) if cached.isdecimal() else 0)
    return Memory(int(limit), max(0, left))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""

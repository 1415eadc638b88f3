"""Hardens a process so that audio, text and voices stay in its memory.

Other processes cannot read its memory, and the system writes no core dumps of it. Freed memory is
overwritten. That covers copies inside libraries, and Python's strings, which code cannot overwrite.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4  # linux/prctl.h
_M_PERTURB = -6  # glibc's malloc.h

_FREED_BYTE = 255

_OVERWRITING = {
    # Python's own allocator leaves the bytes of small freed objects. With glibc's allocator,
    # every block passes through `free`.
    "PYTHONMALLOC": "malloc",
    # glibc fills a freed block with this byte, and a new block with its complement: zeros. It does
    # not fill blocks in a thread's cache (tcache), so the cache is off.
    "GLIBC_TUNABLES": f"glibc.malloc.perturb={_FREED_BYTE}:glibc.malloc.tcache_count=0",
}

_OOM_SCORE_ADJ = b"300"
"""Added to the process's share of memory in thousandths, see proc(5). Browsers use the same value
for their tabs."""


def harden() -> None:
    """Disable core dumps. On Linux, also deny other processes access to this process's memory.

    On Linux, raise the limit of open files to the allowed maximum. A refused `prctl` is ignored.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        # The kernel ignores the limit when it pipes dumps to a program. This setting also keeps
        # other processes of the same user from reading the memory. Root still can.
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def end_with_parent() -> None:
    """Ask the kernel to kill this process (SIGKILL) when its parent dies. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def prefer_oom_kill() -> None:
    """Ask the kernel to kill this process before its parent when memory runs out. Linux only.

    Call it before `harden`: afterwards only root may change the value. The value is unchanged if
    the system refuses, for example because this process would be killed even sooner.
    """
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_bytes(_OOM_SCORE_ADJ)


def overwriting(environment: Mapping[str, str]) -> dict[str, str]:
    """Return a copy of `environment` for a process that overwrites freed memory. Needs glibc.

    A process reads both variables once, at its start.
    """
    changed = {**environment, **_OVERWRITING}
    tunables = environment.get("GLIBC_TUNABLES")
    ours = _OVERWRITING["GLIBC_TUNABLES"]
    if tunables:  # the last one counts
        changed["GLIBC_TUNABLES"] = tunables if tunables.endswith(ours) else f"{tunables}:{ours}"
    return changed


@contextmanager
def without_overwriting() -> Iterator[None]:
    """Overwrite no freed memory meanwhile, in a process that does. For code without personal data.

    glibc also fills each new block, so all of it takes physical memory. A library that reserves
    more than it uses then takes all of that: on Intel, Whisper base takes 880 MB more.
    """
    change = getattr(ctypes.CDLL(None), "mallopt", None)
    if change is None or _OVERWRITING["GLIBC_TUNABLES"] not in os.environ.get("GLIBC_TUNABLES", ""):
        yield
        return
    change(_M_PERTURB, 0)
    try:
        yield
    finally:
        change(_M_PERTURB, _FREED_BYTE)


def restart_overwriting() -> None:
    """Restart this process's program if it does not overwrite freed memory yet. Linux only.

    The process keeps its id, its open files and its parent. If it restarts, this does not return.
    """
    environment = overwriting(os.environ)
    if sys.platform == "linux" and environment != dict(os.environ):
        again = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, again, environment)  # noqa: S606  # no shell is wanted

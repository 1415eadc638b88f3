"""What a process gives up so that what it hears stays in it, and what it asks of the system.

Nobody may look into it or have it dumped, and memory that is freed is overwritten: of what the
libraries copied, and of Python's own strings, which nothing can overwrite by hand.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4  # linux/prctl.h

_OVERWRITING = {
    # Python's own allocator keeps small objects where they were; of glibc's, every block is freed.
    "PYTHONMALLOC": "malloc",
    # glibc fills a freed block with the byte, and a new one with its complement: with zeros. What
    # is in a thread's own cache (tcache) it would not fill, so there is none.
    "GLIBC_TUNABLES": "glibc.malloc.perturb=255:glibc.malloc.tcache_count=0",
}


_OOM_SCORE_ADJ = b"300"
"""Added to the thousandths of memory that it takes, see proc(5); as browsers do for their tabs."""


def harden() -> None:
    """Leave no core dumps, let nobody look into this process, and open as many files as allowed.

    A system that refuses one of these is left as it is.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        # Where dumps are piped to a program, the kernel does not look at the limit. Other
        # processes of the same user cannot read the memory either; root can.
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def end_with_parent() -> None:
    """Have this process killed when the one that started it dies, whatever it does then (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def die_first() -> None:
    """Have the system, where memory is short, kill this process before the one that started it.

    Call it before `harden`, after which only root may change it. Where the system refuses, as where
    this process would be killed even sooner, it is left as it is (Linux).
    """
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_bytes(_OOM_SCORE_ADJ)


def overwriting(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` for a process that overwrites what it frees, if it is on glibc.

    Both variables are read once, when a process begins.
    """
    changed = {**environment, **_OVERWRITING}
    tunables = environment.get("GLIBC_TUNABLES")
    ours = _OVERWRITING["GLIBC_TUNABLES"]
    if tunables:  # the last one counts
        changed["GLIBC_TUNABLES"] = tunables if tunables.endswith(ours) else f"{tunables}:{ours}"
    return changed


def begin_again_overwriting() -> None:
    """Have this process run its program again, from its start, unless it overwrites what it frees.

    Its number, its files and its parent stay the same.
    """
    environment = overwriting(os.environ)
    if sys.platform == "linux" and environment != dict(os.environ):
        again = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, again, environment)  # noqa: S606  # no shell is wanted

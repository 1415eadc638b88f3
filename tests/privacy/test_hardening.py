"""Hardening: no core dumps, no access to memory, no data in freed memory."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from pools import running

from hwaja.privacy.hardening import overwriting
from hwaja.workers.transport import wire

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


def said_by(program: str, environment: dict[str, str] | None = None) -> Sequence[str]:
    """Run a program in its own process, since it must not affect pytest. Return its output."""
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return run.stdout.split()


def test_a_hardened_process_dumps_no_core_and_may_open_as_many_files_as_allowed() -> None:
    program = """
import ctypes, resource
from hwaja.privacy.hardening import harden
harden()
dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
print(*resource.getrlimit(resource.RLIMIT_CORE), dumpable, soft == hard)
"""
    assert said_by(program) == ["0", "0", "0", "True"]


def test_a_freed_text_is_overwritten() -> None:
    """With the default allocators, the same text is still in freed memory."""
    program = """
import ctypes
text = "".join(map(chr, range(0xac00, 0xac40)))  # 64 syllables: 128 bytes, behind a header
wanted, address = text.encode("utf-16-le"), id(text)
del text
print(wanted[32:] in ctypes.string_at(address, 208))
"""
    assert said_by(program, {}) == ["True"]
    assert said_by(program, overwriting({})) == ["False"]


def test_memory_that_a_library_reserves_while_it_loads_is_not_taken_until_it_is_used() -> None:
    """Memory that is freed later is overwritten all the same."""
    program = """
import ctypes, psutil
from hwaja.privacy.hardening import without_overwriting
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
def taken_mib():
    before = psutil.Process().memory_info().rss
    libc.malloc(64 << 20)
    return (psutil.Process().memory_info().rss - before) >> 20
with without_overwriting():
    print(taken_mib() < 8)
    text = ctypes.c_void_p(libc.malloc(4096))
    ctypes.memset(text, 7, 4096)
print(taken_mib() > 56)
libc.free(text)
print(ctypes.string_at(text, 4096).count(7))
"""
    assert said_by(program, overwriting({})) == ["True", "True", "0"]


def test_malloc_tunables_of_the_user_are_kept_and_nothing_is_added_twice() -> None:
    once = overwriting({"GLIBC_TUNABLES": "glibc.malloc.arena_max=2", "LANG": "C"})
    assert once["GLIBC_TUNABLES"].startswith("glibc.malloc.arena_max=2:glibc.malloc.perturb=")
    assert once["LANG"] == "C"
    assert overwriting(once) == once
    assert overwriting(overwriting({})) == overwriting({})


@pytest.mark.models
async def test_if_memory_is_short_the_kernel_kills_workers_before_the_front(
    tones: wire.Setup,
) -> None:
    """The loss of a worker costs a delay, that of the front every session. By default the kernel
    kills the largest process."""
    async with running(tones) as pool:
        (worker,) = (process.pid for process in pool.processes.values())
        assert oom_score_adj(worker) >= oom_score_adj("self") + 300


def oom_score_adj(process: int | str) -> int:
    return int(Path(f"/proc/{process}/oom_score_adj").read_text())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
def test_an_unprivileged_process_can_set_its_own_oom_score() -> None:
    """After `harden`, the file `oom_score_adj` belongs to root."""
    program = """
import ctypes, os, pathlib
from hwaja.privacy.hardening import prefer_oom_kill, harden
os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE, as after the exec that follows
prefer_oom_kill()
harden()
print(int(pathlib.Path("/proc/self/oom_score_adj").read_bytes()))
"""
    assert said_by(program) == ["300"]

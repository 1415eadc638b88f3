"""What a process gives up: core dumps, being looked into, what is left in freed memory."""

import subprocess
import sys
from collections.abc import Sequence

import pytest

from hwaja.hardening import overwriting

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


def said_by(program: str, environment: dict[str, str] | None = None) -> Sequence[str]:
    """What a process of its own prints: nothing of this must happen to pytest."""
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return run.stdout.split()


def test_a_hardened_process_leaves_no_core_and_opens_as_many_files_as_it_may() -> None:
    program = """
import ctypes, resource
from hwaja.hardening import harden
harden()
dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
print(*resource.getrlimit(resource.RLIMIT_CORE), dumpable, soft == hard)
"""
    assert said_by(program) == ["0", "0", "0", "True"]


def test_a_text_that_is_freed_is_overwritten() -> None:
    """With the allocators as they are, the same text is found where it was."""
    program = """
import ctypes
text = "".join(map(chr, range(0xac00, 0xac40)))  # 64 syllables: 128 bytes, behind a header
wanted, address = text.encode("utf-16-le"), id(text)
del text
print(wanted[32:] in ctypes.string_at(address, 208))
"""
    assert said_by(program, {}) == ["True"]
    assert said_by(program, overwriting({})) == ["False"]


def test_tunables_of_the_user_are_kept_and_nothing_is_added_twice() -> None:
    once = overwriting({"GLIBC_TUNABLES": "glibc.malloc.arena_max=2", "LANG": "C"})
    assert once["GLIBC_TUNABLES"].startswith("glibc.malloc.arena_max=2:glibc.malloc.perturb=")
    assert once["LANG"] == "C"
    assert overwriting(once) == once
    assert overwriting(overwriting({})) == overwriting({})

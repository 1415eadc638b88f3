"""What a server process and its workers still hold of a session."""

import os
import time
from pathlib import Path

import pytest
from loopback import PATIENCE_SECONDS
from processes import Running
from traces import Search, Trace

SEARCHABLE = [
    pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs /proc"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into a hardened process"),
    pytest.mark.timeout(1200),  # a search of all memory takes long on a busy machine
]
"""The marks of a test that searches the memory of a server."""


def processes(running: Running) -> dict[str, int]:
    """The front and its workers."""
    front = running.process.pid
    children = Path(f"/proc/{front}/task/{front}/children").read_text().split()
    workers = {f"worker {number}": int(pid) for number, pid in enumerate(children)}
    return {"front": front} | workers


def left_in_memory(search: Search, running: Running) -> set[Trace]:
    """Search each process until it is clean, or until the patience ends. Return what remains."""
    found: set[Trace] = set()
    for name, pid in processes(running).items():
        found |= left_in_process(search, pid, name)
    return found


def left_in_process(search: Search, pid: int, name: str) -> set[Trace]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        began = time.monotonic()  # a search takes long
        found = {trace for trace in search.in_memory(pid, name) if not is_known(trace)}
        if not found or began > deadline:
            return found


def open_files(running: Running) -> set[Path]:
    folders = [Path(f"/proc/{pid}/fd") for pid in processes(running).values()]
    links = [link for folder in folders for link in folder.iterdir()]
    return {link for link in links if link.is_file() and link.stat().st_size}


def is_known(trace: Trace) -> bool:
    """Return whether it is the last embedding of a worker, which cannot be overwritten.

    See docs/privacy.md.
    """
    return trace.mark.endswith("voiceprint") and trace.place.startswith("worker")

"""The behaviour of the container, without one: health check, read-only file system."""

import asyncio
import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import clips
import processes
import pytest
from deployment import DEPLOY
from loopback import Peer
from processes import Running, hwaja_serve
from websockets.asyncio.client import connect

from hwaja.models import cache_root

pytestmark = pytest.mark.models

PLAIN = ("--no-dev-cert", "--plain-ws", "loopback")


def health(port: int, **environment: str) -> int:
    """The exit code of the health check, configured as the server is."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HWAJA_")}
    command = [sys.executable, str(DEPLOY / "healthcheck.py")]
    environment |= {"HWAJA_PORT": str(port)}
    return subprocess.run(command, env=kept | environment, check=False, timeout=60).returncode


def port_of(running: Running) -> int:
    return int(running.url.rpartition(":")[2])


def test_the_health_check_succeeds_with_tls_and_fails_without_a_server(tmp_path: Path) -> None:
    with hwaja_serve(tmp_path, "--port", "0") as running:
        port = port_of(running)
        for host in ("127.0.0.1", "0.0.0.0", "localhost"):  # noqa: S104
            assert health(port, HWAJA_HOST=host) == 0
        assert health(port, HWAJA_PLAIN_WS="loopback") == 1
    assert health(port) == 1


def test_the_health_check_reads_the_servers_configuration_and_works_without_tls(
    tmp_path: Path,
) -> None:
    file = tmp_path / "hwaja.toml"
    file.write_text('plain_ws = "loopback"')
    with hwaja_serve(tmp_path, *PLAIN, "--port", "0") as running:
        assert health(port_of(running), HWAJA_CONFIG=str(file)) == 0
        assert health(port_of(running)) == 1


READ_ONLY = """#!/bin/sh
exec unshare --map-root-user --mount sh -euc '
    mount --bind {data} {data}
    mount -o remount,bind,ro /
    mount -t tmpfs -o ro none /dev/shm
    if touch {outside} 2>/dev/null; then exit 99; fi
    exec "$@"
' sh {python} "$@"
"""
"""A Python in whose sight everything but one folder is read-only, shared memory as well."""


WITHOUT_NEW_CODE = """#!{python}
import ctypes, os, sys
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1  # linux/prctl.h, since Linux 6.3
if ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0):
    sys.exit("this kernel cannot refuse it")
os.execv({python!r}, [{python!r}, *sys.argv[1:]])
"""
"""A Python that gets no memory that is both written and executed: MemoryDenyWriteExecute."""


def confined(script: Path, text: str) -> str:
    """Write a script that runs Python confined, and try whether this machine permits that."""
    script.write_text(text)
    script.chmod(0o755)
    command = [str(script), "-c", "print('runs')"]
    tried = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if tried.returncode not in (0, 99):
        pytest.skip(f"not permitted here: {tried.stderr.strip()}")
    assert tried.stdout == "runs\n"
    return str(script)


def session_with(python: str, folder: Path, patch: pytest.MonkeyPatch, **environment: str) -> str:
    """Serve with that Python, from enrolment to a clean end; returns the last text."""

    async def talk(running: Running) -> str:
        trust = ssl.create_default_context(cafile=str(running.certificate))
        async with connect(running.url, ssl=trust, compression=None, proxy=None) as websocket:
            peer = Peer(websocket)
            await peer.receive()
            await peer.begin()
            return str((await peer.transcribe(clips.conversation()))[-1]["text"])

    patch.setattr(processes.sys, "executable", python)
    with hwaja_serve(folder, "--port", "0", **environment) as running:
        patch.undo()
        text = asyncio.run(talk(running))
        assert health(port_of(running)) == 0
        running.process.terminate()
        running.end()
    assert running.process.returncode == 0
    return text.lower()


def test_a_server_writes_only_into_its_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no writable home or cache. Nothing remains in the folder except a
    certificate."""
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed here")
    data, outside = tmp_path / "data", tmp_path / "outside"
    data.mkdir()
    outside.mkdir()
    text = READ_ONLY.format(data=data, outside=outside / "probe", python=sys.executable)
    python = confined(outside / "python", text)
    environment = {"HOME": "/nonexistent", "TMPDIR": str(data), "HWAJA_CACHE": str(cache_root())}
    assert "winter of despair" in session_with(python, data, monkeypatch, **environment)
    assert {file.name for file in data.rglob("*")} == {"dev-cert.pem", "dev-key.pem"}
    assert [file.name for file in outside.iterdir()] == ["python"]


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_a_server_needs_no_memory_that_is_writable_and_executable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither Python nor what it loads compiles while it runs; the unit forbids it."""
    python = confined(tmp_path / "python", WITHOUT_NEW_CODE.format(python=sys.executable))
    both = "import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)"
    tried = subprocess.run([python, "-c", both], capture_output=True, check=False, timeout=60)
    assert b"PermissionError" in tried.stderr
    assert "winter of despair" in session_with(python, tmp_path, monkeypatch)

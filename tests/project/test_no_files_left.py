"""A server that has reached its limit of open files."""

import asyncio
import resource
import signal
import socket
import ssl
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import clips
import pytest
from loopback import PATIENCE_SECONDS, Peer
from processes import Running, hwaja_serve
from websockets.asyncio.client import connect

pytestmark = pytest.mark.models

FILES = 64


async def read_line(running: Running) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await asyncio.to_thread(running.next_line)


async def talk(running: Running) -> None:
    trust = ssl.create_default_context(cafile=str(running.certificate))
    options: dict[str, Any] = {"ssl": trust, "proxy": None, "compression": None}
    port = int(running.url.rpartition(":")[2])
    async with connect(running.url, **options) as websocket:
        peer = Peer(websocket)
        await peer.receive()
        with ExitStack() as idle:
            for _ in range(2 * FILES):
                idle.enter_context(socket.create_connection(("127.0.0.1", port)))
            while (line := await read_line(running))["event"] != "cannot accept connections":
                pass
            assert line["reason"] == "Too many open files"
            async with asyncio.timeout(PATIENCE_SECONDS):
                await peer.begin()
                assert await peer.transcribe(clips.conversation())
        async with connect(running.url, open_timeout=PATIENCE_SECONDS, **options) as websocket:
            assert (await Peer(websocket).receive())["type"] == "model_loaded"


def test_out_of_files_the_server_logs_briefly_keeps_its_sessions_and_accepts_later(
    tmp_path: Path,
) -> None:
    begun = time.monotonic()
    with hwaja_serve(tmp_path, "--port", "0") as running:
        resource.prlimit(running.process.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
        asyncio.run(talk(running))
        running.process.send_signal(signal.SIGTERM)
        log = running.end()
    assert running.process.returncode == 0
    said = [line for line in log if line["event"] == "cannot accept connections"]
    # It is tried once a second. Two whole lines are behind the one that was waited for, and a count
    # each ten seconds.
    seconds = time.monotonic() - begun
    assert sum(line.get("repeated", 1) for line in said) <= seconds
    assert len(said) <= 2 + 1 + seconds / 10
    assert {line["event"] for line in log} <= {
        "cannot accept connections",
        "session opened",
        "session closed",
        "connection closed",
        "stopping",
        "stopped",
    }

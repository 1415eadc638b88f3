"""A server of its own for a measurement, and one client's way through the protocol."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from corpus import Dialogue
from hwaja.audio import CHUNK_SAMPLES, paced
from hwaja.client import Client, Message, client_tls, open_client


@dataclass(frozen=True)
class Arrival:
    """A message, and when it came, in seconds since the stream began."""

    message: Message
    at_seconds: float


@dataclass(frozen=True)
class Service:
    """A running server."""

    url: str
    cafile: Path
    process: subprocess.Popen[str]

    @property
    def worker_pids(self) -> list[int]:
        """The inference processes (Linux)."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def open(self) -> AsyncIterator[Client]:
        """Connect; a context manager."""
        return open_client(self.url, client_tls(self.cafile))


@contextmanager
def running_server(*options: str) -> Iterator[Service]:
    """Start `hwaja serve` on a free port; stop it at the end."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hwaja", "serve", "--dev-cert", "--data-dir", folder]
        command += ["--port", "0", "--log-format", "json", *options]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        try:
            yield Service(_url(process), Path(folder, "dev-cert.pem"), process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _url(process: subprocess.Popen[str]) -> str:
    if process.stderr is None:
        raise RuntimeError("no log to read")
    for line in process.stderr:
        if line.startswith("{") and (url := json.loads(line).get("url")):
            return str(url)
    raise RuntimeError("the server did not start")


async def enrol(client: Client, dialogue: Dialogue) -> None:
    """Enrol both voices, as fast as the server takes them."""
    for speaker_id, voice in enumerate(dialogue.voices):
        await client.enrol(speaker_id, paced(voice, speed=0))


async def transcribe(
    client: Client,
    pcm: bytes,
    speed: float = 1.0,
    chunk_samples: int = CHUNK_SAMPLES,
    *,
    interims: bool = False,
) -> list[Arrival]:
    """Stream `pcm` and return everything that the server says of it."""
    wanted = {"details": True, "interim_results": interims}
    await client.send({"type": "start_transcription", **wanted})
    await client.expect("transcription_started")
    began = time.monotonic()

    async def stream() -> None:
        await client.send_audio(paced(pcm, speed, chunk_samples))
        await client.send({"type": "stop_transcription"})

    sending = asyncio.create_task(stream())
    arrivals = [
        Arrival(message, time.monotonic() - began) async for message in client.transcriptions()
    ]
    await sending
    return arrivals


async def answers(
    service: Service,
    dialogue: Dialogue,
    speed: float,
    chunk_samples: int = CHUNK_SAMPLES,
    *,
    interims: bool = False,
) -> list[Arrival]:
    """Run one whole session."""
    async with service.open() as client:
        await enrol(client, dialogue)
        return await transcribe(client, dialogue.pcm, speed, chunk_samples, interims=interims)


def said(arrivals: list[Arrival]) -> list[tuple[int, str]]:
    """Return who said what; an error counts as nobody's."""
    return [(a.message.get("speaker_id", -1), a.message.get("text", "")) for a in arrivals]

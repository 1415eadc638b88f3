"""Abuse at random for as long as asked: `python soak/abuse.py --seconds 600`.

Runs `hwaja serve` with the tone model, and every abuse of tests/abuses.py against it, several at a
time, while a good client goes through whole sessions beside them. Says what memory, files and
answers were before and after, and fails where the good client was not answered, a place did not
come back, or memory grew.
"""

import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import clips
from abuses import FLOODS, FRAMES, HARMLESS, REQUESTS, STAGES
from hwaja.benchmark.serving import Service
from hwaja.client import client_tls
from raw_client import UPGRADE, client_hello, dialled
from tone_speech import hummed

ABUSERS = 6
"""At a time; with the good client they are fewer than the places of a server."""

PATIENCE_SECONDS = 30
GROWTH_BYTES = 16 << 20
"""More than this between the first quarter and the end is growth and no noise of the allocator."""

SENTENCE = hummed([0, 1, 2, 3, 4, 5])


@dataclass
class Tally:
    """What happened."""

    abuses: Counter[str] = field(default_factory=Counter)
    good_seconds: list[float] = field(default_factory=list)
    """How long each session of the good client took."""


@dataclass(frozen=True)
class Usage:
    """What the server holds (Linux)."""

    front_bytes: int
    workers_bytes: int
    front_files: int

    def __str__(self) -> str:
        front, workers = self.front_bytes / 2**20, self.workers_bytes / 2**20
        return f"front {front:.1f} MiB, workers {workers:.1f} MiB, {self.front_files} files"


def usage(service: Service) -> Usage:
    front = service.process.pid
    workers = sum(map(resident_bytes, service.worker_pids))
    return Usage(resident_bytes(front), workers, len(list(Path(f"/proc/{front}/fd").iterdir())))


def resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    (resident,) = (line for line in lines if line.startswith("VmRSS:"))
    return int(resident.split()[1]) * 1024


class Abuser:
    """Does one abuse after the other."""

    def __init__(self, service: Service, chance: random.Random, tally: Tally) -> None:
        self._port = int(service.url.rpartition(":")[2])
        self._tls = client_tls(service.cafile)
        self._chance = chance
        self._tally = tally
        self._kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "frames": self._frames,
            "oddities": self._oddities,
            "requests": self._requests,
            "resets": self._resets,
            "floods": self._floods,
            "silence": self._silence,
        }

    async def run(self, until: float) -> None:
        while time.monotonic() < until:
            kind = self._chance.choice(list(self._kinds))
            with suppress(ConnectionError, EOFError, TimeoutError):
                await self._kinds[kind]()
            self._tally.abuses[kind] += 1

    async def _frames(self) -> None:
        content, _ = self._chance.choice(list(FRAMES.values()))
        async with dialled(self._port, self._tls) as client:
            await client.send(UPGRADE + content)
            await client.read_to_end()

    async def _oddities(self) -> None:
        async with dialled(self._port, self._tls) as client:
            await client.send(UPGRADE + self._chance.choice(list(HARMLESS.values())))
            client.reset()

    async def _requests(self) -> None:
        content, _ = self._chance.choice(list(REQUESTS.values()))
        async with dialled(self._port, self._tls) as client:
            await client.send(content)
            await client.read_to_end()

    async def _resets(self) -> None:
        over_tls, content = self._chance.choice(list(STAGES.values()))
        async with dialled(self._port, self._tls if over_tls else None) as client:
            await client.send(content[: self._chance.randrange(len(content) + 1)])
            client.reset()

    async def _floods(self) -> None:
        """Flood, and read nothing, until the server cuts the connection or 32 MiB are sent."""
        flood = self._chance.choice(list(FLOODS.values()))
        async with dialled(self._port, self._tls) as client:
            await client.send(UPGRADE)
            client.stop_reading()
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    for _ in range((32 << 20) // len(flood)):
                        await client.send(flood)
                        if client.is_cut:
                            break

    async def _silence(self) -> None:
        """Begin a handshake and say nothing more for a second."""
        hello = client_hello(self._tls)
        async with dialled(self._port, None) as client:
            await client.send(hello[: self._chance.randrange(len(hello) + 1)])
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await client.read_to_end()


async def be_good(service: Service, tally: Tally, until: float) -> None:
    """Go through whole sessions, and insist on the right text.

    Raises:
        Exception: of any kind, where the server does not answer as promised.

    """
    while True:
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await one_good_session(service)
        tally.good_seconds.append(time.monotonic() - began)
        if time.monotonic() >= until:
            return


async def one_good_session(service: Service) -> None:
    # Tones over speech are like neither of two people, and would be divided between them.
    voices = hummed(range(8)).pcm, clips.voices()[0]
    pcm = SENTENCE.pcm + clips.silence(1)
    async with service.open() as client:
        for speaker_id, voice in enumerate(voices):
            await client.enrol(speaker_id, as_chunks(voice))
        await client.send({"type": "start_transcription"})
        await client.expect("transcription_started")
        await client.send_audio(as_chunks(pcm))
        await client.send({"type": "stop_transcription"})
        texts = [message["text"] async for message in client.transcriptions()]
    assert texts == [SENTENCE.text], texts

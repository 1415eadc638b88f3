"""One client's way through the protocol."""

import asyncio
import time
from dataclasses import dataclass

from corpus import Dialogue
from hwaja.benchmark.serving import Service
from hwaja.client import Message
from hwaja.client.sound_files import paced
from hwaja.client.websocket import Connection
from hwaja.protocol.audio import CHUNK_SAMPLES


@dataclass(frozen=True)
class Arrival:
    """A message, and when it came, in seconds since the stream began."""

    message: Message
    at_seconds: float


async def enrol(client: Connection, dialogue: Dialogue) -> None:
    """Enrol both voices, as fast as the server takes them."""
    for speaker_id, voice in enumerate(dialogue.voices):
        await client.enrol(speaker_id, paced(voice, speed=0))


async def transcribe(
    client: Connection,
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

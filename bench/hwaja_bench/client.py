"""The client of every measurement: enrols two voices, streams, and records messages with times.

A measurement that needs a misbehaving client stops in the middle of these steps.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass

from hwaja.client import Message
from hwaja.client.sound_files import paced
from hwaja.client.websocket import Connection
from hwaja.protocol.audio import CHUNK_SAMPLES
from hwaja_bench.server import Service


@dataclass(frozen=True)
class Arrival:
    """A message and its arrival time, in seconds since the beginning of the stream."""

    message: Message
    at_seconds: float

    @property
    def kind(self) -> str:
        """The message's type."""
        return str(self.message["type"])


@dataclass(frozen=True)
class Way:
    """How a client streams, and the features that it requests."""

    speed: float = 1.0
    """Multiple of real time; 0: as fast as the server reads."""
    chunk_samples: int = CHUNK_SAMPLES
    details: bool = True
    interims: bool = False


async def enrol(client: Connection, voices: Iterable[bytes], speed: float = 0.0) -> None:
    """Enrol voices, PCM16 each; by default as fast as the server reads.

    Raises:
        RefusedError: where the server refuses a voice.

    """
    for speaker_id, voice in enumerate(voices):
        await client.enrol(speaker_id, paced(voice, speed))


async def begin(client: Connection, way: Way) -> None:
    """Begin a transcription."""
    options = {"details": way.details, "interim_results": way.interims}
    asked = {name: True for name, is_asked in options.items() if is_asked}
    await client.send({"type": "start_transcription", **asked})
    await client.expect("transcription_started")


async def arrivals(client: Connection, pcm: bytes, way: Way) -> AsyncGenerator[Arrival]:
    """Stream `pcm` and yield the server's messages; `transcription_stopped` comes last.

    Raises:
        ClientError: where the server ends the session.

    """
    await begin(client, way)
    began = time.monotonic()

    async def stream() -> None:
        await client.send_audio(paced(pcm, way.speed, way.chunk_samples))
        await client.send({"type": "stop_transcription"})

    sending = asyncio.create_task(stream())
    try:
        kind = ""
        while kind != "transcription_stopped":
            arrival = Arrival(await client.receive(), time.monotonic() - began)
            kind = arrival.kind
            yield arrival
        await sending
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def transcribe(client: Connection, pcm: bytes, way: Way) -> list[Arrival]:
    """Stream `pcm` and return the server's messages; see `arrivals`."""
    async with aclosing(arrivals(client, pcm, way)) as found:
        return [arrival async for arrival in found]


async def whole_session(
    service: Service, voices: Iterable[bytes], pcm: bytes, way: Way
) -> list[Arrival]:
    """Connect, enrol, transcribe; return the server's messages on `pcm`."""
    async with service.open() as client:
        await enrol(client, voices)
        return await transcribe(client, pcm, way)


def finals(found: Iterable[Arrival]) -> list[Arrival]:
    """Return the messages with final texts."""
    return [arrival for arrival in found if arrival.kind == "transcription"]


def texts(found: Iterable[Arrival]) -> list[str]:
    """Return the final texts as strings."""
    return [str(arrival.message["text"]) for arrival in finals(found)]

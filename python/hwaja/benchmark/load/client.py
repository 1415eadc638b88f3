"""One client of the load test: talks in real time, and keeps what it is told and when."""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from hwaja.benchmark.load.talk import Talk
from hwaja.benchmark.serving import Service
from hwaja.client import RefusedError
from hwaja.client.sound_files import paced


@dataclass(frozen=True, slots=True)
class Final:
    """A text that came."""

    start_seconds: float
    end_seconds: float
    at_seconds: float
    """When it came, from the first sample of the stream."""
    delay_seconds: float
    """How long after the end of its speech that was."""


@dataclass
class Told:
    """What one client was told."""

    began_seconds: float
    """From the beginning of the test."""
    finals: list[Final] = field(default_factory=list)
    errors: int = 0
    interims: int = 0
    turned_away: bool = False
    """Whether the server had no place for it."""


async def play(service: Service, talk: Talk, told: Told, *, interims: bool) -> None:
    """Enrol both voices, talk, and take what comes until all is answered.

    Raises:
        ClientError: where the server ends the session, or refuses a voice.

    """
    async with AsyncExitStack() as stack:
        try:
            client = await stack.enter_async_context(service.open())
        except RefusedError:
            told.turned_away = True
            return
        for speaker_id, voice in enumerate(talk.voices):
            await client.enrol(speaker_id, paced(voice, speed=0))
        await client.send(
            {"type": "start_transcription", "details": True, "interim_results": interims}
        )
        await client.expect("transcription_started")
        began = time.monotonic()

        async def stream() -> None:
            await client.send_audio(paced(talk.pcm, speed=1))
            await client.send({"type": "stop_transcription"})

        sending = asyncio.create_task(stream())
        try:
            async for message in client.transcriptions():
                match message["type"]:
                    case "transcription":
                        at = time.monotonic() - began
                        start, end = message["start_seconds"], message["end_seconds"]
                        told.finals.append(Final(start, end, at, at - talk.spoken_until(end)))
                    case "interim":
                        told.interims += 1
                    case "error":
                        told.errors += 1
            await sending
        finally:
            sending.cancel()

"""A client that talks in tones, of which it is known what must be answered."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack

import clips
from tone_speech import Hummed, hummed

from hwaja.benchmark.serving import Service
from hwaja.client import ClientError
from hwaja.client.sound_files import paced
from hwaja.client.websocket import Connection
from soak.watching import BrokenPromiseError

PATIENCE_SECONDS = 30

PAUSE = clips.silence(1)

SENTENCES = 8
"""In a conversation: about 20 s."""

# Tones over speech are like neither of two people, and would be divided between them.
VOICES = hummed(range(8)).pcm, clips.voices()[0]


async def placed(service: Service, stack: AsyncExitStack) -> Connection:
    """Open a session once there is a place.

    Raises:
        ClientError: where there is none for long.

    """
    began = time.monotonic()
    while True:
        try:
            return await stack.enter_async_context(service.open())
        except ClientError:
            if time.monotonic() > began + PATIENCE_SECONDS:
                raise
            await asyncio.sleep(0.1)


async def enrolled(client: Connection) -> None:
    """Enrol both voices, as fast as the server takes them."""
    for speaker_id, voice in enumerate(VOICES):
        await client.enrol(speaker_id, paced(voice, speed=0))


def random_sentences(chance: random.Random) -> list[Hummed]:
    """Return sentences that are all different."""
    made: dict[str, Hummed] = {}
    while len(made) < SENTENCES:
        said = hummed([chance.randrange(8) for _ in range(chance.randrange(4, 9))])
        made.setdefault(said.text, said)
    return list(made.values())


def spoken(sentences: Iterable[Hummed]) -> bytes:
    """Return sentences as PCM16, each with a pause behind it."""
    return b"".join(sentence.pcm + PAUSE for sentence in sentences)


async def transcribed(client: Connection, chunks: AsyncIterator[bytes]) -> list[str]:
    """Send audio as it comes; return the texts. An error in place of one counts as one."""
    await client.send({"type": "start_transcription"})
    await client.expect("transcription_started")

    async def send() -> None:
        await client.send_audio(chunks)
        await client.send({"type": "stop_transcription"})

    async with asyncio.TaskGroup() as group:
        group.create_task(send())
        return [message.get("text", message["type"]) async for message in client.transcriptions()]


def rejoined(said: Sequence[str], answered: Sequence[str]) -> list[str]:
    """Join texts that make up one sentence: in some of them the detector hears a pause."""
    whole: list[str] = []
    for text in answered:
        if whole and whole[-1] not in said and any(s.startswith(whole[-1] + text) for s in said):
            whole[-1] += text
        else:
            whole.append(text)
    return whole


async def answered_right(client: Connection, sentence: Hummed) -> None:
    """Enrol, speak, and insist on the text.

    Raises:
        BrokenPromiseError: where it is another.
        TimeoutError: where it does not come.

    """
    async with asyncio.timeout(PATIENCE_SECONDS):
        await enrolled(client)
        texts = await transcribed(client, paced(spoken([sentence]), speed=0))
    if texts != [sentence.text]:
        raise BrokenPromiseError(f"A client got {len(texts)} texts, not the one that it spoke.")

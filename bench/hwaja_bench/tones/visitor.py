"""Clients that send tones and check the texts."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

from tone_speech import Hummed

from hwaja.client import ClientError
from hwaja.client.websocket import Connection
from hwaja_bench.client import Way, enrol, transcribe
from hwaja_bench.promises import BrokenPromiseError
from hwaja_bench.server import Service
from hwaja_bench.tones.sentences import spoken, voices

PATIENCE_SECONDS = 30


async def placed(service: Service, stack: AsyncExitStack) -> Connection:
    """Open a session; wait for a free seat.

    Raises:
        ClientError: where no seat becomes free in time.

    """
    began = time.monotonic()
    while True:
        try:
            return await stack.enter_async_context(service.open())
        except ClientError:
            if time.monotonic() > began + PATIENCE_SECONDS:
                raise
            await asyncio.sleep(0.1)


async def transcribed(client: Connection, sentences: Sequence[Hummed], speed: float) -> list[str]:
    """Enrol and speak; return the texts. An error in place of a text counts as a text."""
    await enrol(client, voices())
    found = await transcribe(client, spoken(sentences), Way(speed, details=False))
    return [str(each.message.get("text", each.kind)) for each in found[:-1]]


def rejoined(said: Sequence[str], answered: Sequence[str]) -> list[str]:
    """Join texts of one sentence, in which VAD sometimes detects a pause."""
    whole: list[str] = []
    for text in answered:
        if whole and whole[-1] not in said and any(s.startswith(whole[-1] + text) for s in said):
            whole[-1] += text
        else:
            whole.append(text)
    return whole


async def answered_right(client: Connection, sentence: Hummed) -> None:
    """Enrol, speak, and check the text.

    Raises:
        BrokenPromiseError: where the text is wrong.
        TimeoutError: where no text arrives.

    """
    async with asyncio.timeout(PATIENCE_SECONDS):
        texts = await transcribed(client, [sentence], speed=0)
    if texts != [sentence.text]:
        raise BrokenPromiseError(f"A client got {len(texts)} texts, not the one that it spoke.")

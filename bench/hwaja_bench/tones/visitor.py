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
    """Enrol and speak; return the texts. An error in place of a text counts as a text.

    A request to wait with more audio does not: a slow machine makes it.
    """
    await enrol(client, voices())
    found = await transcribe(client, spoken(sentences), Way(speed, details=False))
    answers = (each for each in found[:-1] if each.kind != "too_far_ahead")
    return [str(each.message.get("text", each.kind)) for each in answers]


def rejoined(said: Sequence[str], answered: Sequence[str]) -> list[str]:
    """Join texts of one sentence, in which VAD sometimes detects a pause."""
    return [text for text, _ in sentences_in(said, answered)]


def sentences_in(said: Sequence[str], answered: Sequence[str]) -> list[tuple[str, int]]:
    """Return as `rejoined` does, each with the place of its first text in `answered`."""
    found: list[tuple[str, int]] = []
    for place, text in enumerate(answered):
        whole, begins_at = found[-1] if found else ("", place)
        goes_on = any(s.startswith(whole + text) for s in said)
        if whole and whole not in said and goes_on:
            found[-1] = whole + text, begins_at
        else:
            found.append((text, place))
    return found


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

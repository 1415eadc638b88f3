"""What the tests of the adapters share: people, and the examples of docs/integrations.md."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import clips
from msgspec.structs import replace

from hwaja.adapters.service import Service
from hwaja.client import Client, ClientError, ClientEvent, Finalize, Transcription

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "integrations.md"


def people() -> dict[str, bytes]:
    """The people of the clips, as an adapter takes them."""
    return dict(zip(["Beckett", "Dickens"], clips.voices(), strict=True))


class Unsteady(Service):
    """The first session fails once the first speaker has ended; then the clock is years behind."""

    def __init__(self, *service: Any, **options: Any) -> None:
        super().__init__(*service, **options)
        self._sessions = 0

    async def transcribe(
        self, client: Client, talk: AsyncIterable[bytes | Finalize], language: str | None
    ) -> AsyncGenerator[ClientEvent]:
        self._sessions += 1
        is_first = self._sessions == 1
        heard = _first_speaker(talk) if is_first else talk
        texts = 0
        async with aclosing(super().transcribe(client, heard, language)) as told:
            async for each in told:
                is_text = isinstance(each, Transcription)
                texts += is_text
                yield replace(each, timestamp=LONG_AGO) if is_text and not is_first else each
                if is_first and texts == 3:
                    raise ClientError("The session has failed.")


LONG_AGO = "2020-01-01T00:00:00.000Z"


async def _first_speaker(
    talk: AsyncIterable[bytes | Finalize],
) -> AsyncIterator[bytes | Finalize]:
    """Of the clips' conversation; the rest stays where it is."""
    left_bytes = len(clips.silence(6.9))
    async for chunk in talk:
        yield chunk
        left_bytes -= len(chunk) if isinstance(chunk, bytes) else 0
        if left_bytes <= 0:
            await asyncio.Event().wait()


def example(framework: str) -> dict[str, Any]:
    """Import a framework's example; return its names."""
    text = GUIDE.read_text(encoding="utf-8")
    code = re.search(rf"<!-- example: {framework} -->\n```python\n(.*?)```", text, re.DOTALL)
    assert code
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code[1], str(GUIDE), "exec"), names)  # noqa: S102 - it is our own
    return names

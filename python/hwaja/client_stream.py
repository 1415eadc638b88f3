"""A conversation of any length, sent to a server that ends a transcription after some minutes.

Where one is ended, the next begins with the first sample that was not taken. So the last seconds
that were sent are kept.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import Any

from hwaja.client import MAX_UNREAD_BYTES, Client, ClientError, Message

KEPT_BYTES = 4 * MAX_UNREAD_BYTES
"""More than can have been sent and not been taken."""

_BYTES_PER_SECOND = 32_000


class ClientStream:
    """Sends a conversation, and yields what is answered."""

    def __init__(self, client: Client, wishes: Message) -> None:
        """Prepare; nothing is sent.

        Args:
            client: both voices are enrolled.
            wishes: fields of `start_transcription`; `details` is asked for in any case.

        """
        self._client = client
        self._start = {"type": "start_transcription", **wishes, "details": True}
        self._kept: deque[bytes] = deque()
        self._sent_bytes = 0
        self._base_bytes = 0  # where this transcription began
        self._is_over = False
        self._failure: Exception | None = None  # of what is sent
        self._sending = asyncio.Lock()

    async def run(self, chunks: AsyncIterable[bytes]) -> AsyncGenerator[Message]:
        """Send PCM16 as it comes and yield the server's messages, times from the very beginning.

        Raises:
            RefusedError: where the server does not begin.
            ClientError: where the connection ends before all is answered.
            Exception: whatever `chunks` raises.

        """
        await self._client.send(self._start)
        yield await self._client.expect("transcription_started")
        sender = asyncio.create_task(self._send(chunks))
        try:
            while (message := await self._client.receive())["type"] != "transcription_stopped":
                if message.get("reason") == "audio_limit" and "received_samples" in message:
                    await self._renew(2 * message["received_samples"])
                else:
                    yield self._dated(message)
        except ClientError as error:
            raise self._failure or error from None
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    async def _send(self, chunks: AsyncIterable[bytes]) -> None:
        try:
            await self._client.send_audio(self._keeping(chunks))
            async with self._sending:
                self._is_over = True
                await self._client.send({"type": "stop_transcription"})
        except Exception as error:
            self._failure = error
            await self._client.close()  # without more audio there are no more answers

    async def _keeping(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            async with self._sending:
                self._kept.append(chunk)
                self._sent_bytes += len(chunk)
                while sum(map(len, self._kept)) > KEPT_BYTES:
                    self._kept.popleft()
                yield chunk

    async def _renew(self, received_bytes: int) -> None:
        """Begin the next transcription where the last one was ended."""
        async with self._sending:
            self._base_bytes += received_bytes
            kept = b"".join(self._kept)
            rest = kept[len(kept) - (self._sent_bytes - self._base_bytes) :]
            await self._client.send(self._start)
            # What comes before the answer is about a stop that crossed the end.
            while (await self._client.receive())["type"] != "transcription_started":
                pass
            await self._client.send_audio(_once(rest))
            if self._is_over:
                await self._client.send({"type": "stop_transcription"})

    def _dated(self, message: Message) -> Message:
        """Return a message whose times count from the beginning of the conversation."""
        offset_seconds = self._base_bytes / _BYTES_PER_SECOND
        if not offset_seconds:
            return message
        dated: dict[str, Any] = dict(message)
        for key in ("start_seconds", "end_seconds"):
            if key in dated:
                dated[key] = round(dated[key] + offset_seconds, 3)
        if "tokens" in dated:
            dated["tokens"] = [self._dated(token) for token in dated["tokens"]]
        return dated


async def _once(pcm: bytes) -> AsyncIterator[bytes]:
    if pcm:
        yield pcm

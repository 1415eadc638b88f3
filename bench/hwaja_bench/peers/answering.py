"""The two ways in which a peer's process answers: utterance by utterance, or during a stream."""

import json
import sys
import time
from collections.abc import AsyncIterator, Callable

import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.server import ServerConnection, serve

TextSpan = tuple[str, float, float]
"""A text, and the start and the end of its speech in seconds of the stream."""


def answer(hear: Callable[[NDArray[np.float32]], str]) -> None:
    """Report that the model is loaded, then answer each utterance with text and seconds.

    The loop ends with the input. An utterance is its length in bytes, as four bytes little endian,
    and its samples as PCM16. An answer is a line of JSON.
    """
    print("ready", flush=True)
    while size_bytes := int.from_bytes(sys.stdin.buffer.read(4), "little"):
        pcm = np.frombuffer(sys.stdin.buffer.read(size_bytes), "<i2")
        began = time.perf_counter()
        text = hear(pcm.astype(np.float32) / np.float32(32768))
        print(json.dumps([text, time.perf_counter() - began]), flush=True)


async def answer_streams(
    hear: Callable[[AsyncIterator[bytes]], AsyncIterator[TextSpan]],
) -> None:
    """Print the port of a WebSocket server that answers each stream with texts, then run it.

    A stream is PCM16 in binary messages. A text message ends it: the server then sends the last
    texts and closes. An answer is a `TextSpan` as JSON.
    """

    async def serve_stream(socket: ServerConnection) -> None:
        async for text_span in hear(_chunks(socket)):
            await socket.send(json.dumps(text_span))

    async with serve(serve_stream, "127.0.0.1", 0, compression=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


async def _chunks(socket: ServerConnection) -> AsyncIterator[bytes]:
    async for message in socket:
        if isinstance(message, str):
            return
        yield message

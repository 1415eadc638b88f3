"""Audio as callers have it: bytes, or chunks that come one after the other."""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing

from hwaja.client.blocking import unblocked

Chunks = bytes | bytearray | memoryview | Iterable[bytes] | AsyncIterable[bytes]
"""PCM16, 16 kHz, mono, little endian: whole, or in chunks of whole samples."""

CHUNK_BYTES = 2 * 4096
"""A chunk of the specification, section 4.1."""


async def pcm_chunks(chunks: Chunks) -> AsyncGenerator[bytes]:
    """Yield the audio in chunks of at most 4096 samples.

    An iterable that blocks, such as a microphone's queue, is waited for in a thread.

    Raises:
        TypeError: for what is no PCM16.
        ValueError: for a chunk with an odd number of bytes, or a WAV file's header; those before it
            were yielded.

    """
    if isinstance(chunks, str):
        raise TypeError("audio is bytes of PCM16, not text")
    if isinstance(chunks, bytes | bytearray | memoryview):
        for piece in _pieces(chunks):
            yield piece
    elif isinstance(chunks, AsyncIterable):
        async for chunk in chunks:
            for piece in _pieces(chunk):
                yield piece
    else:
        async with aclosing(unblocked(chunks)) as following:
            async for found in following:
                for piece in _pieces(found):
                    yield piece


def _pieces(chunk: object) -> list[bytes]:
    if not isinstance(chunk, bytes | bytearray | memoryview):
        raise TypeError(f"audio is bytes of PCM16, not {type(chunk).__name__}")
    pcm = bytes(chunk)
    if len(pcm) % 2:
        raise ValueError("a chunk of PCM16 has two bytes for each sample")
    if pcm[:4] == b"RIFF" and pcm[8:12] == b"WAVE":  # the server would refuse this message alone
        raise ValueError("a WAV file's samples are PCM16, its header is not")
    return [pcm[at : at + CHUNK_BYTES] for at in range(0, len(pcm), CHUNK_BYTES)]

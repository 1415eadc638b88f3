"""Converts the caller's audio (whole, in chunks, or a sound file) into the protocol's chunks."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Union, cast

from hwaja.client.blocking import unblocked
from hwaja.client.errors import ClientError
from hwaja.protocol.client_messages import (
    Finalize,
    KeepAlive,
    PauseTranscription,
    ResumeTranscription,
    UpdateTranscription,
)

if TYPE_CHECKING:
    from array import array

    from numpy import int16
    from numpy.typing import NDArray

Pcm = Union[bytes, bytearray, memoryview, "array[int]", "NDArray[int16]"]
"""PCM16, 16 kHz, mono: little-endian bytes of whole samples, or int16 of shape (n,) or (n, 1)."""

Command = Finalize | UpdateTranscription | PauseTranscription | ResumeTranscription | KeepAlive
"""A message to the server between two chunks. Its `request_id` is replaced."""

Chunks = Pcm | str | PathLike[str] | Iterable[Pcm | Command] | AsyncIterable[Pcm | Command]
"""PCM16, whole or in chunks; or the path of a sound file with any rate and number of channels.

Between the chunks of a conversation may stand commands.
"""

CHUNK_BYTES = 2 * 4096
"""Size of a chunk: 4096 samples (specification, section 4.1)."""

_FORMATS = {"B", "h", "<h"}
"""Buffer formats of bytes and of 16-bit integers, in the notation of `struct`."""


async def pcm_chunks(audio: Chunks) -> AsyncGenerator[bytes | Command]:
    """Return a generator of the audio's PCM16, in chunks of at most 4096 samples, and of commands.

    A thread reads an iterable that may block, such as a microphone's queue.

    Raises:
        ClientError: for a sound file that cannot be read.
        TypeError: for audio that is not PCM16. For a bad chunk, the generator raises it.
        ValueError: for an odd number of bytes, several channels, or a WAV file's header. For a bad
            chunk, the generator raises it.

    """
    if isinstance(audio, str | PathLike):
        return _at_once(_pieces(await asyncio.to_thread(_read, Path(audio))))
    if isinstance(audio, AsyncIterable | Iterable) and _viewed(audio) is None:
        return _one_by_one(audio)
    return _at_once(_pieces(audio))


async def _at_once(pieces: list[bytes | Command]) -> AsyncGenerator[bytes | Command]:
    for piece in pieces:
        yield piece


async def _one_by_one(
    chunks: Iterable[object] | AsyncIterable[object],
) -> AsyncGenerator[bytes | Command]:
    if isinstance(chunks, AsyncIterable):
        async for chunk in chunks:
            for piece in _pieces(chunk):
                yield piece
    else:
        async with aclosing(unblocked(chunks)) as following:
            async for found in following:
                for piece in _pieces(found):
                    yield piece


def _read(file: Path) -> bytes:
    from hwaja.client.sound_files import AudioError, load_pcm16  # lazy: imports NumPy

    try:
        return load_pcm16(file)
    except AudioError as error:
        raise ClientError(str(error)) from error


def _pieces(chunk: object) -> list[bytes | Command]:
    if isinstance(chunk, Command):
        return [chunk]
    view = _viewed(chunk)
    if view is None or view.format not in _FORMATS or view.ndim == 0:
        kind = getattr(chunk, "dtype", type(chunk).__name__)
        raise TypeError(f"audio is PCM16, as bytes or 16-bit integers, not {kind}")
    if len(view) * view.itemsize != view.nbytes:
        raise ValueError("audio is PCM16 of one channel")
    pcm = chunk if isinstance(chunk, bytes) else view.tobytes()
    if len(pcm) % 2:
        raise ValueError("a chunk of PCM16 has two bytes for each sample")
    if pcm[:4] == b"RIFF" and pcm[8:12] == b"WAVE":  # the server refuses only this message
        raise ValueError("a WAV file's samples are PCM16, its header is not")
    return [pcm[at : at + CHUNK_BYTES] for at in range(0, len(pcm), CHUNK_BYTES)]


def _viewed(audio: object) -> memoryview | None:
    """Return a view of the audio's memory; None if it is not a buffer."""
    try:
        return memoryview(cast(bytes, audio))
    except TypeError:
        return None

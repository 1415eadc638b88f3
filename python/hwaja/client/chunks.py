"""Audio as callers have it: whole, or chunks that come one after the other."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Union, cast

from hwaja.client.blocking import unblocked
from hwaja.client.errors import ClientError

if TYPE_CHECKING:
    from array import array

    from numpy import int16
    from numpy.typing import NDArray

Pcm = Union[bytes, bytearray, memoryview, "array[int]", "NDArray[int16]"]
"""16 kHz, mono: bytes of whole samples, little endian; or int16, shape (n,) or (n, 1)."""

Chunks = Pcm | str | PathLike[str] | Iterable[Pcm] | AsyncIterable[Pcm]
"""PCM16 whole or in chunks; or the path of a sound file, of any rate and number of channels."""

CHUNK_BYTES = 2 * 4096
"""A chunk of the specification, section 4.1."""

_FORMATS = {"B", "h", "<h"}
"""Those of bytes and of 16-bit integers, in the notation of `struct`."""


async def pcm_chunks(audio: Chunks) -> AsyncGenerator[bytes]:
    """Return the audio in chunks of at most 4096 samples.

    An iterable that blocks, such as a microphone's queue, is waited for in a thread.

    Raises:
        ClientError: for a file that cannot be read.
        TypeError: for what is no PCM16, here or from the generator for a chunk.
        ValueError: likewise for an odd number of bytes, several channels, or a WAV file's header.

    """
    if isinstance(audio, str | PathLike):
        return _at_once(_pieces(await asyncio.to_thread(_read, Path(audio))))
    if isinstance(audio, AsyncIterable | Iterable) and _viewed(audio) is None:
        return _one_by_one(audio)
    return _at_once(_pieces(audio))


async def _at_once(pieces: list[bytes]) -> AsyncGenerator[bytes]:
    for piece in pieces:
        yield piece


async def _one_by_one(
    chunks: Iterable[object] | AsyncIterable[object],
) -> AsyncGenerator[bytes]:
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
    from hwaja.client.sound_files import AudioError, load_pcm16  # and NumPy: only for who needs it

    try:
        return load_pcm16(file)
    except AudioError as error:
        raise ClientError(str(error)) from error


def _pieces(chunk: object) -> list[bytes]:
    view = _viewed(chunk)
    if view is None or view.format not in _FORMATS or view.ndim == 0:
        kind = getattr(chunk, "dtype", type(chunk).__name__)
        raise TypeError(f"audio is PCM16, as bytes or 16-bit integers, not {kind}")
    if len(view) * view.itemsize != view.nbytes:
        raise ValueError("audio is PCM16 of one channel")
    pcm = chunk if isinstance(chunk, bytes) else view.tobytes()
    if len(pcm) % 2:
        raise ValueError("a chunk of PCM16 has two bytes for each sample")
    if pcm[:4] == b"RIFF" and pcm[8:12] == b"WAVE":  # the server would refuse this message alone
        raise ValueError("a WAV file's samples are PCM16, its header is not")
    return [pcm[at : at + CHUNK_BYTES] for at in range(0, len(pcm), CHUNK_BYTES)]


def _viewed(audio: object) -> memoryview | None:
    """Return what lies in memory; None where it is no buffer."""
    try:
        return memoryview(cast(bytes, audio))
    except TypeError:
        return None

"""Converts the caller's audio (whole, in chunks, or a sound file) into the protocol's chunks."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union, cast

from hwaja.client.blocking import unblocked
from hwaja.client.errors import ClientError
from hwaja.protocol.audio import (
    CHUNK_SAMPLES,
    MOST_PACKET_SAMPLES,
    PLAIN,
    AudioConfig,
    AudioEncoding,
    opus_samples,
)
from hwaja.protocol.client_messages import (
    Finalize,
    KeepAlive,
    PauseTranscription,
    ResumeTranscription,
    UpdateTranscription,
)

if TYPE_CHECKING:
    from array import array

    from numpy.typing import NDArray

Audio = Union[bytes, bytearray, memoryview, "array[int]", "array[float]", "NDArray[Any]"]
"""Whole samples of the agreed encoding, interleaved, or an Opus packet; by default PCM16 of 16 kHz,
mono. Bytes are little endian. An array has the shape (n,) or (n, channels): of int16 for PCM16, or
of float32 from -1 to 1, which is converted; of float32 for `f32`, of uint8 for G.711."""

Command = Finalize | UpdateTranscription | PauseTranscription | ResumeTranscription | KeepAlive
"""A message to the server between two chunks. Its `request_id` is replaced."""

Chunks = Audio | str | PathLike[str] | Iterable[Audio | Command] | AsyncIterable[Audio | Command]
"""Audio, whole or in chunks; or a sound file with any rate and number of channels.

A sound file is a path, or the content of a WAV file as bytes. It is sent as PCM16 of 16 kHz.

Between the chunks of a conversation may stand commands. Of Opus, each chunk is one packet.
"""

_FORMATS = {
    AudioEncoding.PCM16: ({"B", "h", "<h"}, "PCM16, as bytes, 16-bit integers or 32-bit reals"),
    AudioEncoding.F32: ({"B", "f", "<f"}, "f32, as bytes or 32-bit reals"),
    AudioEncoding.MULAW: ({"B"}, "mu-law, as bytes"),
    AudioEncoding.ALAW: ({"B"}, "A-law, as bytes"),
    AudioEncoding.OPUS: ({"B"}, "Opus packets, as bytes"),
}
"""Buffer formats of bytes and of samples, in the notation of `struct`, and the same in words."""


_REALS = ("f", "<f")

_LOUDEST = 1.5
"""Of reals from -1 to 1 with some overshoot. Louder ones are integers that were converted only."""


def sent_as(audio: Chunks, config: AudioConfig) -> AudioConfig:
    """Return how audio will be encoded, for which the caller gave `config`."""
    return config if _file_of(audio) is None else AudioConfig(channels=config.channels)


async def audio_chunks(
    audio: Chunks, config: AudioConfig = PLAIN
) -> AsyncGenerator[bytes | Command]:
    """Return a generator of the audio, in chunks of at most 4096 samples, and of commands.

    A thread reads an iterable that may block, such as a microphone's queue.

    Args:
        audio: what to send.
        config: how it is encoded, see `sent_as`.

    Raises:
        ClientError: for a sound file that cannot be read.
        TypeError: for audio of another type than the encoding has. For a bad chunk, the generator
            raises it.
        ValueError: for a sample that is cut, another number of channels, a WAV file's header, reals
            that are not finite, or an Opus packet of a wrong length. For a bad chunk, the generator
            raises it.

    """
    file = _file_of(audio)
    if file is not None:
        pcm = await asyncio.to_thread(_read, file, config.channels)
        return _at_once(_pieces(pcm, config))
    if isinstance(audio, AsyncIterable | Iterable) and _viewed(audio) is None:
        return _one_by_one(audio, config)
    return _at_once(_pieces(audio, config))


async def _at_once(pieces: list[bytes | Command]) -> AsyncGenerator[bytes | Command]:
    for piece in pieces:
        yield piece


async def _one_by_one(
    chunks: Iterable[object] | AsyncIterable[object], config: AudioConfig
) -> AsyncGenerator[bytes | Command]:
    if isinstance(chunks, AsyncIterable):
        async for chunk in chunks:
            for piece in _pieces(chunk, config):
                yield piece
    else:
        async with aclosing(unblocked(chunks)) as following:
            async for found in following:
                for piece in _pieces(found, config):
                    yield piece


def _file_of(audio: object) -> Path | BytesIO | None:
    """Return a sound file; None: the audio is none."""
    if isinstance(audio, str | PathLike):
        return Path(audio)
    is_wav = isinstance(audio, bytes | bytearray | memoryview) and _has_wav_header(
        bytes(audio[:12])
    )
    return BytesIO(audio) if is_wav else None  # type: ignore[arg-type]  # it is of bytes


def _has_wav_header(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WAVE"


def _read(file: Path | BytesIO, channels: int) -> bytes:
    from hwaja.client.sound_files import AudioError, load_pcm16  # lazy: imports soxr

    try:
        return load_pcm16(file, channels)
    except AudioError as error:
        raise ClientError(str(error)) from error


def _pieces(chunk: object, config: AudioConfig) -> list[bytes | Command]:
    if isinstance(chunk, Command):
        return [chunk]
    data = _data_of(chunk, config)
    if config.frame_bytes is None:
        _check_packet(data)
        return [data]
    if len(data) % config.frame_bytes:
        raise ValueError("a chunk of audio has whole samples, of each channel one")
    if _has_wav_header(data):  # the server refuses only this message
        raise ValueError("a WAV file's samples are audio, its header is not")
    if config.encoding is AudioEncoding.F32:
        _check_reals(data)
    size = CHUNK_SAMPLES * config.frame_bytes
    return [data[at : at + size] for at in range(0, len(data), size)]


def _data_of(chunk: object, config: AudioConfig) -> bytes:
    view = _viewed(chunk)
    formats, in_words = _FORMATS[config.encoding]
    if config.encoding is AudioEncoding.PCM16 and view is not None and view.format in _REALS:
        view = _converted(view)
    if view is None or view.format not in formats or view.ndim == 0:
        kind = getattr(chunk, "dtype", type(chunk).__name__)
        raise TypeError(f"audio is {in_words}, not {kind}")
    if view.shape is not None and view.shape[1:] not in ((), (config.channels,)):
        raise ValueError(f"audio of {config.channels} channels has the shape (n, channels)")
    return chunk if isinstance(chunk, bytes) else view.tobytes()


def _converted(view: memoryview) -> memoryview:
    """Convert reals from -1 to 1 to 16-bit integers of the same shape."""
    import numpy as np  # lazy: most audio is PCM16

    from hwaja.client.sound_files import to_pcm16

    reals = np.asarray(view)
    _check_reals(reals.tobytes())
    if np.abs(reals).max(initial=0) > _LOUDEST:
        raise ValueError("reals of audio are from -1 to 1")
    return np.frombuffer(to_pcm16(reals), "<i2").reshape(reals.shape).data


def _check_reals(data: bytes) -> None:
    import numpy as np  # lazy: most audio is PCM16

    if not np.isfinite(np.frombuffer(data, "<f4")).all():
        raise ValueError("audio has finite samples only")


def _check_packet(packet: bytes) -> None:
    if not 0 < opus_samples(packet) <= MOST_PACKET_SAMPLES:
        raise ValueError("an Opus packet has at most 120 ms of audio")


def _viewed(audio: object) -> memoryview | None:
    """Return a view of the audio's memory; None if it is not a buffer."""
    try:
        return memoryview(cast(bytes, audio))
    except TypeError:
        return None

"""Decodes one sound file from stdin to PCM16 on stdout: `python -m hwaja.server.files.decoder`.

It needs a process of its own: a file of a stranger may crash a decoder. The process opens no file
and no socket, runs at low priority, and ends with the server. The output is 16 kHz, mono, little
endian. The last line on stderr is a JSON object: `{"skipped": 0}` with the number of damaged
packets that were left out, or `{"problem": "NO_SOUND_FILE"}` with the name of a `Problem`.
"""

import json
import os
import resource
import sys
import wave
from collections.abc import Iterator
from io import BytesIO
from typing import IO, Any

import av
import av.error
import av.logging

from hwaja.privacy import hardening
from hwaja.protocol.audio import SAMPLE_RATE

FORMATS = "wav,w64,aiff,flac,mp3,ogg,aac,mov,matroska,webm"
"""Containers of FFmpeg that are opened. Others include playlists, which open further files."""

_CODECS = (
    "flac,mp3,mp3float,aac,alac,opus,libopus,vorbis,libvorbis,pcm_u8,pcm_s8,pcm_alaw,pcm_mulaw,"
    + ",".join(
        f"pcm_{kind}{end}" for kind in ("s16", "s24", "s32", "f32", "f64") for end in ("le", "be")
    )
)

MAX_CHANNELS = 8
MIN_RATE = 4000
"""Less than any recording of speech. At 1 Hz, a small file would last for hours."""

MAX_RATE = 384_000

MAX_HELD_BYTES = 128 << 20
"""Longest MP4 file (M4A): its index is at its end, so it is held in memory. All other files are
decoded while they come."""

MAX_MEMORY_BYTES = 2 << 30
"""Limit for the address space of the process. The libraries take some 0.4 GB of it."""

_LOW_PRIORITY = 10


class UndecodableError(Exception):
    """The file cannot be decoded. The text is the name of a `Problem`."""


class _Stream:
    """A file without seeking that begins with bytes that were read already."""

    def __init__(self, first: bytes, rest: IO[bytes]) -> None:
        self._first = first
        self._rest = rest

    def read(self, most: int) -> bytes:
        if self._first:
            taken, self._first = self._first[:most], self._first[most:]
            return taken
        return self._rest.read(most)


def decode(source: IO[bytes], target: IO[bytes]) -> int:
    """Decode the first audio stream of a file. Return the number of damaged packets.

    Raises:
        UndecodableError: where the file is no sound file, or more of it is damaged than good.
        BrokenPipeError: where nobody reads `target` any more.

    """
    try:
        whitelists = {"format_whitelist": FORMATS, "codec_whitelist": _CODECS}
        with av.open(_readable(source), mode="r", options=whitelists) as container:
            return _decode(container, target)
    except av.error.FFmpegError as error:
        raise UndecodableError("NO_SOUND_FILE") from error


def _readable(source: IO[bytes]) -> Any:
    first = source.read(12)
    if first[4:8] != b"ftyp":
        return _Stream(first, source)
    held = BytesIO()
    held.write(first)
    while block := source.read(1 << 16):
        held.write(block)
        if held.tell() > MAX_HELD_BYTES:
            raise UndecodableError("FILE_TOO_LARGE")
    held.seek(0)
    return held


def _decode(container: Any, target: IO[bytes]) -> int:
    if not container.streams.audio:
        raise UndecodableError("NO_SOUND_FILE")
    stream = container.streams.audio[0]
    if not (0 < stream.channels <= MAX_CHANNELS and MIN_RATE <= stream.rate <= MAX_RATE):
        raise UndecodableError("NO_SOUND_FILE")
    resampler = _resampler()
    counts = [0, 0]  # damaged packets, good ones
    for frames in _frames(container, stream, counts):
        for frame in frames:
            try:
                made = resampler.resample(frame)
            except ValueError:  # the rate or the channels have changed
                _write(resampler.resample(None), target)
                resampler = _resampler()
                made = resampler.resample(frame)
            _write(made, target)
    _write(resampler.resample(None), target)
    damaged, good = counts
    if damaged >= max(1, good):
        raise UndecodableError("FILE_DAMAGED")
    return damaged


def _frames(container: Any, stream: Any, counts: list[int]) -> Iterator[Any]:
    """Yield the frames of each packet, and count the packets."""
    packets = container.demux(stream)
    while True:
        try:
            frames = next(packets).decode()
        except StopIteration:
            return
        except av.error.InvalidDataError:
            counts[0] += 1
        else:
            counts[1] += bool(frames)
            yield frames


def _resampler() -> Any:
    return av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)


def _write(frames: list[Any], target: IO[bytes]) -> None:
    for frame in frames:
        target.write(memoryview(frame.planes[0])[: 2 * frame.samples])


def _confine() -> None:
    """Take from this process what it does not need."""
    os.nice(_LOW_PRIORITY)
    hardening.prefer_oom_kill()
    hardening.harden()
    hardening.end_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))  # those that are open


def _load_all() -> None:
    """Decode some silence, so that the libraries load what they load at the first use."""
    silence = BytesIO()
    with wave.open(silence, "wb") as file:
        file.setparams((2, 2, 2 * SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(bytes(1 << 12))
    decode(BytesIO(silence.getvalue()), BytesIO())


def main() -> int:
    """Decode stdin to stdout, and tell the outcome on stderr; return the exit code."""
    av.logging.set_level(None)  # FFmpeg's messages may quote the file
    _load_all()
    _confine()
    answer: dict[str, object]
    try:
        answer = {"skipped": decode(sys.stdin.buffer, sys.stdout.buffer)}
        sys.stdout.buffer.flush()
    except UndecodableError as error:
        answer = {"problem": str(error)}
    except MemoryError:
        answer = {"problem": "FILE_TOO_LARGE"}
    print(json.dumps(answer), file=sys.stderr)
    return int("problem" in answer)


if __name__ == "__main__":
    sys.exit(main())

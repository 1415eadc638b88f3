"""Has a sound file decoded by a process, while the file comes."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import suppress
from typing import cast

from hwaja.audio import opus
from hwaja.audio.stream import PIECE_SAMPLES
from hwaja.server.files.problems import FileError, Problem

PIECE_BYTES = 2 * PIECE_SAMPLES
"""The audio comes in pieces of about 0.5 s: a session looks for a new speaker once a second."""

_OUTCOME_BYTES = 4096

_COMMAND = (sys.executable, "-m", "hwaja.server.files.decoder")


class Decoding:
    """The decoding of one file."""

    def __init__(self, content: AsyncIterable[bytes]) -> None:
        """Prepare. `content` is read as fast as the audio is taken, and to its end."""
        self._content = content
        self.skipped_packets = 0
        """Damaged pieces of the file that were left out. Known at the end of the audio."""

    async def pcm(self) -> AsyncGenerator[bytearray]:
        """Yield the audio in pieces: PCM16, 16 kHz, mono. The caller may overwrite them.

        Raises:
            FileError: where the file cannot be decoded.
            Exception: that of `content`.

        """
        if not opus.is_installed():
            raise FileError.of(Problem.FILES_UNSUPPORTED)
        process = await asyncio.create_subprocess_exec(
            *_COMMAND, stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        feeding = asyncio.create_task(self._feed(process))
        try:
            while piece := await _read(process):
                yield piece
            self.skipped_packets = await _outcome(process, feeding)
            await feeding  # to the end of the content, also if the decoder did not need that
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, _ended(process), return_exceptions=True)

    async def _feed(self, process: Process) -> None:
        stdin = cast(asyncio.StreamWriter, process.stdin)
        wants_more = True
        try:
            async for block in self._content:
                wants_more = wants_more and await _write(stdin, block)
            stdin.close()
        except BaseException:
            process.kill()  # else it would take the rest for the whole
            raise


async def _ended(process: Process) -> None:
    """Kill the process, unless it has ended, and close its pipes."""
    with suppress(ProcessLookupError):
        process.kill()
    for pipe in (process.stdout, process.stderr):
        while await cast(asyncio.StreamReader, pipe).read(PIECE_BYTES):
            pass  # asyncio closes a pipe at its end only
    await process.wait()


async def _write(stdin: asyncio.StreamWriter, block: bytes) -> bool:
    """Pass on a block; return False where the decoder has ended."""
    try:
        stdin.write(block)
        await stdin.drain()
    except ConnectionError:
        return False
    return True


async def _read(process: Process) -> bytearray:
    """Return the next piece, whole samples; empty at the end."""
    stdout = cast(asyncio.StreamReader, process.stdout)
    try:
        return bytearray(await stdout.readexactly(PIECE_BYTES))
    except asyncio.IncompleteReadError as ended:
        return bytearray(ended.partial[: len(ended.partial) // 2 * 2])


async def _outcome(process: Process, feeding: asyncio.Task[None]) -> int:
    """Return the number of damaged packets, after the end of the audio.

    Raises:
        FileError: where the decoder gave up, or has crashed.
        Exception: that of `feeding`.

    """
    said = await cast(asyncio.StreamReader, process.stderr).read(_OUTCOME_BYTES)
    await process.wait()
    if feeding.done():
        feeding.result()
    try:
        answer = json.loads(said.splitlines()[-1])
        if "problem" not in answer:
            return int(answer["skipped"])
        problem = Problem[answer["problem"]]
    except (IndexError, ValueError, KeyError, TypeError):  # the process crashed
        problem = Problem.FILE_DAMAGED
    raise FileError.of(problem)

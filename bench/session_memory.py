"""What a session holds of memory in the front, by what its client does.

python bench/session_memory.py [--sessions 20] [--chunk-samples 524288]

The workers are stopped meanwhile, so that nothing is answered and every buffer fills.
"""

import argparse
import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hwaja.benchmark.serving import Service, resident_bytes, running_server
from hwaja.client.sound_files import paced
from hwaja.client.websocket import Connection
from hwaja.models.tones import write_tone_model
from hwaja.protocol.audio import CHUNK_SAMPLES
from tone_dialogue import sentences, voices

FULL_SECONDS = 30.0
"""How long a client sends as fast as it can: all its buffers are full before."""

FREED_SECONDS = 3.0
"""How long after all have left the memory is looked at: their circles of references are swept."""


@cache
def talk() -> bytes:
    """Return speech that is longer than what is held of it."""
    return b"".join(sentence.pcm.tobytes() for sentence in sentences(30, seed=1))


async def connected(client: Connection) -> None:
    """Only be there."""


async def enrolled(client: Connection) -> None:
    """Have two voices."""
    for speaker_id, voice in enumerate(voices()):
        await client.enrol(speaker_id, paced(voice, speed=0))


async def begun(client: Connection) -> None:
    """Begin a transcription."""
    await client.send({"type": "start_transcription"})
    await client.expect("transcription_started")


async def send_on(client: Connection, chunk_samples: int) -> None:
    """Send speech until no buffer takes any more."""
    pcm = talk()
    with suppress(TimeoutError):
        async with asyncio.timeout(FULL_SECONDS):
            while True:
                async for chunk in paced(pcm, 0, chunk_samples):
                    await client._send(chunk)  # `send_audio` does not run far ahead


async def measure(service: Service, count: int, chunk_samples: int) -> None:
    """Print how much more memory each session takes after each step."""
    talk()
    front = service.process.pid
    before = resident_bytes(front)

    async def step(name: str, do: Callable[[Connection], Awaitable[None]]) -> None:
        await asyncio.gather(*map(do, clients))
        each = (resident_bytes(front) - before) / count
        print(f"{name}: {each / 2**20:.2f} MiB a session")

    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(service.open()) for _ in range(count)]
        await step("connected", connected)
        await step("enrolled", enrolled)
        await step("transcribing", begun)
        pids = service.worker_pids
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            await step("not answered", partial(send_on, chunk_samples=chunk_samples))
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
    await asyncio.sleep(FREED_SECONDS)
    left = resident_bytes(front) - before
    print(f"all have left: {left / 2**20:.2f} MiB more than before they came")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sessions", type=int, default=20)
    arguments.add_argument("--chunk-samples", type=int, default=CHUNK_SAMPLES)
    asked = arguments.parse_args()
    with TemporaryDirectory() as folder:
        write_tone_model(Path(folder))
        options = ("--max-connections", str(asked.sessions), "--max-audio-speed", "1000")
        with running_server("--asr-model", folder, *options) as service:
            asyncio.run(measure(service, asked.sessions, asked.chunk_samples))


if __name__ == "__main__":
    main()

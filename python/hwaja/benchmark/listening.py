"""Has the server hear recordings, one client session each, as fast as it takes them."""

import asyncio
from collections.abc import Callable, Sequence

from hwaja.benchmark.acoustics import Recording
from hwaja.benchmark.decisions import Heard, heard
from hwaja.benchmark.serving import Service
from hwaja.client import Message, RefusedError
from hwaja.client.sound_files import paced


async def listen(
    service: Service,
    recordings: Sequence[Callable[[], Recording]],
    sessions: int,
    done: Callable[[], None],
) -> list[Heard]:
    """Return what is answered to each recording.

    Args:
        service: the server.
        recordings: make the audio, one at a time, so that not all of it is held at once.
        sessions: how many are played side by side.
        done: called after each.

    Raises:
        ClientError: where the server ends a session.

    """
    free = asyncio.Semaphore(sessions)

    async def hear(make: Callable[[], Recording]) -> Heard:
        async with free:
            found = await _session(service, await asyncio.to_thread(make))
        done()
        return found

    # Of several failures the first is raised as it is; a task group would wrap it.
    return await asyncio.gather(*map(hear, recordings))


async def _session(service: Service, recording: Recording) -> Heard:
    async with service.open() as client:
        for speaker_id, voice in enumerate(recording.voices):
            try:
                await client.enrol(speaker_id, paced(voice, speed=0))
            except RefusedError:
                return Heard(recording.seconds, is_refused=True)
        await client.send({"type": "start_transcription", "details": True})
        await client.expect("transcription_started")

        async def stream() -> None:
            await client.send_audio(paced(recording.pcm, speed=0))
            await client.send({"type": "stop_transcription"})

        async def collect() -> list[Message]:
            return [message async for message in client.transcriptions()]

        _, messages = await asyncio.gather(stream(), collect())
        return heard(recording.seconds, messages)

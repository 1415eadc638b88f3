"""Plays recordings to the server in one session each, as fast as the server reads them."""

import asyncio
from collections.abc import Callable, Sequence

from hwaja.client import RefusedError
from hwaja_bench.attribution.decisions import SessionResult, session_result
from hwaja_bench.attribution.recording import Recording
from hwaja_bench.client import Way, enrol, transcribe
from hwaja_bench.server import Service


async def listen(
    service: Service,
    recordings: Sequence[Callable[[], Recording]],
    sessions: int,
    done: Callable[[], None],
) -> list[SessionResult]:
    """Return the server's answers to each recording.

    Args:
        service: the server.
        recordings: functions that create the audio, so that memory holds only a few recordings.
        sessions: number of concurrent sessions.
        done: called after each recording.

    Raises:
        ClientError: where the server ends a session.

    """
    free = asyncio.Semaphore(sessions)

    async def hear(make: Callable[[], Recording]) -> SessionResult:
        async with free:
            found = await _session(service, await asyncio.to_thread(make))
        done()
        return found

    # gather raises the first of several errors unchanged; a task group would wrap it.
    return await asyncio.gather(*map(hear, recordings))


async def _session(service: Service, recording: Recording) -> SessionResult:
    async with service.open() as client:
        try:
            await enrol(client, recording.voices)
        except RefusedError:
            return SessionResult(recording.seconds, is_refused=True)
        found = await transcribe(client, recording.pcm, Way(speed=0))
        return session_result(recording.seconds, [arrival.message for arrival in found])

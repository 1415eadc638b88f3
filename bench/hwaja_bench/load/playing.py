"""One client of the load test: streams in real time and records texts with arrival times."""

from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field

from hwaja.client import RefusedError
from hwaja_bench.client import Way, arrivals, enrol
from hwaja_bench.load.talk import Talk
from hwaja_bench.server import Service


@dataclass(frozen=True, slots=True)
class Final:
    """A received final text."""

    start_seconds: float
    end_seconds: float
    at_seconds: float
    """Arrival time, from the first sample of the stream."""
    delay_seconds: float
    """Delay after the end of the text's speech."""


@dataclass
class Transcript:
    """All that one client received."""

    began_seconds: float
    """Start of the stream, from the beginning of the test."""
    finals: list[Final] = field(default_factory=list)
    errors: int = 0
    interims: int = 0
    turned_away: bool = False
    """Whether the server was full and refused the client."""


async def play(service: Service, talk: Talk, transcript: Transcript, *, interims: bool) -> None:
    """Enrol both voices, stream, and receive texts until all audio is answered.

    Raises:
        ClientError: where the server ends the session, or refuses a voice.

    """
    async with AsyncExitStack() as stack:
        try:
            client = await stack.enter_async_context(service.open())
        except RefusedError:
            transcript.turned_away = True
            return
        await enrol(client, talk.voices)
        found = arrivals(client, talk.pcm, Way(interims=interims))
        async for arrival in await stack.enter_async_context(aclosing(found)):
            message, at = arrival.message, arrival.at_seconds
            match arrival.kind:
                case "transcription":
                    start, end = message["start_seconds"], message["end_seconds"]
                    transcript.finals.append(Final(start, end, at, at - talk.spoken_until(end)))
                case "interim":
                    transcript.interims += 1
                case "error":
                    transcript.errors += 1

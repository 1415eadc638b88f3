"""Measures how soon a turn is answered that its client ends with `finalize`.

hwaja bench experiment finalize ../shared/speech AirbnbStudio DanceStudio

One client sends the lines of each room in real time, each only up to the end of its speech, as who
lets go of a button does. Then it sends `finalize`, and no audio until that is answered. After that
it sends the same lines without `finalize`, and silence behind each until the text comes. --longest
leaves out longer lines.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from hwaja.client.sound_files import paced
from hwaja.client.websocket import Connection
from hwaja.protocol.audio import CHUNK_SAMPLES, SAMPLE_RATE
from hwaja_bench.arguments import add_serve
from hwaja_bench.client import Way, begin, enrol
from hwaja_bench.server import Service, running_server
from hwaja_bench.speech.dialogue import ENROLMENT_SECONDS, Clip, load_clips
from hwaja_bench.speech.texts import error_rate, reading_error_rate
from hwaja_bench.stats import spread

LONGEST_PAUSE_SECONDS = 3.0
"""Silence behind a line for which no text comes."""

GAP_SECONDS = 0.7
"""Between an answer and the next line."""


@dataclass
class Turns:
    """The turns of one way to end them."""

    texts: list[str] = field(default_factory=list)
    final_seconds: list[float] = field(default_factory=list)
    """From the end of speech to the last text of each turn that got one."""
    told_seconds: list[float] = field(default_factory=list)
    """From the end of speech to `finalized`."""
    pieces: int = 0
    unanswered: int = 0

    def report(self, clips: list[Clip]) -> str:
        """Return the figures; `clips` are the lines that were said."""
        said = [clip.text for clip in clips]
        told = f", to finalized {spread(self.told_seconds)}" if self.told_seconds else ""
        return (
            f"{len(clips)} turns, {self.pieces} texts, {self.unanswered} turns without;"
            f" end of speech to final {spread(self.final_seconds)}{told};"
            f" CER {error_rate(said, self.texts):.4f},"
            f" kocer {reading_error_rate(said, self.texts):.4f}"
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("rooms", nargs="+")
    parser.add_argument("--longest", type=float, default=15.0, metavar="SECONDS")
    parser.add_argument("--lines", type=int, default=None, help="of each room at most")
    add_serve(parser)


def run(args: argparse.Namespace) -> None:
    with running_server(*args.serve) as service:
        for finalizes in (True, False):
            clips: list[Clip] = []
            turns = Turns()
            for room in args.rooms:
                clips += asyncio.run(_talk(service, args, room, turns, finalizes=finalizes))
            print(f"{'with' if finalizes else 'without'} finalize: {turns.report(clips)}")


async def _talk(
    service: Service, args: argparse.Namespace, room: str, turns: Turns, *, finalizes: bool
) -> list[Clip]:
    clips = load_clips(args.speech, room)
    sides = [[each for each in clips if each.speaker_id == speaker_id] for speaker_id in (0, 1)]
    limit_bytes = 2 * int(ENROLMENT_SECONDS * SAMPLE_RATE)
    voices = [b"".join(each.pcm for each in side[:2])[:limit_bytes] for side in sides]
    enrolled = {each.name for side in sides for each in side[:2]}
    said = [
        each
        for each in clips
        if each.name not in enrolled and each.speech_end_samples <= args.longest * SAMPLE_RATE
    ][: args.lines]
    async with service.open() as client:
        await enrol(client, voices)
        await begin(client, Way())
        for clip in said:
            await (_finalized if finalizes else _paused)(client, clip, turns)
            await asyncio.sleep(GAP_SECONDS)
    return said


async def _finalized(client: Connection, clip: Clip, turns: Turns) -> None:
    await client.send_audio(paced(clip.pcm[: 2 * clip.speech_end_samples], 1.0))
    ended = time.monotonic()
    await client.send({"type": "finalize"})
    answered: float | None = None
    while (message := await client.receive())["type"] != "finalized":
        if message["type"] == "transcription":
            answered = time.monotonic()
            turns.texts.append(message["text"])
            turns.pieces += 1
    turns.told_seconds.append(time.monotonic() - ended)
    _note(turns, ended, answered)


async def _paused(client: Connection, clip: Clip, turns: Turns) -> None:
    """Send silence behind the line. The turn is answered once a text is, that began in its end."""
    await client.send_audio(paced(clip.pcm[: 2 * clip.speech_end_samples], 1.0))
    ended = time.monotonic()
    silence = asyncio.create_task(client.send_audio(_silence()))
    answered: float | None = None
    try:
        while True:
            async with asyncio.timeout_at(
                asyncio.get_running_loop().time()
                + LONGEST_PAUSE_SECONDS
                - (time.monotonic() - ended)
            ):
                message = await client.receive()
            if message["type"] == "transcription":
                turns.texts.append(message["text"])
                turns.pieces += 1
                answered = time.monotonic()
    except TimeoutError:
        pass
    finally:
        silence.cancel()
        await asyncio.gather(silence, return_exceptions=True)
    _note(turns, ended, answered)


def _note(turns: Turns, ended: float, answered: float | None) -> None:
    if answered is None:
        turns.unanswered += 1
    else:
        turns.final_seconds.append(answered - ended)


async def _silence() -> AsyncIterator[bytes]:
    while True:
        await asyncio.sleep(CHUNK_SAMPLES / SAMPLE_RATE)
        yield bytes(2 * CHUNK_SAMPLES)

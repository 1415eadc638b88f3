"""Measures an hour of conversation whose distance, level and room change, with lost connections.

hwaja bench experiment long_conversation ../shared/speech pfc+pmd pfl+pmj --minutes 60

The lines of two voices are repeated in random order, with pauses of 0.2 to 2 s. Each line has
another level, and every few minutes both speakers are in another room and noise. The client sends
as fast as the server takes the audio. It loses its connection at the end of each 10 minutes. For
each 10 minutes, the report has the lines with the right speaker, and the memory of the server.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwaja.client import Transcription, connect
from hwaja.client.sound_files import to_pcm16
from hwaja.protocol.audio import CHUNK_SAMPLES, SAMPLE_RATE
from hwaja_bench.arguments import add_serve
from hwaja_bench.server import Service, running_server
from hwaja_bench.speech.acoustics import (
    Signal,
    impulse_response,
    noise,
    noise_spectrum,
    reverberant,
)
from hwaja_bench.speech.corpus import samples_of
from hwaja_bench.speech.dialogue import load_pair
from hwaja_bench.speech.levels import SPEECH_DBFS, amplitude, trimmed
from hwaja_bench.speech.sounds import at_level
from hwaja_bench.stats import share_of

BLOCK_SECONDS = 600.0

LEVELS_DB = (-14.0, 6.0)
"""Range of the level of a line, relative to `SPEECH_DBFS`: the distance varies."""

SCENE_SECONDS = (90.0, 240.0)
"""Range of the time in one room and noise."""

SNRS_DB = (15.0, 40.0)

ENROLMENT_SECONDS = 5.0


@dataclass(frozen=True)
class Line:
    """A line in the stream."""

    start_seconds: float
    end_seconds: float
    speaker_id: int


class Scene:
    """A room with noise, and a place in it for each speaker."""

    def __init__(self, speech: Signal, random: np.random.Generator) -> None:
        self._random = random
        reverberation_seconds = random.uniform(0.15, 0.6)
        self._responses = [impulse_response(reverberation_seconds, random) for _ in (0, 1)]
        self._spectrum = noise_spectrum(speech, random)
        self._noise_dbfs = SPEECH_DBFS - random.uniform(*SNRS_DB)
        self.seconds = random.uniform(*SCENE_SECONDS)

    def line(self, speech: Signal, speaker_id: int) -> Signal:
        """Return a line and the pause behind it as the microphone gets them."""
        random = self._random
        pause = np.zeros(round(random.uniform(0.2, 2.0) * SAMPLE_RATE))
        said = np.concatenate([speech, pause]) * amplitude(random.uniform(*LEVELS_DB))
        behind = noise(self._spectrum, len(said), random) * amplitude(self._noise_dbfs)
        return reverberant(said, self._responses[speaker_id]) + behind


def lines_of(
    clips: list[list[Signal]], seconds: float, random: np.random.Generator
) -> Iterator[tuple[int, int, Signal]]:
    """Yield speaker, length of the speech in samples, and audio, until there is enough."""
    speaker_id, total_seconds, scene_until = 0, 0.0, 0.0
    while total_seconds < seconds:
        if total_seconds >= scene_until:
            scene = Scene(np.concatenate(clips[0]), random)
            scene_until = total_seconds + scene.seconds
        # One of three times, the same person goes on.
        speaker_id = speaker_id if random.random() < 1 / 3 else 1 - speaker_id
        speech = clips[speaker_id][random.integers(len(clips[speaker_id]))]
        audio = scene.line(speech, speaker_id)
        total_seconds += len(audio) / SAMPLE_RATE
        yield speaker_id, len(speech), audio


def conversation(
    speech: Path, pair: str, seconds: float, random: np.random.Generator
) -> tuple[list[bytes], list[Line], bytes]:
    """Return the voices to enrol, the lines, and the stream."""
    clips = load_pair(speech, pair)
    of_each = [
        [
            at_level(trimmed(samples_of(clip.pcm)).astype(np.float64), SPEECH_DBFS)
            for clip in clips
            if clip.speaker_id == speaker_id
        ]
        for speaker_id in (0, 1)
    ]
    first = Scene(np.concatenate(of_each[0]), random)
    limit = round(ENROLMENT_SECONDS * SAMPLE_RATE)
    voices = [
        to_pcm16(first.line(np.concatenate(own[:3]), speaker_id)[:limit].astype(np.float32))
        for speaker_id, own in enumerate(of_each)
    ]
    lines, pieces, at = [], [], 0
    for speaker_id, speech_samples, audio in lines_of(
        [own[3:] for own in of_each], seconds, random
    ):
        lines.append(Line(at / SAMPLE_RATE, (at + speech_samples) / SAMPLE_RATE, speaker_id))
        pieces.append(to_pcm16(audio.astype(np.float32)))
        at += len(audio)
    return voices, lines, b"".join(pieces)


class Relay:
    """Forwards connections to a port, and can lose them all."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        """Forward while the context is open; yield the port to connect to."""
        server = await asyncio.start_server(self._forward, "localhost", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            self.lose()
            server.close()

    def lose(self) -> None:
        """Break every connection."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("localhost", self._port)
        both = {writer, there_writer}
        self._writers |= both
        with suppress(asyncio.CancelledError):  # at the end of the measurement
            await asyncio.gather(
                self._copy(reader, there_writer),
                self._copy(there_reader, writer),
                return_exceptions=True,
            )
        self._writers -= both

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(1 << 16):
                writer.write(piece)
                await writer.drain()
        finally:
            writer.transport.abort()


async def talk(
    service: Service, voices: list[bytes], pcm: bytes
) -> tuple[list[Transcription], list[int], int]:
    """Send a conversation; return the answers, the memory after each block, and the losses."""
    answers: list[Transcription] = []
    memory_bytes: list[int] = []
    losses = 0

    async def chunks() -> AsyncIterator[bytes]:
        block_bytes = 2 * round(BLOCK_SECONDS * SAMPLE_RATE)
        for start in range(0, len(pcm), 2 * CHUNK_SAMPLES):
            if start // block_bytes > len(memory_bytes):
                memory_bytes.append(_memory_bytes(service))
                relay.lose()
            yield pcm[start : start + 2 * CHUNK_SAMPLES]

    def lost() -> None:
        nonlocal losses
        losses += 1

    relay = Relay(service.port)
    async with (
        relay.running() as port,
        connect(f"wss://localhost:{port}", cafile=service.cafile, on_away=lost) as client,
    ):
        for speaker_id, voice in enumerate(voices):
            await client.enrol(speaker_id, voice)
        async for event in client.transcribe(chunks(), adapt=True):
            if isinstance(event, Transcription):
                answers.append(event)
    memory_bytes.append(_memory_bytes(service))
    return answers, memory_bytes, losses


def _memory_bytes(service: Service) -> int:
    processes = [service.process, *service.workers]
    return sum(each.memory_info().rss for each in processes)


def report(
    lines: list[Line], answers: list[Transcription], memory_bytes: list[int], losses: int
) -> Iterator[str]:
    """Yield the lines of the report."""
    spans = [(a.details.start_seconds, a.details.end_seconds, a) for a in answers if a.details]
    judged: list[tuple[int, bool | None]] = []
    for line in lines:
        shares = [
            (min(line.end_seconds, end) - max(line.start_seconds, start), answer.speaker_id)
            for start, end, answer in spans
            if end > line.start_seconds and start < line.end_seconds
        ]
        found = max(shares)[1] if shares else None
        block = int(line.start_seconds // BLOCK_SECONDS)
        judged.append((block, None if found is None else found == line.speaker_id))
    for block, total_bytes in enumerate(memory_bytes[: 1 + judged[-1][0]]):
        own = [is_right for at, is_right in judged if at == block]
        answered = [is_right for is_right in own if is_right is not None]
        yield (
            f"  minutes {10 * block}-{10 * block + 10}: {len(answered)} of {len(own)} lines"
            f" answered, speaker right {share_of(answered)}, memory {total_bytes / 1e6:.0f} MB"
        )
    yield f"  connections lost {losses}, answers {len(answers)}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("pairs", nargs="+", help="such as pfc+pmd")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    add_serve(parser)


def run(args: argparse.Namespace) -> None:
    longest = str(2 * 60 * args.minutes + 600)
    with running_server("--max-session-seconds", longest, *args.serve) as service:
        for pair in args.pairs:
            random = np.random.default_rng(args.seed)
            voices, lines, pcm = conversation(args.speech, pair, 60 * args.minutes, random)
            print(f"{pair}: {len(lines)} lines, {len(pcm) / 2 / SAMPLE_RATE:.0f} s", flush=True)
            for line in report(lines, *asyncio.run(talk(service, voices, pcm))):
                print(line, flush=True)

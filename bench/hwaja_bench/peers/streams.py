"""Measures hwaja and its peers on dialogues that are streamed in real time."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from websockets.asyncio.client import connect

from hwaja.client.sound_files import paced
from hwaja_bench.client import Way, enrol, finals, transcribe
from hwaja_bench.metrics import detection_seconds, scrape
from hwaja_bench.peers.judging import TimedText, delays
from hwaja_bench.peers.process import running
from hwaja_bench.peers.table import Row
from hwaja_bench.processes import look, peak_bytes, spent
from hwaja_bench.server import Service, running_server
from hwaja_bench.speech.dialogue import Dialogue
from hwaja_bench.speech.texts import error_rate, reading_error_rate
from hwaja_bench.stats import spread


@dataclass(frozen=True)
class Served:
    """hwaja's texts and resource usage."""

    row: Row
    told: Mapping[str, Sequence[TimedText]]
    """Texts by room."""
    cpu_per_second: Mapping[str, float]
    """CPU seconds per second of the stream, by part, without the enrolment."""


def serve(rooms: Sequence[Dialogue]) -> Served:
    """Stream to a server with default options, one room after the other."""
    used: dict[str, float] = defaultdict(float)

    async def told(service: Service, room: Dialogue) -> list[TimedText]:
        async with service.open() as client:
            await enrol(client, room.voices)
            before, detected_before = look(service), detection_seconds(scrape(service))
            arrivals = await transcribe(client, room.pcm, Way())
            after, detected = look(service), detection_seconds(scrape(service))
        for part, seconds in spent(before, after, detected - detected_before).items():
            used[part] += seconds
        return [
            TimedText(m["text"], (m["start_seconds"], m["end_seconds"]), arrival.at_seconds)
            for arrival in finals(arrivals)
            for m in [arrival.message]
        ]

    with running_server() as service:
        found = {room.room: asyncio.run(told(service, room)) for room in rooms}
        peak = sum(map(peak_bytes, (service.process, *service.workers)))
    row = stream_row("hwaja", rooms, found, sum(used.values()), peak)
    stream_seconds = sum(room.seconds for room in rooms)
    return Served(row, found, {part: each / stream_seconds for part, each in used.items()})


def stream(
    name: str,
    rooms: Sequence[Dialogue],
    module: str,
    arguments: Sequence[str] = (),
    threads: int = 1,
) -> Row:
    """Stream to a peer, one room after the other.

    Raises:
        UnavailableError: where the peer cannot run here.

    """

    async def told(port: str, room: Dialogue) -> list[TimedText]:
        async with connect(f"ws://127.0.0.1:{port}", compression=None) as socket:
            began = time.monotonic()

            async def send() -> None:
                async for chunk in paced(room.pcm, speed=1):
                    await socket.send(chunk)
                await socket.send("end")

            sending = asyncio.create_task(send())
            arrivals = [(json.loads(m), time.monotonic() - began) async for m in socket]
            await sending
        return [TimedText(text, (start, end), at) for (text, start, end), at in arrivals]

    with running(module, arguments, threads) as peer:
        before_seconds = peer.cpu_seconds
        found = {room.room: asyncio.run(told(peer.greeting, room)) for room in rooms}
        used_seconds, peak = peer.cpu_seconds - before_seconds, peer.peak_bytes
    return stream_row(name, rooms, found, used_seconds, peak)


def stream_row(
    name: str,
    rooms: Sequence[Dialogue],
    told: Mapping[str, Sequence[TimedText]],
    cpu_seconds: float,
    peak: int,
) -> Row:
    """Return the table row for the texts of each room."""
    found = [each for room in rooms for each in delays(room.spans_seconds, told[room.room])]
    known = [each for each in found if each is not None]
    texts = {r.room: [each.text for each in told[r.room]] for r in rooms}
    return Row(
        name=name,
        hears="the stream",
        error_rates={r.room: error_rate(r.texts, texts[r.room]) for r in rooms},
        reading_error_rates={r.room: reading_error_rate(r.texts, texts[r.room]) for r in rooms},
        cpu_per_second=cpu_seconds / sum(room.seconds for room in rooms),
        real_time_factor=None,
        decoding_seconds=None,
        delay_seconds=spread(known),
        without_text=len(found) - len(known),
        peak_mib=peak / 2**20,
    )

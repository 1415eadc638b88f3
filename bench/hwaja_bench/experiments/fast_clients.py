"""Tests expensive clients beside ordinary clients: answers, delays and admission.

hwaja bench experiment fast_clients ../shared/speech --fast 8 --speed 10
hwaja bench experiment fast_clients ../shared/speech --live 9 --fast 1 --dear 1

The fast clients follow only the specification and use the defaults of the websockets library. Its
keepalive closes the connection if the server does not answer a ping within 20 s. The live clients
request interim texts. So do the expensive ("dear") clients, whose two voices take turns each
second. Meanwhile the experiment reads `/readyz` and `/metrics`: whether the server would refuse a
new client, how late answers are, and what load shedding drops. It ends after `--limit-seconds` at
the latest. `--seed` selects the clips and their order.
"""

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from hwaja.client import ClientError
from hwaja.client.websocket import Connection
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.client import Way, enrol, finals, transcribe
from hwaja_bench.load.playing import Transcript, play
from hwaja_bench.load.talk import Talk, talks
from hwaja_bench.metrics import scrape, values
from hwaja_bench.processes import look, peak_bytes
from hwaja_bench.server import Service, running_server
from hwaja_bench.speech.index import ROOMS, korean, load_speech
from hwaja_bench.stats import spread

LOOK_SECONDS = 0.5
PAUSE_SECONDS = 0.7
TURN_SECONDS = 1.0
"""Length of a turn of an expensive client's voice."""


@dataclass
class File:
    """The result of a file that was sent fast."""

    seconds: float
    answered_seconds: float = 0.0
    texts: int = 0
    """0 where the file was not answered completely."""
    code: int | None = None
    """Close code of the connection; None: it was still open."""
    took_seconds: float | None = None
    """Time until the file was answered completely."""


@dataclass
class Looks:
    """Periodic observations of the server."""

    count: int = 0
    refusals: int = 0
    """Number of observations in which the server would refuse a new client for late answers."""
    lags_seconds: list[float] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


class FarAhead(Connection):
    """A client that sends without waiting for the server, as the specification allows."""

    async def send_held_back(self, pcm: bytes) -> None:
        """Send audio at once."""
        await self.send_chunk(pcm)


async def send_file(service: Service, talk: Talk, speed: float, file: File) -> None:
    """Send a file as a generic client does."""
    try:
        async with connect(service.url, ssl=service.tls, proxy=None) as websocket:
            client = FarAhead(websocket)
            await client.welcome()
            await enrol(client, talk.voices, speed)
            found = await transcribe(client, talk.pcm, Way(speed, details=False))
            file.texts = len(finals(found))
            file.answered_seconds = found[-1].message["audio_seconds"]
            file.took_seconds = found[-1].at_seconds
            await websocket.close()
            file.code = websocket.close_code
    except ClientError as error:
        closed = error.__cause__
        if not isinstance(closed, ConnectionClosed):
            raise
        frame = closed.sent or closed.rcvd  # the client's own code, if it closed first
        file.code = None if frame is None else frame.code


async def watch(service: Service, looks: Looks) -> None:
    """Observe the server periodically until cancelled."""
    while True:
        exposition = await asyncio.to_thread(scrape, service)
        looks.count += 1
        looks.refusals += "answers come late" in await asyncio.to_thread(service.get, "/readyz")
        looks.lags_seconds += values(exposition, "hwaja_lag_seconds").values()
        left_out = values(exposition, "hwaja_left_out")
        looks.left_out.update(what for what, is_left_out in left_out.items() if is_left_out)
        await asyncio.sleep(LOOK_SECONDS)


async def until_ready(service: Service) -> float:
    """Return the time until the server would accept a new client."""
    began = time.monotonic()
    while await asyncio.to_thread(service.get, "/readyz") != "ready\n":  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    return time.monotonic() - began


def alternating(talk: Talk) -> Talk:
    """Return a talk of two voices in turns of one second, without pauses."""
    pcm = np.frombuffer(talk.pcm, np.int16)
    turn = round(TURN_SECONDS * SAMPLE_RATE)
    voices = [
        np.concatenate([pcm[slice(*_samples(span))] for span in talk.spans_seconds[side::2]])
        for side in (0, 1)
    ]
    turns = min(map(len, voices)) // turn
    both = np.stack([voice[: turns * turn].reshape(turns, turn) for voice in voices], axis=1)
    seconds = 2 * turns * TURN_SECONDS
    return replace(talk, pcm=both.tobytes(), spans_seconds=((0.0, seconds),))


def _samples(span_seconds: tuple[float, float]) -> tuple[int, int]:
    start, end = span_seconds
    return round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)


async def measure(
    service: Service,
    live: Sequence[Talk],
    dear: Sequence[Talk],
    fast: Sequence[Talk],
    asked: argparse.Namespace,
) -> None:
    files = [File(len(talk.pcm) / 2 / SAMPLE_RATE) for talk in fast]
    transcripts, dearly = [Transcript(0.0) for _ in live], [Transcript(0.0) for _ in dear]
    looks = Looks()
    watching = asyncio.create_task(watch(service, looks))
    playing = [
        asyncio.create_task(play(service, talk, each, interims=True))
        for talk, each in zip([*live, *dear], [*transcripts, *dearly], strict=True)
    ]
    sending = [
        asyncio.create_task(send_file(service, talk, asked.speed, file))
        for talk, file in zip(fast, files, strict=True)
    ]
    began = time.monotonic()
    done, open_ = await asyncio.wait([*playing, *sending], timeout=asked.limit_seconds)
    took = time.monotonic() - began
    watching.cancel()
    for task in open_:
        task.cancel()
    await asyncio.gather(*open_, return_exceptions=True)
    ready_seconds = await until_ready(service)
    for task in done:
        if (error := task.exception()) is not None:
            print(f"a client failed: {type(error).__name__}: {error}")
    print(f"{asked.fast} fast at {asked.speed:g} times, {asked.live} live: {took:.0f} s")
    report_files(files)
    report_speakers("live", transcripts)
    report_speakers("dear", dearly)
    report_looks(looks)
    print(f"empty server lets in after {ready_seconds:.2f} s")
    print(f"memory of the front at most: {peak_bytes(service.process) / 2**20:.0f} MiB")


def report_files(files: Sequence[File]) -> None:
    whole = [file for file in files if abs(file.answered_seconds - file.seconds) < 0.1]
    print(
        f"files answered whole: {len(whole)} of {len(files)}, of {files[0].seconds:.0f} s each"
        if files
        else "no files"
    )
    print(f"  close codes: {dict(Counter(str(file.code) for file in files))}")
    print(f"  texts: {[file.texts for file in files]}")
    took = [round(file.took_seconds) for file in files if file.took_seconds]
    print(f"  seconds until whole: {took}")


def report_speakers(name: str, transcripts: Sequence[Transcript]) -> None:
    delays = [final.delay_seconds for each in transcripts for final in each.finals]
    print(f"{name}: {len(delays)} texts, delay {spread(delays)}")
    interims_and_errors = [(each.interims, each.errors) for each in transcripts]
    away = sum(each.turned_away for each in transcripts)
    print(f"  interims and errors: {interims_and_errors}, turned away {away}")


def report_looks(looks: Looks) -> None:
    print(f"looks: {looks.count}, a newcomer refused in {looks.refusals}")
    print(f"  lag: max {max(looks.lags_seconds):.1f} s, mean {np.mean(looks.lags_seconds):.1f} s")
    print(f"  left out, in looks: {dict(looks.left_out)}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("--fast", type=int, default=8)
    parser.add_argument("--fast-seconds", type=float, default=90.0)
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--live", type=int, default=2)
    parser.add_argument("--dear", type=int, default=0)
    parser.add_argument("--live-seconds", type=float, default=60.0)
    parser.add_argument("--limit-seconds", type=float, default=150.0)
    parser.add_argument("--seed", type=int, default=0)


def run(asked: argparse.Namespace) -> None:
    clips = load_speech(asked.speech, korean(asked.speech), ROOMS)
    live = talks(clips, asked.live, asked.live_seconds, PAUSE_SECONDS, asked.seed)
    fast = talks(clips, asked.fast, asked.fast_seconds, PAUSE_SECONDS, asked.seed + 1)
    of_both = talks(clips, asked.dear, 2 * asked.live_seconds, PAUSE_SECONDS, asked.seed + 2)
    dear = [alternating(talk) for talk in of_both]
    clients = asked.fast + asked.live + asked.dear
    with running_server("--max-connections", str(clients + 2)) as service:
        asyncio.run(measure(service, live, dear, fast, asked))
        used_seconds = sum(look(service).cpu_seconds.values())
    print(f"CPU of the server: {used_seconds:.1f} s")

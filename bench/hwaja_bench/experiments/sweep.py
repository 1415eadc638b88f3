"""Measures how long collecting the cycles of ended sessions blocks the event loop.

hwaja bench experiment sweep [--sessions 10]

The clients run in the same process, so a sweep visits more objects than in a server.
"""

import argparse
import asyncio
import gc
import time
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from hwaja.client.sound_files import paced
from hwaja.client.trust import client_tls
from hwaja.client.websocket import open_connection
from hwaja.models.conversion.tones import write_tone_model
from hwaja.privacy.cycle_collection import settle
from hwaja.server.application import detector_file, voice_models
from hwaja.server.config import Config
from hwaja.server.server import Server
from hwaja.server.services import Services
from hwaja.session.settings import SessionSettings
from hwaja.speakers.voices import Cohort
from hwaja.vad.silero import Detection, SileroDetector
from hwaja.workers.generations import Generation, Generations
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire
from hwaja_bench.client import Way, begin, enrol
from hwaja_bench.tones.sentences import seeded_sentences, spoken, voices

SWEEPS = 20


def sweeps() -> str:
    """Sweep repeatedly; return the CPU times as text."""
    seconds = []
    walked = sum(len(gc.get_objects(generation)) for generation in range(3))
    for _ in range(SWEEPS):
        began = time.thread_time()
        gc.collect()
        seconds.append(time.thread_time() - began)
    median, most = 1000 * np.median(seconds), 1000 * max(seconds)
    return f"{walked} objects, median {median:.2f} ms, most {most:.2f} ms"


async def talk(url: str, stack: AsyncExitStack) -> None:
    """Open a session and begin a transcription."""
    client = await stack.enter_async_context(open_connection(url, client_tls(None)))
    await enrol(client, voices())
    await begin(client, Way())
    async for chunk in paced(spoken(seeded_sentences(1, 1)), speed=0):
        await client.send_chunk(chunk)
    await client.expect("transcription")


async def measure(setup: wire.Setup, sessions: int) -> None:
    """Print the duration of sweeps with more and more objects."""
    pool = Pool(setup, workers=1)
    await pool.start()
    settings = SessionSettings(abilities=lambda: pool.abilities)
    detection = Detection(SileroDetector(detector_file()))
    generations = Generations(Generation(pool, InterimWorker(setup)))
    services = Services(generations, detection, Cohort.load(), settings)
    server = Server(services, Config(max_connections=sessions))
    try:
        url = f"ws://127.0.0.1:{await server.start('127.0.0.1', 0, None)}"
        print(f"before serving: {sweeps()}")
        settle()
        print(f"no session: {sweeps()}")
        async with AsyncExitStack() as stack:
            for _ in range(sessions):
                await talk(url, stack)
            print(f"{sessions} sessions: {sweeps()}")
            gc.unfreeze()
            print(f"{sessions} sessions, nothing frozen: {sweeps()}")
    finally:
        await server.stop()
        await pool.close()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sessions", type=int, default=10)


def run(args: argparse.Namespace) -> None:
    with TemporaryDirectory() as folder:
        write_tone_model(Path(folder))
        asyncio.run(measure(wire.Setup(folder, voice_models(), "ko"), args.sessions))

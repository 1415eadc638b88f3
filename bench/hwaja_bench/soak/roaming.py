"""Kills servers in mid-sentence, again and again: `hwaja bench soak roaming --rounds 40`.

Four clients talk in real time, each with the addresses of both servers. In each round the server
that has clients is killed (SIGKILL) while they talk, and starts again before the next round. Every
sentence must arrive exactly once, with its speaker, and ids and times must go on.
"""

import argparse
import asyncio
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil

from hwaja.client import Client, Transcription, connect
from hwaja.client.sound_files import paced
from hwaja.models.tones import write_tone_model
from hwaja_bench.errors import BenchmarkError
from hwaja_bench.soak.deaths import Tally
from hwaja_bench.tones.sentences import Hummed, random_sentences, spoken, voices

CLIENTS = 4
TALK_SECONDS = (2.0, 6.0)
"""Time between the moment that both servers run and the next kill."""
SENTENCES = 8
"""In each conversation of a client; the next one begins at once."""


class Node:
    """A server that can be killed and started again, with the same address and key."""

    def __init__(self, folder: Path, model: Path, keys: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port = found.getsockname()[1]
        self.url = f"wss://localhost:{self.port}"
        self.cafile = folder / "dev-cert.pem"
        self._command = [sys.executable, "-m", "hwaja", "serve", "--asr-model", str(model)]
        self._command += ["--dev-cert", "--data-dir", str(folder), "--host", "127.0.0.1"]
        self._command += ["--port", str(self.port), "--ticket-key-file", str(keys)]
        self._process: psutil.Popen | None = None

    def start(self) -> None:
        """Start the server; `ready` tells when it serves."""
        self._process = psutil.Popen(self._command, stderr=subprocess.DEVNULL)

    async def ready(self) -> None:
        """Wait until the server listens.

        Raises:
            BenchmarkError: where it has ended.

        """
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if self._process is None or self._process.poll() is not None:
                    raise BenchmarkError("A server did not start.") from None
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return

    @property
    def sessions(self) -> int:
        """The number of established connections to the server."""
        if self._process is None or self._process.poll() is not None:
            return 0
        found = self._process.net_connections("tcp")
        return sum(each.status == psutil.CONN_ESTABLISHED for each in found)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the server, and wait for its end."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait()


@dataclass
class Report:
    """The counts of all conversations."""

    tally: Tally = field(default_factory=Tally)
    swapped: int = 0
    """Answers with another speaker."""
    out_of_order: int = 0
    """Answers whose id, time or timestamp does not go on."""
    losses: int = 0
    """Connections that were lost, of all clients."""
    late_seconds: list[float] = field(default_factory=list)
    """Of each answer: how long after the end of the words it came."""


class Talker:
    """A client that holds one conversation after the other."""

    def __init__(self, number: int, nodes: Sequence[Node], report: Report) -> None:
        # In every second session the voices are enrolled the other way round.
        self._speaker_id = number % 2
        self._chance = random.Random(number)  # noqa: S311 (no secret)
        self._nodes = [*nodes[number % 2 :], *nodes[: number % 2]]
        self._report = report
        self.is_over = False
        self.begun = asyncio.Event()

    async def run(self) -> None:
        """Talk until `is_over`."""
        urls = [node.url for node in self._nodes]
        tones, other = voices()
        enrolled = (tones, other) if self._speaker_id == 0 else (other, tones)
        async with connect(urls, verify=False, on_away=self._lost) as client:
            for speaker_id, voice in enumerate(enrolled):
                await client.enrol(speaker_id, voice)
            while not self.is_over:
                await self._converse(client)

    def _lost(self) -> None:
        self._report.losses += 1

    async def _converse(self, client: Client) -> None:
        sentences = random_sentences(self._chance, SENTENCES)
        began = time.monotonic()
        self.begun.set()
        answers: list[Transcription] = []
        async for event in client.transcribe(_at_speed_one(sentences)):
            if isinstance(event, Transcription) and event.details is not None:
                answers.append(event)
                late = time.monotonic() - began - event.details.end_seconds
                self._report.late_seconds.append(late)
        texts = [answer.text for answer in answers]
        report = self._report
        said = [sentence.text for sentence in sentences]
        report.tally.compare(said, texts)
        report.swapped += sum(answer.speaker_id != self._speaker_id for answer in answers)
        places = [(each.segment_id, _start(each), each.timestamp) for each in answers]
        for axis in zip(*places, strict=True):
            report.out_of_order += sum(b <= a for a, b in pairwise(axis))


def _start(answer: Transcription) -> float:
    return 0.0 if answer.details is None else answer.details.start_seconds


def _at_speed_one(sentences: Sequence[Hummed]) -> AsyncIterator[bytes]:
    return paced(spoken(sentences), 1)


async def roam(nodes: Sequence[Node], rounds: int, chance: random.Random) -> Report:
    """Let the clients talk while servers are killed; return what arrived."""
    report = Report()
    talkers = [Talker(number, nodes, report) for number in range(CLIENTS)]
    for node in nodes:
        node.start()
    for node in nodes:
        await node.ready()
    async with asyncio.TaskGroup() as group:
        for talker in talkers:
            group.create_task(talker.run())
        for talker in talkers:
            await talker.begun.wait()
        for _ in range(rounds):
            await asyncio.sleep(chance.uniform(*TALK_SECONDS))
            fullest = max(nodes, key=lambda node: node.sessions)
            await asyncio.to_thread(fullest.kill)
            fullest.start()
            await fullest.ready()
        for talker in talkers:
            talker.is_over = True
    return report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)


def run(asked: argparse.Namespace) -> int:
    """Kill servers while clients talk; return the exit code."""
    chance = random.Random(asked.seed)  # noqa: S311 (no secret)
    with TemporaryDirectory() as folder, ExitStack() as stack:
        root = Path(folder)
        model, keys = root / "model", root / "ticket-keys"
        model.mkdir()
        write_tone_model(model)
        keys.write_text(secrets.token_hex(32), encoding="ascii")
        keys.chmod(0o600)
        nodes = [Node(root / name, model, keys) for name in ("one", "other")]
        for node in nodes:
            stack.callback(node.kill, signal.SIGTERM)
        report = asyncio.run(roam(nodes, asked.rounds, chance))
    tally, late = report.tally, report.late_seconds
    print(
        f"{asked.rounds} servers killed under {CLIENTS} clients, {report.losses} connections lost; "
        f"{tally}, {report.swapped} speakers swapped, {report.out_of_order} out of order; answers "
        f"after {np.quantile(late, 0.5):.2f} s (p50), {np.quantile(late, 0.99):.2f} s (p99)"
    )
    faults = tally.lost + tally.doubled + tally.other + report.swapped + report.out_of_order
    return 1 if faults or not report.losses else 0

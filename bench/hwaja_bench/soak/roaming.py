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
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from hwaja.client import Client, Transcription, connect
from hwaja.client.sound_files import paced
from hwaja.models.conversion.tones import write_tone_model
from hwaja.observability.loop_lag import watch as watch_loop_lag
from hwaja_bench.nodes import Node
from hwaja_bench.soak.deaths import Tally
from hwaja_bench.tones.sentences import Hummed, random_sentences, spoken, voices
from hwaja_bench.tones.visitor import sentences_in

CLIENTS = 4
TALK_SECONDS = (2.0, 6.0)
"""Time between the moment that both servers run and the next kill."""
SENTENCES = 8
"""In each conversation of a client; the next one begins at once."""


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
    struck_at: float | None = None
    """When the last server was struck, by the monotonic clock. None: it is told to leave."""
    outage_seconds: list[float] = field(default_factory=list)
    """Of each lost connection: from the strike, or the loss, until the client could go on."""
    stall_seconds: float = 0.0
    """Longest stall of the clients themselves. From 1.5 s on, a server takes it for a pause."""
    late_seconds: list[float] = field(default_factory=list)
    """Of each answer: how long after the end of the words it came."""

    def stalled(self, seconds: float) -> None:
        """Note that the clients could not run for some time."""
        self.stall_seconds = max(self.stall_seconds, seconds)

    @property
    def faults(self) -> int:
        """How often a promise was broken."""
        tally = self.tally
        return tally.lost + tally.doubled + tally.other + self.swapped + self.out_of_order

    def __str__(self) -> str:
        times = ""
        for name, seconds in (("back", self.outage_seconds), ("answers", self.late_seconds)):
            if seconds:
                p50, p95, p99 = np.quantile(seconds, (0.5, 0.95, 0.99))
                times += f"; {name} after {p50:.2f} s (p50), {p95:.2f} s (p95), {p99:.2f} s (p99)"
        return (
            f"{self.losses} connections lost; {self.tally}, {self.swapped} speakers swapped, "
            f"{self.out_of_order} out of order{times}; the clients themselves stalled for "
            f"{self.stall_seconds:.2f} s at most"
        )


class Talker:
    """A client that holds one conversation after the other."""

    def __init__(
        self, number: int, urls: Sequence[str], report: Report, sentences: int = SENTENCES
    ) -> None:
        # In every second session the voices are enrolled the other way round.
        self._speaker_id = number % 2
        self._chance = random.Random(number)  # noqa: S311 (no secret)
        self._urls = urls
        self._sentences = sentences
        self._report = report
        self._lost_at = 0.0
        self.is_over = False
        self.begun = asyncio.Event()

    async def run(self) -> None:
        """Talk until `is_over`."""
        tones, other = voices()
        enrolled = (tones, other) if self._speaker_id == 0 else (other, tones)
        async with self._connected() as client:
            for speaker_id, voice in enumerate(enrolled):
                await client.enrol(speaker_id, voice)
            while not self.is_over:
                await self._converse(client)

    def _connected(self) -> AbstractAsyncContextManager[Client]:
        return connect(self._urls, verify=False, on_away=self._lost, on_back=self._back)

    def _lost(self) -> None:
        self._report.losses += 1
        self._lost_at = time.monotonic()

    def _back(self) -> None:
        began = self._report.struck_at or self._lost_at
        self._report.outage_seconds.append(time.monotonic() - began)

    async def _converse(self, client: Client) -> None:
        sentences = random_sentences(self._chance, self._sentences)
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
        # The server may take a single tone for the other voice, and divide the sentence.
        begun = [answers[place] for _, place in sentences_in(said, texts)]
        report.swapped += sum(answer.speaker_id != self._speaker_id for answer in begun)
        places = [(each.segment_id, _start(each), each.timestamp) for each in begun]
        for axis in zip(*places, strict=True):
            report.out_of_order += sum(b <= a for a, b in pairwise(axis))


def _start(answer: Transcription) -> float:
    return 0.0 if answer.details is None else answer.details.start_seconds


def _at_speed_one(sentences: Sequence[Hummed]) -> AsyncIterator[bytes]:
    return paced(spoken(sentences), 1)


@asynccontextmanager
async def talking(talkers: Sequence[Talker], report: Report) -> AsyncIterator[None]:
    """Have clients talk from now on; at the end, they finish their conversations."""
    watching = asyncio.create_task(watch_loop_lag(report.stalled))
    try:
        async with asyncio.TaskGroup() as group:
            for talker in talkers:
                group.create_task(talker.run())
            for talker in talkers:
                await talker.begun.wait()
            yield
            for talker in talkers:
                talker.is_over = True
    finally:
        watching.cancel()


async def roam(nodes: Sequence[Node], rounds: int, chance: random.Random) -> Report:
    """Let the clients talk while servers are killed; return what arrived."""
    report = Report()
    urls = [node.url for node in nodes]
    turned = [urls, urls[::-1]]
    talkers = [Talker(number, turned[number % 2], report) for number in range(CLIENTS)]
    for node in nodes:
        node.start()
    for node in nodes:
        await node.ready()
    async with talking(talkers, report):
        for _ in range(rounds):
            await asyncio.sleep(chance.uniform(*TALK_SECONDS))
            fullest = max(nodes, key=lambda node: node.sessions)
            report.struck_at = time.monotonic()
            await asyncio.to_thread(fullest.kill)
            fullest.start()
            await fullest.ready()
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
        options = ("--asr-model", str(model), "--ticket-key-file", str(keys))
        nodes = [Node(root / name, *options) for name in ("one", "other")]
        for node in nodes:
            stack.callback(node.kill, signal.SIGTERM)
        report = asyncio.run(roam(nodes, asked.rounds, chance))
    print(f"{asked.rounds} servers killed under {CLIENTS} clients, {report}")
    return 1 if report.faults or not report.losses else 0

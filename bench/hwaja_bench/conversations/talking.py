"""Clients that talk in real time while servers come and go, and what they got."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from hwaja.client import Client, Transcription, connect
from hwaja.client.sound_files import paced
from hwaja.observability.loop_lag import watch as watch_loop_lag
from hwaja_bench.conversations.tally import Tally


@dataclass
class Report:
    """The counts of all conversations."""

    tally: Tally = field(default_factory=Tally)
    swapped: int = 0
    """Sentences with another speaker."""
    out_of_order: int = 0
    """Answers whose id, time or timestamp does not go on."""
    unlike: int = 0
    """Characters of real speech that are wrong, without spaces and punctuation."""
    characters: int = 0
    """Characters of the real speech that was said."""
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

    def check_order(self, answers: Sequence[Transcription]) -> None:
        """Count the answers whose id, time or timestamp does not go on."""
        places = [
            (each.segment_id, each.details.start_seconds, each.timestamp)
            for each in answers
            if each.details is not None
        ]
        for axis in zip(*places, strict=True):
            self.out_of_order += sum(b <= a for a, b in pairwise(axis))

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
        wrong = (
            f", {self.unlike / self.characters:.1%} of the characters wrong"
            if self.characters
            else ""
        )
        return (
            f"{self.losses} connections lost; {self.tally}, {self.swapped} speakers swapped, "
            f"{self.out_of_order} out of order{wrong}{times}; the clients themselves stalled for "
            f"{self.stall_seconds:.2f} s at most"
        )


@dataclass(frozen=True)
class Conversation:
    """What a client says between the start and the end of a transcription."""

    pcm: bytes
    compare: Callable[[Sequence[Transcription], Report], None]
    """Count what became of it, from its answers."""


@dataclass(frozen=True)
class Script:
    """What a client says, and who says it."""

    voices: tuple[bytes, bytes]
    """The voices to enrol, in the order of their ids; PCM16."""
    conversations: Iterator[Conversation]
    """Without end."""


class Talker:
    """A client that holds one conversation after the other."""

    def __init__(self, script: Script, urls: Sequence[str], report: Report) -> None:
        self._script = script
        self._urls = urls
        self._report = report
        self._lost_at = 0.0
        self.is_over = False
        self.begun = asyncio.Event()

    async def run(self) -> None:
        """Talk until `is_over`."""
        async with self._connected() as client:
            for speaker_id, voice in enumerate(self._script.voices):
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
        conversation = next(self._script.conversations)
        began = time.monotonic()
        self.begun.set()
        answers: list[Transcription] = []
        async for event in client.transcribe(paced(conversation.pcm, 1)):
            if isinstance(event, Transcription) and event.details is not None:
                answers.append(event)
                late = time.monotonic() - began - event.details.end_seconds
                self._report.late_seconds.append(late)
        conversation.compare(answers, self._report)


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

"""Measures how long an expensive session delays others, with the real queue and real job times.

hwaja bench experiment expensive_clients ../shared/speech AirbnbStudio --ordinary 8 --speeds 0 1 10

First, two streams of a room go through a session with the real models: lines of two people with
pauses of 0.7 s, and the same voices in turns of one second. The experiment records the CPU time and
the request time of each job. Then many sessions put these jobs into the server's own queue, each
from another starting point, on a virtual clock that only jobs advance. So the figures do not depend
on other load of the machine. Speculative work, interim texts and load shedding are not simulated.
The lag that would trigger load shedding is.

An expensive ("dear") session with a speed above 1 requests its jobs so many times as fast, like a
client that transcribes one file after another. With speed 0 there is no such session.
"""

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np

from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server.server import LOAD_PERIOD_SECONDS
from hwaja.session.effects import Effect, Finish, ProbeSpeaker, Recognise
from hwaja.session.events import Attributed
from hwaja.speakers.diarize import split_by_voice, unscored_part
from hwaja.speakers.voices import Cohort, Voices, pool
from hwaja.workers.charges import Account, Charges
from hwaja.workers.jobs import FairQueue, Job
from hwaja.workers.overload import DegradationLevel, Overload, SessionOverload
from hwaja.workers.transport import wire
from hwaja_bench.checkout import use_test_helpers
from hwaja_bench.experiments.turn_taking import Engines, Room, dialogue
from hwaja_bench.stats import spread

PAUSE_SECONDS = 0.7
TURN_SECONDS = 1.0
KINDS = ("ordinary", "dear")


@dataclass
class Wanted:
    """Jobs requested together: text and voices of an utterance, or a check for a new voice."""

    at_seconds: float
    costs_seconds: list[float] = field(default_factory=list)
    anew_seconds: list[float] = field(default_factory=list)
    """Text jobs of the utterance's parts, requested when all other jobs are done."""
    is_answered: bool = True
    """Whether an answer waits for these jobs, which is not so for a check."""


class RecordingCharges(Room):
    """A session that records its jobs."""

    def __init__(self, engines: Engines, voices: Voices, stream: Samples) -> None:
        super().__init__(engines, voices, stream, is_watched=True)
        self.wanted: list[Wanted] = []

    def _do(self, effect: Effect) -> None:
        began = time.process_time()
        match effect:
            case Finish(segment_id, segment):
                wanted = Wanted(self._now / SAMPLE_RATE)
                self.wanted.append(wanted)
                self._recognise(segment_id, segment.start, segment.stop)
                wanted.costs_seconds.append(time.process_time() - began)
                began = time.process_time()
                track = self._engines.track(self._stream[segment.start : segment.stop])
                wanted.costs_seconds.append(time.process_time() - began)
                whole = unscored_part(segment, self._voices)
                self._handle(Attributed(segment_id, split_by_voice(track, whole, self._voices)))
            case ProbeSpeaker():
                super()._do(effect)
                took = time.process_time() - began
                self.wanted.append(Wanted(self._now / SAMPLE_RATE, [took], is_answered=False))
            case Recognise():
                owner = next(each for each in reversed(self.wanted) if each.is_answered)
                super()._do(effect)
                owner.anew_seconds.append(time.process_time() - began)
            case _:
                super()._do(effect)


def alternating(lines: Sequence[tuple[int, int, int]], stream: Samples) -> Samples:
    """Return the voices of a dialogue in turns of one second, without pauses."""
    turn = round(TURN_SECONDS * SAMPLE_RATE)
    voices = [
        np.concatenate([stream[start:stop] for start, stop, who in lines if who == speaker])
        for speaker in (0, 1)
    ]
    turns = min(map(len, voices)) // turn
    both = np.stack([voice[: turns * turn].reshape(turns, turn) for voice in voices], axis=1)
    return both.reshape(-1)


@dataclass(frozen=True)
class Trace:
    """The job requests of a session, repeated in a loop."""

    wanted: list[Wanted]
    seconds: float

    @property
    def rate(self) -> float:
        """Processors that the session's jobs keep busy."""
        costs = (sum(each.costs_seconds) + sum(each.anew_seconds) for each in self.wanted)
        return sum(costs) / self.seconds


def traces(speech: Path, room: str, most_seconds: float) -> list[Trace]:
    """Return the traces of an ordinary and of an expensive session."""
    engines = Engines()
    takes, lines, stream = dialogue(speech, room, PAUSE_SECONDS)
    spans = [(line.start, line.stop, line.speaker_id) for line in lines]
    found = []
    for whole in (stream, alternating(spans, stream)):
        heard = whole[: round(most_seconds * SAMPLE_RATE)]
        voices = Voices(Cohort.load())
        for speaker_id, take in enumerate(takes):
            voices.enrol(speaker_id, pool(None, engines.track(take).whole, 1.0))
        noting = RecordingCharges(engines, voices, heard)
        noting.hear()
        found.append(Trace(noting.wanted, len(heard) / SAMPLE_RATE))
    return found


class Uncharged(Charges):
    """The earlier policy: a session's usage does not affect its priority."""

    def account(self, owner: Hashable) -> Account:
        """Return an account that has no effect."""
        return Account()


@dataclass
class Counts:
    """Waiting times of one session's utterances."""

    overload: SessionOverload
    delays_seconds: list[float] = field(default_factory=list)
    awaited: list[float] = field(default_factory=list)


class Replay:
    """Replays the job requests of sessions on a virtual clock."""

    def __init__(self, charges: Charges, workers: int) -> None:
        self._charges = charges
        self._workers = workers
        self._overload = Overload()
        self.seen: dict[str, Counts] = {}
        self.looks: Counter[DegradationLevel] = Counter()

    async def play(self, sessions: dict[str, tuple[Trace, float, float]], seconds: float) -> None:
        """Replay each session's trace, from a starting second, at a speed."""
        loop = asyncio.get_running_loop()
        self._queue = FairQueue(self._charges, loop.time)
        tasks = [asyncio.create_task(self._work()) for _ in range(self._workers)]
        tasks.append(asyncio.create_task(self._look()))
        for name, (trace, offset_seconds, speed) in sessions.items():
            self.seen[name] = Counts(SessionOverload(self._overload))
            session = self._session(name, trace, offset_seconds, speed)
            tasks.append(asyncio.create_task(session))
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _session(self, name: str, trace: Trace, offset_seconds: float, speed: float) -> None:
        loop = asyncio.get_running_loop()
        begin_seconds = -offset_seconds
        wants: set[asyncio.Task[None]] = set()
        while True:
            for wanted in trace.wanted:
                at = (begin_seconds + wanted.at_seconds) / speed
                if at >= 0:
                    await asyncio.sleep(max(0.0, at - loop.time()))
                    wants.add(asyncio.create_task(self._want(name, wanted)))
            begin_seconds += trace.seconds

    async def _want(self, name: str, wanted: Wanted) -> None:
        loop = asyncio.get_running_loop()
        seen, began = self.seen[name], loop.time()
        if wanted.is_answered:
            seen.awaited.append(began)
        await asyncio.gather(*(self._job(name, cost) for cost in wanted.costs_seconds))
        await asyncio.gather(*(self._job(name, cost) for cost in wanted.anew_seconds))
        if wanted.is_answered:
            seen.awaited.remove(began)
            seen.delays_seconds.append(loop.time() - began)

    async def _job(self, name: str, cost_seconds: float) -> None:
        # The queue does not know a job's kind; here its limit is its cost.
        job = Job(name, lambda _id, _suspect: wire.Embed(0, memoryview(b"")), cost_seconds)
        self._queue.put(job)
        await job.reply

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            (job,) = await self._queue.get()
            await asyncio.sleep(job.limit_seconds)
            self._charges.account(job.owner).charge(job.limit_seconds, loop.time())
            job.reply.set_result(wire.Failed(0))

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOAD_PERIOD_SECONDS)
            now, lags = loop.time(), [0.0]
            for name, seen in self.seen.items():
                seen.overload.take_shares(self._charges.shares(name, now), now)
                lag = now - min(seen.awaited, default=now)
                lags.append(seen.overload.shared_lag_seconds(lag, now))
            self._overload.observe(max(lags), now)
            for level in DegradationLevel:
                self.looks[level] += self._overload.skips(level)


def told(replay: Replay, kind: str) -> str:
    """Return, as text, how long sessions of a kind waited."""
    of_kind = [seen.delays_seconds for name, seen in replay.seen.items() if name.startswith(kind)]
    delays = [delay for each in of_kind for delay in each]
    return f"{len(delays)} answers, {spread(delays)}"


def tell(replay: Replay, title: str) -> None:
    print(title)
    for kind in KINDS:
        print(f"  {kind}: {told(replay, kind)}")
    looks = replay.looks[DegradationLevel.NOTHING]
    left_out = {
        each.name.lower(): replay.looks[each]
        for each in DegradationLevel
        if each > DegradationLevel.NOTHING
    }
    print(f"  left out, of {looks} looks: {left_out}", flush=True)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("room")
    parser.add_argument("--trace-seconds", type=float, default=120.0)
    parser.add_argument("--ordinary", type=int, nargs="+", default=[9])
    parser.add_argument("--speeds", type=float, nargs="+", default=[1.0])
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=0)


def run(asked: argparse.Namespace) -> None:
    use_test_helpers()
    from virtual_time import run as run_virtually

    ordinary, expensive = traces(asked.speech, asked.room, asked.trace_seconds)
    print(
        f"of a processor: ordinary {ordinary.rate:.3f}, expensive {expensive.rate:.3f}", flush=True
    )
    for count, speed in product(asked.ordinary, asked.speeds):
        random = np.random.default_rng(asked.seed)
        begins = random.uniform(0, ordinary.seconds, count)
        sessions = {f"ordinary{k}": (ordinary, begin, 1.0) for k, begin in enumerate(begins)}
        if speed:
            sessions["dear"] = expensive, 0.0, speed
        for charges in (Uncharged(asked.workers), Charges(asked.workers)):
            replay = Replay(charges, asked.workers)
            run_virtually(replay.play(sessions, asked.seconds))
            how = type(charges).__name__.lower()
            tell(replay, f"{count} ordinary, expensive at {speed:g} times, {how}")

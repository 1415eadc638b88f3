"""Changes the model again and again while clients talk in real time.

hwaja bench experiment model_changes --speech ../shared/speech --rttm-like INDEX --models A B

B may be a copy of the folder of A: it is loaded as another one. Every clip near a change must get
a text, no text may come twice, and no utterance may fail. Of clips elsewhere, a recogniser may find
no words in some. Delays near a change are compared with the others.
"""

import argparse
import asyncio
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from hwaja_bench.arguments import add_clips, positive
from hwaja_bench.errors import BenchmarkError
from hwaja_bench.load.figures import delays, doubled, last_parts, lost
from hwaja_bench.load.measuring import NO_LIMIT, STAGGER_SECONDS
from hwaja_bench.load.playing import Final, Transcript, play
from hwaja_bench.load.talk import Talk, talks
from hwaja_bench.metrics import scrape, values
from hwaja_bench.processes import Look, look, watch
from hwaja_bench.server import Service, running_server
from hwaja_bench.speech.corpus import load_corpus

PAUSE_SECONDS = 0.7
"""Between two clips, as in the load test."""

POLL_SECONDS = 0.2
TIMEOUT_SECONDS = 120.0

NEAR = ", near a change"

AFTER_SECONDS = 2.0
"""A text that is spoken so soon after a change belongs to it: its utterance waited meanwhile."""


@dataclass
class Change:
    """One change, in seconds from the beginning of the talk."""

    requested_seconds: float
    made_seconds: float
    ended_seconds: float
    """When the workers before had ended."""

    def concerns(self, spoken_seconds: float) -> bool:
        """Return whether speech that ended at this time was near the change."""
        return self.requested_seconds <= spoken_seconds <= self.ended_seconds + AFTER_SECONDS


@dataclass
class Results:
    """All that was observed."""

    began: float
    """Beginning of the talk, of the monotonic clock."""
    transcripts: list[Transcript]
    changes: list[Change] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)

    @property
    def now_seconds(self) -> float:
        """Seconds since the beginning of the talk."""
        return time.monotonic() - self.began


def configure(file: Path, model: str, language: str) -> None:
    """Write a configuration with this model."""
    file.write_text(f'asr_model = "{model}"\nlanguage = "{language}"\n', encoding="utf-8")


async def change(service: Service, results: Results) -> None:
    """Have the server change its model; return once the workers before have ended.

    Raises:
        BenchmarkError: where the change fails, or takes too long.

    """
    began, count = results.now_seconds, _changed(scrape(service))
    service.process.send_signal(signal.SIGHUP)
    made = 0.0
    while results.now_seconds < began + TIMEOUT_SECONDS:
        await asyncio.sleep(POLL_SECONDS)
        exposition = await asyncio.to_thread(scrape, service)
        if not made and _changed(exposition) > count:
            made = results.now_seconds
        if made and not values(exposition, "hwaja_workers_earlier")[""]:
            results.changes.append(Change(began, made, results.now_seconds))
            return
    raise BenchmarkError("The model did not change.")


def _changed(exposition: str) -> float:
    return values(exposition, "hwaja_model_changes_total")["changed"]


async def talk(service: Service, said: Sequence[Talk], asked: argparse.Namespace) -> Results:
    """Let the clients talk, and change the model meanwhile."""
    starts = [STAGGER_SECONDS * number for number in range(len(said))]
    results = Results(time.monotonic(), [Transcript(start) for start in starts])
    results.looks.append(look(service))

    async def client(number: int) -> None:
        await asyncio.sleep(starts[number] - results.now_seconds)
        await play(service, said[number], results.transcripts[number], interims=asked.interims)

    async def change_all() -> None:
        await asyncio.sleep(starts[-1])
        for model in islice(cycle([*asked.models[1:], asked.models[0]]), asked.changes):
            await asyncio.sleep(asked.every)
            configure(asked.config, model, asked.language)
            await change(service, results)

    watching = asyncio.create_task(watch(service, results.looks))
    try:
        await asyncio.gather(change_all(), *map(client, range(len(said))))
    finally:
        watching.cancel()
    return results


def lost_clips(said: Sequence[Talk], results: Results) -> list[str]:
    """Return when each clip without a text was said, and by which client."""
    found = []
    for number, (talk, each) in enumerate(zip(said, results.transcripts, strict=True)):
        for span in talk.spans_seconds:
            if lost([span], each.finals):
                at = each.began_seconds + span[1]
                near = any(one.concerns(at) for one in results.changes)
                found.append(f"client {number}, {at:.1f} s{NEAR * near}")
    return found


def all_doubled(results: Results) -> int:
    """Return the number of texts that came twice."""
    return sum(doubled(each.finals) for each in results.transcripts)


def report(said: Sequence[Talk], results: Results, exposition: str) -> str:
    """Return the figures as text; `exposition` has the server's metrics after the talk."""
    outcomes = values(exposition, "hwaja_utterances_total")
    restarts = values(exposition, "hwaja_worker_restarts_total")[""]
    near: list[Final] = []
    other: list[Final] = []
    for each in results.transcripts:
        for final in last_parts(each.finals):
            spoken_seconds = each.began_seconds + final.at_seconds - final.delay_seconds
            is_near = any(one.concerns(spoken_seconds) for one in results.changes)
            (near if is_near else other).append(final)
    missing = lost_clips(said, results)
    errors = sum(each.errors for each in results.transcripts)
    took = [each.made_seconds - each.requested_seconds for each in results.changes]
    ended = [each.ended_seconds - each.made_seconds for each in results.changes]
    memory = [sum(each.resident_bytes.values()) / 2**20 for each in results.looks]
    return "\n".join(
        (
            f"{len(results.changes)} changes, {len(near) + len(other)} utterances",
            f"clips without a text: {'; '.join(missing) or 0}",
            f"doubled {all_doubled(results)}, errors {errors}",
            f"utterances without words {outcomes['empty']:g}, failed {outcomes['failed']:g}",
            f"workers started again: {restarts:g}",
            f"until new utterances go to the new model: {_range(took)}",
            f"from then until the workers before have ended: {_range(ended)}",
            f"delay near a change: {delays(near)} ({len(near)})",
            f"delay otherwise: {delays(other)} ({len(other)})",
            f"resident memory of all processes: {memory[0]:.0f} MiB at first, "
            f"{max(memory):.0f} MiB at most",
            f"load average: {os.getloadavg()[1]:.1f} over 5 minutes",
        )
    )


def _range(seconds: Sequence[float]) -> str:
    return f"{min(seconds):.1f} to {max(seconds):.1f} s"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_clips(parser)
    parser.add_argument("--models", nargs="+", required=True, help="two or more, in turn")
    parser.add_argument("--language", default="ko")
    parser.add_argument("--changes", type=positive, default=6)
    parser.add_argument("--every", type=positive, default=20, help="seconds between two changes")
    parser.add_argument("--clients", type=positive, default=10)
    parser.add_argument("--interims", action="store_true", help="ask for interim texts")


def run(asked: argparse.Namespace) -> int:
    """Run the measurement; return the exit code."""
    seconds = (asked.changes + 1) * (asked.every + 10)
    clips = load_corpus(asked.speech, asked.index, asked.groups)
    said = talks(clips, asked.clients, seconds, PAUSE_SECONDS, asked.seed)
    with TemporaryDirectory() as folder:
        asked.config = Path(folder, "hwaja.toml")
        configure(asked.config, asked.models[0], asked.language)
        options = ("--config", str(asked.config), "--max-connections", str(asked.clients))
        with running_server(*options, *NO_LIMIT) as service:
            results = asyncio.run(talk(service, said, asked))
            exposition = scrape(service)
    failed = values(exposition, "hwaja_utterances_total")["failed"]
    print(report(said, results, exposition))
    is_lost = any(NEAR in each for each in lost_clips(said, results))
    return 1 if failed or is_lost or all_doubled(results) else 0

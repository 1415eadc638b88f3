"""The load test from the corpus to the report."""

import asyncio
import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwaja.benchmark import circumstances
from hwaja.benchmark.corpus import BenchmarkError, load_corpus
from hwaja.benchmark.load import plots
from hwaja.benchmark.load.client import Told, play
from hwaja.benchmark.load.figures import figures
from hwaja.benchmark.load.processes import Look, look, watch
from hwaja.benchmark.load.report import lines, page, summary
from hwaja.benchmark.load.scraping import LOOP_LAG, detection_seconds, quantile, scrape
from hwaja.benchmark.load.talk import Talk, talks
from hwaja.benchmark.serving import Service, running_server

STAGGER_SECONDS = 1.3
"""Between the beginnings of two clients, so that they do not end their utterances together."""

NO_LIMIT = ("--max-session-seconds", "86400", "--max-audio-seconds", "86400")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be measured."""

    speech: Path
    index: Path
    out: Path
    seed: int
    groups: tuple[str, ...]
    clients: int
    seconds: float
    """How long each of them talks."""
    pause_seconds: float
    """Between two clips; 0: somebody always talks."""
    interims: bool
    against: Path | None
    """Results of an earlier test to compare with."""
    serve: tuple[str, ...]
    """Options of the server."""


def measure(wishes: Wishes, tell: Callable[[str], None]) -> str:
    """Measure and write `report.html`, `results.json` and the plot; return the summary.

    Args:
        wishes: what.
        tell: told what is going on.

    Raises:
        BenchmarkError: where the corpus or the earlier results cannot be used, or the server does
            not start.
        AudioError: where a clip cannot be read.
        ClientError: where the server ends a session.
        OSError: where the results cannot be written.

    """
    wishes.out.mkdir(parents=True, exist_ok=True)
    version = circumstances.version()  # before a checkout may change
    earlier = {} if wishes.against is None else _earlier(wishes.against)
    tell("reading the clips")
    clips = load_corpus(wishes.speech, wishes.index, wishes.groups)
    said = talks(clips, wishes.clients, wishes.seconds, wishes.pause_seconds, wishes.seed)
    tell("starting the server")
    options = ("--max-connections", str(wishes.clients), *NO_LIMIT, *wishes.serve)
    with running_server(*options) as service:
        told, looks = asyncio.run(_talk(service, said, wishes, tell))
        exposition = scrape(service)
    loop_lag_p99 = quantile(exposition, LOOP_LAG, 0.99)
    found = figures(said, told, looks, detection_seconds(exposition), loop_lag_p99)
    known = {
        "date": circumstances.today(),
        "machine": circumstances.machine(),
        "hwaja": version,
        "options": _options(wishes),
        "settings": circumstances.environment(),
    }
    plot = wishes.out / "load.png"
    plots.draw(told, looks, plot)
    (wishes.out / "report.html").write_text(page(found, known, plot, earlier), encoding="utf-8")
    fields = {
        "circumstances": known,
        "summary": summary(found),
        "figures": dataclasses.asdict(found),
    }
    (wishes.out / "results.json").write_text(json.dumps(fields, indent=1), encoding="utf-8")
    return lines(found, earlier)


async def _talk(
    service: Service, said: Sequence[Talk], wishes: Wishes, tell: Callable[[str], None]
) -> tuple[list[Told], list[Look]]:
    looks: list[Look] = [look(service)]
    told = [Told(STAGGER_SECONDS * number) for number in range(len(said))]
    began = time.monotonic()

    async def client(number: int) -> None:
        await asyncio.sleep(began + told[number].began_seconds - time.monotonic())
        await play(service, said[number], told[number], interims=wishes.interims)

    async def say() -> None:
        while True:
            texts = sum(len(each.finals) for each in told)
            tell(f"{time.monotonic() - began:.0f} s, {texts} texts")
            await asyncio.sleep(1)

    beside = [asyncio.create_task(each) for each in (watch(service, looks), say())]
    try:
        await asyncio.gather(*map(client, range(len(said))))
    finally:
        for task in beside:
            task.cancel()
    looks.append(look(service))
    return told, looks


def _earlier(file: Path) -> dict[str, float | None]:
    try:
        fields: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return dict(fields["summary"])
    except OSError as error:
        raise BenchmarkError(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise BenchmarkError(f"{file} holds no results of a load test.") from error


def _options(wishes: Wishes) -> str:
    interims = ["--interims"] if wishes.interims else []
    serve = ["--serve", *wishes.serve] if wishes.serve else []
    return " ".join(
        [
            f"--clients {wishes.clients} --seconds {wishes.seconds:g}",
            f"--pause-seconds {wishes.pause_seconds:g} --seed {wishes.seed}",
            *interims,
            *serve,
        ]
    )

"""Runs the load test, from the corpus to the report."""

import asyncio
import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwaja_bench.arguments import CorpusSettings
from hwaja_bench.circumstances import circumstances
from hwaja_bench.errors import BenchmarkError
from hwaja_bench.load import plots
from hwaja_bench.load.figures import figures
from hwaja_bench.load.playing import Transcript, play
from hwaja_bench.load.report import lines, page, summary
from hwaja_bench.load.talk import Talk, talks
from hwaja_bench.metrics import LOOP_LAG, detection_seconds, quantile, scrape
from hwaja_bench.processes import Look, look, watch
from hwaja_bench.server import Service, running_server
from hwaja_bench.speech.corpus import load_corpus

STAGGER_SECONDS = 1.3
"""Time between two clients' starts, so that their utterances do not end together."""

NO_LIMIT = ("--max-session-seconds", "86400", "--max-audio-seconds", "86400")


@dataclass(frozen=True, kw_only=True)
class Settings(CorpusSettings):
    """Settings of the load test."""

    clients: int
    seconds: float
    """Duration of each client's talk."""
    pause_seconds: float
    """Pause between two clips; 0: continuous speech."""
    interims: bool
    against: Path | None
    """Results of an earlier test for comparison."""

    @property
    def own_options(self) -> str:
        """The options of this command only."""
        return (
            f"--clients {self.clients} --seconds {self.seconds:g}"
            f" --pause-seconds {self.pause_seconds:g}{' --interims' * self.interims}"
        )


def measure(settings: Settings, progress: Callable[[str], None]) -> str:
    """Run the test; write `report.html`, `results.json` and the plot; return the summary.

    Args:
        settings: settings of the test.
        progress: called with progress messages.

    Raises:
        BenchmarkError: where the corpus or the earlier results cannot be used, or the server does
            not start.
        AudioError: where a clip cannot be read.
        ClientError: where the server ends a session.
        OSError: where the results cannot be written.

    """
    settings.out.mkdir(parents=True, exist_ok=True)
    known = circumstances(settings.options(settings.own_options))  # before a checkout may change
    earlier = {} if settings.against is None else _earlier(settings.against)
    progress("reading the clips")
    clips = load_corpus(settings.speech, settings.index, settings.groups)
    said = talks(clips, settings.clients, settings.seconds, settings.pause_seconds, settings.seed)
    progress("starting the server")
    options = ("--max-connections", str(settings.clients), *NO_LIMIT, *settings.serve)
    with running_server(*options) as service:
        transcripts, looks = asyncio.run(_talk(service, said, settings, progress))
        exposition = scrape(service)
    loop_lag_p99 = quantile(exposition, LOOP_LAG, 0.99)
    found = figures(said, transcripts, looks, detection_seconds(exposition), loop_lag_p99)
    plot = settings.out / "load.png"
    plots.draw(transcripts, looks, plot)
    (settings.out / "report.html").write_text(page(found, known, plot, earlier), encoding="utf-8")
    fields = {
        "circumstances": known,
        "summary": summary(found),
        "figures": dataclasses.asdict(found),
    }
    (settings.out / "results.json").write_text(json.dumps(fields, indent=1), encoding="utf-8")
    return f"{lines(found, earlier)}\n{settings.out / 'report.html'}"


async def _talk(
    service: Service, said: Sequence[Talk], settings: Settings, progress: Callable[[str], None]
) -> tuple[list[Transcript], list[Look]]:
    looks: list[Look] = [look(service)]
    transcripts = [Transcript(STAGGER_SECONDS * number) for number in range(len(said))]
    began = time.monotonic()

    async def client(number: int) -> None:
        await asyncio.sleep(began + transcripts[number].began_seconds - time.monotonic())
        await play(service, said[number], transcripts[number], interims=settings.interims)

    async def say() -> None:
        while True:
            texts = sum(len(each.finals) for each in transcripts)
            progress(f"{time.monotonic() - began:.0f} s, {texts} texts")
            await asyncio.sleep(1)

    beside = [asyncio.create_task(each) for each in (watch(service, looks), say())]
    try:
        await asyncio.gather(*map(client, range(len(said))))
    finally:
        for task in beside:
            task.cancel()
    looks.append(look(service))
    return transcripts, looks


def _earlier(file: Path) -> dict[str, float | None]:
    try:
        fields: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return dict(fields["summary"])
    except OSError as error:
        raise BenchmarkError(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise BenchmarkError(f"{file} holds no results of a load test.") from error

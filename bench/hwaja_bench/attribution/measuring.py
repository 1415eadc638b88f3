"""Runs the attribution benchmark, from the corpus to the report."""

import asyncio
import dataclasses
import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from hwaja_bench.arguments import CorpusSettings
from hwaja_bench.attribution import plots
from hwaja_bench.attribution.conversation import Conversation, plan
from hwaja_bench.attribution.figures import figures
from hwaja_bench.attribution.listening import listen
from hwaja_bench.attribution.outcomes import Outcome, outcome
from hwaja_bench.attribution.recording import record
from hwaja_bench.attribution.report import report
from hwaja_bench.circumstances import circumstances
from hwaja_bench.processes import look
from hwaja_bench.server import Service, running_server
from hwaja_bench.speech.conditions import CONDITIONS
from hwaja_bench.speech.corpus import Clip, load_corpus


@dataclass(frozen=True, kw_only=True)
class Settings(CorpusSettings):
    """Settings of the benchmark."""

    conditions: Sequence[str]
    snrs: Sequence[str]
    limit: int
    """Maximum number of conversations per group, condition and SNR."""
    sessions: int
    """Number of conversations played concurrently."""


@dataclass(frozen=True, slots=True)
class Effort:
    """Resources that the conversations took."""

    audio_seconds: float
    wall_seconds: float
    cpu_seconds: float
    """Of the server with its workers."""


def measure(settings: Settings, progress: Callable[[str], None]) -> str:
    """Run the benchmark; write `report.md`, `results.json` and the plots; return the report's path.

    Args:
        settings: settings of the benchmark.
        progress: called with progress messages.

    Raises:
        BenchmarkError: where the corpus cannot be used, or the server does not start.
        AudioError: where a clip cannot be read.
        ClientError: where the server ends a session.
        OSError: where the results cannot be written.

    """
    settings.out.mkdir(parents=True, exist_ok=True)
    facts = circumstances(
        settings.options(f"--limit {settings.limit}")
    )  # before the checkout may change
    progress("reading the clips")
    clips = load_corpus(settings.speech, settings.index, settings.groups)
    conditions = [CONDITIONS[name] for name in settings.conditions]
    conversations = plan(clips, settings.seed, conditions, settings.limit)
    cells = [(snr, conversation) for snr in settings.snrs for conversation in conversations]
    progress("starting the server")
    with running_server(*settings.serve) as service:
        outcomes, effort = asyncio.run(_hear(service, cells, settings, progress))
    found = figures(outcomes, settings.seed)
    facts |= _material(clips, outcomes, effort)
    everything = {
        "circumstances": facts | dataclasses.asdict(effort),
        "figures": dataclasses.asdict(found),
        "outcomes": [dataclasses.asdict(each) for each in outcomes],  # outcomes hold no text
    }
    page = settings.out / "report.md"
    page.write_text(report(found, facts), encoding="utf-8")
    (settings.out / "results.json").write_text(json.dumps(everything, indent=1), encoding="utf-8")
    plots.draw(found, outcomes, settings.out)
    return str(page)


async def _hear(
    service: Service,
    cells: Sequence[tuple[str, Conversation]],
    settings: Settings,
    progress: Callable[[str], None],
) -> tuple[list[Outcome], Effort]:
    numbers = itertools.count(1)
    before, began = look(service), time.monotonic()
    answers = await listen(
        service,
        [partial(record, conversation, snr, settings.seed) for snr, conversation in cells],
        settings.sessions,
        lambda: progress(f"{next(numbers)} of {len(cells)} conversations heard"),
    )
    wall_seconds, after = time.monotonic() - began, look(service)
    outcomes = [
        outcome(conversation, snr, heard)
        for (snr, conversation), heard in zip(cells, answers, strict=True)
    ]
    audio_seconds = sum(each.audio_seconds for each in outcomes)
    cpu_seconds = sum(after.cpu_seconds.values()) - sum(before.cpu_seconds.values())
    return outcomes, Effort(audio_seconds, wall_seconds, cpu_seconds)


def _material(clips: Sequence[Clip], outcomes: Sequence[Outcome], effort: Effort) -> dict[str, str]:
    speakers = {(clip.group, clip.speaker) for clip in clips}
    groups = sorted({clip.group for clip in clips})
    with_text = sum(clip.text is not None for clip in clips)
    return {
        "corpus": f"{len(clips)} clips ({with_text} with text) of {len(speakers)} speakers, "
        f"{sum(clip.seconds for clip in clips):.0f} s; groups: {', '.join(groups)}",
        "conversations": f"{len(outcomes)}, of {effort.audio_seconds:.0f} s of audio in all, "
        f"heard in {effort.wall_seconds:.0f} s",
        "server CPU": f"{effort.cpu_seconds / effort.audio_seconds:.3f} s per second of audio",
    }

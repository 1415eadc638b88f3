"""The attribution benchmark from the corpus to the report."""

import asyncio
import dataclasses
import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hwaja.benchmark import circumstances, plots
from hwaja.benchmark.acoustics import record
from hwaja.benchmark.circumstances import Circumstances
from hwaja.benchmark.conditions import CONDITIONS
from hwaja.benchmark.conversation import Conversation, plan
from hwaja.benchmark.corpus import Clip, load_corpus
from hwaja.benchmark.figures import Figures, figures
from hwaja.benchmark.listening import listen
from hwaja.benchmark.outcomes import Outcome, outcome
from hwaja.benchmark.report import report
from hwaja.benchmark.serving import Service, running_server


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be measured."""

    speech: Path
    index: Path
    out: Path
    seed: int
    conditions: tuple[str, ...]
    snrs: tuple[str, ...]
    groups: tuple[str, ...]
    limit: int
    """Conversations of each group, condition and SNR at most."""
    sessions: int
    """Conversations played side by side."""
    serve: tuple[str, ...]
    """Options of the server."""


@dataclass(frozen=True, slots=True)
class _Effort:
    """What the conversations took; processor time is None where the system does not tell."""

    wall_seconds: float
    cpu_seconds: float | None


def measure(wishes: Wishes, tell: Callable[[str], None]) -> None:
    """Measure and write `report.md`, `results.json` and the plots.

    Args:
        wishes: what.
        tell: told what is going on.

    Raises:
        BenchmarkError: where the corpus cannot be used, or the server does not start.
        AudioError: where a clip cannot be read.
        ClientError: where the server ends a session.
        OSError: where the results cannot be written.

    """
    wishes.out.mkdir(parents=True, exist_ok=True)
    version = circumstances.version()  # before a checkout may change
    tell("reading the clips")
    clips = load_corpus(wishes.speech, wishes.index, wishes.groups)
    conditions = [CONDITIONS[name] for name in wishes.conditions]
    conversations = plan(clips, wishes.seed, conditions, wishes.limit)
    cells = [(snr, conversation) for snr in wishes.snrs for conversation in conversations]
    tell("starting the server")
    with running_server(*wishes.serve) as service:
        outcomes, effort = asyncio.run(_hear(service, cells, wishes, tell))
    found = figures(outcomes, wishes.seed)
    known = _circumstances(wishes, version, clips, outcomes, effort)
    (wishes.out / "report.md").write_text(report(found, known), encoding="utf-8")
    (wishes.out / "results.json").write_text(_as_json(found, known, outcomes), encoding="utf-8")
    plots.draw(found, outcomes, wishes.out)


async def _hear(
    service: Service,
    cells: Sequence[tuple[str, Conversation]],
    wishes: Wishes,
    tell: Callable[[str], None],
) -> tuple[list[Outcome], _Effort]:
    numbers = itertools.count(1)
    cpu_before, began = service.cpu_seconds(), time.monotonic()
    answers = await listen(
        service,
        [partial(record, conversation, snr, wishes.seed) for snr, conversation in cells],
        wishes.sessions,
        lambda: tell(f"{next(numbers)} of {len(cells)} conversations heard"),
    )
    effort = _Effort(time.monotonic() - began, _spent(cpu_before, service.cpu_seconds()))
    outcomes = [
        outcome(conversation, snr, heard)
        for (snr, conversation), heard in zip(cells, answers, strict=True)
    ]
    return outcomes, effort


def _spent(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _circumstances(
    wishes: Wishes,
    version: str,
    clips: Sequence[Clip],
    outcomes: Sequence[Outcome],
    effort: _Effort,
) -> Circumstances:
    speakers = {(clip.group, clip.speaker) for clip in clips}
    groups = sorted({clip.group for clip in clips})
    serve = ["--serve"] if wishes.serve else []
    with_text = sum(clip.text is not None for clip in clips)
    return Circumstances(
        circumstances.today(),
        circumstances.machine(),
        version,
        " ".join([f"--seed {wishes.seed} --limit {wishes.limit}", *serve, *wishes.serve]),
        circumstances.environment(),
        f"{len(clips)} clips ({with_text} with text) of {len(speakers)} speakers, "
        f"{sum(clip.seconds for clip in clips):.0f} s; groups: {', '.join(groups)}",
        len(outcomes),
        sum(outcome.audio_seconds for outcome in outcomes),
        effort.wall_seconds,
        effort.cpu_seconds,
    )


def _as_json(found: Figures, known: Circumstances, outcomes: Sequence[Outcome]) -> str:
    """Return everything; an outcome holds no text."""
    fields = {
        "circumstances": dataclasses.asdict(known),
        "figures": dataclasses.asdict(found),
        "outcomes": [dataclasses.asdict(outcome) for outcome in outcomes],
    }
    return json.dumps(fields, indent=1)

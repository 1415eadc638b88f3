"""Recommends recognisers, from facts about a machine and the catalogue. It probes nothing.

How many people can talk is estimated from classes of cost. The errors are what others published,
each with its corpus and its source. Figures from different programs differ for one model: those of
Whisper base on one corpus by a third. So models are ordered by their share of Whisper base's errors
on the same corpus, in steps of a tenth, and no finer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hwaja.models.catalogue import CatalogueEntry, PublishedError

BASELINE = "whisper-base"
"""The model that the classes of cost and the order refer to."""

MOST = 3
"""Recommendations at most."""

SERVER_BYTES = 600_000_000
"""Memory of the server process and of the process with the Korean language model
(docs/deployment.md)."""

CONVERSATIONS_PER_CORE = 8.0
"""Conversations at once for each core, with Whisper base: streams in which somebody speaks for 86 %
of the time. A second of such a stream takes 0.11 s of a core of a server CPU, so 8 keep it busy for
85 % of the time; 18 on 2 cores had their texts in time (bench/RESULTS.md, "Ten clients that talk at
once")."""

PAUSELESS_SHARE = 5 / 8
"""Streams in which nobody ever pauses, for each conversation that the cores serve. Their utterances
are longer, and turns are watched all the time: 0.14 s of a core for a second. 10 on 2 cores had
95 % of their texts within 2.4 s (the same section); the aim is 2.5 s."""

_RELATIVE_COSTS: Mapping[str, float] = {"low": 0.35, "medium": 1.0, "high": 4.5}
"""The middle of each class of `CatalogueEntry.cost`, as a multiple of Whisper base."""

_COST_ORDER = ("low", "medium", "high", "gpu")

Doubt = Literal["cores", "memory", "gpu"]


@dataclass(frozen=True, slots=True)
class Situation:
    """The machine, and what its user wants."""

    cores: float
    """Cores that the server may use."""
    available_bytes: int | None
    """Free memory; None where the system does not report it."""
    has_gpu: bool
    """Whether the models can run on a GPU."""
    workers: int
    """The most worker processes that the user wants."""
    languages: tuple[str, ...]
    """Codes of the languages that a model must know, the most important one first."""
    talking: int
    """How many people talk at once, with the pauses of a conversation."""
    online: bool
    """Whether models can be downloaded."""
    present: frozenset[str]
    """Names of the models in the cache."""
    baseline_per_core: float = CONVERSATIONS_PER_CORE
    """How many conversations a core serves at once, with Whisper base."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A published error, beside that of Whisper base on the same corpus."""

    error: PublishedError
    baseline: PublishedError | None
    """By the same source if there is one, otherwise the lowest; None: nobody published one."""

    @property
    def share(self) -> float | None:
        """The error as a share of Whisper base's."""
        return None if self.baseline is None else self.error.cer / self.baseline.cer


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A model, what to expect of it, and how to serve it."""

    model: CatalogueEntry
    errors: tuple[Compared, ...]
    """Published errors in the wanted languages."""
    share: float | None
    """Mean share of Whisper base's errors; None: unknown."""
    workers: int
    streams: int | None
    """How many people can talk at once, with pauses, estimated; None: on a GPU."""
    memory_bytes: int
    """Memory of all processes, at most: the server, the workers, and one for interim texts."""
    doubts: tuple[Doubt, ...]
    """What the machine lacks; empty: the model fits."""
    is_present: bool
    command: str
    """What to type to serve it."""


def recommend(
    situation: Situation, catalogue: Sequence[CatalogueEntry]
) -> tuple[Recommendation, ...]:
    """Return the recommended models, the first one first.

    Models that fit come first, then those with the fewest errors by what was published, then the
    cheapest. Models without a published error follow Whisper base, the largest first. A model that
    does not fit is there only if it has fewer errors than Whisper base, or if no model fits.
    """
    baseline = next((each for each in catalogue if each.name == BASELINE), None)
    found = [
        _recommendation(each, baseline, situation)
        for each in catalogue
        if _is_candidate(each, situation)
    ]
    fits_any = any(not each.doubts for each in found)
    kept = [each for each in found if not each.doubts or not fits_any or _share(each) < 1]
    return tuple(sorted(kept, key=_order)[:MOST])


def without_pauses(conversations: int) -> int:
    """Return how many people who never pause a machine serves, by its number of conversations."""
    return int(conversations * PAUSELESS_SHARE)


def base_code(language: str) -> str:
    """Return a language's code without its region: "en" for "en-US"."""
    return language.lower().split("-")[0]


def _is_candidate(model: CatalogueEntry, situation: Situation) -> bool:
    known = {base_code(each) for each in model.languages}
    is_described = model.role == "asr" and model.cost is not None and model.memory_bytes is not None
    knows_all = known.issuperset(map(base_code, situation.languages))
    return is_described and knows_all and (situation.online or model.name in situation.present)


def _order(found: Recommendation) -> tuple[object, ...]:
    cost = _COST_ORDER.index(found.model.cost or "gpu")
    is_known = found.share is not None
    return (
        bool(found.doubts),
        _share(found),
        cost if is_known else -cost,
        bool(found.model.restriction),
        found.model.name,
    )


def _share(found: Recommendation) -> float:
    """Return the share of Whisper base's errors by which models are ordered."""
    if found.model.name == BASELINE:
        return 1.0
    # Unknown: behind Whisper base, before what is known to be worse.
    return 1.05 if found.share is None else round(found.share, 1)


def _recommendation(
    model: CatalogueEntry, baseline: CatalogueEntry | None, situation: Situation
) -> Recommendation:
    errors = _errors(model, baseline, situation.languages)
    shares = [each.share for each in errors if each.share is not None]
    worker_bytes = model.memory_bytes or 0
    workers = _workers(worker_bytes, situation)
    memory_bytes = SERVER_BYTES + (workers + 1) * worker_bytes
    streams = _streams(model, workers, situation)
    doubts: list[Doubt] = []
    if situation.available_bytes is not None and memory_bytes > situation.available_bytes:
        doubts.append("memory")
    if model.cost == "gpu" and not situation.has_gpu:
        doubts.append("gpu")
    elif streams is not None and streams < situation.talking:
        doubts.append("cores")
    is_present = model.name in situation.present
    return Recommendation(
        model,
        errors,
        sum(shares) / len(shares) if shares else None,
        workers,
        streams,
        memory_bytes,
        tuple(doubts),
        is_present,
        _command(model.name, workers, situation),
    )


def _errors(
    model: CatalogueEntry, baseline: CatalogueEntry | None, languages: Sequence[str]
) -> tuple[Compared, ...]:
    codes = [base_code(each) for each in languages]
    return tuple(
        Compared(error, _baseline_of(error, baseline))
        for code in codes
        for error in model.published
        if error.language == code
    )


def _baseline_of(error: PublishedError, baseline: CatalogueEntry | None) -> PublishedError | None:
    """Return Whisper base's error on the same corpus: by the same source, else the lowest."""
    same = [
        each
        for each in (baseline.published if baseline is not None else ())
        if (each.language, each.corpus) == (error.language, error.corpus)
    ]
    return min(same, key=lambda each: (each.source != error.source, each.cer), default=None)


def _workers(worker_bytes: int, situation: Situation) -> int:
    """Return how many of the wanted workers have room in the memory; 1 at least."""
    wanted = 1 if situation.has_gpu else situation.workers  # docs/gpu.md: one is enough for a GPU
    if situation.available_bytes is None:
        return wanted
    room = (situation.available_bytes - SERVER_BYTES) // worker_bytes - 1
    return max(1, min(wanted, room))


def _streams(model: CatalogueEntry, workers: int, situation: Situation) -> int | None:
    if situation.has_gpu:
        return None
    relative_cost = _RELATIVE_COSTS.get(model.cost or "gpu")
    if relative_cost is None:
        return 0
    busy_cores = min(situation.cores, workers)
    return int(busy_cores * situation.baseline_per_core / relative_cost)


def _command(name: str, workers: int, situation: Situation) -> str:
    serve = f"hwaja serve --asr-model {name} --language {situation.languages[0]}"
    if situation.has_gpu or workers < situation.workers:
        serve += f" --workers {workers}"
    if name in situation.present:
        return serve
    return f"hwaja models pull {name} && {serve}"

"""Says whether another model of the catalogue suits this machine better; see `models/advice.py`."""

from collections.abc import Sequence

from hwaja.doctor.findings import Finding
from hwaja.doctor.language import Phrase, phrase
from hwaja.engines.model_checks.export_checks import AUTO_LANGUAGE
from hwaja.models import CatalogueEntry, all_models, cache_root, is_present
from hwaja.models.advice import (
    BASELINE,
    CONVERSATIONS_PER_CORE,
    Recommendation,
    Situation,
    recommend,
)
from hwaja.process.memory import Memory
from hwaja.server.config import Config


def situation_of(
    config: Config,
    cores: float,
    free: Memory | None,
    baseline_per_core: float = CONVERSATIONS_PER_CORE,
    *,
    has_gpu: bool,
) -> Situation:
    """Return the situation of a server with a configuration; `cores` are those that it may use.

    People in conversations pause and listen, so half of the clients talk at once. A server that
    detects the language is taken for a Korean one.
    """
    root = cache_root()
    language = "ko" if config.language == AUTO_LANGUAGE else config.language
    return Situation(
        cores=cores,
        available_bytes=None if free is None else free.available,
        has_gpu=has_gpu,
        workers=config.workers,
        languages=(language,),
        talking=-(-config.max_connections // 2),
        online=True,
        present=frozenset(each.name for each in all_models() if is_present(each, root)),
        baseline_per_core=baseline_per_core,
    )


def measured_per_core(config: Config, cores: float, capacity: Finding | None) -> float:
    """Return how many conversations a core serves with Whisper base, as measured or as usual."""
    streams = capacity.facts.get("streams") if capacity is not None else None
    if config.asr_model != BASELINE or not streams:
        return CONVERSATIONS_PER_CORE
    return float(streams / min(cores, config.workers))


def advice(config: Config, situation: Situation, catalogue: Sequence[CatalogueEntry]) -> Finding:
    """Name the first recommendation, unless the server has it."""
    found = recommend(situation, catalogue)
    facts = {
        "languages": list(situation.languages),
        "talking": situation.talking,
        "recommended": [each.model.name for each in found],
    }
    first = next(iter(found), None)
    if first is None or first.doubts or not _is_better(first, found, config.asr_model):
        return Finding("advice", "ok", phrase("advice.none", name=config.asr_model), facts=facts)
    return Finding("advice", "ok", _sentence(first, situation), phrase("advice.do"), facts)


def _sentence(first: Recommendation, situation: Situation) -> Phrase:
    compared = [(each.error, each.baseline) for each in first.errors if each.baseline is not None]
    is_mixed = any(error.source != baseline.source for error, baseline in compared)
    return phrase(
        "advice.mixed" if is_mixed else "advice",
        name=first.model.name,
        percent=100 * round(first.share or 0, 1),
        corpora=", ".join(dict.fromkeys(error.corpus for error, _ in compared)),
        people=situation.talking,
    )


def _is_better(first: Recommendation, found: Sequence[Recommendation], serving: str) -> bool:
    """Return whether fewer errors than those of the serving model were published for a model."""
    served = next((each.share for each in found if each.model.name == serving), None)
    return first.share is not None and round(first.share, 1) < round(served or 1.0, 1)

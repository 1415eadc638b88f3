"""The doctor's line about the models of the catalogue."""

from dataclasses import replace

import pytest
from doctor_says import advice as advice_of
from doctor_says import sentence
from model_fixtures import NEVER, entry
from msgspec import structs

from hwaja.doctor.advice import advice, measured_per_core, situation_of
from hwaja.doctor.findings import Finding
from hwaja.doctor.language import phrase
from hwaja.models.advice import CONVERSATIONS_PER_CORE
from hwaja.models.catalogue import CatalogueEntry, PublishedError
from hwaja.process.memory import Memory
from hwaja.server.config import Config

CONFIG = Config(workers=2)
SITUATION = situation_of(CONFIG, 2, Memory(8_000_000_000, 6_000_000_000), has_gpu=False)


def model(name: str, cer: float) -> CatalogueEntry:
    return entry(
        NEVER,
        name=name,
        languages=frozenset({"ko"}),
        memory_bytes=500_000_000,
        cost="medium",
        published=(PublishedError("ko", "FLEURS", cer, "somebody"),),
    )


def replace_source(entry: CatalogueEntry, source: str) -> CatalogueEntry:
    errors = tuple(structs.replace(each, source=source) for each in entry.published)
    return structs.replace(entry, published=errors)


BASE, BETTER, SAME = model("whisper-base", 0.12), model("better", 0.06), model("same", 0.119)


def test_a_model_with_fewer_published_errors_is_named_with_its_corpus() -> None:
    found = advice(CONFIG, SITUATION, [BASE, BETTER])
    assert (found.state, found.facts["recommended"]) == ("ok", ["better", "whisper-base"])
    assert sentence(found).startswith("better makes about 50 % of Whisper base's errors")
    assert "FLEURS" in sentence(found)
    assert "5 people" in sentence(found)
    assert "hwaja models advise" in advice_of(found)


@pytest.mark.parametrize(
    ("catalogue", "serving"),
    [
        ([BASE, SAME], "whisper-base"),
        ([BASE, BETTER, model("as-good", 0.061)], "better"),
        ([BASE, BETTER, model("as-good", 0.061)], "as-good"),
        ([], "whisper-base"),
    ],
)
def test_a_server_with_a_model_as_good_as_any_gets_no_advice(
    catalogue: list[CatalogueEntry], serving: str
) -> None:
    found = advice(replace(CONFIG, asr_model=serving), SITUATION, catalogue)
    assert advice_of(found) == ""
    assert sentence(found).endswith(f"fewer errors than {serving}")


def test_figures_of_different_sources_are_named_as_such() -> None:
    elsewhere = replace_source(BETTER, "somebody else")
    assert "figures of different sources" in sentence(advice(CONFIG, SITUATION, [BASE, elsewhere]))
    assert "different sources" not in sentence(advice(CONFIG, SITUATION, [BASE, BETTER]))


def test_a_model_that_does_not_fit_is_not_advised() -> None:
    found = advice(CONFIG, replace(SITUATION, talking=100), [BASE, BETTER])
    assert advice_of(found) == ""


def test_half_of_the_clients_talk_at_once_and_detected_languages_are_korean() -> None:
    config = replace(CONFIG, max_connections=7, language="auto")
    situation = situation_of(config, 2, None, has_gpu=True)
    assert (situation.talking, situation.languages) == (4, ("ko",))


@pytest.mark.parametrize(
    ("serving", "streams", "per_core"),
    [
        ("whisper-base", 12, 6),
        ("whisper-base", 0, CONVERSATIONS_PER_CORE),
        ("another", 12, CONVERSATIONS_PER_CORE),
    ],
)
def test_the_measured_capacity_replaces_the_usual_one_if_it_is_that_of_whisper_base(
    serving: str, streams: int, per_core: float
) -> None:
    found = Finding("capacity", "ok", phrase("capacity.none"), facts={"streams": streams})
    config = replace(CONFIG, asr_model=serving)
    assert measured_per_core(config, 2, found) == per_core
    assert measured_per_core(config, 2, None) == CONVERSATIONS_PER_CORE

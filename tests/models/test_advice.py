"""Which recognisers are recommended to whom: pure functions of a machine and a catalogue."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_fixtures import NEVER, entry
from pages import ROOT

from hwaja.models import all_models
from hwaja.models.advice import (
    CONVERSATIONS_PER_CORE,
    MOST,
    PAUSELESS_SHARE,
    SERVER_BYTES,
    Situation,
    recommend,
)
from hwaja.models.catalogue import CatalogueEntry, PublishedError

GB = 1_000_000_000

MACHINE = Situation(
    cores=4,
    available_bytes=16 * GB,
    has_gpu=False,
    workers=4,
    languages=("ko",),
    talking=5,
    online=True,
    present=frozenset({"whisper-base"}),
    baseline_per_core=4.0,
)


def published(cer: float, corpus: str = "FLEURS", source: str = "one harness") -> PublishedError:
    return PublishedError("ko", corpus, cer, source)


def model(name: str, cost: str, *errors: PublishedError, **fields: Any) -> CatalogueEntry:
    given = {"languages": frozenset({"ko"}), "memory_bytes": GB // 2, **fields}
    return entry(NEVER, name=name, cost=cost, published=errors, **given)


BASE = model("whisper-base", "medium", published(0.12), languages=frozenset({"ko", "en", "de"}))
HALF = model("half", "low", published(0.06))
QUARTER = model("quarter", "high", published(0.03))
GPU = model("gpu", "gpu", published(0.01))


def names(situation: Situation, *catalogue: CatalogueEntry) -> list[str]:
    return [each.model.name for each in recommend(situation, catalogue)]


def test_of_models_that_fit_the_one_with_the_fewest_errors_comes_first() -> None:
    # (4 cores, 4 for each with Whisper base: 16 in all, of which an expensive model leaves 3)
    assert names(MACHINE, BASE, HALF, QUARTER)[:2] == ["half", "whisper-base"]
    alone = replace(MACHINE, talking=3)
    assert names(alone, BASE, HALF, QUARTER) == ["quarter", "half", "whisper-base"]


def test_a_model_that_does_not_fit_comes_last_with_the_reason() -> None:
    found = recommend(MACHINE, [QUARTER, GPU, BASE, HALF])
    assert [(each.model.name, each.doubts) for each in found] == [
        ("half", ()),
        ("whisper-base", ()),
        ("gpu", ("gpu",)),
    ]
    (large,) = recommend(MACHINE, [model("large", "low", memory_bytes=20 * GB)])
    assert large.doubts == ("memory",)


def test_a_model_that_does_not_fit_and_is_not_better_is_left_out() -> None:
    worse = model("worse", "high", published(0.2))
    unknown = model("unknown", "gpu")
    assert names(MACHINE, BASE, worse, unknown) == ["whisper-base"]


def test_if_no_model_fits_those_are_named_that_lack_something() -> None:
    crowd = replace(MACHINE, talking=1000)
    assert [each.doubts for each in recommend(crowd, [BASE, HALF])] == [("cores",), ("cores",)]


@pytest.mark.parametrize(
    ("other", "order"),
    [
        (published(0.061), ["cheap", "dear"]),  # within a tenth of Whisper base's errors: the cost
        (published(0.035), ["dear", "cheap"]),
    ],
)
def test_small_differences_do_not_outweigh_the_cost(
    other: PublishedError, order: list[str]
) -> None:
    cheap, dear = model("cheap", "low", published(0.063)), model("dear", "medium", other)
    assert names(MACHINE, BASE, cheap, dear)[:2] == order


def test_errors_of_one_corpus_are_not_compared_with_those_of_another() -> None:
    """0.10 of a hard corpus may be better than 0.06 of an easy one."""
    base = model("whisper-base", "medium", published(0.12, "easy"), published(0.5, "hard"))
    easy = model("easy", "low", published(0.06, "easy"))
    hard = model("hard", "low", published(0.10, "hard"))
    assert names(MACHINE, easy, hard, base) == ["hard", "easy", "whisper-base"]


def test_an_error_is_compared_with_that_of_the_same_source_or_else_with_the_lowest() -> None:
    base = model(
        "whisper-base",
        "medium",
        published(0.30, source="strict"),
        published(0.20, source="lenient"),
    )
    same, other = recommend(
        MACHINE,
        [
            base,
            model("same", "low", published(0.15, source="strict")),
            model("other", "low", published(0.15, source="elsewhere")),
        ],
    )[:2]
    assert (same.model.name, same.share) == ("same", pytest.approx(0.5))
    assert (other.model.name, other.share) == ("other", pytest.approx(0.75))
    assert [
        each.errors[0].baseline and each.errors[0].baseline.source for each in (same, other)
    ] == [
        "strict",
        "lenient",
    ]


def test_without_a_published_error_whisper_base_comes_first_and_then_the_largest() -> None:
    english = replace(MACHINE, languages=("en",), talking=1)
    fields = {"languages": frozenset({"en"})}
    small, big = model("small", "low", **fields), model("big", "high", **fields)
    found = recommend(english, [small, big, BASE, HALF])
    assert [each.model.name for each in found] == ["whisper-base", "big", "small"]
    assert all(each.errors == () and each.share is None for each in found)


def test_a_model_must_know_every_wanted_language_whatever_its_region() -> None:
    both = replace(MACHINE, languages=("ko", "en-US"))
    regional = model("regional", "low", languages=frozenset({"ko-KR", "en-GB"}))
    assert names(both, BASE, HALF, regional) == ["whisper-base", "regional"]
    assert names(replace(MACHINE, languages=("xx",)), BASE, HALF) == []


def test_offline_only_models_in_the_cache_are_recommended_and_the_command_pulls_nothing() -> None:
    (found,) = recommend(replace(MACHINE, online=False), [BASE, HALF])
    assert found.command == "hwaja serve --asr-model whisper-base --language ko"
    first = recommend(MACHINE, [BASE, HALF])[0]
    assert first.command == ("hwaja models pull half && hwaja serve --asr-model half --language ko")


def test_with_little_memory_fewer_workers_are_recommended_and_fewer_people_can_talk() -> None:
    # room for the server, one process for interim texts and two workers
    scarce = replace(MACHINE, available_bytes=SERVER_BYTES + 3 * GB, talking=8)
    (found,) = recommend(scarce, [model("whisper-base", "medium", memory_bytes=GB)])
    assert (found.workers, found.streams, found.doubts) == (2, 8, ())
    assert found.memory_bytes == SERVER_BYTES + 3 * GB
    assert found.command.endswith("--workers 2")


def test_unknown_memory_of_the_machine_is_no_reason_against_a_model() -> None:
    (found,) = recommend(replace(MACHINE, available_bytes=None), [BASE])
    assert (found.workers, found.doubts) == (4, ())


def test_on_a_gpu_the_cost_is_no_obstacle_and_one_worker_is_enough() -> None:
    found = recommend(replace(MACHINE, has_gpu=True), [BASE, HALF, GPU])
    assert found[0].model.name == "gpu"
    assert (found[0].streams, found[0].workers, found[0].doubts) == (None, 1, ())
    assert found[0].command.endswith("--workers 1")


@pytest.mark.parametrize(("cores", "workers", "streams"), [(4, 4, 16), (2, 4, 8), (4, 1, 4)])
def test_people_can_talk_on_as_many_cores_as_have_a_worker(
    cores: float, workers: int, streams: int
) -> None:
    (found,) = recommend(replace(MACHINE, cores=cores, workers=workers), [BASE])
    assert found.streams == streams


def test_a_measured_speed_replaces_the_usual_one() -> None:
    (found,) = recommend(replace(MACHINE, baseline_per_core=1.5), [BASE])
    assert found.streams == 6


def test_of_equal_models_the_one_that_everybody_may_use_comes_first() -> None:
    restricted = model("a", "low", published(0.06), restriction="Non-commercial.")
    assert names(MACHINE, restricted, HALF)[:2] == ["half", "a"]


def test_what_is_no_recogniser_or_lacks_a_cost_is_never_recommended() -> None:
    embedder = entry(NEVER, name="embedder", role="embedder")
    undescribed = entry(NEVER, name="undescribed", languages=frozenset({"ko"}))
    assert names(MACHINE, embedder, undescribed, BASE) == ["whisper-base"]


situations = st.builds(
    Situation,
    cores=st.floats(0.1, 128),
    available_bytes=st.none() | st.integers(0, 512 * GB),
    has_gpu=st.booleans(),
    workers=st.integers(1, 128),
    languages=st.lists(st.sampled_from(["ko", "en", "de", "zh-CN"]), min_size=1).map(tuple),
    talking=st.integers(1, 100),
    online=st.booleans(),
    present=st.frozensets(st.sampled_from([each.name for each in all_models()])),
    baseline_per_core=st.floats(0.1, 20),
)


@given(situations, st.permutations(all_models()))
def test_the_advice_depends_on_the_machine_alone_and_never_promises_what_does_not_fit(
    situation: Situation, catalogue: Sequence[CatalogueEntry]
) -> None:
    found = recommend(situation, catalogue)
    assert found == recommend(situation, all_models())
    assert len(found) <= MOST
    for each in found:
        assert situation.online or each.is_present
        if not each.doubts:
            assert each.streams is None or each.streams >= situation.talking
            assert each.memory_bytes <= (situation.available_bytes or each.memory_bytes)


@pytest.mark.parametrize(
    ("page", "sizing"),
    [
        ("operations.md", "| Whisper base | {with_pauses}; {without} if nobody ever pauses |"),
        ("ko/operations.md", "| Whisper base | {with_pauses}. 아무도 쉬지 않으면 {without} |"),
        ("choosing.md", "| `whisper-base` | 7 | {with_pauses} |"),
        ("ko/choosing.md", "| `whisper-base` | 7 | {with_pauses} |"),
    ],
)
def test_the_documentation_sizes_a_core_as_the_advice_does(page: str, sizing: str) -> None:
    without = CONVERSATIONS_PER_CORE * PAUSELESS_SHARE
    row = sizing.format(with_pauses=f"{CONVERSATIONS_PER_CORE:g}", without=f"{without:g}")
    assert row in (ROOT / "docs" / page).read_text(encoding="utf-8")

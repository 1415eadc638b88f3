"""`hwaja models advise`: what it prints for which catalogue and machine."""

from pathlib import Path
from typing import Any

import pytest
from model_fixtures import NEVER, entry

from hwaja.cli.main import main
from hwaja.doctor import advice as doctor_advice
from hwaja.doctor import machine
from hwaja.models.catalogue import CatalogueEntry, PublishedError
from hwaja.process.memory import Memory
from hwaja.selection import advise_command

pytestmark = pytest.mark.usefixtures("clean_settings")

Capture = pytest.CaptureFixture[str]

PROGRAM, OTHERS = "one program for all", "another program"


def model(name: str, *errors: tuple[str, float, str], **fields: Any) -> CatalogueEntry:
    published = tuple(PublishedError("ko", *error) for error in errors)
    given = {"languages": frozenset({"ko"}), "memory_bytes": 500_000_000, "cost": "low", **fields}
    return entry(NEVER, name=name, published=published, **given)


BASE = model(
    "whisper-base",
    ("FLEURS", 0.119, PROGRAM),
    ("KsponSpeech", 0.304, PROGRAM),
    languages=frozenset({"ko", "en"}),
    cost="medium",
)
BETTER = model("better", ("KsponSpeech", 0.106, OTHERS), restriction="Not for trade.")


@pytest.fixture
def advise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture) -> Any:
    """Runs the command on a machine with 2 cores and 8 GB, with an empty cache."""
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path))
    monkeypatch.setenv("HWAJA_WORKERS", "2")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(
        machine, "processor", lambda: machine.Processor("test", "x86_64", 2.0, ("avx2",))
    )
    monkeypatch.setattr(advise_command, "memory_now", lambda: Memory(16 * 10**9, 8 * 10**9))
    for module in (advise_command, doctor_advice):
        monkeypatch.setattr(module, "all_models", lambda: (BASE, BETTER))

    def run(*arguments: str, code: int = 0) -> str:
        assert main(["models", "advise", *arguments]) == code
        said = capsys.readouterr().out
        assert all(len(line) <= 80 for line in said.splitlines() if not line.startswith("hwaja"))
        return " ".join(said.split())

    return run


def test_each_recommendation_has_its_errors_with_source_its_cost_and_the_command(
    advise: Any,
) -> None:
    said = advise()
    assert "2 cores, 8.0 GB of free memory" in said
    assert "5 people talk at once (half of --max-connections)." in said
    better, base = said.index("1. better"), said.index("2. whisper-base")
    assert better < said.index("KsponSpeech 10.6 % [1] (Whisper base 30.4 % [2])") < base
    assert f"[1] {OTHERS}" in said
    assert f"[2] {PROGRAM}" in said
    assert "Not for trade." in said
    assert "About 45 people can talk at once, with pauses (estimated)." in said
    assert "Memory with 2 workers: at most 2.1 GB (estimated)." in said
    assert " hwaja models pull better && hwaja serve --asr-model better --language ko " in said
    assert "cannot be compared" in said


def test_for_a_language_without_published_errors_that_is_told(advise: Any) -> None:
    said = advise("--languages", "en", "--talking", "1")
    assert "Languages: en. 1 person talks at once." in said
    assert "none published for en" in said
    assert "better" not in said
    assert "cannot be compared" not in said


def test_what_the_machine_lacks_is_told(advise: Any) -> None:
    said = advise("--talking", "500")
    assert said.count("It does not fit here: there are too few cores.") == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--languages", "xx"], "No recogniser in the catalogue knows xx."),
        (["--offline"], "No recogniser in the cache knows ko."),
    ],
)
def test_without_a_recommendation_the_reason_is_told(
    advise: Any, arguments: list[str], sentence: str
) -> None:
    assert sentence in advise(*arguments, code=1)


def test_a_gpu_is_told_and_nothing_is_estimated_for_it(
    advise: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advise_command, "check_cuda", lambda: None)
    said = advise()
    assert "an NVIDIA GPU" in said
    assert "estimated)." not in said.replace("GB (estimated)", "")
    assert "--workers 1" in said

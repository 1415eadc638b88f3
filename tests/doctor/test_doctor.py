"""`hwaja doctor` as a whole: its report, its JSON, and its exit code."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from processes import ENGLISH

from hwaja.cli.main import main
from hwaja.doctor import report
from hwaja.doctor.findings import Finding
from hwaja.doctor.language import phrase
from hwaja.models import locate
from hwaja.models.conversion.tones import write_tone_model

pytestmark = [pytest.mark.models, pytest.mark.usefixtures("clean_settings")]

Capture = pytest.CaptureFixture[str]

ALL = [
    "python",
    "libraries",
    "provider",
    "cpu",
    "certificate",
    "model silero-vad",
    "model campplus",
    "model pyannote-segmentation",
    "model moonshine-tiny-en",
    "detector",
    "self-test",
    "recogniser",
    "memory",
    "advice",
]


@pytest.fixture
def certified(certificate: tuple[Path, Path]) -> list[str]:
    """Options with which every check passes."""
    cert, key = map(str, certificate)
    return [*ENGLISH, "--cert", cert, "--key", key, "--seconds", "0"]


def diagnosed(capsys: Capture, *arguments: str, code: int) -> dict[str, dict[str, Any]]:
    """Run `hwaja doctor --json`; return the findings by name."""
    assert main(["doctor", "--json", *arguments]) == code
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is (code == 0)
    return {finding["name"]: finding for finding in document["findings"]}


def failing(found: dict[str, dict[str, Any]]) -> set[str]:
    return {name for name, finding in found.items() if finding["state"] == "failure"}


def test_json_contains_every_finding_and_the_exit_code_is_0_if_all_is_well(
    certified: list[str], capsys: Capture
) -> None:
    found = diagnosed(capsys, *certified, code=0)
    assert list(found) == ALL
    assert failing(found) == set()
    assert found["recogniser"]["facts"]["name"] == "moonshine-tiny-en"
    assert found["provider"]["facts"]["running"] == "cpu"
    assert found["memory"]["facts"]["worker_bytes"] > 40e6  # the weights alone


def test_a_model_for_interim_texts_is_loaded_and_its_memory_counts(
    certified: list[str], tmp_path: Path, capsys: Capture
) -> None:
    write_tone_model(tmp_path)
    before = diagnosed(capsys, *certified, code=0)
    found = diagnosed(capsys, *certified, "--interim-model", str(tmp_path), code=0)
    assert found["interim-model"]["facts"]["name"] == tmp_path.name
    own_bytes = found["interim-model"]["facts"]["worker_bytes"]
    assert own_bytes > 30e6
    memory = found["memory"]["facts"]
    assert memory["processes"] == before["memory"]["facts"]["processes"] - 1
    assert memory["needed_bytes"] > own_bytes + memory["processes"] * memory["worker_bytes"]


def test_a_model_for_interim_texts_that_does_not_stream_is_a_failure(
    certified: list[str], capsys: Capture
) -> None:
    found = diagnosed(capsys, *certified, "--interim-model", "moonshine-tiny-en", code=1)
    assert failing(found) == {"interim-model"}


def test_the_report_has_a_line_for_each_finding_and_a_verdict(
    certified: list[str], capsys: Capture
) -> None:
    assert main(["doctor", *certified]) == 0
    lines = capsys.readouterr().out.splitlines()
    marked = [line for line in lines if line[:2] in ("✓ ", "! ", "✗ ")]
    assert len(marked) == len(ALL)
    assert all(line[2:].startswith(name) for line, name in zip(marked, ALL, strict=True))
    assert lines[-1].startswith("Ready to serve")


def test_the_capacity_is_measured_for_the_requested_time(
    certified: list[str], capsys: Capture
) -> None:
    arguments = [*certified, "--provider", "cpu", "--seconds", "0.2"]
    facts = diagnosed(capsys, *arguments, code=0)["capacity"]["facts"]
    assert facts["wall_seconds"] >= 0.2
    assert facts["audio_seconds"] > 0


def test_cuda_that_does_not_run_is_a_failure_and_the_other_checks_still_run(
    certified: list[str], capsys: Capture
) -> None:
    found = diagnosed(capsys, *certified, "--provider", "cuda", code=1)
    assert failing(found) == {"provider"}
    assert "hwaja[gpu]" in found["provider"]["sentence"]
    assert found["self-test"]["facts"]["provider"] == "cpu"
    assert list(found) == ALL


@pytest.mark.parametrize("option", ["--token-file", "--metrics-token-file"])
def test_a_token_that_browsers_cannot_send_is_a_failure(
    option: str, certified: list[str], tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "tokens"
    file.write_text("k3dF/8sJ2mPq7Lx0wZaB4c==\n")
    found = diagnosed(capsys, *certified, option, str(file), code=1)
    assert failing(found) == {"tokens"}
    assert "cannot send / or =" in found["tokens"]["sentence"]
    assert "k3dF" not in str(found)


def test_valid_tokens_are_counted_and_not_shown(
    certified: list[str], tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "tokens"
    file.write_text("first-0123456789\nsecond-0123456789\n")
    found = diagnosed(capsys, *certified, "--token-file", str(file), code=0)
    assert found["tokens"]["facts"] == {"count": 2}
    assert "0123456789" not in str(found)


def test_a_folder_without_a_model_is_a_failure_of_the_recogniser(
    certified: list[str], tmp_path: Path, capsys: Capture
) -> None:
    arguments = [*certified, "--asr-model", str(tmp_path), "--seconds", "60"]
    found = diagnosed(capsys, *arguments, code=1)
    assert failing(found) == {"recogniser"}
    assert "no file named" in found["recogniser"]["sentence"]
    assert "capacity" not in found
    assert "model moonshine-tiny-en" not in found


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that a test may damage, with what every server needs."""
    folder = tmp_path / "cache"
    folder.mkdir()
    for name in ("silero-vad", "campplus", "pyannote-segmentation"):
        (folder / name).symlink_to(locate(name))
    recogniser = locate("moonshine-tiny-en")
    monkeypatch.setenv("HWAJA_CACHE", str(folder))
    shutil.copytree(recogniser, folder / recogniser.name)
    return folder


def test_a_missing_model_is_named_with_the_command_that_gets_it(
    certified: list[str], cache: Path, capsys: Capture
) -> None:
    shutil.rmtree(cache / "moonshine-tiny-en")
    found = diagnosed(capsys, *certified, code=1)
    assert failing(found) == {"model moonshine-tiny-en", "recogniser"}
    assert "hwaja models pull moonshine-tiny-en" in found["model moonshine-tiny-en"]["advice"]


def test_a_damaged_model_is_detected_and_not_loaded(
    certified: list[str], cache: Path, capsys: Capture
) -> None:
    with (cache / "moonshine-tiny-en" / "tokens.txt").open("a") as tokens:
        tokens.write("eA== 99999\n")
    found = diagnosed(capsys, *certified, code=1)
    assert failing(found) == {"model moonshine-tiny-en", "recogniser"}


def test_a_check_that_raises_is_reported_without_the_text_of_the_exception(
    certified: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Finding:
        raise RuntimeError("somebody's secret")

    monkeypatch.setattr("hwaja.doctor.machine.python", broken)
    found = diagnosed(capsys, *certified, code=1)
    assert failing(found) == {"python"}
    assert found["python"]["sentence"] == "The check itself failed (RuntimeError)."
    assert list(found) == ALL


def test_advice_is_shown_and_a_failure_ends_with_exit_code_1(cache: Path, capsys: Capture) -> None:
    shutil.rmtree(cache / "moonshine-tiny-en")
    assert main(["doctor", *ENGLISH, "--seconds", "0"]) == 1
    shown = capsys.readouterr().out
    assert "✗ model moonshine-tiny-en" in shown
    assert "Run: hwaja models pull moonshine-tiny-en" in shown
    assert shown.splitlines()[-1] == "Not ready to serve: 2 failures."


def test_a_configuration_that_serve_refuses_is_refused_with_the_same_message(
    capsys: Capture,
) -> None:
    assert main(["doctor", "--workers", "0"]) == 1
    assert capsys.readouterr().err == "hwaja: workers must be at least 1.\n"


@pytest.mark.parametrize("seconds", ["-1", "many", "nan"])
def test_an_invalid_duration_of_the_measurement_is_refused(seconds: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--seconds", seconds])
    assert ended.value.code == 2
    assert "--seconds" in capsys.readouterr().err


def test_the_report_does_not_contain_the_user_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/mina")
    finding = Finding("model x", "failure", phrase("model.absent", root="/home/mina/.cache/hwaja"))
    assert "mina" not in report.as_json([finding], "en")
    monkeypatch.setenv("HOME", "/")
    assert report.without_home("/data/x") == "/data/x"

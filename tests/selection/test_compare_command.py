"""`hwaja models compare` as a whole, with a real recogniser on two clips."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import clips
import numpy as np
import pytest
import soundfile
from rich.console import Console

from hwaja.cli.main import main
from hwaja.selection import compare_command, measuring
from hwaja.selection.error_counts import character_errors
from hwaja.selection.measuring import Measured
from hwaja.server.config import Config

pytestmark = [pytest.mark.models, pytest.mark.usefixtures("clean_settings")]

Capture = pytest.CaptureFixture[str]

SAID = {
    "a": "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better.",
    "b": "It was the best of times, it was the worst of times.",
}
PARTS = {"a": ("beckett", 0.0, 9.9), "b": ("two_cities", 1.0, 5.0)}


@pytest.fixture
def speech(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two clips with their texts, and measurements that take seconds."""
    monkeypatch.setattr(measuring, "PLAYED_SECONDS", 2.0)
    monkeypatch.setattr(measuring, "BUSY_SECONDS", 0.1)
    for name, part in PARTS.items():
        samples = np.frombuffer(clips.part(*part), np.int16)
        soundfile.write(tmp_path / f"{name}.wav", samples, 16_000)
        (tmp_path / f"{name}.txt").write_text(SAID[name], encoding="utf-8")
    return tmp_path


def compare(speech: Path, *arguments: str) -> int:
    options = ("--speech", str(speech), "--language", "en", "--workers", "1")
    return main(["models", "compare", *arguments, *options])


def test_every_model_gets_a_row_also_one_that_cannot_be_loaded(
    speech: Path, capsys: Capture, tmp_path: Path
) -> None:
    out = tmp_path / "figures.json"
    models = ("moonshine-tiny-en", "no-such-model", str(tmp_path))
    assert compare(speech, *models, "--json", str(out)) == 1
    said = capsys.readouterr()
    document = json.loads(out.read_text(encoding="utf-8"))
    measured, unknown, folder = document["models"]
    assert measured["word_error_rate"] < 0.2
    assert 0 <= measured["character_error_rate"] < 0.15
    assert "kocer" not in measured
    assert 0 < measured["cpu_seconds"] < 5
    assert measured["worker_bytes"] > 40e6
    assert 0.4 < measured["delay_p50_seconds"] <= measured["delay_p95_seconds"]
    assert measured["load_seconds"] > 0
    assert unknown["not_measured"].startswith("There is no model 'no-such-model'.")
    assert "no file named" in folder["not_measured"]
    assert document["speech"] == {
        "recordings": 2,
        "with_text": 2,
        "seconds": 13.9,
        "language": "en",
        "workers": 1,
    }
    for text in (said.out, said.err, json.dumps(document)):
        assert "times" not in text
    assert "moonshine-tiny-en" in said.out


def test_json_can_be_printed_in_place_of_the_table(speech: Path, capsys: Capture) -> None:
    assert compare(speech, "no-such-model", "--json", "-") == 1
    assert json.loads(capsys.readouterr().out)["differences"] == []


def test_on_a_terminal_the_texts_are_shown_where_they_differ(
    speech: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def measure(config: Config, *_: object) -> Measured:
        texts = ("Never tried.", SAID["b"])
        characters = tuple(map(character_errors, SAID.values(), texts))
        nothing = dict.fromkeys(("cpu_seconds", "worker_bytes", "streams"))
        return Measured(
            config.asr_model,
            load_seconds=1.0,
            characters=characters,
            readings=(),
            words=(),
            delays_seconds=(),
            failed=0,
            texts=texts,
            **nothing,
        )

    monkeypatch.setattr(measuring, "measure", measure)
    terminal = partial(Console, force_terminal=True, no_color=True, width=120)
    monkeypatch.setattr(compare_command, "Console", terminal)
    assert compare(speech, "one", "other", "--show") == 0
    said = capsys.readouterr().out
    assert said.count("found: Never tried.") == 2
    assert SAID["a"] in said
    assert SAID["b"] not in said
    assert "other and one: the difference in CER, +0.0 points, is within chance" in said


def test_texts_are_never_shown_but_on_a_terminal(speech: Path, capsys: Capture) -> None:
    assert compare(speech, "moonshine-tiny-en", "--show") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "needs a terminal" in said.err


def test_the_other_commands_do_not_need_the_libraries_of_this_one() -> None:
    imported = "import sys, hwaja.cli.server_commands; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", imported], capture_output=True, check=True)
    assert not {b"kocer", b"rapidfuzz"} & set(run.stdout.split())


def test_what_is_missing_is_told_in_one_sentence(
    speech: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compare(speech / "missing", "moonshine-tiny-en") == 1
    assert "has no recordings" in capsys.readouterr().err
    monkeypatch.setattr(compare_command, "_LIBRARIES", ("no_such_library",))
    assert compare(speech, "moonshine-tiny-en") == 1
    assert "pip install 'hwaja[compare]'" in capsys.readouterr().err

"""A trial of a folder: what it finds, and what its process does not survive."""

import re
import sys
from pathlib import Path

import offline_models
import pytest
import streaming_models
from ct2_folders import write_ct2_folder
from whisper_folders import LANGUAGES, SMALL_EN, write_whisper

from hwaja.engines import trial
from hwaja.engines.interface import EngineError


@pytest.mark.parametrize(
    ("family", "languages"),
    [
        ("sense-voice", {"en", "ja", "ko", "yue", "zh"}),
        ("zipformer-ctc", set()),
        ("qwen3-asr", {"ko", "en"}),
    ],
)
def test_a_trial_tells_the_languages_that_the_files_name(
    family: str, languages: set[str], tmp_path: Path
) -> None:
    found = trial.try_out(offline_models.write(family, tmp_path))
    assert found >= languages
    assert bool(found) == bool(languages)


def test_a_trial_of_a_model_whose_name_says_its_language(tmp_path: Path) -> None:
    folder = tmp_path / "moonshine-tiny-uk"
    folder.mkdir()
    assert trial.try_out(offline_models.write("moonshine-v2", folder)) == {"uk"}


def test_a_trial_of_whisper_for_ctranslate2(tmp_path: Path) -> None:
    assert trial.try_out(write_whisper(tmp_path / "all")) == {*LANGUAGES}
    assert trial.try_out(write_whisper(tmp_path / "english", SMALL_EN)) == {"en"}


def test_a_trial_of_a_streaming_model(tmp_path: Path) -> None:
    streaming_models.write("zipformer2-ctc", tmp_path)
    assert trial.try_out(tmp_path) == set()


def test_a_folder_that_is_no_recogniser_is_refused_by_its_name(tmp_path: Path) -> None:
    """The path of the cache would say nothing to the user."""
    folder = write_ct2_folder(tmp_path)
    (folder / "model.bin").write_bytes(b"")
    with pytest.raises(EngineError) as caught:
        trial.try_out(folder)
    assert re.fullmatch(rf"{tmp_path.name}/model\.bin is truncated\.", str(caught.value))


def test_an_engine_that_ends_its_process_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sherpa-onnx does so over files that no check knows to be wrong."""
    shell = tmp_path / "python"
    shell.write_text("#!/bin/sh\necho loading\nkill -SEGV $$\n")
    shell.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(shell))
    with pytest.raises(
        EngineError, match=r"^The engine ended its process over .*\(exit code -11\)"
    ):
        trial.try_out(tmp_path)


def test_a_trial_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = tmp_path / "python"
    shell.write_text("#!/bin/sh\nexec sleep 60\n")
    shell.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(shell))
    monkeypatch.setattr(trial, "TRIAL_SECONDS", 0.2)
    with pytest.raises(EngineError, match="did not load within"):
        trial.try_out(tmp_path)

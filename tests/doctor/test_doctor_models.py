"""The checks of `hwaja doctor` on the models, and the effect of its advice."""

import json
import os
import shutil
from pathlib import Path

import pytest
from doctor_says import advice, sentence
from model_fixtures import Index, entry, offer

from hwaja.cli.main import main
from hwaja.doctor.models import model
from hwaja.models import ModelError, checking, locate
from hwaja.models.cache import PROVENANCE

pytest_plugins = ["model_index"]


@pytest.fixture
def root(tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache in which the model "tiny" was pulled."""
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path))
    files = {"model.bin": b"weights" * 100, "tokens.txt": b"a 0\n"}
    offer(monkeypatch, entry(index.publish("tiny_model", files)))
    assert main(["models", "pull", "tiny"]) == 0
    return tmp_path


def test_a_pulled_model_is_reported_with_its_licence(root: Path) -> None:
    found = model("tiny")
    assert (found.state, advice(found)) == ("ok", "")
    assert (found.facts["licence"], found.facts["format"]) == ("MIT", 1)
    assert found.facts["damaged"] == []


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[3] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("harm", [damage, Path.unlink], ids=["one bit", "missing"])
def test_a_changed_file_is_a_failure_that_the_advice_repairs(root: Path, harm: object) -> None:
    harm(root / "tiny" / "model.bin")  # type: ignore[operator]
    found = model("tiny")
    assert found.state == "failure"
    assert (
        sentence(found)
        == "Files are missing or have changed since the model was pulled: model.bin."
    )
    assert str(root / "tiny") in advice(found)
    assert advice(found).endswith("hwaja models pull tiny")
    shutil.rmtree(root / "tiny")
    assert main(["models", "pull", "tiny"]) == 0
    assert model("tiny").state == "ok"


@pytest.mark.parametrize("harm", [damage, Path.unlink], ids=["one bit", "missing"])
def test_a_changed_model_is_not_loaded(root: Path, harm: object) -> None:
    assert locate("tiny") == root / "tiny"
    harm(root / "tiny" / "model.bin")  # type: ignore[operator]
    with pytest.raises(ModelError, match=r"since it was pulled \(model\.bin\); delete .*/tiny"):
        locate("tiny")


@pytest.mark.parametrize("key", ["files", "stamps"])
def test_a_provenance_file_that_was_tampered_with_does_not_crash_the_check(
    root: Path, key: str
) -> None:
    file = root / "tiny" / PROVENANCE
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: ["model.bin"]}))
    with pytest.raises(ModelError, match="provenance"):
        locate("tiny")


def test_unchanged_files_are_not_read_again_and_copied_files_are_read_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copied cache, as in an image, has other file times but the same bytes."""
    read: list[str] = []
    real = checking.sha256_of

    def counted(file: Path) -> str:
        read.append(file.name)
        return real(file)

    monkeypatch.setattr(checking, "sha256_of", counted)
    locate("tiny")
    assert read == []
    os.utime(root / "tiny" / "model.bin", (1, 1))
    locate("tiny")
    locate("tiny")
    assert read == ["model.bin"]


def test_a_provenance_without_files_is_not_accepted_as_proof(root: Path) -> None:
    file = root / "tiny" / PROVENANCE
    provenance = json.loads(file.read_text())
    file.write_text(json.dumps(provenance | {"files": {}}))
    assert model("tiny").facts["damaged"] == [PROVENANCE]


def test_a_missing_or_outdated_model_is_a_failure_with_the_command_that_gets_it(
    root: Path,
) -> None:
    (root / "tiny" / PROVENANCE).unlink()
    found = model("tiny")
    assert found.state == "failure"
    assert "another version" in sentence(found)
    shutil.rmtree(root / "tiny")
    found = model("tiny")
    assert found.state == "failure"
    assert advice(found) == "Run: hwaja models pull tiny"


def test_a_model_outside_the_catalogue_is_reported_by_its_name(root: Path) -> None:
    with pytest.raises(ModelError, match="There is no model 'whispre'"):
        model("whispre")

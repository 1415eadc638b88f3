"""The cache: a model is complete or absent."""

import json
from pathlib import Path

import pytest
from model_fixtures import NEVER, entry, offer
from platformdirs import user_cache_path

from hwaja.models import ModelError, cache_root, is_present, locate
from hwaja.models.cache import PROVENANCE, staged, write_provenance

MODEL = entry(NEVER, format=2)


def store(root: Path, content: bytes = b'{"format": 2}') -> Path:
    """Put a model in the cache whose provenance reads `content`."""
    folder = root / MODEL.name
    folder.mkdir()
    (folder / PROVENANCE).write_bytes(content)
    return folder


def stage(root: Path, file: str, stop: BaseException | None = None) -> None:
    """Let the model consist of one file, or stop where it is written."""
    with staged(MODEL, root) as folder:
        (folder / file).write_text(file)
        if stop is not None:
            raise stop
        write_provenance(folder, {"format": MODEL.format})


def test_hwaja_cache_names_the_folder_of_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path))
    assert cache_root() == tmp_path


def test_an_explicit_cache_folder_overrides_hwaja_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWAJA_CACHE", "/elsewhere")
    assert cache_root(tmp_path) == tmp_path


@pytest.mark.parametrize("configured", [None, ""])
def test_without_hwaja_cache_the_users_own_cache_is_used(
    configured: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HWAJA_CACHE", raising=False)
    if configured is not None:
        monkeypatch.setenv("HWAJA_CACHE", configured)
    assert cache_root() == user_cache_path("hwaja", appauthor=False)
    assert cache_root().name == "hwaja"


def test_a_model_is_found_in_the_cache_that_hwaja_cache_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, MODEL)
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path))
    folder = store(tmp_path)
    assert locate(MODEL.name) == folder


def test_a_missing_model_is_reported_with_the_command_that_pulls_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, MODEL)
    with pytest.raises(ModelError) as caught:
        locate(MODEL.name, tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert f"hwaja models pull {MODEL.name}" in str(caught.value)


def test_an_unknown_model_is_refused_before_the_cache_is_searched(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no model"):
        locate("../etc", tmp_path)


@pytest.mark.parametrize(
    "provenance",
    [
        b'{"format": 1}',
        b'{"format": 3}',
        b'{"format": "2"}',
        b"{}",
        b"[2]",
        b"2",
        b'{"format": 2',
        b"",
        b"\xff\xfe{}",
    ],
)
def test_a_folder_with_invalid_or_outdated_provenance_does_not_count_as_a_model(
    tmp_path: Path, provenance: bytes
) -> None:
    store(tmp_path, provenance)
    assert not is_present(MODEL, tmp_path)


def test_a_folder_without_provenance_does_not_count_as_a_model(tmp_path: Path) -> None:
    (store(tmp_path) / PROVENANCE).unlink()
    assert not is_present(MODEL, tmp_path)


def test_a_file_in_place_of_the_folder_does_not_count_as_a_model(tmp_path: Path) -> None:
    (tmp_path / MODEL.name).write_text("not a folder")
    assert not is_present(MODEL, tmp_path)


def test_a_finished_model_appears_in_one_step(tmp_path: Path) -> None:
    with staged(MODEL, tmp_path) as folder:
        write_provenance(folder, {"format": MODEL.format})
        assert not (tmp_path / MODEL.name).exists()
        made = folder.stat().st_ino
    assert (tmp_path / MODEL.name).stat().st_ino == made  # moved, not copied
    assert is_present(MODEL, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [MODEL.name]


@pytest.mark.parametrize("stop", [ModelError("no"), RuntimeError("no"), KeyboardInterrupt()])
def test_a_failed_model_leaves_the_cache_unchanged(tmp_path: Path, stop: BaseException) -> None:
    folder = store(tmp_path)
    with pytest.raises(type(stop)):
        stage(tmp_path, "half", stop)
    assert [path.name for path in tmp_path.iterdir()] == [MODEL.name]
    assert [path.name for path in folder.iterdir()] == [PROVENANCE]


def test_a_new_model_replaces_an_older_one_as_a_whole(tmp_path: Path) -> None:
    stage(tmp_path, "old")
    stage(tmp_path, "new")
    assert {path.name for path in (tmp_path / MODEL.name).iterdir()} == {"new", PROVENANCE}


def test_remains_of_a_killed_pull_are_removed_by_the_next_one(tmp_path: Path) -> None:
    """A converted model has hundreds of megabytes, which must not remain for ever."""
    left = tmp_path / f".{MODEL.name}.abc123"
    left.mkdir()
    (left / "encoder.onnx").write_text("half")
    other = tmp_path / f".{MODEL.name}-other.abc123"
    other.mkdir()
    stage(tmp_path, "file")
    assert not left.exists()
    assert other.exists()


def test_other_users_may_read_a_model(tmp_path: Path) -> None:
    """A service under its own account uses what an administrator pulled."""
    stage(tmp_path, "file")
    assert (tmp_path / MODEL.name).stat().st_mode & 0o777 == 0o755


def test_provenance_is_json_with_unescaped_characters(tmp_path: Path) -> None:
    write_provenance(tmp_path, {"attribution": "화자 ©"})
    text = (tmp_path / PROVENANCE).read_text(encoding="utf-8")
    assert "화자 ©" in text
    assert json.loads(text) == {"attribution": "화자 ©"}

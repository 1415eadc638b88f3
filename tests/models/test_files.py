"""Files with an address of their own: downloaded, and equal at every pull."""

import json
import shutil
from pathlib import Path

import pytest
from model_files import tar_bz2
from model_fixtures import LICENCE, NEVER, Index, entry, folders, offer, sha256
from msgspec.structs import replace

from hwaja.models import ModelError, damaged_files, is_present, locate
from hwaja.models.cache import PROVENANCE
from hwaja.models.catalogue import Member
from hwaja.models.digests import FILE as DIGESTS
from hwaja.models.pulling import pull_entry

pytest_plugins = ["model_index"]

FILES = {"model.bin": bytes(range(256)) * 400, "config.json": b"{}", "vocabulary.txt": b"a\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_a_model_can_consist_of_files_with_addresses(index: Index, root: Path) -> None:
    model = entry(index.publish_files(FILES))
    folder = pull_entry(model, root)
    assert is_present(model, root)
    assert {name: (folder / name).read_bytes() for name in FILES} == FILES
    assert "SPDX-License-Identifier: MIT" in (folder / "LICENSE").read_text(encoding="utf-8")
    provenance = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    assert provenance["archives"] == {
        f"{index.url}/files/tiny/resolve/1/{name}": sha256(FILES[name]) for name in FILES
    }
    assert folders(root) == {"tiny", DIGESTS}


def test_an_interrupted_file_continues_and_those_that_are_there_are_kept(
    index: Index, root: Path
) -> None:
    """The files of all models have the same names, so those of the download say the repository."""
    model = entry(index.publish_files(FILES))
    index.cut_at = 1000
    with pytest.raises(ModelError, match=r"tiny-model\.bin was interrupted"):
        pull_entry(model, root)
    index.cut_at = None
    pull_entry(model, root)
    assert index.asked[:2] == [("model.bin", None), ("model.bin", "bytes=1000-")]
    assert [name for name, _ in index.asked].count("config.json") == 1


def test_a_file_with_the_wrong_checksum_is_deleted(index: Index, root: Path) -> None:
    with pytest.raises(ModelError, match=r"tiny-model\.bin has the wrong checksum: .* deleted"):
        pull_entry(entry(index.publish_files(FILES, sha256="0" * 64)), root)
    assert not list((root / "downloads").iterdir())


def test_a_later_pull_must_give_the_same_files(index: Index, root: Path) -> None:
    model = entry(index.publish_files(FILES))
    shutil.rmtree(pull_entry(model, root))
    index.files["config.json"] = b"{ }"
    with pytest.raises(ModelError, match=r"^tiny-config\.json has changed since it was first pull"):
        pull_entry(model, root)
    assert not (root / "tiny").exists()


def test_files_are_the_second_source_where_no_index_has_the_wheel(index: Index, root: Path) -> None:
    assert pull_entry(entry(NEVER, index.publish_files(FILES)), root).is_dir()


NESTED = ("tokenizer/vocab.json", "tokenizer/merges.txt")


def nested(index: Index, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pull a model with a subfolder, and let the catalogue have it."""
    content = tar_bz2(
        ("tiny/LICENSE", LICENCE.encode()),
        ("tiny/model.bin", b"weights"),
        *((f"tiny/{path}", path.encode()) for path in NESTED),
    )
    source = index.publish_archive(content, "tiny/model.bin")
    members = (*source.members, *(Member(path, f"tiny/{path}") for path in NESTED))
    model = entry(replace(source, members=members))
    offer(monkeypatch, model)
    return pull_entry(model, root)


def test_a_model_can_have_a_subfolder(
    index: Index, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = nested(index, root, monkeypatch)
    for path in NESTED:
        assert (folder / path).read_text() == path
    assert sorted(path.name for path in folder.iterdir()) == [
        "LICENSE",
        "model.bin",
        PROVENANCE,
        "tokenizer",
    ]
    assert locate("tiny", root) == folder


def test_a_change_in_a_subfolder_is_found(
    index: Index, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = nested(index, root, monkeypatch)
    (folder / NESTED[0]).write_text("changed")
    (folder / NESTED[1]).unlink()
    with pytest.raises(ModelError, match=r"tokenizer/merges\.txt, tokenizer/vocab\.json"):
        locate("tiny", root)
    assert damaged_files(entry(NEVER), root) == tuple(sorted(NESTED))

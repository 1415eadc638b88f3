"""Folders and archives made to do harm: one sentence, and nothing of them is left."""

import bz2
import gzip
import io
import lzma
import os
import pickle
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from bounds import bounded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_files import tar_bz2, zipped

from hwaja.models import ModelError, intake, packages
from hwaja.models.importing import import_model
from hwaja.models.intake import take_in
from hwaja.models.pulling import no_progress

MOST_BYTES = 32 << 20


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache, in a folder that nothing else is written to."""
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path / "outside" / "cache"))
    return tmp_path / "outside" / "cache"


def accepts(_folder: Path) -> list[str]:
    return []


def refused(source: Path, root: Path) -> str:
    """Import what cannot be imported; return the sentence."""
    before = {*root.parent.rglob("*")}
    with pytest.raises(ModelError) as caught:
        import_model(source, accepts)
    assert re.fullmatch(r"[^\n]+[.a-z]", str(caught.value))
    assert {*root.parent.rglob("*")} - before <= {root, root / ".lock"}
    return str(caught.value)


def info(path: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    described = tarfile.TarInfo(path)
    described.type, described.linkname = kind, target
    return described


GOOD = ("m/model.onnx", b"1")

HOSTILE_MEMBERS: dict[str, tuple[tarfile.TarInfo | tuple[str, bytes], str]] = {
    "a path to a parent": (("../escaped.txt", b"1"), "path that leaves it"),
    "a path to a parent in the midst": (("m/../../escaped.txt", b"1"), "path that leaves it"),
    "an absolute path": (("/tmp/escaped.txt", b"1"), "path that leaves it"),  # noqa: S108
    "a path of Windows": (("m\\..\\escaped.txt", b"1"), "name that cannot be read"),
    "a name with a control character": (("m/a\x1b[2Jb.txt", b"1"), "name that cannot be read"),
    "a name that is no UTF-8": (("m/\udcff\udcfe.txt", b"1"), "name that cannot be read"),
    "a name of a thousand characters": (("m/" + "x" * 1000, b"1"), "name that cannot be read"),
    "folders within each other": (("m/" * 9 + "a.txt", b"1"), "folders within each other"),
    "a symbolic link": (info("m/tokens.txt", tarfile.SYMTYPE, "/etc/passwd"), "no plain file"),
    "a hard link": (info("m/tokens.txt", tarfile.LNKTYPE, "../x"), "no plain file"),
    "a device": (info("m/tokens.txt", tarfile.CHRTYPE), "no plain file"),
    "a pipe": (info("m/tokens.txt", tarfile.FIFOTYPE), "no plain file"),
    "a pickle": (("m/model.pt", pickle.dumps({})), "can hold a program"),
    "a pickle named as PyTorch's": (("m/pytorch_model.bin", b"PK"), "can hold a program"),
    "a pickle beside a good name": (("m/model.bin.pkl", b"1"), "can hold a program"),
    "a pickle in a subfolder": (("m/a/b.CKPT", b"1"), "can hold a program"),
    "a library": (("m/libonnx.so", b"\x7fELF"), "can hold a program"),
    "a file twice": (GOOD, "two files named model.onnx"),
    "a file in place of a folder": (("m/model.onnx/vocab.json", b"1"), "two files named"),
}


@pytest.mark.parametrize("case", HOSTILE_MEMBERS)
def test_an_archive_with_such_a_member_is_refused(case: str, tmp_path: Path, root: Path) -> None:
    member, sentence = HOSTILE_MEMBERS[case]
    archive = tmp_path / "m.tar.bz2"
    archive.write_bytes(tar_bz2(GOOD, member))
    assert sentence in refused(archive, root)
    assert not [path for path in tmp_path.rglob("*") if "escaped" in path.name]


@pytest.mark.parametrize(
    ("path", "mode", "sentence"),
    [
        ("../escaped.txt", stat.S_IFREG, "path that leaves it"),
        ("m/link.txt", stat.S_IFLNK, "no plain file"),
        ("m/pipe.txt", stat.S_IFIFO, "no plain file"),
        ("m/model.pth", stat.S_IFREG, "can hold a program"),
    ],
)
def test_a_zip_file_with_such_a_member_is_refused(
    path: str, mode: int, sentence: str, tmp_path: Path, root: Path
) -> None:
    described = zipfile.ZipInfo(path)
    described.external_attr = (mode | 0o644) << 16
    archive = tmp_path / "m.zip"
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("m/model.onnx", b"1")
        written.writestr(described, b"/etc/passwd")
    assert sentence in refused(archive, root)


HOSTILE_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link to a file": (lambda path: path.symlink_to("/etc/passwd"), "no plain file"),
    "a link to a folder": (lambda path: path.symlink_to("/etc"), "no plain file"),
    "a link to itself": (lambda path: path.symlink_to(path), "no plain file"),
    "a pipe": (os.mkfifo, "no plain file"),
    "a file that nobody may read": (lambda path: path.touch(0), "cannot be read"),
    "a name that is no UTF-8": (
        lambda path: Path(os.fsdecode(os.fsencode(path) + b"\xff.txt")).touch(),
        "name that cannot be read",
    ),
    "a pickle": (lambda path: path.with_suffix(".pt").touch(), "can hold a program"),
    "folders within each other": (
        lambda path: (path / "/".join("abcdefghi")).mkdir(parents=True),
        "folders within each other",
    ),
}


@pytest.mark.parametrize("case", HOSTILE_FILES)
def test_a_folder_with_such_a_file_is_refused(case: str, tmp_path: Path, root: Path) -> None:
    make, sentence = HOSTILE_FILES[case]
    if case == "a file that nobody may read" and os.geteuid() == 0:
        pytest.skip("root may read every file")
    source = tmp_path / "m"
    source.mkdir()
    (source / "model.onnx").write_bytes(b"1")
    make(source / "tokens.txt")
    assert sentence in refused(source, root)


def test_hidden_files_are_left_out(tmp_path: Path, root: Path) -> None:
    """Those of git, of model hosts and of macOS; some are links."""
    source = tmp_path / "m"
    (source / ".cache").mkdir(parents=True)
    (source / ".cache" / "link").symlink_to("/etc/passwd")
    (source / "._model.onnx").write_bytes(b"\0")
    (source / "model.onnx").write_bytes(b"1")
    folder = import_model(source, accepts)
    assert {path.name for path in folder.iterdir()} == {"model.onnx", "provenance.json"}


def test_an_archive_that_cannot_be_opened_is_refused(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "m.tar.bz2"
    archive.write_bytes(tar_bz2(GOOD))

    def denied(path: Path, *_: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", denied)
    assert refused(archive, root) == f"{archive} cannot be read (Permission denied)."


@pytest.mark.parametrize("path", ["absent", "file.txt", "model.bin", "a.rar"])
def test_what_is_neither_a_folder_nor_an_archive_is_refused(
    path: str, tmp_path: Path, root: Path
) -> None:
    if path != "absent":
        (tmp_path / path).write_bytes(b"1")
    assert "is neither a folder nor an archive" in refused(tmp_path / path, root)


def test_a_folder_without_files_of_a_model_is_refused(tmp_path: Path, root: Path) -> None:
    (tmp_path / "m" / "docs").mkdir(parents=True)
    (tmp_path / "m" / "docs" / "a.pdf").touch()
    assert "has no files of a model" in refused(tmp_path / "m", root)


SIZES = pytest.mark.parametrize(
    ("limit", "files"),
    [
        ("MAX_BYTES", {"m/model.onnx": bytes(2000)}),
        ("MAX_FILES", {f"m/{n}": b"" for n in range(60)}),
    ],
)


@SIZES
def test_an_archive_that_unpacks_to_too_much_is_refused(
    limit: str, files: dict[str, bytes], tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, limit, 50 if limit == "MAX_FILES" else 1000)
    archive = tmp_path / "m.tar.bz2"
    archive.write_bytes(tar_bz2(*files.items()))
    assert "is too large for a model" in refused(archive, root)


@SIZES
def test_a_folder_of_too_much_is_refused(
    limit: str, files: dict[str, bytes], tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, limit, 50 if limit == "MAX_FILES" else 1000)
    (tmp_path / "m").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    assert "is too large for a model" in refused(tmp_path / "m", root)


def test_zip_files_and_archives_of_many_members_are_refused(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "MAX_FILES", 50)
    archive = tmp_path / "m.zip"
    archive.write_bytes(zipped({f"m/{number}.json": b"" for number in range(60)}))
    assert "has too many files" in refused(archive, root)


BIG = 1 << 28
"""More than a reader may have in memory at once."""


@pytest.mark.parametrize(
    ("suffix", "compress"), [(".bz2", bz2.compress), (".gz", gzip.compress), (".xz", lzma.compress)]
)
def test_a_bomb_is_read_in_little_memory(
    suffix: str,
    compress: Callable[[bytes], bytes],
    tmp_path: Path,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A small archive of a file that is large, and is not wanted."""
    header = info("m/noise.wav")
    header.size = BIG
    archive = tmp_path / f"m.tar{suffix}"
    archive.write_bytes(compress(header.tobuf() + bytes(BIG)))
    monkeypatch.setattr(intake, "MAX_BYTES", BIG // 2)
    with bounded(MOST_BYTES):
        assert "is too large for a model" in refused(archive, root)


def test_an_xz_file_cannot_choose_its_memory(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its dictionary may have 1.5 GiB, of which a reader would use as much as it unpacks."""
    monkeypatch.setattr(packages, "_XZ_MEMORY_BYTES", 1 << 20)
    archive = tmp_path / "m.tar.xz"
    archive.write_bytes(lzma.compress(bytes(10_240)))
    assert re.search(r"is damaged \(.*[Mm]emory", refused(archive, root))


WHOLE = tar_bz2(GOOD, ("m/tokens.txt", os.urandom(20_000)))


@pytest.mark.parametrize("suffix", [".tar.bz2", ".tar.gz", ".tar.xz", ".tar", ".zip"])
@pytest.mark.parametrize(
    "content", [b"", b"no archive", WHOLE[: len(WHOLE) // 2], bz2.decompress(WHOLE)[:4000]]
)
def test_a_damaged_archive_is_refused(
    suffix: str, content: bytes, tmp_path: Path, root: Path
) -> None:
    archive = tmp_path / f"m{suffix}"
    archive.write_bytes(content)
    assert re.search("is damaged|has no files|has another size", refused(archive, root))


@settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), suffix=st.sampled_from([".tar.gz", ".tar.xz", ".tar", ".zip"]))
def test_any_wrong_bytes_are_taken_in_or_refused(
    data: st.DataObject, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = {"m/model.onnx": b"1" * 600, "m/tokens.txt": b"a 0\n"}
    stream = io.BytesIO()
    if suffix == ".zip":
        stream.write(zipped(files))
    else:
        mode = {".tar.gz": "w:gz", ".tar.xz": "w:xz", ".tar": "w"}[suffix]
        with tarfile.open(fileobj=stream, mode=mode) as archive:
            for name, content in files.items():
                described = info(name)
                described.size = len(content)
                archive.addfile(described, io.BytesIO(content))
    whole = stream.getvalue()
    at = data.draw(st.integers(0, len(whole) - 1))
    wrong = data.draw(st.binary(min_size=1, max_size=4))
    place = tmp_path_factory.mktemp("altered")
    package = place / f"m{suffix}"
    package.write_bytes(whole[:at] + wrong + whole[at + len(wrong) :])
    (place / "in" / "to").mkdir(parents=True)
    with suppress(ModelError):
        assert take_in(package, place / "in" / "to", no_progress).is_relative_to(place / "in")
    assert {path.name for path in (place / "in").iterdir()} == {"to"}
    assert {path.name for path in place.iterdir()} == {package.name, "in"}

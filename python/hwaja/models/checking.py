"""Finds a model in the cache and checks that its files are unchanged since the pull."""

from functools import lru_cache
from pathlib import Path

from hwaja.models.cache import (
    PROVENANCE,
    cache_root,
    files_of,
    find,
    is_present,
    read_provenance,
)
from hwaja.models.catalogue import CatalogueEntry
from hwaja.models.errors import ModelError
from hwaja.models.fetch import sha256_of


def locate(name: str, cache: Path | None = None) -> Path:
    """Return the folder of a pulled or imported model whose files are unchanged.

    A file with the recorded size and modification time is not read. Any other file, for example in
    a cache that was copied or pulled by an earlier version, is compared with its digest, once per
    process.

    Raises:
        ModelError: where the model is unknown, absent, or changed since the pull.

    """
    root = cache_root(cache)
    model = find(name, root)
    if not is_present(model, root):
        raise ModelError(f"The model {name} is not in {root}; run: hwaja models pull {name}")
    folder = root / name
    if changed := _changed_files(folder):
        how, again = (
            ("imported", "import it again")
            if model.is_imported
            else ("pulled", f"run: hwaja models pull {name}")
        )
        raise ModelError(
            f"The model {name} has changed since it was {how} ({', '.join(changed)}); delete "
            f"{folder} and {again}"
        )
    return folder


def damaged_files(model: CatalogueEntry, root: Path) -> tuple[str, ...]:
    """Return the files of a pulled model that are missing or changed since the pull.

    This reads every byte: about a second for a gigabyte.
    """
    folder = root / model.name
    files = read_provenance(folder).get("files")
    if not isinstance(files, dict) or not files:
        return (PROVENANCE,)
    return tuple(name for name, digest in sorted(files.items()) if _sha256(folder / name) != digest)


def recorded_files(folder: Path) -> dict[str, object]:
    """Return what provenance.json has of the files of a model's folder: digests and stamps."""
    files = {file.relative_to(folder).as_posix(): file for file in files_of(folder)}
    return {
        "files": {name: sha256_of(file) for name, file in files.items()},
        "stamps": {name: _stamp(file) for name, file in files.items()},
    }


def _stamp(file: Path) -> list[int]:
    """Return a file's size in bytes and its modification time in nanoseconds."""
    found = file.stat()
    return [found.st_size, found.st_mtime_ns]


def _changed_files(folder: Path) -> list[str]:
    provenance = read_provenance(folder)
    digests, stamps = provenance.get("files", {}), provenance.get("stamps", {})
    if not isinstance(digests, dict) or not isinstance(stamps, dict):
        return [PROVENANCE]
    return [
        name
        for name, digest in sorted(digests.items())
        if not _is_unchanged(folder / name, digest, stamps.get(name))
    ]


def _is_unchanged(file: Path, digest: str, recorded: list[int] | None) -> bool:
    try:
        found = _stamp(file)
        return found == recorded or _has_digest(file, digest, *found)
    except OSError:
        return False


@lru_cache
def _has_digest(file: Path, digest: str, _size_bytes: int, _mtime_ns: int) -> bool:
    return sha256_of(file) == digest


def _sha256(file: Path) -> str | None:
    try:
        return sha256_of(file)
    except OSError:
        return None

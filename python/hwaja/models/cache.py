"""The model cache: one folder for each model. A folder appears only when it is complete."""

import errno
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from hwaja.models.catalogue import CatalogueEntry, all_models, entry
from hwaja.models.errors import ModelError
from hwaja.privacy.ownership import changeable_by

PROVENANCE = "provenance.json"

IMPORTED = 0
"""Format of a model that was imported, and that the catalogue does not have."""


def cache_root(cache: Path | None = None) -> Path:
    """Return the cache folder: `cache`, else `HWAJA_CACHE`, else the user's cache folder.

    Raises:
        ModelError: where no cache folder is set and the user has no home folder, as in
            containers.

    """
    if cache is not None:
        return cache
    if configured := os.environ.get("HWAJA_CACHE"):
        return Path(configured)
    with suppress(RuntimeError):
        folder = user_cache_path("hwaja", appauthor=False)
        if folder.is_absolute():
            return folder
    raise ModelError("This user has no home folder for models: set HWAJA_CACHE to a folder.")


def is_present(model: CatalogueEntry, root: Path) -> bool:
    """Return whether the cache has the complete model from this version of its converter."""
    return read_provenance(root / model.name).get("format") == model.format


def imported_models(root: Path) -> tuple[CatalogueEntry, ...]:
    """Return the models that were imported into the cache, as entries of a catalogue."""
    named = {model.name for model in all_models()}
    found = (_imported(folder.name, root) for folder in sorted(root.glob("[!.]*/")))
    return tuple(model for model in found if model is not None and model.name not in named)


def find(name: str, root: Path) -> CatalogueEntry:
    """Return the model called `name`: of the catalogue, or imported.

    Raises:
        ModelError: where there is none.

    """
    for model in imported_models(root):
        if model.name == name:
            return model
    return entry(name)


def _imported(name: str, root: Path) -> CatalogueEntry | None:
    provenance = read_provenance(root / name)
    if provenance.get("format") != IMPORTED:
        return None
    languages = provenance.get("languages")
    return CatalogueEntry(
        name=name,
        title=f"Imported from {provenance.get('imported_from')}",
        role="asr",
        sets=frozenset(),
        converter="plain",
        format=IMPORTED,
        licence="unknown",
        attribution="",
        sources=(),
        languages=frozenset(languages if isinstance(languages, list) else ()),
    )


@contextmanager
def disk_errors_explained(name: str, root: Path) -> Iterator[None]:
    """Raise a ModelError with one sentence where the cache folder cannot take a model.

    Raises:
        ModelError: in place of an OSError.

    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelError(f"There is no space left in {root} for {name}.") from error
        raise ModelError(f"{root} is not writable ({error.strerror or error}).") from error


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the lock for pulling, which one process at a time can have.

    The lock ends with the process. All models share it, since some use the same wheels.

    Raises:
        ModelError: where other users can change the folder. Writes could then follow their links,
            and reads could return their files.
        OSError: where the file system fails, or the lock file is a link.

    """
    root.mkdir(parents=True, exist_ok=True)
    if fault := changeable_by(root):
        raise ModelError(f"The folder {root} {fault}: set another one with HWAJA_CACHE.")
    lock = os.open(root / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@contextmanager
def staged(model: CatalogueEntry, root: Path) -> Iterator[Path]:
    """Yield an empty folder; when the context exits without an error, rename it to the model's."""
    with scratch(model.name, root) as staging:
        yield staging
        publish(staging, root / model.name)


@contextmanager
def scratch(name: str, root: Path) -> Iterator[Path]:
    """Yield an empty folder of the cache, which is deleted when the context exits."""
    for left in root.glob(f".{name}.*/"):  # left by a killed process
        shutil.rmtree(left)
    staging = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=root))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def publish(staging: Path, target: Path) -> None:
    """Rename a complete folder to the model's."""
    _sync(staging)
    staging.chmod(0o755)
    if target.exists():  # of an older format, or incomplete
        shutil.rmtree(target)
    staging.replace(target)


def read_provenance(folder: Path) -> dict[str, Any]:
    """Return what `write_provenance` wrote; empty where there is nothing of the kind."""
    try:
        provenance = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return provenance if isinstance(provenance, dict) else {}


def write_provenance(folder: Path, provenance: dict[str, Any]) -> None:
    """Write the sources of the model's files into the model's folder."""
    text = json.dumps(provenance, indent=2, ensure_ascii=False, sort_keys=True)
    (folder / PROVENANCE).write_text(text + "\n", encoding="utf-8")


def files_of(folder: Path) -> list[Path]:
    """Return the files of a model's folder and of its subfolders, in order."""
    return sorted(file for file in folder.rglob("*") if file.is_file())


def _sync(folder: Path) -> None:
    """Flush every file to disk before the folder counts as present."""
    for file in files_of(folder):
        with file.open("rb") as stream:
            os.fsync(stream.fileno())

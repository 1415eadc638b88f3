"""The model cache: one folder for each model. A folder appears only when it is complete."""

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

from hwaja.models.catalogue import CatalogueEntry
from hwaja.models.errors import ModelError
from hwaja.privacy.ownership import changeable_by

PROVENANCE = "provenance.json"


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
    try:
        provenance = json.loads((root / model.name / PROVENANCE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(provenance, dict) and provenance.get("format") == model.format


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
    for left in root.glob(f".{model.name}.*/"):  # left by a killed process
        shutil.rmtree(left)
    staging = Path(tempfile.mkdtemp(prefix=f".{model.name}.", dir=root))
    try:
        yield staging
        _sync(staging)
        staging.chmod(0o755)
        target = root / model.name
        if target.exists():  # of an older format, or incomplete
            shutil.rmtree(target)
        staging.replace(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


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

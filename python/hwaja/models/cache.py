"""The model cache: one folder for each model, there whole or not at all."""

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
        ModelError: where there is none, as the user has no home, as in containers.

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
    """Return whether the model was pulled, whole, by this version of its converter."""
    try:
        provenance = json.loads((root / model.name / PROVENANCE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(provenance, dict) and provenance.get("format") == model.format


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Let one process at a time pull; the lock ends with the process.

    It is the same for all models, since some are made of the same wheels.

    Raises:
        ModelError: where other users can change the folder: what is written in it would follow
            their links, and what is read from it would be theirs.
        OSError: where the disk refuses, or the lock is a link.

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
    """Yield an empty folder; when the block succeeds it becomes the model's, in one step."""
    for left in root.glob(f".{model.name}.*/"):  # by a process that was killed
        shutil.rmtree(left)
    staging = Path(tempfile.mkdtemp(prefix=f".{model.name}.", dir=root))
    try:
        yield staging
        _sync(staging)
        staging.chmod(0o755)
        target = root / model.name
        if target.exists():  # of an older format, or not whole
            shutil.rmtree(target)
        staging.replace(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def write_provenance(folder: Path, provenance: dict[str, Any]) -> None:
    """Write where the model's files come from beside them."""
    text = json.dumps(provenance, indent=2, ensure_ascii=False, sort_keys=True)
    (folder / PROVENANCE).write_text(text + "\n", encoding="utf-8")


def _sync(folder: Path) -> None:
    """Have the disk hold every file before the folder counts as present."""
    for file in folder.iterdir():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())

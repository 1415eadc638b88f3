"""Records checksums at the first pull, for archives without a checksum in the catalogue.

The records stay in the cache when the model is deleted. A later pull from the same address must
return the same bytes.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hwaja.models.errors import ModelError
from hwaja.models.fetch import sha256_of

FILE = "digests.json"


@contextmanager
def trusted_on_first_use(archives: Mapping[str, Path], root: Path) -> Iterator[None]:
    """Compare archives with their recorded checksums; record new ones when the context succeeds.

    Args:
        archives: address to file.
        root: the cache folder.

    Raises:
        ModelError: where an archive has changed since its first pull. The archives are deleted,
            also where the context raises a ModelError, since they may be incomplete.

    """
    if not archives:
        yield
        return
    recorded = _read(root / FILE)
    found = {
        address: {"sha256": sha256_of(file), "size_bytes": file.stat().st_size}
        for address, file in archives.items()
    }
    changed = [name for name in found if recorded.get(name, found[name]) != found[name]]
    try:
        if changed:
            raise _changed(archives[changed[0]], root / FILE)
        yield
    except ModelError:
        for file in archives.values():
            file.unlink()
        raise
    _write(root / FILE, recorded | found)


def _changed(archive: Path, recorded: Path) -> ModelError:
    return ModelError(
        f"{archive.name} has changed since it was first pulled; to accept the new one, delete its "
        f"entry in {recorded}."
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError) as error:
        raise ModelError(
            f"{file} cannot be read; delete it to record the checksums again."
        ) from error


def _write(file: Path, recorded: dict[str, Any]) -> None:
    """Replace the file atomically."""
    new = file.with_suffix(".new")
    new.write_text(json.dumps(recorded, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    new.replace(file)

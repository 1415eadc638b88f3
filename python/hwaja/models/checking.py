"""Whether a model in the cache is still what was pulled."""

import json
from pathlib import Path

from hwaja.models.cache import PROVENANCE
from hwaja.models.catalogue import CatalogueEntry
from hwaja.models.fetch import sha256_of


def damaged_files(model: CatalogueEntry, root: Path) -> tuple[str, ...]:
    """Return the files of a model that is present which are missing or not as they were pulled.

    Every byte is read: about a second for a gigabyte.
    """
    folder = root / model.name
    provenance = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    files = provenance.get("files")
    if not isinstance(files, dict) or not files:
        return (PROVENANCE,)
    return tuple(name for name, digest in sorted(files.items()) if _sha256(folder / name) != digest)


def _sha256(file: Path) -> str | None:
    try:
        return sha256_of(file)
    except OSError:
        return None

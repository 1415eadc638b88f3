"""Checks the models that the server would use: presence, licence, integrity."""

from pathlib import Path

from hwaja.doctor.findings import Finding
from hwaja.doctor.language import phrase
from hwaja.models import cache_root, damaged_files, find, folder_bytes, is_present


def model(name: str, root: Path | None = None) -> Finding:
    """Check a pulled or imported model; this reads every byte.

    Raises:
        ModelError: where neither the catalogue nor the cache has a model of that name.

    """
    root = cache_root(root)
    known = find(name, root)
    folder = root / name
    title = f"model {name}"
    facts: dict[str, object] = {"licence": known.licence, "format": known.format, "present": False}
    if not is_present(known, root):
        key = "model.another" if folder.exists() else "model.absent"
        return Finding(
            title, "failure", phrase(key, root=root), phrase("model.absent.do", name=name), facts
        )
    damaged = damaged_files(known, root)
    size_bytes = folder_bytes(folder)
    facts |= {"present": True, "bytes": size_bytes, "damaged": list(damaged)}
    if damaged:
        sentence = phrase("model.damaged", files=", ".join(damaged))
        key = "model.imported.do" if known.is_imported else "model.damaged.do"
        advice = phrase(key, folder=folder, name=name)
        return Finding(title, "failure", sentence, advice, facts)
    sentence = phrase("model", licence=known.licence, megabytes=size_bytes / 1e6)
    return Finding(title, "ok", sentence, facts=facts)

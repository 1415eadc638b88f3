"""The models that would be served with: there, licensed as the catalogue says, and undamaged."""

from pathlib import Path

from hwaja.doctor.findings import Finding
from hwaja.models import cache_root, damaged_files, entry, is_present


def model(name: str, root: Path | None = None) -> Finding:
    """Look at a pulled model, every byte of it.

    Raises:
        ModelError: where there is none of that name.

    """
    known, root = entry(name), cache_root(root)
    folder = root / name
    title = f"model {name}"
    facts: dict[str, object] = {"licence": known.licence, "format": known.format, "present": False}
    if not is_present(known, root):
        what = "was pulled by another version" if folder.exists() else "is not there"
        advice = f"Run: hwaja models pull {name}"
        return Finding(title, "failure", f"It {what} (looked for in {root}).", advice, facts)
    damaged = damaged_files(known, root)
    size_bytes = sum(file.stat().st_size for file in folder.iterdir())
    facts |= {"present": True, "bytes": size_bytes, "damaged": list(damaged)}
    if damaged:
        sentence = f"Not as it was pulled: {', '.join(damaged)}."
        advice = f"Delete the folder {folder}, then run: hwaja models pull {name}"
        return Finding(title, "failure", sentence, advice, facts)
    sentence = f"{known.licence}, {size_bytes / 1e6:.0f} MB, every checksum right"
    return Finding(title, "ok", sentence, "", facts)

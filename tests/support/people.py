"""What two people say, at length: in English as it comes with the models, and real Korean."""

import json
from dataclasses import dataclass
from pathlib import Path

import clips
import pytest

from hwaja.client.sound_files import load_pcm16

DATASET = Path(__file__).resolve().parents[3] / "shared" / "speech" / "dataset"
ROOM = "AirbnbStudio"


@dataclass(frozen=True)
class People:
    """Takes of about 5 s of two people, all of different words."""

    first: tuple[bytes, bytes]
    second: tuple[bytes, bytes]


def english() -> People:
    deep = clips.deepened(clips.part("two_cities", 1, 18))
    return People(
        (clips.part("two_cities", 18, 23), clips.part("two_cities", 27, 32)),
        (deep[: 2 * 80_000], deep[2 * 90_000 : 2 * 170_000]),
    )


def korean() -> People:
    """Two women, or a skipped test where their clips are not there."""
    if not DATASET.is_dir():
        pytest.skip("needs ../shared/speech")
    (index,) = DATASET.glob("*.json")
    entries = sorted(json.loads(index.read_text(encoding="utf-8"))[ROOM].items())
    takes = {}
    for speaker in "ab":
        names = [name for name, entry in entries if entry["speaker"] == speaker]
        files = [DATASET / ROOM / f"{name}.wav" for name in names]
        lines = [load_pcm16(file) for file in files if file.exists()][:4]
        takes[speaker] = ((lines[0] + lines[1])[:160_000], (lines[2] + lines[3])[:160_000])
    return People(takes["a"], takes["b"])

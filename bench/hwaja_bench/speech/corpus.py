"""Reads a folder of single-speaker clips by its index; docs/benchmark.md has the layout."""

import json
import zlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hwaja.client.sound_files import load_pcm16
from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.errors import BenchmarkError
from hwaja_bench.speech import levels

ENROLMENT_SECONDS = (4.0, 5.0)
"""Minimum and maximum of the speech that a voice is enrolled with."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Speech of one speaker, from the first to the last loud frame."""

    file: str
    """File path relative to the folder of the corpus."""
    speaker: str
    group: str
    text: str | None
    """Reference text, if known."""
    samples: Samples

    @property
    def seconds(self) -> float:
        """Duration with pauses."""
        return len(self.samples) / SAMPLE_RATE

    @property
    def speech_seconds(self) -> float:
        """Duration of speech without pauses."""
        return levels.speech_seconds(self.samples)

    def part(self, start: int, stop: int) -> "Clip":
        """Return a part of the clip, trimmed to its speech, without a reference text."""
        return replace(self, text=None, samples=levels.trimmed(self.samples[start:stop]))


def load_corpus(speech: Path, index: Path, groups: Collection[str] = ()) -> list[Clip]:
    """Return the clips of an index, trimmed and normalised to one level.

    Args:
        speech: the folder that the index's paths are relative to.
        index: a JSON list of clips, as docs/benchmark.md describes it.
        groups: groups to read; empty: all.

    Raises:
        BenchmarkError: where the index cannot be used, a group is not in it, or a clip is silent.
        AudioError: where a file is missing or cannot be read.

    """
    entries = _entries(index)
    known = {entry["group"] for entry in entries}
    if missing := sorted(set(groups) - known):
        names = ", ".join(sorted(known))
        raise BenchmarkError(f"{index} has no group {missing[0]!r}; it has: {names}.")
    return [_clip(speech, entry) for entry in entries if not groups or entry["group"] in groups]


def _entries(index: Path) -> list[dict[str, Any]]:
    try:
        entries = json.loads(index.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchmarkError(f"{index} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise BenchmarkError(f"{index} is not JSON.") from error
    if not isinstance(entries, list) or not entries:
        raise BenchmarkError(f"{index} must hold a list of clips; see docs/benchmark.md.")
    return [_entry(index, number, fields) for number, fields in enumerate(entries)]


def _entry(index: Path, number: int, fields: object) -> dict[str, Any]:
    """Check one clip's description and fill in optional fields."""
    if not isinstance(fields, dict):
        raise BenchmarkError(f"Clip {number} of {index} is not an object.")
    entry = {"group": "", "text": None, **fields}
    for name in ("file", "speaker", "group"):
        if not isinstance(entry.get(name), str):
            raise BenchmarkError(f"Clip {number} of {index} needs {name!r}, a string.")
    if not isinstance(entry["text"], str | None):
        raise BenchmarkError(f"Clip {number} of {index} has a 'text' that is no string.")
    return entry


def _clip(speech: Path, entry: dict[str, Any]) -> Clip:
    samples = levels.trimmed(load_samples(speech / entry["file"]))
    if not len(samples):
        raise BenchmarkError(f"{speech / entry['file']} holds no speech.")
    names = {name: entry[name] for name in ("file", "speaker", "group", "text")}
    return Clip(**names, samples=levels.levelled(samples))


def load_samples(file: Path) -> Samples:
    """Return a sound file as `interface.Samples`.

    Raises:
        AudioError: where the file is missing or cannot be read.

    """
    return samples_of(load_pcm16(file))


def samples_of(pcm: bytes) -> Samples:
    """Return PCM16 as `interface.Samples`."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)


def seeded(seed: int, *names: str) -> np.random.Generator:
    """Return a random generator that depends only on the seed and the names."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])

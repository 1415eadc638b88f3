"""Reads a folder of recordings, and what was said in them."""

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwaja.client.sound_files import AudioError, load_pcm16
from hwaja.protocol.audio import SAMPLE_RATE

SOUNDS = (".wav", ".flac")

_INDEX_BYTES = 10_000_000
"""A larger JSON file is no list of texts."""


@dataclass(frozen=True, eq=False)
class Recording:
    """A sound file, and what was said in it."""

    name: str
    pcm: bytes
    """PCM16, 16 kHz, mono."""
    text: str | None
    """None where the folder has no text for it."""

    @property
    def seconds(self) -> float:
        """Its duration."""
        return len(self.pcm) / 2 / SAMPLE_RATE


def read_folder(folder: Path, minutes: float) -> list[Recording]:
    """Return the recordings in a folder and the folders below it, in the order of their paths.

    If they are longer together, recordings are drawn at random, always the same ones, until they
    last so many minutes. Those with a text are drawn first.

    Raises:
        AudioError: there is no recording, or one cannot be read.

    """
    files = [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in SOUNDS]
    if not files:
        raise AudioError(f"{folder} has no recordings ({', '.join(SOUNDS)}).")
    texts = _texts(folder, files)
    drawn = list(files)
    random.Random(1).shuffle(drawn)  # noqa: S311  # not for security
    drawn.sort(key=lambda file: file not in texts)
    found: dict[Path, Recording] = {}
    left_seconds = 60 * minutes
    for file in drawn:
        if left_seconds <= 0:
            break
        recording = Recording(str(file.relative_to(folder)), load_pcm16(file), texts.get(file))
        left_seconds -= recording.seconds
        found[file] = recording
    return [found[file] for file in files if file in found]


def _texts(folder: Path, files: list[Path]) -> dict[Path, str]:
    """Return the texts that are not empty, by sound file."""
    indices = [*folder.parent.glob("*.json"), *folder.rglob("*.json")]
    listed = {name: text for index in indices for name, text in _in_index(index)}
    for transcript in folder.rglob("*.trans.txt"):  # as LibriSpeech has them
        lines = (line.partition(" ") for line in _read(transcript).splitlines())
        listed |= {name: text for name, _, text in lines}
    texts = {}
    for file in files:
        beside = file.with_suffix(".txt")
        text = _read(beside) if beside.is_file() else listed.get(file.stem, "")
        if text := " ".join(text.split()):
            texts[file] = text
    return texts


def _in_index(file: Path) -> Iterator[tuple[str, str]]:
    """Yield names and texts of a JSON file; nothing where it is no list of texts."""
    with suppress(OSError, ValueError, RecursionError):
        if file.stat().st_size <= _INDEX_BYTES:
            yield from _named_texts("", json.loads(file.read_text(encoding="utf-8")))


def _named_texts(name: str, node: Any) -> Iterator[tuple[str, str]]:
    """Yield each `text` with the `file` beside it, or with the name of its object."""
    if isinstance(node, list):
        for each in node:
            yield from _named_texts("", each)
    elif isinstance(node, dict):
        if isinstance(text := node.get("text"), str):
            yield Path(str(node.get("file", name))).stem, text
        else:
            for key, value in node.items():
                yield from _named_texts(key, value)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise AudioError(f"{file} is not UTF-8.") from None
    except OSError as error:
        raise AudioError(f"{file} cannot be read: {error.strerror}.") from error

"""Divides the speech folder's speakers into two halves: for thresholds, and for reports."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.speech.corpus import load_samples
from hwaja_bench.speech.index import korean

Audio = NDArray[np.float32]

CHOSEN = {"pfb", "pfi", "pma", "pmb", "train-clean-100"}
"""Four of the nine Korean voices of emotiontts, and 100 English ones of LibriSpeech."""


@dataclass(frozen=True)
class Speaker:
    """One person's clips."""

    group: str
    """The group of speakers with the same recording conditions."""
    name: str
    sex: str
    """f, m, or ? where the folder does not say."""
    clips: list[Audio]

    @property
    def is_chosen_on(self) -> bool:
        """Whether thresholds may be chosen on this voice."""
        return bool({self.group, self.name} & CHOSEN)


def speakers(speech: Path, half: str) -> list[Speaker]:
    """Return the speakers of a half, `chosen` or `reported`."""
    everybody = [*_koreans(speech), *_actors(speech), *_readers(speech)]
    return [person for person in everybody if person.is_chosen_on == (half == "chosen")]


def _koreans(speech: Path) -> Iterator[Speaker]:
    """Yield two women, in each of two rooms."""
    clips: dict[tuple[str, str], list[Audio]] = {}
    for entry in korean(speech):
        clips.setdefault((entry["group"], entry["speaker"]), []).append(
            load_samples(speech / entry["file"])
        )
    for (room, name), own in clips.items():
        yield Speaker(room, name, "f", own)


def _actors(speech: Path) -> Iterator[Speaker]:
    for folder in sorted((speech / "emotiontts").glob("p*")):
        clips = [load_samples(file) for file in sorted(folder.glob("*.flac"))]
        yield Speaker("emotiontts", folder.name, folder.name[1], clips)


def _readers(speech: Path) -> Iterator[Speaker]:
    for part in ("test-other", "train-clean-100"):
        clips: dict[str, list[Audio]] = {}
        for file in sorted((speech / "librispeech").rglob(f"librispeech_{part}/**/*.flac")):
            clips.setdefault(file.stem.split("-")[0], []).append(load_samples(file))
        for name, own in clips.items():
            yield Speaker(part, name, "?", own)


def cut(
    speaker: Speaker, seconds: float, random: np.random.Generator
) -> tuple[Audio, frozenset[int]]:
    """Return `seconds` of a speaker's consecutive speech, and the numbers of its clips."""
    wanted = round(seconds * SAMPLE_RATE)
    count = len(speaker.clips)
    start = int(random.integers(count))
    pieces: list[Audio] = []
    for k in range(count):
        pieces.append(speaker.clips[(start + k) % count])
        if sum(map(len, pieces)) >= wanted:
            break
    joined = np.concatenate(pieces)
    first = int(random.integers(max(1, min(len(pieces[0]), len(joined) - wanted))))
    return joined[first : first + wanted], frozenset(
        (start + k) % count for k in range(len(pieces))
    )


def telephone(audio: Audio) -> Audio:
    """Return audio after a telephone channel, at 16 kHz again and of the same length."""
    narrow = soxr.resample(soxr.resample(audio, SAMPLE_RATE, 8000), 8000, SAMPLE_RATE)
    return np.asarray(np.resize(narrow, len(audio)))

"""Yields clips of single speakers, clean and in generated rooms and noise, and embeds them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwaja.engines.interface import Embedding, Samples
from hwaja.engines.loading import SpeakerEmbedder
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server.application import embedder_file
from hwaja_bench.speech.acoustics import disturbed
from hwaja_bench.speech.conditions import SNRS_DB
from hwaja_bench.speech.corpus import load_samples
from hwaja_bench.speech.index import english, korean
from hwaja_bench.speech.levels import levelled, trimmed

ONE_CLIP = "librispeech_train-clean-100"
"""The part of LibriSpeech with one clip of each of 100 speakers."""


@dataclass(frozen=True)
class Spoken:
    """A clip in one condition, with normalised level and without silence around it."""

    group: str
    speaker: str
    name: str
    snr: str
    samples: Samples


class Listener:
    """Computes speaker embeddings as unit vectors."""

    def __init__(self) -> None:
        self._embedder = SpeakerEmbedder(embedder_file())

    def unit(self, samples: Samples) -> Embedding:
        """Return the embedding of all of `samples`."""
        whole = self._embedder.embed(np.ascontiguousarray(samples))[0]
        return np.asarray(whole / np.linalg.norm(whole))


def one_clip_each(speech: Path, seed: int) -> Iterator[Spoken]:
    """Yield the clips of 100 speakers, in every condition."""
    for file in sorted((speech / "librispeech" / ONE_CLIP).rglob("*.flac")):
        yield from _conditions(file, "LibriSpeech train", file.name.partition("-")[0], seed)


def several_clips_each(speech: Path, seed: int) -> Iterator[Spoken]:
    """Yield the clips of the test speakers, in every condition."""
    for entry in (*korean(speech), *english(speech)):
        yield from _conditions(speech / entry["file"], entry["group"], entry["speaker"], seed)


def _conditions(file: Path, group: str, speaker: str, seed: int) -> Iterator[Spoken]:
    clean = levelled(trimmed(load_samples(file)))
    random = np.random.default_rng([seed, len(clean)])
    for snr, snr_db in SNRS_DB.items():
        heard = clean if snr_db is None else disturbed(clean.astype(np.float64), snr_db, random)
        yield Spoken(group, speaker, file.stem, snr, np.asarray(heard, np.float32))


def pieces(samples: Samples, seconds: float, at_most: int) -> list[Samples]:
    """Return consecutive pieces of `seconds`, `at_most` of them."""
    length = round(seconds * SAMPLE_RATE)
    starts = range(0, len(samples) - length + 1, length)
    return [samples[start : start + length] for start in starts[:at_most]]

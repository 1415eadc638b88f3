"""The dialogue of two women that is kept beside the repository, line by line, in Korean."""

import json
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

import clips
import numpy as np
import pytest

from hwaja.client.sound_files import load_pcm16, to_pcm16
from hwaja.engines.interface import Samples
from hwaja_bench.speech.levels import levelled, trimmed

DATASET = Path(__file__).resolve().parents[3] / "shared" / "speech" / "dataset"
INDEX = DATASET / "Korean_Read_Speech_Corpus_sample.json"

needed = pytest.mark.skipif(not INDEX.exists(), reason="the speech is kept beside the repository")

ALIKE = 0.7
"""How alike a text is to what was said: the small model mishears one character in ten."""


@cache
def spoken(number: int) -> Samples:
    """A line: even numbers are one's, odd ones the other's."""
    pcm = load_pcm16(DATASET / "AirbnbStudio" / f"sub100100a{number:05}.wav")
    return levelled(trimmed(clips.samples(pcm)))


def joined(*numbers: int) -> bytes:
    """Clips without a pause between them."""
    return to_pcm16(np.concatenate([spoken(number) for number in numbers]))


def letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


def alike(text: str, number: int) -> float:
    """How much of the characters of a text and of a clip are the same, in order."""
    said = json.loads(INDEX.read_text("utf-8"))["AirbnbStudio"][f"sub100100a{number:05}"]["text"]
    return SequenceMatcher(None, letters(text), letters(said), autojunk=False).ratio()

"""The Korean dialogue of the speech folder, and how a transcript of it is judged."""

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwaja.client.sound_files import load_pcm16
from hwaja.protocol.audio import SAMPLE_RATE

ENROLMENT_SECONDS = 5.0
PAUSE_SECONDS = 0.7
LEVEL_FRAME_SAMPLES = 320
SPEECH_RANGE_DB = 25.0  # quieter than the loud frames by more than this is no speech

Pcm = NDArray[np.int16]


@dataclass(frozen=True)
class Clip:
    """One line of the dialogue."""

    name: str
    speaker_id: int
    text: str
    pcm: Pcm

    @property
    def loud_frames(self) -> NDArray[np.intp]:
        """The frames with speech, by level alone, so that no detector judges itself."""
        frames = self.pcm[: len(self.pcm) // LEVEL_FRAME_SAMPLES * LEVEL_FRAME_SAMPLES]
        squares = frames.reshape(-1, LEVEL_FRAME_SAMPLES).astype(np.float64) ** 2
        levels_db = 10 * np.log10(squares.mean(axis=1) + 1)
        return np.flatnonzero(levels_db >= np.percentile(levels_db, 90) - SPEECH_RANGE_DB)

    @property
    def speech_end_samples(self) -> int:
        """Where the speech ends."""
        return int(self.loud_frames[-1] + 1) * LEVEL_FRAME_SAMPLES


@dataclass(frozen=True)
class Placed:
    """A clip and where it lies in the stream."""

    clip: Clip
    start_seconds: float
    end_seconds: float
    speech_end_seconds: float


@dataclass(frozen=True)
class Dialogue:
    """Two voices to enrol, and the stream of what they then say."""

    voices: tuple[bytes, bytes]
    pcm: bytes
    placed: tuple[Placed, ...]


def load_clips(speech: Path, room: str) -> list[Clip]:
    """Return the clips of a room that are there, in the order in which they were read."""
    folder = speech / "dataset"
    (index,) = folder.glob("*.json")
    entries = json.loads(index.read_text(encoding="utf-8"))[room]
    return [
        Clip(
            name,
            "ab".index(entry["speaker"]),
            entry["text"],
            np.frombuffer(load_pcm16(folder / room / f"{name}.wav"), "<i2"),
        )
        for name, entry in sorted(entries.items())
        if (folder / room / f"{name}.wav").exists()
    ]


def load_lines(speech: Path, voice: str) -> list[Clip]:
    """Return the clips of a room, or of one of the voices of emotiontts."""
    if (speech / "dataset" / voice).is_dir():
        return load_clips(speech, voice)
    folder = speech / "emotiontts"
    entries = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    return [
        Clip(name, 0, entry["text"], np.frombuffer(load_pcm16(file), "<i2"))
        for name, entry in sorted(entries.items())
        if (file := folder / voice / f"{name}.flac").exists()
    ]


def asked_dialogue(description: str | None) -> Dialogue:
    """Return the dialogue that the command line names: the speech folder and a room."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("speech", type=Path)
    parser.add_argument("room")
    args = parser.parse_args()
    return load_dialogue(args.speech, args.room)


def load_dialogue(speech: Path, room: str) -> Dialogue:
    """Enrol each speaker with her first two clips; stream the rest with pauses."""
    clips = load_clips(speech, room)
    first = [[c for c in clips if c.speaker_id == speaker_id][:2] for speaker_id in (0, 1)]
    limit = int(ENROLMENT_SECONDS * SAMPLE_RATE)
    voice_a, voice_b = (np.concatenate([c.pcm for c in pair])[:limit].tobytes() for pair in first)
    enrolled = {clip.name for pair in first for clip in pair}
    pcm, placed = _join([clip for clip in clips if clip.name not in enrolled])
    return Dialogue((voice_a, voice_b), pcm, placed)


def _join(clips: list[Clip]) -> tuple[bytes, tuple[Placed, ...]]:
    pause = np.zeros(int(PAUSE_SECONDS * SAMPLE_RATE), np.int16)
    pieces: list[Pcm] = []
    placed = []
    at = 0
    for clip in clips:
        ends = at + len(clip.pcm), at + clip.speech_end_samples
        placed.append(Placed(clip, at / SAMPLE_RATE, *(end / SAMPLE_RATE for end in ends)))
        pieces += [clip.pcm, pause]
        at += len(clip.pcm) + len(pause)
    return np.concatenate(pieces).tobytes(), tuple(placed)


def normalise(text: str) -> str:
    """Drop spaces and punctuation."""
    return re.sub(r"[^0-9a-z가-힣]", "", text.lower())


def edits(reference: str, hypothesis: str) -> int:
    """Return the Levenshtein distance."""
    row = list(range(len(hypothesis) + 1))
    for i, wanted in enumerate(reference, start=1):
        diagonal, row[0] = row[0], i
        for j, found in enumerate(hypothesis, start=1):
            best = min(row[j] + 1, row[j - 1] + 1, diagonal + (wanted != found))
            diagonal, row[j] = row[j], best
    return row[-1]

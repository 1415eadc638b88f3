"""Reads the Korean dialogue of the speech folder."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwaja.client.sound_files import load_pcm16
from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.speech import levels
from hwaja_bench.speech.corpus import samples_of

ENROLMENT_SECONDS = 5.0
PAUSE_SECONDS = 0.7

Span = tuple[float, float]
"""Start and end, in seconds of a stream."""


@dataclass(frozen=True)
class Clip:
    """One line of the dialogue."""

    name: str
    speaker_id: int
    text: str
    pcm: bytes

    @property
    def samples(self) -> Samples:
        """The line as `interface.Samples`."""
        return samples_of(self.pcm)

    @property
    def loud_frames(self) -> NDArray[np.intp]:
        """The frames with speech."""
        return np.flatnonzero(levels.loud_frames(self.samples))

    @property
    def speech_end_samples(self) -> int:
        """Sample at which the speech ends."""
        return int(self.loud_frames[-1] + 1) * levels.FRAME_SAMPLES


@dataclass(frozen=True)
class Placed:
    """A clip and its position in the stream."""

    clip: Clip
    start_seconds: float
    end_seconds: float
    speech_end_seconds: float


@dataclass(frozen=True)
class Dialogue:
    """Two voices to enrol, and the stream of their lines."""

    room: str
    voices: tuple[bytes, bytes]
    pcm: bytes
    placed: tuple[Placed, ...]

    @property
    def seconds(self) -> float:
        """Duration of the stream."""
        return len(self.pcm) / 2 / SAMPLE_RATE

    @property
    def texts(self) -> list[str]:
        """Reference texts of the clips."""
        return [placed.clip.text for placed in self.placed]

    @property
    def spans_seconds(self) -> list[Span]:
        """Start of each clip and end of its speech."""
        return [(p.start_seconds, p.speech_end_seconds) for p in self.placed]

    def cut(self, spans_seconds: Sequence[Span]) -> list[bytes]:
        """Return pieces of the stream."""
        samples = [[round(at * SAMPLE_RATE) for at in span] for span in spans_seconds]
        return [self.pcm[2 * start : 2 * stop] for start, stop in samples]


def load_clips(speech: Path, room: str) -> list[Clip]:
    """Return the existing clips of a room, in reading order."""
    folder = speech / "dataset"
    (index,) = folder.glob("*.json")
    entries = json.loads(index.read_text(encoding="utf-8"))[room]
    return [
        Clip(
            name,
            "ab".index(entry["speaker"]),
            entry["text"],
            load_pcm16(folder / room / f"{name}.wav"),
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
        Clip(name, 0, entry["text"], load_pcm16(file))
        for name, entry in sorted(entries.items())
        if (file := folder / voice / f"{name}.flac").exists()
    ]


def load_pair(speech: Path, pair: str) -> list[Clip]:
    """Return the clips of two voices of emotiontts in turns; `pair` is "pfb+pma"."""
    lines = [
        [replace(clip, speaker_id=speaker_id) for clip in load_lines(speech, voice)]
        for speaker_id, voice in enumerate(pair.split("+", 1))
    ]
    return [clip for turn in zip(*lines, strict=False) for clip in turn]


def load_dialogue(speech: Path, room: str) -> Dialogue:
    """Enrol each speaker with the first two clips; stream the rest with pauses.

    Args:
        speech: the speech folder.
        room: a room of the dialogue, or two voices of emotiontts, for example "pfb+pma".

    """
    clips = load_pair(speech, room) if "+" in room else load_clips(speech, room)
    first = [[c for c in clips if c.speaker_id == speaker_id][:2] for speaker_id in (0, 1)]
    limit_bytes = 2 * int(ENROLMENT_SECONDS * SAMPLE_RATE)
    voice_a, voice_b = (b"".join(c.pcm for c in pair)[:limit_bytes] for pair in first)
    enrolled = {clip.name for pair in first for clip in pair}
    pcm, placed = _join([clip for clip in clips if clip.name not in enrolled])
    return Dialogue(room, (voice_a, voice_b), pcm, placed)


def _join(clips: list[Clip]) -> tuple[bytes, tuple[Placed, ...]]:
    pause = bytes(2 * int(PAUSE_SECONDS * SAMPLE_RATE))
    pcm = b""
    placed = []
    for clip in clips:
        start = len(pcm) // 2
        ends = start + len(clip.pcm) // 2, start + clip.speech_end_samples
        placed.append(Placed(clip, start / SAMPLE_RATE, *(end / SAMPLE_RATE for end in ends)))
        pcm += clip.pcm + pause
    return pcm, tuple(placed)

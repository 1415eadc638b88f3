"""Lists the clips of hwaja's speech folder in the form of a corpus index."""

import json
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from hwaja_bench.speech.corpus import Clip, load_corpus

ROOMS = ("AirbnbStudio", "DanceStudio")
OF_TWO_SPEAKERS = {"sub100110a00020", "sub100110a00021", "sub100110a00025"}
"""Excluded recordings of DanceStudio, which begin with the end of the other woman's line.

Their first second is nearer to her voice (cosine 0.61 to 0.71) than to their own speaker's.
"""

PERSONALITIES = ("Personality 1", "Personality 2")
"""Groups of the nine voices of emotiontts: every second one is in the first."""

SEVERAL_CLIPS = "librispeech_test-other"
"""The part of LibriSpeech with several clips of each speaker."""


def korean(speech: Path) -> Iterator[dict[str, str]]:
    """Yield the existing clips of both rooms, with their texts."""
    (file,) = (speech / "dataset").glob("*.json")
    entries = json.loads(file.read_text(encoding="utf-8"))
    for room in ROOMS:
        for clip in sorted((speech / "dataset" / room).glob("*.wav")):
            if clip.stem in OF_TWO_SPEAKERS:
                continue
            entry = entries[room][clip.stem]
            names = {"speaker": entry["speaker"], "group": room, "text": entry["text"]}
            yield {"file": str(clip.relative_to(speech)), **names}


def personalities(speech: Path) -> Iterator[dict[str, str]]:
    """Yield the clips of the Korean voices of emotiontts, with their texts, in two groups."""
    texts = json.loads((speech / "emotiontts" / "texts.json").read_text(encoding="utf-8"))
    speakers = sorted({entry["speaker"] for entry in texts.values()})
    for name, entry in sorted(texts.items()):
        group = PERSONALITIES[speakers.index(entry["speaker"]) % 2]
        file = f"emotiontts/{entry['speaker']}/{name}.flac"
        yield {"file": file, "speaker": entry["speaker"], "group": group, "text": entry["text"]}


def english(speech: Path) -> Iterator[dict[str, str]]:
    """Yield the clips of the LibriSpeech speakers; their texts are not in the folder."""
    for clip in sorted((speech / "librispeech" / SEVERAL_CLIPS).rglob("*.flac")):
        speaker = clip.name.partition("-")[0]
        name = str(clip.relative_to(speech))
        yield {"file": name, "speaker": speaker, "group": "LibriSpeech"}


def load_speech(
    speech: Path, entries: Iterable[dict[str, str]], groups: Collection[str]
) -> list[Clip]:
    """Return clips of the folder, trimmed and normalised to one level; no groups: all clips."""
    with TemporaryDirectory() as folder:
        index = Path(folder, "index.json")
        index.write_text(json.dumps(list(entries)), encoding="utf-8")
        return load_corpus(speech, index, groups)

"""The texts of the speech that may not be redistributed."""

import json
from pathlib import Path

import pytest

SPEECH = Path(__file__).parents[2].parent / "shared" / "speech"


def speech_texts() -> list[str]:
    """Return every different text; the test is skipped where they are missing."""
    read = SPEECH / "dataset" / "Korean_Read_Speech_Corpus_sample.json"
    acted = SPEECH / "emotiontts" / "texts.json"
    if not (read.is_file() and acted.is_file()):
        pytest.skip(f"needs the texts in {SPEECH}")
    rooms = json.loads(read.read_text(encoding="utf-8"))
    clips = [clip for room in rooms.values() for clip in room.values()]
    clips += json.loads(acted.read_text(encoding="utf-8")).values()
    return sorted({clip["text"] for clip in clips})

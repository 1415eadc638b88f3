"""Dialogues of real clips: two voices to enrol, and the stream of their lines."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hwaja_bench.speech.dialogue import load_dialogue


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """Two voices of emotiontts with four clips each: tones of their own pitch."""
    folder = tmp_path / "emotiontts"
    texts = {}
    for hertz, voice in ((200, "pfb"), (100, "pma")):
        (folder / voice).mkdir(parents=True)
        for number in range(4):
            name = f"{voice}{number:05}"
            texts[name] = {"speaker": voice, "text": f"{voice} {number}"}
            seconds = np.arange(3 * 16_000) / 16_000
            tone = 0.3 * np.sin(2 * np.pi * hertz * seconds)
            soundfile.write(folder / voice / f"{name}.flac", tone, 16_000)
    (folder / "texts.json").write_text(json.dumps(texts))
    return tmp_path


def test_two_voices_alternate_after_each_was_enrolled_with_its_first_two_clips(
    speech: Path,
) -> None:
    dialogue = load_dialogue(speech, "pfb+pma")
    assert dialogue.texts == ["pfb 2", "pma 2", "pfb 3", "pma 3"]
    assert [placed.clip.speaker_id for placed in dialogue.placed] == [0, 1, 0, 1]
    assert [len(voice) for voice in dialogue.voices] == [2 * 5 * 16_000] * 2
    starts = [placed.start_seconds for placed in dialogue.placed]
    assert starts == pytest.approx([0, 3.7, 7.4, 11.1], abs=0.01)

"""Fixtures of the commands."""

import clips
import numpy as np
import pytest
import soundfile

from hwaja.protocol.audio import SAMPLE_RATE


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Sound files: the voices of two speakers, their talk, and silence."""
    folder = tmp_path_factory.mktemp("sounds")
    sounds = {
        "first.wav": clips.voices()[0],
        "second.flac": clips.voices()[1],
        "talk.wav": clips.conversation(),
        "silence.wav": clips.silence(3),
    }
    for name, pcm in sounds.items():
        soundfile.write(folder / name, np.frombuffer(pcm, "<i2"), SAMPLE_RATE)
    return {name.split(".")[0]: str(folder / name) for name in sounds}

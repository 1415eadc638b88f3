"""The files of `hwaja transcribe --save-voice`."""

import os
import stat
from pathlib import Path

import pytest

from hwaja.cli.voices import SpokenVoice


@pytest.mark.skipif(not hasattr(os, "fchmod"), reason="files have other rights here")
@pytest.mark.parametrize("exists", [False, True])
def test_only_the_user_can_read_a_kept_voice_also_in_a_file_that_existed(
    exists: bool, tmp_path: Path
) -> None:
    file = tmp_path / "voice"
    if exists:
        file.write_text("an earlier ticket, which is longer")
        file.chmod(0o644)
    voice = SpokenVoice("voice.wav")
    voice.kept_in = file
    voice.keep({"ticket": "sealed", "ticket_expires_at": "2026-12-29T00:00:00.000Z"}, "en")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == "sealed\n"

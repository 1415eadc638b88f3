"""What tests of `hwaja transcribe` write and read."""

import re

import pytest

Capture = pytest.CaptureFixture[str]


def enrolling(files: dict[str, str]) -> list[str]:
    return ["--enroll", files["first"], "--enroll", files["second"]]


def error_of(capsys: Capture) -> str:
    """The one line on stderr, of a command that printed nothing else."""
    captured = capsys.readouterr()
    assert re.fullmatch(r"hwaja: [^\n]+\.\n", captured.err)
    return captured.err.strip()

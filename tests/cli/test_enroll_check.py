"""`hwaja enroll-check`: its report on sound files, and its exit code."""

from pathlib import Path

import clips
import numpy as np
import pytest
import soundfile
import soxr
from people import People, english

from hwaja.cli.main import main

pytestmark = [pytest.mark.models, pytest.mark.usefixtures("clean_settings")]

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def people() -> People:
    return english()


def written(folder: Path, name: str, pcm: bytes, rate: int = 16_000, channels: int = 1) -> str:
    """Write a sound file of this rate and number of equal channels."""
    resampled = soxr.resample(clips.samples(pcm), 16_000, rate)
    soundfile.write(folder / name, np.tile(resampled[:, None], channels), rate)
    return str(folder / name)


def test_two_different_people_pass_and_are_compared(
    people: People, tmp_path: Path, capsys: Capture
) -> None:
    files = [
        written(tmp_path, "first.wav", people.first[0]),
        written(tmp_path, "second.flac", people.second[0]),
    ]
    assert main(["enroll-check", *files]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == files[0]
    assert lines[1] == "  ✓ This voice can be enrolled."
    assert "s of speech" in lines[2]
    assert lines[3:5] == [files[1], "  ✓ This voice can be enrolled."]
    assert lines[6].startswith("  similarity to the nearest other voice 0.")
    assert len(lines) == 7


def test_the_same_person_twice_fails_with_the_message_and_the_reason(
    people: People, tmp_path: Path, capsys: Capture
) -> None:
    files = [written(tmp_path, f"{k}.wav", take) for k, take in enumerate(people.first)]
    assert main(["enroll-check", "--lang", "ko", *files]) == 1
    out = capsys.readouterr().out
    assert "✓ 등록할 수 있는 목소리입니다." in out
    assert "완료" not in out  # nothing was enrolled: there is no server
    assert "✗ 다른 화자로 이미 등록된 목소리와 같습니다." in out
    assert "(same_voice)" in out


@pytest.mark.parametrize(
    ("seconds", "reason"), [(1, "too_little_speech"), (0, "no_audio"), (43, "too_long")]
)
def test_a_take_that_cannot_be_judged_fails(
    seconds: float, reason: str, tmp_path: Path, capsys: Capture
) -> None:
    file = written(tmp_path, "take.wav", clips.part("two_cities", 1, 1 + seconds))
    assert main(["enroll-check", file]) == 1
    assert f"({reason})" in capsys.readouterr().out


def test_a_converted_file_is_reported_and_not_held_against_the_voice(
    people: People, tmp_path: Path, capsys: Capture
) -> None:
    file = written(tmp_path, "stereo.wav", people.first[0], rate=48_000, channels=2)
    assert main(["enroll-check", file]) == 0
    out = capsys.readouterr().out
    assert "converted from 48000 Hz, 2 channels" in out
    assert "wrong_format" not in out


def test_possible_improvements_are_reported_for_a_voice_that_passes(
    people: People, tmp_path: Path, capsys: Capture
) -> None:
    file = written(tmp_path, "short.wav", people.first[0][: 2 * 42_000])
    assert main(["enroll-check", file]) == 0
    assert "! There is little speech." in capsys.readouterr().out


def test_a_file_that_is_no_sound_file_gives_a_one_line_error(
    tmp_path: Path, capsys: Capture
) -> None:
    assert main(["enroll-check", str(tmp_path / "absent.wav")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("hwaja: ")
    assert captured.err.endswith("absent.wav does not exist.\n")

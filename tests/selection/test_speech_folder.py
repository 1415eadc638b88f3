"""Folders of recordings and texts, in the forms that corpora have."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hwaja.client.sound_files import AudioError
from hwaja.selection.speech_folder import read_folder


def record(file: Path, seconds: float = 1.0) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, np.zeros(round(16_000 * seconds), np.int16), 16_000)
    return file


def texts(folder: Path, minutes: float = 60) -> dict[str, str | None]:
    return {each.name: each.text for each in read_folder(folder, minutes)}


def test_a_text_lies_beside_its_recording_under_the_same_name(tmp_path: Path) -> None:
    beside = record(tmp_path / "a.wav").with_suffix(".txt")
    beside.write_text("\ufeff안녕하세요.\n반갑습니다.\n", "utf-8")
    record(tmp_path / "deep" / "b.flac").with_suffix(".txt").write_text("네.", "utf-8")
    record(tmp_path / "silent.WAV")
    (tmp_path / "notes.txt").write_text("nothing of this", "utf-8")
    assert texts(tmp_path) == {
        "a.wav": "안녕하세요. 반갑습니다.",
        "deep/b.flac": "네.",
        "silent.WAV": None,
    }


@pytest.mark.parametrize(
    "index",
    [
        {"a": {"text": "안녕하세요.", "speaker": "x"}},
        {"room": {"a": {"text": "안녕하세요."}, "other": {"text": "네."}}},
        [{"file": "room/a.wav", "speaker": "x", "text": "안녕하세요."}],
    ],
    ids=["by name", "by room and name", "the index of the benchmarks"],
)
def test_texts_may_be_in_a_json_file_in_the_folder_or_above_it(
    tmp_path: Path, index: object
) -> None:
    record(tmp_path / "room" / "a.wav")
    (tmp_path / "texts.json").write_text(json.dumps(index), encoding="utf-8")
    assert texts(tmp_path) == {"room/a.wav": "안녕하세요."}
    assert texts(tmp_path / "room") == {"a.wav": "안녕하세요."}


def test_texts_may_be_in_transcripts_of_librispeech(tmp_path: Path) -> None:
    record(tmp_path / "61" / "70968" / "61-70968-0000.flac")
    transcript = tmp_path / "61" / "70968" / "61-70968.trans.txt"
    transcript.write_text("61-70968-0000 HE BEGAN A CONFUSED COMPLAINT\n", "utf-8")
    assert list(texts(tmp_path).values()) == ["HE BEGAN A CONFUSED COMPLAINT"]


@pytest.mark.parametrize("content", ["{", "[1, null]", '"text"', "[" * 100_000])
def test_other_json_files_are_ignored(tmp_path: Path, content: str) -> None:
    record(tmp_path / "a.wav")
    (tmp_path / "settings.json").write_text(content, encoding="utf-8")
    assert texts(tmp_path) == {"a.wav": None}


def test_a_part_of_a_long_folder_is_drawn_always_the_same_and_those_with_text_first(
    tmp_path: Path,
) -> None:
    for number in range(20):
        file = record(tmp_path / f"{number:02}.wav", seconds=6)
        if number % 2:
            file.with_suffix(".txt").write_text("네.", "utf-8")
    drawn = texts(tmp_path, minutes=0.5)
    assert len(drawn) == 5
    assert set(drawn.values()) == {"네."}
    assert list(drawn) == sorted(drawn) != [f"{number:02}.wav" for number in (1, 3, 5, 7, 9)]
    assert drawn == texts(tmp_path, minutes=0.5)


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="has no recordings"):
        read_folder(tmp_path / "missing", 1)


def test_a_text_in_another_encoding_is_refused_by_name(tmp_path: Path) -> None:
    file = record(tmp_path / "a.wav").with_suffix(".txt")
    file.write_bytes("안녕하세요".encode("cp949"))
    with pytest.raises(AudioError, match=r"a\.txt is not UTF-8"):
        read_folder(tmp_path, 1)

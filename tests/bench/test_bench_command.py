"""`hwaja bench attribution`: from clips to a report, and what it refuses."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import clips
import numpy as np
import pytest
import soundfile
from dialogues import syllables
from processes import ENGLISH

from hwaja.cli.main import main
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.command import KINDS, program_names

Capture = pytest.CaptureFixture[str]

SPOKEN = {
    ("beckett", 0.0, 4.5): "Ever tried. Ever failed. No matter.",
    ("beckett", 4.4, 7.0): "Try again. Fail again.",
    ("beckett", 7.0, 9.9): "Fail better.",
    ("two_cities", 1.0, 5.5): "It was the best of times, it was the worst of times, it was the age",
    ("two_cities", 6.0, 9.0): "it was the age of foolishness",
    ("two_cities", 17.0, 21.0): "it was the spring of hope, it was the winter of despair",
}
"""Parts of the English clips, and about what is said in them."""


def write_index(folder: Path, entries: object) -> list[str]:
    """Write an index; returns the arguments that name it and the folder."""
    index = folder / "index.json"
    index.write_text(entries if isinstance(entries, str) else json.dumps(entries))
    out = ["--out", str(folder / "out")]
    return ["bench", "attribution", "--speech", str(folder), "--rttm-like", str(index), *out]


def write_clips(folder: Path, *speakers: str, count: int, seconds: float) -> list[dict[str, Any]]:
    """Write clips of made-up speakers. Return their entries."""
    entries = []
    for speaker in speakers:
        for i in range(count):
            file = f"{speaker}{i}.wav"
            soundfile.write(folder / file, syllables(seconds, seed=i), SAMPLE_RATE)
            entries.append({"file": file, "speaker": speaker})
    return entries


def refusal(capsys: Capture, arguments: list[str]) -> str:
    """The one-line error of a command that does nothing."""
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(r"hwaja: [^\n]+\n", captured.err)
    return captured.err.removeprefix("hwaja: ").strip()


@pytest.mark.models
def test_clips_become_a_report_that_contains_none_of_their_text(
    tmp_path: Path, capsys: Capture, clean_settings: None
) -> None:
    entries = []
    for i, (part, text) in enumerate(SPOKEN.items()):
        file = f"{i}.{'wav' if i % 2 else 'flac'}"
        pcm = np.frombuffer(clips.part(*part), "<i2")
        soundfile.write(tmp_path / file, pcm, SAMPLE_RATE)
        entries.append({"file": file, "speaker": part[0], "group": "books", "text": text})
    wanted = ["--condition", "spaced", "no-pause", "--snr", "clean", "--limit", "1"]
    assert main([*write_index(tmp_path, entries), *wanted, "--serve", *ENGLISH]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out" / "report.md")

    files = {file.name: file for file in (tmp_path / "out").iterdir()}
    plots = {"accuracy.png", "margins.png", "labels.png"}
    assert set(files) == {"report.md", "results.json", *plots}
    assert all(files[name].read_bytes().startswith(b"\x89PNG") for name in plots)
    report, results = (files[name].read_text() for name in ("report.md", "results.json"))
    assert not re.search(r"\b(fail|again|times|spring|despair|foolish)", (report + results).lower())

    rows = {row["condition"]: row for row in json.loads(results)["figures"]["by_condition"]}
    assert set(rows) == {"spaced", "no-pause"}
    spaced = rows["spaced"]
    assert spaced["clips"]["clips"] == spaced["clips"]["right"]["count"] >= 3
    assert spaced["talk"]["diarization_error_rates"]["collar 0.25 s, with overlap"]["ratio"] < 0.3
    assert spaced["talk"]["cpcer"]["ratio"] < 0.6  # the words are not exactly those of the clips
    assert "| spaced | clean | " in report
    assert json.loads(results)["circumstances"]["audio_seconds"] > 20


def test_a_missing_index_is_named_in_the_error(tmp_path: Path, capsys: Capture) -> None:
    arguments = write_index(tmp_path, [])
    (tmp_path / "index.json").unlink()
    sentence = refusal(capsys, arguments)
    assert sentence == f"{tmp_path / 'index.json'} cannot be read: No such file or directory."


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ("[", "is not JSON."),
        ("{}", "must hold a list of clips; see docs/benchmark.md."),
        ("[]", "must hold a list of clips; see docs/benchmark.md."),
        ("[3]", "Clip 0 of"),
        ('[{"file": "a.wav"}]', "needs 'speaker', a string."),
        ('[{"file": 3, "speaker": "a"}]', "needs 'file', a string."),
        ('[{"file": "a.wav", "speaker": "a", "text": 3}]', "has a 'text' that is no string."),
    ],
)
def test_an_invalid_index_is_refused_with_the_reason(
    tmp_path: Path, capsys: Capture, entries: str, reason: str
) -> None:
    assert reason in refusal(capsys, write_index(tmp_path, entries))


def test_a_missing_clip_is_named_in_the_error(tmp_path: Path, capsys: Capture) -> None:
    arguments = write_index(tmp_path, [{"file": "gone.wav", "speaker": "a"}])
    assert refusal(capsys, arguments) == f"{tmp_path / 'gone.wav'} does not exist."


def test_a_silent_clip_is_named_in_the_error(tmp_path: Path, capsys: Capture) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    arguments = write_index(tmp_path, [{"file": "a.wav", "speaker": "a"}])
    assert refusal(capsys, arguments) == f"{tmp_path / 'a.wav'} holds no speech."


def test_an_unknown_group_is_refused_with_the_known_groups(tmp_path: Path, capsys: Capture) -> None:
    entries = [{"file": "a.wav", "speaker": "a", "group": "hall"}]
    sentence = refusal(capsys, [*write_index(tmp_path, entries), "--group", "room"])
    assert sentence.endswith("has no group 'room'; it has: hall.")


def test_a_speaker_with_too_little_audio_is_named_in_the_error(
    tmp_path: Path, capsys: Capture
) -> None:
    entries = write_clips(tmp_path, "mina", count=3, seconds=3)
    entries += write_clips(tmp_path, "jisu", count=1, seconds=3)
    sentence = refusal(capsys, write_index(tmp_path, entries))
    assert sentence.startswith("Speaker 'jisu' of group '' has too little audio: 4 s to enrol with")


def test_a_folder_that_cannot_be_created_is_named_in_the_error(
    tmp_path: Path, capsys: Capture
) -> None:
    arguments = write_index(tmp_path, write_clips(tmp_path, "a", "b", count=3, seconds=3))
    (tmp_path / "out").write_text("in the way")
    assert refusal(capsys, arguments) == f"{tmp_path / 'out'} cannot be written: File exists."


def test_the_reason_why_the_server_did_not_start_is_passed_on(
    tmp_path: Path, capsys: Capture
) -> None:
    arguments = write_index(tmp_path, write_clips(tmp_path, "a", "b", count=3, seconds=3))
    sentence = refusal(capsys, [*arguments, "--serve", "--workers", "0"])
    assert sentence == "The server did not start: hwaja: workers must be at least 1."


@pytest.mark.parametrize("option", [["--limit", "0"], ["--snr", "7"], ["--seed", "x"]])
def test_an_option_with_an_impossible_value_is_refused(
    tmp_path: Path, capsys: Capture, option: list[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*write_index(tmp_path, []), *option])
    assert f"argument {option[0]}" in capsys.readouterr().err


@pytest.mark.parametrize("kind", KINDS)
def test_every_program_has_a_help_text_with_its_options(kind: str, capsys: Capture) -> None:
    assert main(["bench", kind]) == 0
    listed = capsys.readouterr().out
    for name in program_names(kind):
        assert name in listed
        with pytest.raises(SystemExit) as ended:
            main(["bench", kind, name, "--help"])
        assert ended.value.code == 0
        assert f"hwaja bench {kind} {name}" in capsys.readouterr().out.partition("\n\n")[2]


@pytest.mark.parametrize("kind", KINDS)
def test_every_program_finds_its_modules_without_the_paths_of_the_tests(
    kind: str, tmp_path: Path
) -> None:
    program = (
        "from hwaja_bench.command import program_names, program_parser\n"
        f"for name in program_names({kind!r}): program_parser({kind!r}, name)"
    )
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_unknown_program_is_refused(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["bench", "experiment", "nothing"])
    assert "argument NAME" in capsys.readouterr().err


def test_the_index_of_the_speech_folder_is_written_by_its_program(
    tmp_path: Path, capsys: Capture
) -> None:
    room = tmp_path / "dataset" / "AirbnbStudio"
    room.mkdir(parents=True)
    (room / "a.wav").touch()
    index = {"AirbnbStudio": {"a": {"speaker": "b", "text": "네"}}}
    (tmp_path / "dataset" / "index.json").write_text(json.dumps(index))
    assert main(["bench", "experiment", "speech_index", str(tmp_path)]) == 0
    entry = {"file": "dataset/AirbnbStudio/a.wav", "speaker": "b", "group": "AirbnbStudio"}
    assert json.loads(capsys.readouterr().out) == [entry | {"text": "네"}]

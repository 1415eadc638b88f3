"""`hwaja demo`: with given files, with synthetic voices and its own server, and what it lacks."""

import asyncio
import shutil
import sys
from pathlib import Path

import clips
import numpy as np
import pytest
import soundfile
from loopback import PATIENCE_SECONDS, Endpoint

from hwaja.cli.main import main
from hwaja.protocol.audio import SAMPLE_RATE

pytestmark = pytest.mark.usefixtures("clean_settings")

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The arguments with two voices and a conversation of them."""
    sounds = {"first": clips.voices()[0], "second": clips.voices()[1], "talk": clips.conversation()}
    for name, pcm in sounds.items():
        soundfile.write(tmp_path / f"{name}.wav", np.frombuffer(pcm, "<i2"), SAMPLE_RATE)
    first, second, talk = (str(tmp_path / f"{name}.wav") for name in sounds)
    return ["--voice", first, "--voice", second, "--talk", talk]


async def shown(*arguments: str) -> tuple[int, str]:
    """Run the demo in a process beside this loop; return its exit code and all that it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hwaja", "demo", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(3 * PATIENCE_SECONDS):
        out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


@pytest.mark.models
@pytest.mark.asyncio(loop_scope="session")
async def test_given_files_are_checked_and_transcribed_by_a_running_server(
    endpoint: Endpoint, files: list[str]
) -> None:
    code, out = await shown(*files, "--url", endpoint.url, "--insecure", "--lang", "en")
    assert code == 0, out
    assert out.count("This voice can be enrolled.") == 2
    assert "$ hwaja transcribe --url" in out
    assert "Speaker 2 is enrolled." in out
    assert endpoint.url.replace("wss", "https") in out


@pytest.mark.models
@pytest.mark.asyncio(loop_scope="session")
async def test_a_server_that_cannot_start_says_why_in_the_demo(
    files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWAJA_TOKEN_FILE", "/nowhere/tokens")
    code, out = await shown(*files, "--lang", "en")
    assert code == 1
    assert "hwaja: /nowhere/tokens cannot be read" in out


@pytest.mark.models
@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed here")
@pytest.mark.asyncio(loop_scope="session")
async def test_synthetic_voices_are_two_people_to_the_server_of_the_demo(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = {"ASR_MODEL": "moonshine-tiny-en", "LANGUAGE": "en", "WORKERS": "1"}
    settings["LOG_FORMAT"] = "json"  # nor does how the user's servers log
    for name, value in settings.items():  # loads fast; the words do not count here
        monkeypatch.setenv(f"HWAJA_{name}", value)
    monkeypatch.setenv("HWAJA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    code, out = await shown("--lang", "en", "--insecure", "--keep", str(tmp_path / "speech"))
    assert code == 0, out
    assert out.count("This voice can be enrolled.") == 2
    assert "Speaker 2 is enrolled." in out
    assert {each.name for each in (tmp_path / "speech").iterdir()} == {
        "first.wav",
        "second.wav",
        "talk.wav",
    }


def test_without_models_the_demo_says_at_once_what_to_run_before_it(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path))
    monkeypatch.setenv("HWAJA_DATA_DIR", str(tmp_path))
    assert main(["demo", "--lang", "en"]) == 1
    captured = capsys.readouterr()
    assert captured.err.endswith(" Run: hwaja models pull && hwaja demo --lang en\n")
    assert captured.out == ""


@pytest.mark.models
@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed here")
def test_the_demo_keeps_its_speech_in_no_folder_where_it_would_overwrite_a_file(
    capsys: Capture, tmp_path: Path
) -> None:
    talk = tmp_path / "talk.wav"
    talk.write_bytes(b"mine")
    assert main(["demo", "--keep", str(tmp_path)]) == 1
    assert f"{talk} already" in capsys.readouterr().err
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"mine"]
    assert main(["demo", "--keep", str(talk / "below")]) == 1
    assert "cannot be made: Not a directory" in capsys.readouterr().err


@pytest.mark.models
def test_without_a_program_that_speaks_the_demo_says_what_to_install_or_to_give(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["demo"]) == 1
    sentence = capsys.readouterr().err
    assert "apt install espeak-ng" in sentence
    assert "--voice first.wav" in sentence
    assert main(["demo", "--talk", "a.wav"]) == 1
    assert "Give --voice twice and --talk" in capsys.readouterr().err

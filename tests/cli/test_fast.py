"""`hwaja transcribe --fast` against the real server: what it prints, and what it refuses."""

import asyncio
import json
import re
from pathlib import Path

import clips
import pytest
from loopback import PATIENCE_SECONDS, Endpoint, Serve, tokens_of
from uploads import wav

from hwaja.cli.main import main
from hwaja.server.access.access_policy import AccessPolicy

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

Capture = pytest.CaptureFixture[str]

TOKEN = "fast-" * 4


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Sound files: the voices of two speakers, their talk, and one that is none."""
    folder = tmp_path_factory.mktemp("sounds")
    contents = {
        "first": wav(clips.voices()[0]),
        "second": wav(clips.voices()[1]),
        "talk": wav(clips.conversation()),
        "music": b"no sound",
        "token": TOKEN.encode(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: str(folder / name) for name in contents}


async def fast(endpoint: Endpoint, certificate: tuple[Path, Path], *arguments: str) -> int:
    """Run the command beside the server's loop; returns the exit code."""
    there = ["--url", endpoint.url, "--cafile", str(certificate[0])]
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await asyncio.to_thread(main, ["transcribe", "--fast", *there, *arguments])


async def test_the_utterances_are_printed_with_names_and_the_speed(
    endpoint: Endpoint, certificate: tuple[Path, Path], files: dict[str, str], capsys: Capture
) -> None:
    voices = ("--enroll", files["first"], "--enroll", files["second"], "--name", "Sam")
    assert await fast(endpoint, certificate, *voices, files["talk"]) == 0
    captured = capsys.readouterr()
    lines = [line for line in captured.out.splitlines() if "dBFS" in line]
    assert lines[0].startswith("Sam")
    assert "again" in lines[0].lower()
    assert lines[-1].startswith("Speaker 2")
    assert re.search(r"^hwaja: 12 s in [0-9.]+ s, [0-9.]+ times as fast as", captured.err, re.M)


async def test_a_format_goes_to_the_output_or_a_file(
    serve: Serve,
    certificate: tuple[Path, Path],
    files: dict[str, str],
    tmp_path: Path,
    capsys: Capture,
) -> None:
    target = tmp_path / "talk.srt"
    srt = ("--format", "srt", "--output", str(target))
    async with serve() as endpoint:
        assert await fast(endpoint, certificate, "--discover", *srt, files["talk"]) == 0
        assert await fast(endpoint, certificate, "--discover", "--json", files["talk"]) == 0
    assert target.read_text().startswith("1\n00:00:0")
    out = capsys.readouterr().out
    found = json.loads(out[out.index("{") :].partition("\n")[0])
    assert found["type"] == "transcript"


async def test_a_kept_voice_and_a_token_are_sent(
    serve: Serve, certificate: tuple[Path, Path], files: dict[str, str], capsys: Capture
) -> None:
    async with serve(policy=AccessPolicy(tokens_of(TOKEN))) as endpoint:
        refused = await fast(endpoint, certificate, "--discover", files["talk"])
        said = capsys.readouterr().err
        kept = ("--voice", files["token"], "--token-file", files["token"], "--discover")
        tampered = await fast(endpoint, certificate, *kept, files["talk"])
    assert refused == 1
    assert "--token-file" in said
    assert tampered == 1  # the "ticket" is none
    assert "The server answered: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--interim",), "--fast cannot be combined with --interim."),
        (("--speed", "2"), "--fast cannot be combined with --speed."),
        (("--event", "lag"), "--fast cannot be combined with --event."),
        (("--url", "wss://localhost:1"), "--fast cannot be combined with several --url."),
        (("--language", "xx"), "The server answered: "),
    ],
)
async def test_what_does_not_fit_is_one_sentence(
    serve: Serve,
    certificate: tuple[Path, Path],
    files: dict[str, str],
    arguments: tuple[str, ...],
    sentence: str,
    capsys: Capture,
) -> None:
    async with serve() as endpoint:
        code = await fast(endpoint, certificate, "--discover", *arguments, files["talk"])
    assert code == 1
    assert f"hwaja: {sentence}" in capsys.readouterr().err


async def test_the_channels_of_a_file_are_not_averaged_where_each_should_be_a_speaker(
    serve: Serve, certificate: tuple[Path, Path], files: dict[str, str], capsys: Capture
) -> None:
    async with serve() as endpoint:
        assert await fast(endpoint, certificate, "--channels", files["talk"]) == 1
    assert "--fast cannot be combined with --channels." in capsys.readouterr().err


async def test_a_file_that_is_refused_early_shows_the_reason(
    serve: Serve, certificate: tuple[Path, Path], tmp_path: Path, capsys: Capture
) -> None:
    """The server answers before it has read the file, and the client still sends."""
    file = tmp_path / "long.wav"
    file.write_bytes(b"no sound at all " * (1 << 19))
    async with serve() as endpoint:
        assert await fast(endpoint, certificate, "--discover", str(file)) == 1
    assert "The file is no WAV" in capsys.readouterr().err


async def test_a_missing_file_is_named(
    serve: Serve, certificate: tuple[Path, Path], tmp_path: Path, capsys: Capture
) -> None:
    async with serve() as endpoint:
        assert await fast(endpoint, certificate, "--discover", str(tmp_path / "nothing")) == 1
    assert "nothing cannot be used: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("option", [("--format", "srt"), ("--output", "talk.srt")])
async def test_a_whole_transcript_needs_the_fast_way(
    option: tuple[str, str], files: dict[str, str], capsys: Capture
) -> None:
    assert main(["transcribe", "--discover", *option, files["talk"]]) == 1
    assert capsys.readouterr().err == "hwaja: --format and --output need --fast.\n"

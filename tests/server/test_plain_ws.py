"""A server without TLS, as behind a proxy: only with its option, and with a warning."""

import asyncio
from pathlib import Path

import clips
import numpy as np
import pytest
import soundfile
from loopback import PATIENCE_SECONDS
from processes import hwaja_serve

from hwaja.cli.main import main
from hwaja.protocol.audio import SAMPLE_RATE

pytestmark = [pytest.mark.models, pytest.mark.usefixtures("clean_settings")]


def sound(folder: Path, name: str, pcm: bytes) -> str:
    file = folder / f"{name}.wav"
    soundfile.write(file, np.frombuffer(pcm, "<i2"), SAMPLE_RATE)
    return str(file)


async def health(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(PATIENCE_SECONDS):
        answer = await reader.read()
    writer.close()
    return answer.partition(b"\r\n")[0]


def test_plain_ws_causes_a_warning_and_transcribes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--no-dev-cert", "--plain-ws", "loopback", "--port", "0")
    with hwaja_serve(tmp_path, *options) as running:
        assert running.serving["url"].startswith("ws://127.0.0.1:")
        warning = running.next_line()
        assert (warning["level"], warning["plain_ws"]) == ("warning", "loopback")
        url = running.serving["url"]
        assert asyncio.run(health(int(url.rpartition(":")[2]))) == b"HTTP/1.1 200 OK"

        command = ["transcribe", sound(tmp_path, "talk", clips.conversation()), "--speed", "0"]
        for number, voice in enumerate(clips.voices()):
            command += ["--enroll", sound(tmp_path, f"voice{number}", voice)]
        assert main([*command, "--url", url]) == 0
        assert "winter of despair" in capsys.readouterr().out.lower()
        assert main([*command, "--url", url.replace("ws://", "wss://")]) == 1
        assert "No server answers" in capsys.readouterr().err
    assert not (tmp_path / "dev-cert.pem").exists()

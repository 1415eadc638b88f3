"""The clients of docs/clients.md, which know the raw protocol only, transcribe a talk."""

import os
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import clips
import pytest
from processes import Running, hwaja_serve

pytestmark = pytest.mark.models

RAW = Path(__file__).resolve().parents[2] / "docs" / "examples" / "raw"
OFFLINE = os.environ | {"GOFLAGS": "-mod=readonly", "GOPROXY": "off"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with hwaja_serve(tmp_path_factory.mktemp("raw"), "--port", "0") as running:
        yield running


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two voices and a talk."""
    folder = tmp_path_factory.mktemp("recordings")
    files = []
    for number, pcm in enumerate([*clips.voices(), clips.conversation()]):
        files.append(str(folder / f"{number}.wav"))
        with wave.open(files[-1], "wb") as written:
            written.setnchannels(1)
            written.setsampwidth(2)
            written.setframerate(16_000)
            written.writeframes(pcm)
    return files


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def printed(command: list[str], folder: Path = RAW, **environment: str) -> str:
    """What a client prints on a machine without a network."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=OFFLINE | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def check(output: str) -> None:
    """Each voice has its own sentences."""
    spoken = {"0": "", "1": ""}
    for line in output.splitlines():
        speaker, _, text = line.partition(": ")
        spoken[speaker] += text.lower()
    assert "again" in spoken["0"]
    assert "winter of despair" in spoken["1"]


def test_the_python_client_transcribes_a_talk(server: Running, recordings: list[str]) -> None:
    check(printed([sys.executable, "client.py", server.url, str(server.certificate), *recordings]))


def test_the_client_for_node_transcribes_a_talk(server: Running, recordings: list[str]) -> None:
    node = tool("node")
    known = subprocess.run(
        [node, "--experimental-websocket", "--eval", ""], capture_output=True, check=False
    )
    if known.returncode:
        pytest.skip("this Node has no WebSocket")
    command = [node, "--experimental-websocket", "client.mjs", server.url, *recordings]
    check(printed(command, NODE_EXTRA_CA_CERTS=str(server.certificate)))


def test_the_java_client_transcribes_a_talk(server: Running, recordings: list[str]) -> None:
    command = [tool("java"), "Client.java", server.url, str(server.certificate), *recordings]
    check(printed(command))


def test_the_go_client_transcribes_a_talk(server: Running, recordings: list[str]) -> None:
    go, folder = tool("go"), RAW / "go"
    library = "github.com/coder/websocket"
    if subprocess.run(
        [go, "list", library], cwd=folder, env=OFFLINE, capture_output=True
    ).returncode:
        pytest.skip("its WebSocket library is not in the cache: go mod download")
    command = [go, "run", ".", server.url, str(server.certificate), *recordings]
    check(printed(command, folder))

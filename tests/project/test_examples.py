"""The examples of docs/python.md do what they say."""

import ast
import asyncio
import base64
import importlib.util
import json
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import clips
import mypy.api
import pytest
from encoders import at_rate, encoded
from loopback import Endpoint

from hwaja.protocol.audio import AudioEncoding

pytestmark = pytest.mark.models

in_one_loop = pytest.mark.asyncio(loop_scope="session")

TESTS = Path(__file__).resolve().parents[1]
EXAMPLES = TESTS.parent / "docs" / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def recording(file: Path, pcm: bytes) -> str:
    with wave.open(str(file), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(16_000)
        written.writeframes(pcm)
    return str(file)


@in_one_loop
async def test_a_recording_is_transcribed(
    endpoint: Endpoint, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    voices = [recording(tmp_path / f"{i}.wav", pcm) for i, pcm in enumerate(clips.voices())]
    talk = recording(tmp_path / "talk.wav", clips.conversation())
    lines = await example("file").transcribe(voices, talk, endpoint.url, certificate[0])
    assert len(lines) == 4
    assert "winter of despair" in lines[-1].lower()


@in_one_loop
async def test_the_example_relays_a_browser(
    endpoint: Endpoint, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused voice can be sent again. The text has its speaker."""
    testclient = pytest.importorskip("fastapi.testclient")
    monkeypatch.setenv("HWAJA_URL", endpoint.url)
    monkeypatch.setenv("HWAJA_CERT", str(certificate[0]))
    relay = example("fastapi_relay")

    def browse() -> list[dict[str, object]]:
        told = []
        with testclient.TestClient(relay.app).websocket_connect("/talk") as browser:
            browser.send_bytes(clips.silence(4))
            told.append(browser.receive_json())
            for voice in clips.voices():
                browser.send_bytes(voice)
                told.append(browser.receive_json())
            browser.send_bytes(clips.conversation())
            browser.send_bytes(b"")
            while told[-1].get("told") != "TranscriptionStopped":
                told.append(browser.receive_json())
        return told

    refused, first, second, *told = await asyncio.to_thread(browse)
    assert refused["refused"] == 0
    assert [first, second] == [{"enrolled": 0}, {"enrolled": 1}]
    texts = [message for message in told if message["told"] == "Transcription"]
    assert len(texts) == 4
    assert {message["speaker_id"] for message in texts} <= {0, 1}


@in_one_loop
async def test_both_sides_of_a_telephone_call_are_transcribed(
    endpoint: Endpoint, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a side is silent, the stream brings nothing of it."""
    monkeypatch.setenv("HWAJA_URL", endpoint.url)
    monkeypatch.setenv("HWAJA_CERT", str(certificate[0]))
    telephone = example("telephone")
    spoken = {
        "inbound": clips.part("beckett", 4.4, 9.9),
        "outbound": clips.silence(2) + clips.part("two_cities", 17, 21),
    }

    sides = {
        track: encoded(at_rate(pcm, 8000), AudioEncoding.MULAW) for track, pcm in spoken.items()
    }

    async def stream() -> AsyncIterator[str]:
        yield json.dumps({"event": "start"})
        for at in range(0, 6 * 8000, 160):
            for track, side in sides.items():
                data = side[at : at + 160]
                if not data or (track == "outbound" and at < 2 * 8000):
                    continue
                media = {"track": track, "payload": base64.b64encode(data).decode()}
                yield json.dumps({"event": "media", "media": media})
        yield json.dumps({"event": "stop"})

    lines = [f"{who}: {text}".lower() async for who, text in telephone.transcribe(stream())]
    assert any(line.startswith("caller: ") and "again" in line for line in lines)
    assert any(line.startswith("agent: ") and "of hope" in line for line in lines)


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.py")), ids=lambda file: file.stem)
def test_an_example_uses_only_the_public_client(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = {name for name in imported if name and name.startswith("hwaja")}
    assert ours <= {"hwaja.client", "hwaja.client.sync"}
    assert ours


def test_typical_user_programs_pass_strict_type_checks() -> None:
    """Also one with NumPy, paths, arrays, and without asyncio."""
    programs = [
        EXAMPLES / "file.py",
        EXAMPLES / "microphone.py",
        EXAMPLES / "telephone.py",
        TESTS / "support" / "typed_client.py",
    ]
    report, errors, code = mypy.api.run(["--strict", *map(str, programs)])
    assert (code, errors) == (0, ""), report

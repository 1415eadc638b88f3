"""The examples of docs/python.md do what they say."""

import ast
import asyncio
import importlib.util
import wave
from pathlib import Path
from types import ModuleType

import clips
import mypy.api
import pytest
from loopback import Endpoint

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
        TESTS / "support" / "typed_client.py",
    ]
    report, errors, code = mypy.api.run(["--strict", *map(str, programs)])
    assert (code, errors) == (0, ""), report

"""The browser client: it is in the package and works with the server.

Its own tests are in tests/web, for node's runner (`make test-web`).
"""

import asyncio
import json
import os
import shutil
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import clips
import numpy as np
import pytest
from encoders import at_rate, encoded, packets
from fakes import FakePool
from loopback import PATIENCE_SECONDS, Endpoint, Message, Serve, tokens_of
from relay import relaying

import hwaja
from hwaja.protocol.audio import AudioConfig, AudioEncoding
from hwaja.server.access.access_policy import AccessPolicy

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "tests" / "web"
CLIENT = resources.files(hwaja) / "web" / "client"

PRESENTED = "let-this-page_in.please~1+2"


def test_every_file_of_the_client_is_part_of_the_package() -> None:
    source = ROOT / "python" / "hwaja" / "web" / "client"
    for file in source.iterdir():
        assert (CLIENT / file.name).read_bytes() == file.read_bytes()
    assert (CLIENT / "hwaja.js").is_file()
    assert (CLIENT / "worklet.js").is_file()


def test_the_client_has_the_version_and_the_licence_of_the_package() -> None:
    manifest = json.loads((CLIENT / "package.json").read_text(encoding="utf-8"))
    assert (manifest["name"], manifest["version"]) == ("hwaja", hwaja.__version__)
    assert (CLIENT / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.fixture
def drive(certificate: tuple[Path, Path], tmp_path: Path) -> Callable[..., Any]:
    """The client, which enrols two voices and sends a conversation."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed here")
    if not (WEB / "node_modules" / "ws").is_dir():
        pytest.skip("make test-web installs what the client needs under node")
    files = {"talk": clips.conversation()}
    files |= {f"voice{i}": voice for i, voice in enumerate(clips.voices())}
    for name, pcm in files.items():
        (tmp_path / name).write_bytes(pcm)
    voices = [str(tmp_path / name) for name in sorted(files) if name.startswith("voice")]
    usual = {"voices": voices, "talk": str(tmp_path / "talk"), "seed": 0, "cuts": 0}

    async def driven(endpoint: Endpoint, **job: Any) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            "node",
            str(WEB / "drive.js"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"NODE_EXTRA_CA_CERTS": str(certificate[0])},
        )
        sent = json.dumps(usual | {"url": endpoint.url, "options": {}, "wishes": {}} | job)
        async with asyncio.timeout(2 * PATIENCE_SECONDS):
            told, _ = await process.communicate(sent.encode())
        assert process.returncode == 0
        answer: dict[str, Any] = json.loads(told)
        return answer

    return driven


def transcriptions(answer: dict[str, Any], *leaving_out: str) -> list[Message]:
    """What was said, without what differs between two runs."""
    left_out = {"timestamp", "number", "text", *leaving_out}
    return [
        {key: value for key, value in message.items() if key not in left_out}
        for message in answer["told"]
        if message["event"] == "transcription"
    ]


@pytest.mark.usefixtures("unhurried")
@pytest.mark.models
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("seed", range(3))
async def test_a_client_cut_off_repeatedly_gets_every_answer_once(
    seed: int, serve: Serve, engine: FakePool, drive: Callable[..., Any]
) -> None:
    async with serve() as endpoint:
        expected = await drive(endpoint)
        whole = [samples.tobytes() for samples in engine.heard]
        engine.heard.clear()
        found = await drive(endpoint, cuts=0.15, seed=seed)
    assert found["connections"] > 2
    assert transcriptions(found) == transcriptions(expected)
    assert len(transcriptions(found)) == 4
    assert [samples.tobytes() for samples in engine.heard] == whole
    for mine, theirs in zip(found["enrolled"], expected["enrolled"], strict=True):
        assert mine["quality"] == theirs["quality"]
    assert found["stopped"]["utterances"] == 4
    assert {message["event"] for message in found["told"]} == {"transcription"}


@pytest.mark.models
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(("max_audio_seconds", "cuts"), [(3.0, 0), (7.0, 0), (3.0, 0.1)])
async def test_a_conversation_beyond_the_longest_transcription_is_returned_whole(
    max_audio_seconds: float, cuts: float, serve: Serve, drive: Callable[..., Any]
) -> None:
    async with serve() as endpoint:
        expected = await drive(endpoint)
    async with serve(max_audio_seconds) as endpoint:
        found = await drive(endpoint, cuts=cuts)
    renewals = [message for message in found["told"] if message["event"] == "renewed"]
    assert renewals
    assert not [message for message in found["told"] if message["event"] in ("error", "overrun")]
    said, answers = transcriptions(expected), transcriptions(found)
    assert [each["speaker_id"] for each in answers] == [each["speaker_id"] for each in said]
    starts = [each["start_seconds"] for each in said]
    assert [each["start_seconds"] for each in answers] == pytest.approx(starts, abs=0.07)
    ids = [each["segment_id"] for each in answers]
    assert ids == sorted(set(ids))


CALL = AudioConfig(encoding=AudioEncoding.MULAW, sample_rate=8000, channels=2)
REALS = AudioConfig(encoding=AudioEncoding.F32, sample_rate=44100)


@pytest.mark.models
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("config", [CALL, REALS], ids=["call", "f32"])
async def test_other_encodings_are_sent_and_sent_again_sample_by_sample(
    config: AudioConfig, serve: Serve, engine: FakePool, drive: Callable[..., Any], tmp_path: Path
) -> None:
    """The browser has floats at the rate of its device; a call has two channels."""
    talk = at_rate(clips.conversation(), config.rate)
    sides = np.stack([talk, np.roll(talk, config.rate)], axis=1)[:, : config.channels]
    (tmp_path / "encoded").write_bytes(encoded(sides, config.encoding))
    audio = {
        "encoding": config.encoding,
        "sampleRate": config.rate,
        "channels": config.channels,
    }
    wishes = {"audio": audio, "speakers": "channels"}
    job = {"talk": str(tmp_path / "encoded"), "voices": [], "wishes": wishes}
    async with serve() as endpoint:
        expected = await drive(endpoint, **job)
        heard = [samples.tobytes() for samples in engine.heard]
        engine.heard.clear()
        found = await drive(endpoint, **job, cuts=0.1, seed=3)
    assert found["connections"] > 1
    assert {each["speaker_id"] for each in transcriptions(found)} == set(range(config.channels))
    assert [samples.tobytes() for samples in engine.heard] == heard
    assert transcriptions(found) == transcriptions(expected)


@pytest.mark.models
@pytest.mark.asyncio(loop_scope="session")
async def test_opus_packets_are_sent_again_whole_and_the_rest_goes_on_in_another_transcription(
    serve: Serve, engine: FakePool, drive: Callable[..., Any], tmp_path: Path
) -> None:
    job = opus_job(tmp_path)
    async with serve() as endpoint:
        expected = await drive(endpoint, **job)
        heard = [samples.tobytes() for samples in engine.heard]
        engine.heard.clear()
        found = await drive(endpoint, **job, cuts=0.02, seed=3)
    assert found["connections"] > 1
    assert [samples.tobytes() for samples in engine.heard] == heard
    assert transcriptions(found) == transcriptions(expected)
    async with serve(3.0) as endpoint:
        parts = await drive(endpoint, **job)
    assert "renewed" in {message["event"] for message in parts["told"]}
    assert starts(parts) == pytest.approx(starts(expected), abs=0.07)


@pytest.mark.models
@pytest.mark.asyncio(loop_scope="session")
async def test_opus_goes_on_at_another_server_with_the_packet_that_is_not_answered(
    serve: Serve, drive: Callable[..., Any], tmp_path: Path
) -> None:
    job = opus_job(tmp_path)
    async with serve() as one, serve() as other:
        expected = await drive(one, **job)
        async with relaying(one.port, iter([70_000]), other.port) as relay:
            found = await drive(one, **job | {"url": [relay.url]})
    assert found["connections"] > 1
    assert not [message for message in found["told"] if message["event"] in ("lost", "overrun")]
    assert starts(found) == pytest.approx(starts(expected), abs=0.07)
    ids = [each["segment_id"] for each in transcriptions(found)]
    assert ids == sorted(set(ids))


def opus_job(folder: Path) -> dict[str, Any]:
    """A conversation as Opus packets, each behind its length. One speaker needs no voice."""
    sent = packets(clips.conversation())
    file = folder / "packets"
    file.write_bytes(b"".join(bytes([len(packet)]) + packet for packet in sent))
    wishes = {"audio": {"encoding": "opus"}, "speakers": "channels"}
    return {"talk": str(file), "voices": [], "wishes": wishes}


def starts(answer: dict[str, Any]) -> list[float]:
    return [each["start_seconds"] for each in transcriptions(answer)]


@pytest.mark.models
@pytest.mark.asyncio(loop_scope="session")
async def test_the_client_connects_with_its_token(serve: Serve, drive: Callable[..., Any]) -> None:
    async with serve(policy=AccessPolicy(tokens_of(PRESENTED))) as endpoint:
        answer = await drive(endpoint, options={"token": PRESENTED}, cuts=0.05)
    assert len(transcriptions(answer)) == 4

"""`hwaja transcribe --mic` with a fake sound card."""

import json
import os
import signal
import sys
from pathlib import Path
from threading import Thread

import clips
import pytest
from command_line import Capture, enrolling, error_of
from processes import hwaja_serve
from sound_cards import Given, SoundCard
from websockets.sync.server import ServerConnection, serve

from hwaja.cli.main import main

pytestmark = pytest.mark.models


def listening(monkeypatch: pytest.MonkeyPatch, card: SoundCard | None) -> None:
    """Install a fake sound card. None: without the library."""
    monkeypatch.setitem(sys.modules, "sounddevice", card)


def chunks(pcm: bytes) -> list[bytes]:
    return [pcm[at : at + 8192] for at in range(0, len(pcm), 8192)]


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_stops_the_microphone_and_all_captured_audio_is_answered(
    files: dict[str, str], tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening(monkeypatch, SoundCard(chunks(clips.conversation()), then=press_ctrl_c))
    with hwaja_serve(tmp_path, "--port", "0") as running:
        arguments = ["--url", running.url, "--cafile", str(running.certificate), "--json"]
        assert main(["transcribe", "--mic", "--speed", "0", *arguments, *enrolling(files)]) == 0
    captured = capsys.readouterr()
    assert captured.err == "hwaja: Listening. Ctrl-C ends.\n"
    types = [json.loads(line)["type"] for line in captured.out.splitlines()]
    assert types[2:] == ["transcription_started", *["transcription"] * 4]


def deaf(websocket: ServerConnection) -> None:
    """Serve everything except the last text. Ctrl-C is pressed again."""
    websocket.send('{"type": "model_loaded", "message": ""}')
    for message in websocket:
        match json.loads(message) if isinstance(message, str) else None:
            case {"type": "start_speaker_registration", "speaker_id": speaker_id}:
                answer = {"type": "speaker_registration_started", "speaker_id": speaker_id}
            case {"type": "complete_speaker_registration", "speaker_id": speaker_id}:
                answer = {"type": "speaker_registration_completed", "speaker_id": speaker_id}
            case {"type": "start_transcription"}:
                answer = {"type": "transcription_started"}
            case {"type": "stop_transcription"}:
                press_ctrl_c()
                continue
            case _:
                continue
        websocket.send(json.dumps(answer | {"message": ""}))


def test_a_second_ctrl_c_does_not_wait_for_the_last_texts(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listening(monkeypatch, SoundCard(chunks(clips.silence(1)), then=press_ctrl_c))
    with serve(deaf, "127.0.0.1", 0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"ws://localhost:{server.socket.getsockname()[1]}"
        arguments = ["transcribe", "--mic", "--speed", "0", "--url", url, *enrolling(files)]
        assert main(arguments) == 130


def test_a_lost_microphone_is_reported_after_all_captured_audio_is_answered(
    files: dict[str, str], tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of audio losses is reported too."""
    lossy = Given(input_overflow=True)
    heard = chunks(clips.conversation())
    listening(monkeypatch, SoundCard(heard, flags=lossy, ends=True))
    with hwaja_serve(tmp_path, "--port", "0") as running:
        arguments = ["--url", running.url, "--insecure", "--json", "--speed", "0"]
        assert main(["transcribe", "--mic", *arguments, *enrolling(files)]) == 1
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "hwaja: Listening. Ctrl-C ends.",
        "hwaja: The microphone was not read in time; words may be missing.",
        f"hwaja: The microphone was not read in time {len(heard)} times.",
        "hwaja: The microphone has stopped: it sends no more audio.",
    ]
    types = [json.loads(line)["type"] for line in captured.out.splitlines()]
    assert types[2:] == ["transcription_started", *["transcription"] * 4]


@pytest.mark.parametrize(
    ("card", "sentence"),
    [
        (None, "The microphone needs: pip install 'hwaja[mic]'"),
        (SoundCard(fails_to="open"), "The microphone cannot be used: Error querying device -1. "),
    ],
    ids=["library", "device"],
)
def test_a_missing_microphone_is_an_error_before_any_enrolment(
    card: SoundCard | None,
    sentence: str,
    files: dict[str, str],
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command fails before it connects: no server listens at this address."""
    listening(monkeypatch, card)
    assert main(["transcribe", "--mic", "--url", "wss://localhost:1", *enrolling(files)]) == 1
    assert error_of(capsys).startswith(f"hwaja: {sentence}")

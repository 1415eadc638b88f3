"""`--interim-model`: a whole server with a streaming recogniser beside an offline one."""

import asyncio
import ssl
import subprocess
import sys
from pathlib import Path

import clips
import pytest
import streaming_models
from loopback import Address, Message
from processes import ENGLISH, Running, hwaja_serve

from hwaja.client.sound_files import paced
from hwaja.protocol.audio import SAMPLE_RATE

pytestmark = pytest.mark.models
alone = pytest.mark.alone  # the worker for interim texts has idle priority

SPEECH = clips.conversation()[: 2 * 7 * SAMPLE_RATE]
LABELS = [0, 0, 0]
WORD = "better"  # the last one
TINY = "가"
"""What the tiny streaming model writes for every loud piece."""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    folder.mkdir()
    return streaming_models.write("zipformer2", folder)


async def talk(running: Running, **options: object) -> list[Message]:
    trust = ssl.create_default_context(cafile=str(running.certificate))
    address = Address(int(running.url.rpartition(":")[2]), trust)
    async with address.welcomed() as peer:
        await peer.enrol_both()
        await peer.say("start_transcription", **options)
        assert (await peer.receive())["type"] == "transcription_started"
        async for chunk in paced(SPEECH, speed=1):  # an utterance must be open for a while
            await peer.websocket.send(chunk)
        return await peer.transcribe(b"")


def of_kind(messages: list[Message], kind: str) -> list[Message]:
    return [message for message in messages if message["type"] == kind]


@alone
def test_interims_come_from_the_streaming_model_and_final_texts_from_the_other(
    tiny: Path, tmp_path: Path
) -> None:
    with hwaja_serve(tmp_path, "--interim-model", str(tiny), "--port", "0") as running:
        plain = asyncio.run(talk(running))
        heard = asyncio.run(talk(running, interim_results=True))
    assert [message["type"] for message in plain] == ["transcription"] * len(LABELS)
    finals, interims = of_kind(heard, "transcription"), of_kind(heard, "interim")
    assert [message["speaker_id"] for message in finals] == LABELS
    assert WORD in finals[-1]["text"].lower()
    texts = {message["text"].replace(" ", "") for message in interims} - {""}
    assert texts
    assert {letter for text in texts for letter in text} == {TINY}


def refusal(folder: Path, *options: str) -> str:
    """The sentence of a server that does not start."""
    command = [sys.executable, "-m", "hwaja", "serve", *ENGLISH, "--dev-cert", "--port", "0"]
    done = subprocess.run(
        [*command, "--data-dir", str(folder), *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_a_server_does_not_start_with_an_interim_model_that_does_not_stream(
    tmp_path: Path,
) -> None:
    sentence = refusal(tmp_path, "--interim-model", "moonshine-tiny-en")
    assert "is no streaming model: interim_model must be one" in sentence


def test_a_server_does_not_start_with_an_unknown_interim_model(tmp_path: Path) -> None:
    assert "no-such-model" in refusal(tmp_path, "--interim-model", "no-such-model")


@alone
def test_an_interim_model_is_taken_over_while_the_server_runs(tiny: Path, tmp_path: Path) -> None:
    file = tmp_path / "hwaja.toml"
    base = 'asr_model = "moonshine-tiny-en"\nlanguage = "en"\n'
    file.write_text(base)
    options = ("--config", str(file), "--workers", "1", "--port", "0")
    with hwaja_serve(tmp_path, *options, model=()) as running:
        events = ("reloaded", "not reloaded, the one before stays")

        def letters() -> set[str]:
            heard = asyncio.run(talk(running, interim_results=True))
            assert [each["speaker_id"] for each in of_kind(heard, "transcription")] == LABELS
            return {letter for each in of_kind(heard, "interim") for letter in each["text"]}

        file.write_text(base + f'interim_model = "{tiny}"\n')
        assert running.hang_up(*events)["event"] == "reloaded"
        assert TINY in letters()
        file.write_text(base + 'interim_model = "moonshine-tiny-en"\n')
        assert "is no streaming model" in running.hang_up(*events)["reason"]
        assert TINY in letters()
        file.write_text(base)
        assert running.hang_up(*events)["event"] == "reloaded"
        assert TINY not in letters()

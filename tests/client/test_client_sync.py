"""The client for programs without asyncio, and the modules that its import loads."""

import asyncio
import gc
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import clips
import pytest
from loopback import PATIENCE_SECONDS, Endpoint
from processes import hwaja_serve

from hwaja.client import (
    Finalize,
    PauseTranscription,
    RefusedError,
    Transcription,
    TranscriptionStopped,
)
from hwaja.client.chunks import Command
from hwaja.client.sync import Client, connect

pytestmark = pytest.mark.models

in_one_loop = pytest.mark.asyncio(loop_scope="session")


def halves(pcm: bytes) -> Iterator[bytes]:
    yield pcm[: len(pcm) // 4 * 2]
    yield pcm[len(pcm) // 4 * 2 :]


@in_one_loop
async def test_a_conversation_works_without_asyncio(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    def converse() -> list[object]:
        with connect(endpoint.url, cafile=certificate[0]) as client:
            with pytest.raises(RefusedError, match="There is too little speech"):
                client.enrol(0, clips.silence(4))
            for speaker_id, voice in enumerate(clips.voices()):
                sealed = client.enrol(speaker_id, halves(voice), ticket=True)
                assert sealed.ticket is not None
                client.restore(speaker_id, sealed.ticket)
                client.name_speaker(speaker_id, "김지영")
            return list(client.transcribe(halves(clips.conversation())))

    told = await asyncio.to_thread(converse)
    assert [type(each) for each in told] == [Transcription] * 4 + [TranscriptionStopped]


@in_one_loop
async def test_leaving_the_loop_early_leaves_no_thread_or_connection(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    def leave() -> object:
        with connect(endpoint.url, cafile=certificate[0]) as client:
            for speaker_id, voice in enumerate(clips.voices()):
                client.enrol(speaker_id, voice)
            talk = client.transcribe(clips.conversation())
            first = next(talk)
            talk.close()
            return first

    assert isinstance(await asyncio.to_thread(leave), Transcription)
    await endpoint.until_free()


def enrolled(client: Client) -> Client:
    for speaker_id, voice in enumerate(clips.voices()):
        client.enrol(speaker_id, voice)
    return client


@in_one_loop
async def test_a_microphone_that_gives_no_more_audio_does_not_block_the_end(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    """A caller may leave the loop, and may keep the generator longer than the session."""
    silent = threading.Event()

    def microphone() -> Iterator[bytes]:
        yield clips.conversation()
        silent.wait()

    def leave() -> None:
        with connect(endpoint.url, cafile=certificate[0]) as client:
            talk = enrolled(client).transcribe(microphone())
            next(talk)
        talk.close()

    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.to_thread(leave)
    silent.set()


def test_ctrl_c_is_raised_to_the_caller(tmp_path: Path) -> None:
    silent = threading.Event()

    def interrupted() -> Iterator[bytes]:
        yield bytes(8192)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        silent.wait()

    def converse(url: str) -> None:
        with connect(url, verify=False) as client:
            list(enrolled(client).transcribe(interrupted()))

    with hwaja_serve(tmp_path, "--port", "0") as running, pytest.raises(KeyboardInterrupt):
        converse(running.url)
    silent.set()
    gc.collect()  # unawaited coroutines and unclosed resources warn now


@pytest.mark.parametrize("module", ["hwaja.client", "hwaja.client.sync"])
def test_the_client_imports_nothing_that_only_a_server_needs(module: str) -> None:
    script = (
        f"import sys, {module}; "
        "print([m for m in ('numpy', 'onnxruntime', 'sherpa_onnx', 'structlog', 'onnx', "
        "'prometheus_client', 'cryptography') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@in_one_loop
async def test_commands_stand_between_the_chunks_of_a_blocking_iterable(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    def talk() -> Iterator[bytes | Command]:
        yield clips.silence(0.5) + clips.part("beckett", 4.4, 5.6)
        yield Finalize()
        yield PauseTranscription()

    def converse() -> list[object]:
        with connect(endpoint.url, cafile=certificate[0]) as client:
            assert client.server is not None
            return list(enrolled(client).transcribe(talk(), events=["speech_ended"]))

    told = await asyncio.to_thread(converse)
    assert sorted(type(each).__name__ for each in told[:-1]) == [
        "Finalized",
        "SpeechEnded",
        "Transcription",
        "TranscriptionPaused",
    ]

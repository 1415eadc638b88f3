"""SIGHUP with another recogniser in the configuration: a whole server, real models and clients."""

import asyncio
import os
import shutil
import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import clips
import pytest
import streaming_models
from loopback import PATIENCE_SECONDS, Address, Message
from processes import Running, hwaja_serve
from scrapes import TOKEN, scrape

from hwaja.client.sound_files import paced
from hwaja.models import locate

pytestmark = pytest.mark.models

CHANGED, STAYS = "reloaded", "not reloaded, the one before stays"
LABELS = [0, 0, 0, 1]  # of the clips' conversation


@dataclass
class Changeable:
    """A server with a configuration file that a test changes."""

    file: Path
    running: Running

    @property
    def address(self) -> Address:
        trust = ssl.create_default_context(cafile=str(self.running.certificate))
        return Address(int(self.running.url.rpartition(":")[2]), trust)

    def configure(self, model: str | Path, language: str = "en", **more: str) -> None:
        configure(self.file, model, language, **more)

    def hang_up(self) -> dict[str, object]:
        """Send SIGHUP; return the line of the log about the model."""
        return self.running.hang_up(CHANGED, STAYS, "unchanged")


def configure(file: Path, model: str | Path, language: str = "en", **more: str) -> None:
    options = {"asr_model": str(model), "language": language, **more}
    file.write_text("".join(f'{name} = "{value}"\n' for name, value in options.items()))


@contextmanager
def serving(folder: Path, model: str | Path, *options: str) -> Iterator[Changeable]:
    file = folder / "hwaja.toml"
    configure(file, model)
    options = ("--config", str(file), "--port", "0", *options)
    with hwaja_serve(folder, *options, model=()) as running:
        yield Changeable(file, running)


async def talk(address: Address, times: int) -> list[Message]:
    """Say the conversation so often, as people do; return what was answered."""
    async with address.welcomed() as peer:
        await peer.begin()
        async for chunk in paced(clips.conversation() * times, speed=1):
            await peer.websocket.send(chunk)
        return await peer.transcribe(b"")


async def talked(address: Address, clients: int, times: int) -> list[list[Message]]:
    async with asyncio.timeout(PATIENCE_SECONDS + 20 * times):
        return await asyncio.gather(*(talk(address, times) for _ in range(clients)))


@pytest.mark.alone
@pytest.mark.parametrize("other", ["a copy", "a streaming model"])
async def test_clients_that_talk_while_the_model_changes_lose_nothing(
    other: str, tmp_path: Path
) -> None:
    """Every utterance is answered once, none fails, and the speakers are right."""
    second = tmp_path / "second"
    if other == "a copy":
        shutil.copytree(locate("whisper-base"), second)
    else:
        second.mkdir()
        streaming_models.write("zipformer2", second)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "token").chmod(0o600)
    token = ("--metrics-token-file", str(tmp_path / "token"))
    with serving(tmp_path, "whisper-base", "--workers", "2", *token) as server:
        talking = asyncio.create_task(talked(server.address, clients=2, times=2))
        changes = 0
        while not talking.done():
            server.configure(second if changes % 2 == 0 else "whisper-base")
            line = await asyncio.to_thread(server.hang_up)
            assert line["event"] == CHANGED
            changes += 1
        heard = await talking
        figures = await scrape(server.address)
    assert changes >= 3
    for messages in heard:
        assert [message["type"] for message in messages] == ["transcription"] * 2 * len(LABELS)
        assert [message["speaker_id"] for message in messages] == 2 * LABELS
        if other == "a copy":
            assert sum("despair" in message["text"].lower() for message in messages) == 2
    assert figures.by("hwaja_model_changes_total", "outcome") == {"changed": changes}
    assert figures.by("hwaja_utterances_total", "outcome").get("failed", 0) == 0
    assert figures["hwaja_worker_restarts_total"] == 0
    assert figures["hwaja_workers_running"] == 2


def test_a_model_that_cannot_be_loaded_is_named_in_the_log_and_changes_nothing(
    tmp_path: Path,
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(locate("moonshine-tiny-en"), damaged)
    (damaged / "encoder_model.ort").write_bytes(b"no model")
    (tmp_path / "empty").mkdir()
    with serving(tmp_path, "moonshine-tiny-en", "--workers", "1") as server:

        def reason() -> str:
            line = server.hang_up()
            assert line["event"] == STAYS
            return str(line["reason"])

        server.configure(damaged)
        assert str(damaged) in reason()
        server.configure(tmp_path / "empty")
        assert str(tmp_path / "empty") in reason()
        server.configure("no-such-model")
        assert "no-such-model" in reason()
        server.configure("whisper-base", "klingon")
        assert "klingon" in reason()
        server.configure("whisper-base", number_style="roman")
        assert "number_style must be" in reason()
        server.file.write_text("asr_model = whisper\n")
        assert "is not TOML" in reason()
        server.file.unlink()
        assert "cannot be read" in reason()
        server.configure("moonshine-tiny-en")
        assert server.hang_up()["event"] == "unchanged"

        async def transcribed() -> list[Message]:
            async with server.address.welcomed() as peer:
                await peer.begin()
                return await peer.transcribe(clips.conversation())

        assert [message["speaker_id"] for message in asyncio.run(transcribed())] == LABELS


async def test_a_transcription_in_a_language_that_the_new_model_lacks_ends_with_the_old_one(
    tmp_path: Path,
) -> None:
    """The next transcription is checked against the new model."""
    with serving(tmp_path, "whisper-base", "--workers", "1") as server:
        async with server.address.welcomed() as peer:
            await peer.enrol_both()
            await peer.say("start_transcription", language="ko")
            assert (await peer.receive())["type"] == "transcription_started"
            await peer.play(clips.conversation())
            server.configure("moonshine-tiny-en")
            line = await asyncio.to_thread(server.hang_up)
            assert line["event"] == CHANGED
            assert "stay with the model before" in server.running.next_line()["event"]
            messages = await peer.transcribe(clips.conversation())
            assert [message["type"] for message in messages] == ["transcription"] * len(messages)
            assert len(messages) >= 6
            await peer.say("start_transcription", language="ko")
            answer = await peer.receive()
            assert (answer["type"], answer["code"]) == ("error", "TRANSCRIPTION_FAILED")
            await peer.say("start_transcription", language="en")
            assert (await peer.receive())["type"] == "transcription_started"


def test_a_worker_that_starts_again_loads_the_model_of_its_generation(tmp_path: Path) -> None:
    """The link to the model was changed, but nobody has asked the server to take it over."""
    link = tmp_path / "current"
    link.symlink_to(locate("moonshine-tiny-en"))
    with serving(tmp_path, link, "--workers", "1") as server:
        (tmp_path / "empty").mkdir()
        link.unlink()
        link.symlink_to(tmp_path / "empty")
        pid = server.running.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children")
        (worker,) = children.read_text().split()
        os.kill(int(worker), signal.SIGKILL)

        async def transcribed() -> list[Message]:
            async with server.address.welcomed() as peer:
                await peer.begin()
                return await peer.transcribe(clips.conversation())

        assert [message["speaker_id"] for message in asyncio.run(transcribed())] == LABELS


def test_a_server_that_is_stopped_while_a_model_loads_ends_cleanly(tmp_path: Path) -> None:
    with serving(tmp_path, "moonshine-tiny-en", "--workers", "1") as server:
        pid = server.running.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children")
        server.configure("whisper-base")
        server.running.process.send_signal(signal.SIGHUP)
        while len(workers := children.read_text().split()) < 2:
            pass
        server.running.process.send_signal(signal.SIGTERM)
        log = server.running.end()
    assert server.running.process.returncode == 0
    assert [line["event"] for line in log][-1] == "stopped"
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]

"""The whole server: the errors of its start, and its run as a process."""

import asyncio
import dataclasses
import json
import os
import select
import signal
import socket
import ssl
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import clips
import pytest
from loopback import PATIENCE_SECONDS, Address, Peer
from processes import Running, hwaja_serve
from scrapes import TOKEN, Scrape, scrape
from structlog.testing import capture_logs
from websockets.asyncio.client import connect

from hwaja.engines.interface import EngineError
from hwaja.models import ModelError, cache_root, locate
from hwaja.process import supervision
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server import recogniser
from hwaja.server.application import run, worker_setup
from hwaja.server.config import Config, ConfigError
from hwaja.server.network.tls import TlsError
from hwaja.text.numbers import NumberStyle
from hwaja.workers.overload import Overload
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire

pytestmark = pytest.mark.models

PROC = Path("/proc")

ENGLISH = Config(asr_model="moonshine-tiny-en", language="en", workers=1, port=0, host="127.0.0.1")


def has_ipv6() -> bool:
    with suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


def with_certificate(files: tuple[Path, Path], **changes: Any) -> Config:
    return dataclasses.replace(ENGLISH, cert=files[0], key=files[1], **changes)


# Starting -------------------------------------------------------------------------------------


def test_workers_load_the_requested_model_of_the_catalogue() -> None:
    setup = worker_setup(dataclasses.replace(Config(), language="en"), "cpu")
    assert setup.recogniser_dir == str(locate("whisper-base"))
    assert setup.voices == wire.VoiceModels(
        str(locate("campplus") / "campplus.onnx"),
        str(locate("pyannote-segmentation") / "segmentation.onnx"),
    )
    assert (setup.language, setup.provider) == ("en", "cpu")


def test_the_workers_write_texts_as_the_options_say() -> None:
    config = dataclasses.replace(ENGLISH, number_style="words", mask=True)
    assert worker_setup(config, "cpu").writing == wire.Writing(NumberStyle.WORDS, masks=True)


def test_on_a_gpu_the_workers_load_the_same_models() -> None:
    setup = worker_setup(Config(), "cuda")
    assert setup.recogniser_dir == str(locate("whisper-base"))
    assert setup.provider == "cuda"


def test_workers_load_a_folder_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HWAJA_CACHE", str(cache_root()))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine").mkdir()
    for name in (str(tmp_path / "mine"), "~/mine"):
        setup = worker_setup(dataclasses.replace(Config(), asr_model=name), "cuda")
        assert setup.recogniser_dir == str(tmp_path / "mine")


async def test_a_missing_model_is_named_with_the_command_that_pulls_it(
    certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match=r"hwaja models pull \S+$"):
        await run(with_certificate(certificate))


async def test_an_unusable_certificate_is_reported_before_anything_is_loaded(
    certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path))
    with pytest.raises(TlsError, match=r"absent\.pem does not exist"):
        await run(with_certificate((certificate[0], tmp_path / "absent.pem")))


@pytest.mark.parametrize("option", ["token_file", "metrics_token_file"])
async def test_a_token_file_without_tokens_is_reported_before_anything_is_loaded(
    option: str, certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token file without tokens is an error, so that no server runs unprotected by mistake."""
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path))
    empty = tmp_path / "token"
    empty.touch()
    with pytest.raises(ConfigError, match=r"token must contain only tokens"):
        await run(with_certificate(certificate, **{option: empty}))


async def test_missing_libraries_for_traces_are_reported_before_anything_is_loaded(
    certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path))
    monkeypatch.setitem(sys.modules, "hwaja.observability.session_traces", None)
    with pytest.raises(ConfigError, match=r"hwaja\[otel\]"):
        await run(with_certificate(certificate, traces_url="http://localhost:4318/v1/traces"))


async def test_an_address_that_cannot_be_bound_is_named_and_no_worker_remains(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pools: list[Pool] = []

    class RecordedPool(Pool):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            pools.append(self)

    monkeypatch.setattr(recogniser, "Pool", RecordedPool)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = rf"^Cannot listen on 127\.0\.0\.1:{port}: Address already in use\.$"
        with pytest.raises(EngineError, match=sentence):
            await run(with_certificate(certificate, port=port))
    (process,) = pools[0].processes.values()
    assert process.returncode is not None


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("192.0.2.1", r"192\.0\.2\.1:0: Cannot assign requested address\."),
        ("2001:db8::1", r"\[2001:db8::1\]:0: .+\."),
        ("a..b", r"a\.\.b: it is not a host name\."),
    ],
)
async def test_a_host_of_another_machine_is_named_in_the_error(
    host: str, reason: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(_: Pool, **how: bool) -> None:
        pass

    monkeypatch.setattr(Pool, "start", at_once)  # its workers have no part in this
    with pytest.raises(EngineError, match=f"^Cannot listen on {reason}$"):
        await run(with_certificate(certificate, host=host))


async def test_a_signal_while_the_workers_load_ends_the_server_and_all_workers(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pools: list[Pool] = []

    class Signalled(Pool):
        async def start(self, **how: bool) -> None:
            pools.append(self)
            os.kill(os.getpid(), signal.SIGTERM)
            await super().start(**how)

    monkeypatch.setattr(recogniser, "Pool", Signalled)
    with capture_logs() as log:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await run(with_certificate(certificate))
    assert [line["event"] for line in log] == ["stopping", "stopped"]
    assert all(process.returncode is not None for process in pools[0].processes.values())


def test_the_server_logs_its_provider_and_the_reason_why_it_is_not_a_gpu(tmp_path: Path) -> None:
    with hwaja_serve(tmp_path, "--port", "0") as running:
        assert running.serving["provider"] == "cpu"
        assert "hwaja[gpu]" in running.serving["reason"]


def test_a_server_serves_on_if_nobody_reads_what_it_prints(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with (
        os.fdopen(writer, "w") as unread,
        hwaja_serve(tmp_path, "--lan", "--port", "0", stdout=unread) as running,
    ):
        running.process.send_signal(signal.SIGTERM)
        assert [line["event"] for line in running.end()] == ["stopping", "stopped"]


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_an_ipv6_address_is_logged_in_brackets(tmp_path: Path) -> None:
    async def welcomed(running: Running) -> str:
        trust = ssl.create_default_context(cafile=str(running.certificate))
        async with connect(running.serving["url"], ssl=trust, proxy=None) as websocket:
            return str((await Peer(websocket).receive())["type"])

    with hwaja_serve(tmp_path, "--host", "::1", "--port", "0") as running:
        assert running.serving["url"].startswith("wss://[::1]:")
        assert asyncio.run(welcomed(running)) == "model_loaded"


async def test_a_server_that_cannot_continue_ends_with_a_failure_exit_code(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd and compose then restart it."""

    async def at_once(_: Pool, **how: bool) -> None:
        pass

    def fail(*_: object) -> bool:
        raise RuntimeError("Geheimnis")

    monkeypatch.setattr(Pool, "start", at_once)  # its workers have no part in this
    monkeypatch.setattr(Overload, "observe", fail)
    monkeypatch.setattr(supervision, "FIRST_PAUSE_SECONDS", 0.0)
    with capture_logs() as log:
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await run(with_certificate(certificate)) == 1
    ends = [line for line in log if line["log_level"] == "critical"]
    assert [(line["event"], line["task"]) for line in ends] == [
        ("cannot go on, ending to be started again", "load watch")
    ]
    assert log[-1]["event"] == "stopped"
    assert "Geheimnis" not in str(log)


async def test_a_host_that_cannot_be_resolved_without_a_thread_is_named_in_the_error(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(_: Pool, **how: bool) -> None:
        pass

    def fail(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Pool, "start", at_once)
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(EngineError, match=r"^Cannot listen on local:0: can't start new thread\.$"):
        await run(with_certificate(certificate, host="local"))


# Running --------------------------------------------------------------------------------------


def test_a_server_with_a_metrics_token_shows_its_metrics_and_the_lag_of_its_event_loop(
    tmp_path: Path,
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "token").chmod(0o600)

    async def scraped(running: Running) -> Scrape:
        trust = ssl.create_default_context(cafile=str(running.certificate))
        endpoint = Address(int(running.url.rpartition(":")[2]), trust)
        async with asyncio.timeout(PATIENCE_SECONDS), endpoint.welcomed() as peer:
            await peer.enrol(0, clips.voices()[0])
            while (found := await scrape(endpoint))["hwaja_event_loop_lag_seconds_count"] < 3:
                pass
        return found

    with hwaja_serve(
        tmp_path, HWAJA_PORT="0", HWAJA_METRICS_TOKEN_FILE=str(tmp_path / "token")
    ) as running:
        found = asyncio.run(scraped(running))
    assert 0 < found["hwaja_event_loop_lag_seconds_sum"] < PATIENCE_SECONDS
    assert found["hwaja_detector_call_seconds_count"] > 0
    assert found["hwaja_workers_running"] == 1
    assert found.by("hwaja_enrolments_total", "verdict") == {"accepted": 1}


def worker_of(running: Running) -> int:
    pid = running.process.pid
    (worker,) = (PROC / str(pid) / "task" / str(pid) / "children").read_text().split()
    return int(worker)


async def talk_until_closed(
    running: Running, pcm: bytes, stop: signal.Signals
) -> tuple[list[dict[str, Any]], int | None]:
    """Enrol, send a conversation, and have the server stopped once it has arrived."""
    trust = ssl.create_default_context(cafile=str(running.certificate))
    async with connect(running.url, ssl=trust, compression=None, proxy=None) as websocket:
        peer = Peer(websocket)
        assert (await peer.receive())["type"] == "model_loaded"
        await peer.begin()
        await peer.play(pcm)
        await peer.say("start_transcription")  # an error, and proof that the audio has arrived
        messages = [*await peer.receive_until("error")][:-1]
        running.process.send_signal(stop)
        rest, code = await peer.receive_until_closed()
        return messages + rest, code


def test_a_signal_right_after_the_serving_line_stops_the_server_cleanly(
    tmp_path: Path,
) -> None:
    with hwaja_serve(tmp_path, "--port", "0") as running:
        running.process.send_signal(signal.SIGTERM)
        log = running.end()
    assert running.process.returncode == 0
    assert [line["event"] for line in log] == ["stopping", "stopped"]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stopping_server_answers_the_received_audio_and_ends_cleanly(
    stop: signal.Signals, tmp_path: Path
) -> None:
    """It logs neither speech nor addresses."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with hwaja_serve(tmp_path, HWAJA_PORT=str(port)) as running:
        assert running.url == f"wss://localhost:{port}"
        pcm = clips.conversation()[: -2 * SAMPLE_RATE]  # the last sentence is still open
        heard, code = asyncio.run(talk_until_closed(running, pcm, stop))
        log = running.end()
    assert running.process.returncode == 0
    assert code == 1001
    assert [message["type"] for message in heard] == ["transcription"] * 4
    assert "winter of despair" in heard[-1]["text"].lower()
    assert [line["event"] for line in log] == [
        "session opened",
        "error sent",
        "stopping",
        "connection closed",
        "session closed",
        "stopped",
    ]
    written = json.dumps(log, ensure_ascii=False)
    for private in ("127.0.0.1", "again", "despair", "better", "화자"):
        assert private not in written.lower()
    allowed = {"event", "level", "timestamp", "session", "resumable", "code", "reason"}
    assert {key for line in log for key in line} <= allowed


@pytest.mark.skipif(not PROC.is_dir(), reason="the worker is found through /proc")
def test_a_killed_server_leaves_no_worker_behind_not_even_a_stuck_one(tmp_path: Path) -> None:
    with hwaja_serve(tmp_path, "--port", "0") as running:
        worker = os.pidfd_open(worker_of(running))
        signal.pidfd_send_signal(worker, signal.SIGSTOP)
        running.process.kill()
        readable, _, _ = select.select([worker], [], [], PATIENCE_SECONDS)  # once it has ended
        os.close(worker)
    assert readable


@pytest.mark.skipif(not PROC.is_dir(), reason="the worker is found through /proc")
def test_a_second_signal_does_not_wait_for_a_session_that_cannot_be_answered(
    tmp_path: Path,
) -> None:
    """Its worker is stopped during a sentence."""

    async def talk(running: Running) -> int | None:
        trust = ssl.create_default_context(cafile=str(running.certificate))
        async with connect(running.url, ssl=trust, compression=None, proxy=None) as websocket:
            peer = Peer(websocket)
            await peer.receive()
            await peer.begin()
            os.kill(worker_of(running), signal.SIGSTOP)
            await peer.play(clips.conversation())
            await peer.say("start_transcription")
            await peer.receive_until("error")
            running.process.send_signal(signal.SIGTERM)
            running.process.send_signal(signal.SIGINT)
            return (await peer.receive_until_closed())[1]

    with hwaja_serve(tmp_path, "--drain-seconds", "1000", "--port", "0") as running:
        assert asyncio.run(talk(running)) == 1001
        log = running.end()
    assert running.process.returncode == 0
    assert "closing sessions that have not drained" in [line["event"] for line in log]

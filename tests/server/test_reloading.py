"""SIGHUP: the files that are reloaded while the server runs, without disturbing sessions."""

import asyncio
import os
import pty
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import clips
import pytest
import structlog
from handshakes import client, issue, name_in
from loopback import PATIENCE_SECONDS, Peer
from processes import Running, hwaja_serve
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hwaja.server.config import ConfigError
from hwaja.server.network.tls import TlsError
from hwaja.server.reloading import reload_all, reload_on_hangup


def failing(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def test_everything_is_reloaded_even_if_one_part_fails() -> None:
    called: list[str] = []
    reloads = {
        "certificate": failing(TlsError("The file c.pem does not exist.")),
        "token": failing(ConfigError("The token is too short.")),
        "metrics token": failing(MemoryError()),
        "rest": lambda: called.append("rest"),
    }
    with structlog.testing.capture_logs() as logged:
        reload_all(reloads)
    assert called == ["rest"]
    assert [(line["log_level"], line["what"], line.get("reason")) for line in logged] == [
        ("error", "certificate", "The file c.pem does not exist."),
        ("error", "token", "The token is too short."),
        ("error", "metrics token", None),
        ("info", "rest", None),
    ]


async def test_sighup_still_ends_a_server_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise the server would go on unseen after its terminal is closed."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    reload_on_hangup({}, lambda: None)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    reload_on_hangup({}, lambda: None)
    assert signal.getsignal(signal.SIGHUP) != signal.SIG_DFL
    asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)


# A whole server -------------------------------------------------------------------------------


async def read_line(running: Running) -> dict[str, Any]:
    """The next line of the log, whole."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await asyncio.to_thread(running.next_line)


async def reloaded(running: Running) -> dict[str, Any]:
    """Send SIGHUP. Return the log line of the reload."""
    running.process.send_signal(signal.SIGHUP)
    while (line := await read_line(running)).get("what") != "certificate":
        pass
    return line


async def served_name(url: str) -> str:
    async with connect(url, ssl=client(), proxy=None) as websocket:
        tls: ssl.SSLObject = websocket.transport.get_extra_info("ssl_object")
        return name_in(tls.getpeercert(binary_form=True))


@pytest.mark.models
async def test_a_renewed_certificate_is_served_after_sighup_and_sessions_continue(
    tmp_path: Path,
) -> None:
    """A broken certificate in between changes nothing."""
    cert, key = issue(tmp_path, "old", kind="rsa")
    options = ("--no-dev-cert", "--cert", str(cert), "--key", str(key), "--port", "0")
    with hwaja_serve(tmp_path, *options) as running:
        async with connect(running.url, ssl=client(), compression=None, proxy=None) as websocket:
            peer = Peer(websocket)
            await peer.receive()
            await peer.begin()
            await peer.play(clips.conversation()[: 4 * 16_000])

            cert.write_text("half a certifica")
            line = await reloaded(running)
            assert line["level"] == "error"
            assert line["reason"] == f"{cert} and {key} are not a certificate and its private key."
            assert await served_name(running.url) == "old"

            issue(tmp_path, "new")
            assert (await reloaded(running))["level"] == "info"
            assert await served_name(running.url) == "new"

            heard = await peer.transcribe(clips.conversation()[4 * 16_000 :])
        running.process.send_signal(signal.SIGTERM)
        running.end()
    assert running.process.returncode == 0
    assert [message["speaker_id"] for message in heard] == [0, 0, 0, 1]
    assert "winter of despair" in heard[-1]["text"].lower()


@pytest.mark.models
async def test_pages_may_use_the_names_of_the_newest_certificate(
    tmp_path: Path,
) -> None:
    """The names of `--hosts` and the pages of `--origins` stay valid."""
    cert, key = issue(tmp_path, "old", "old.example", "*.rooms.example")
    options = ("--no-dev-cert", "--cert", str(cert), "--key", str(key), "--port", "0")
    listed = ("--hosts", "Hosts.example", "--origins", "https://origins.example/")
    with hwaja_serve(tmp_path, *options, *listed) as running:

        async def answer(name: str, origin: str | None = None) -> int:
            port = int(running.url.rpartition(":")[2])
            url, origin = f"wss://{name}:{port}", origin or f"https://{name}:{port}"
            address = {"host": "127.0.0.1", "port": port, "origin": origin}
            try:
                async with connect(url, ssl=client(), proxy=None, **address) as websocket:  # type: ignore[arg-type]
                    assert websocket.response is not None
                    return websocket.response.status_code
            except InvalidStatus as error:
                return error.response.status_code

        for name in ("old.example", "a.rooms.example", "hosts.example", "127.0.0.1"):
            assert await answer(name) == 101
        assert await answer("strange.example", "https://origins.example") == 101
        assert await answer("new.example") == 421
        issue(tmp_path, "new", "new.example")
        assert (await reloaded(running))["level"] == "info"
        assert await answer("new.example") == 101
        assert await answer("old.example") == 421


@pytest.mark.models
async def test_sighup_renews_an_outdated_development_certificate(tmp_path: Path) -> None:
    with hwaja_serve(tmp_path, "--port", "0") as running:
        before = running.certificate.read_bytes()
        assert (await reloaded(running))["level"] == "info"
        assert running.certificate.read_bytes() == before  # browsers were told to trust it
        issue(tmp_path, "expires tomorrow")
        (tmp_path / "cert.pem").replace(tmp_path / "dev-cert.pem")
        (tmp_path / "key.pem").replace(tmp_path / "dev-key.pem")
        assert (await reloaded(running))["level"] == "info"
        assert await served_name(running.url) == "hwaja development"
        assert running.certificate.read_bytes() != before
        trust = ssl.create_default_context(cafile=str(running.certificate))
        async with connect(running.url, ssl=trust, proxy=None):
            pass


@pytest.mark.models
def test_closing_the_terminal_ends_the_server(tmp_path: Path) -> None:
    """The test closes the other end of a real terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "hwaja", "serve", "--dev-cert", "--data-dir", str(tmp_path)]
    command += ["--asr-model", "moonshine-tiny-en", "--language", "en", "--workers", "1"]
    # A session of its own that has the terminal for its own, as a shell's has.
    own = "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(2, termios.TIOCSCTTY, 0)"
    start = f"{own}; os.execv(sys.argv[1], sys.argv[1:])"
    with subprocess.Popen(
        [sys.executable, "-c", start, *command, "--port", "0"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        try:
            os.close(theirs)
            said = b""
            while b"serving" not in said:
                said += os.read(ours, 4096)
            os.close(ours)
            assert process.wait(PATIENCE_SECONDS) == -signal.SIGHUP
        finally:
            process.kill()

"""The snippets for reverse proxies, run by the proxies themselves where they are installed."""

import asyncio
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import Request, urlopen

import clips
import pytest
from deployment import DEPLOY
from loopback import Peer
from processes import hwaja_serve
from uploads import wav
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

pytestmark = pytest.mark.models

TOKEN = "g3heim"  # noqa: S105  # made up
"""What stands for a token in a query string."""

NGINX = """
daemon off; pid nginx.pid; error_log stderr notice; worker_processes 1;
events {{}}
http {{
    {paths}
    {snippet}
}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def changed(text: str, *changes: tuple[str, str]) -> str:
    """The text with names put in place of others, all of which must be there."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def nginx(folder: Path, port: int, upstream: str, files: tuple[Path, Path]) -> list[str]:
    snippet = changed(
        (DEPLOY / "nginx.conf").read_text(),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("http://127.0.0.1:8088", upstream),
        ("/etc/letsencrypt/live/stt.example/fullchain.pem", str(files[0])),
        ("/etc/letsencrypt/live/stt.example/privkey.pem", str(files[1])),
        ("/var/log/nginx/", f"{folder}/"),
    )
    temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = " ".join(f"{name}_temp_path {folder}/{name};" for name in temporary)
    (folder / "nginx.conf").write_text(NGINX.format(paths=paths, snippet=snippet))
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]


def caddy(folder: Path, port: int, upstream: str, files: tuple[Path, Path]) -> list[str]:
    snippet = changed(
        (DEPLOY / "Caddyfile").read_text(),
        ("\n{\n", "\n{\nadmin off\nauto_https disable_redirects\n"),
        ("stt.example {", f"https://localhost:{port} {{\ntls {files[0]} {files[1]}"),
        ("127.0.0.1:8088", upstream.removeprefix("http://")),
    )
    (folder / "Caddyfile").write_text(snippet)
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


READY = {"nginx": "start worker process ", "caddy": "serving initial configuration"}


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[None]:
    """Run a proxy. Its output is in the file "said" of the folder at the end."""
    name = command[0]
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed here")
    own = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with subprocess.Popen(
        [program, *command[1:]], stderr=subprocess.PIPE, text=True, env=own
    ) as process:
        assert process.stderr is not None
        said = ""
        try:
            while READY[name] not in said:
                line = process.stderr.readline()
                assert line, said
                said += line
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            said += process.communicate(timeout=30)[1]
            (folder / "said").write_text(said)


def uploaded(port: int, trust: ssl.SSLContext) -> str:
    """The text of a file that is longer than nginx takes by default."""
    request = Request(  # our own address
        f"https://localhost:{port}/v1/transcripts?format=txt",
        data=wav(3 * clips.conversation()),
    )
    with urlopen(request, context=trust, timeout=60) as answer:  # noqa: S310
        return str(answer.read().decode())


@pytest.mark.parametrize("proxy", [nginx, caddy])
def test_a_session_works_through_a_proxy_that_logs_no_query(
    proxy: object, tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    """This holds for a served request, and for one that fails without a server."""
    folder = tmp_path / "proxy"
    folder.mkdir()
    port = free_port()
    url = f"wss://localhost:{port}/?token={TOKEN}"
    trust = ssl.create_default_context(cafile=str(certificate[0]))

    async def talk() -> str:
        page = f"https://localhost:{port}"
        async with connect(url, ssl=trust, origin=page, compression=None, proxy=None) as websocket:  # type: ignore[arg-type]
            peer = Peer(websocket)
            assert (await peer.receive())["type"] == "model_loaded"
            await peer.begin()
            return str((await peer.transcribe(clips.conversation()))[-1]["text"])

    async def fail() -> None:
        with pytest.raises(InvalidStatus, match="502"):
            async with connect(url, ssl=trust, proxy=None):
                pass

    plain = ("--no-dev-cert", "--plain-ws", "loopback", "--port", "0")
    with hwaja_serve(tmp_path, *plain) as server:
        upstream = server.serving["url"].replace("ws://", "http://")
        with running(proxy(folder, port, upstream, certificate), folder):  # type: ignore[operator]
            assert "winter of despair" in asyncio.run(talk()).lower()
            assert "winter of despair" in uploaded(port, trust).lower()
            server.process.send_signal(signal.SIGTERM)
            server.end()
            asyncio.run(fail())
    written = b""
    for file in folder.rglob("*"):
        with suppress(IsADirectoryError):
            written += file.read_bytes()
    assert READY[proxy.__name__].encode() in written  # type: ignore[attr-defined]
    assert TOKEN.encode() not in written

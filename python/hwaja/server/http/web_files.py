"""Serves the page and the browser client, which are package files, on the WebSocket port."""

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from gzip import compress
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from hwaja.server.config import ConfigError
from hwaja.server.http.header_lists import members

TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}
"""The files that are served; the folder's other files are for bundling the client."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'{sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content Security Policy, level 3: no foreign origins, no inline code, no framing."""

MOST_CONSENT_CHARACTERS = 10_000
"""Some pages of text; nobody reads more before a conversation."""

_HOST = re.compile(r"[\w.:\[\]-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class WebFile:
    """One file in the form in which it is sent."""

    content_type: str
    body: bytes
    compressed: bytes
    """The content, compressed with gzip."""
    tag: str
    """Strong entity tag, RFC 9110 section 8.8.3; the compressed form's tag has a suffix."""


class WebFiles:
    """All files of the page. They are read once, at the start."""

    def __init__(self, peers: Collection[str] = (), consent: str | None = None) -> None:
        """Read the files.

        Args:
            peers: other servers that the page may go on at.
            consent: what the page asks people to agree to before it records a voice. None: its own
                text.

        """
        self._peers = tuple(sorted(peers))
        self._files = dict(_read(files("hwaja") / "web", "/"))
        self._files["/"] = self._files["/index.html"]
        self._files["/subtitles"] = self._files["/subtitles.html"]
        told = json.dumps({"peers": self._peers, "consent": consent}).encode()
        self._files["/page/server.json"] = _web_file("application/json", told)

    def answer(self, path: str, request: Request) -> Response | None:
        """Return the file at `path`; None for another path, or a method other than GET and HEAD."""
        file = self._files.get(path)
        if file is None or request.method not in ("GET", "HEAD"):
            return None
        is_compressed = any("gzip" in each for each in members(request.headers, "Accept-Encoding"))
        tag = f'"{file.tag}-gzip"' if is_compressed else f'"{file.tag}"'
        headers = Headers(
            {
                "Connection": "close",
                "Cache-Control": "no-cache",  # browsers revalidate each time by the entity tag
                "ETag": tag,
                "Vary": "Accept-Encoding",
                "Content-Security-Policy": _policy(request.headers.get("Host", ""), self._peers),
                "Permissions-Policy": "microphone=(self)",
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
                "Cross-Origin-Opener-Policy": "same-origin",
                "Cross-Origin-Resource-Policy": "same-origin",
            }
        )
        if tag in members(request.headers, "If-None-Match"):
            return _response(HTTPStatus.NOT_MODIFIED, headers, b"")
        body = file.compressed if is_compressed else file.body
        headers["Content-Type"] = file.content_type
        headers["Content-Length"] = str(len(body))
        if is_compressed:
            headers["Content-Encoding"] = "gzip"
        return _response(HTTPStatus.OK, headers, body)


def read_consent(file: Path | None) -> str | None:
    """Return the text of `--consent-file`; None: there is no such file.

    Raises:
        ConfigError: where it cannot be read, is empty or too long; the text is not quoted.

    """
    if file is None:
        return None
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file} must be text in UTF-8.") from None
    if not 0 < len(text) <= MOST_CONSENT_CHARACTERS:
        most = MOST_CONSENT_CHARACTERS
        raise ConfigError(f"{file} must have 1 to {most} characters, and has {len(text)}.")
    return text


def _read(folder: Traversable, path: str) -> Iterator[tuple[str, WebFile]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _read(entry, f"{path}{entry.name}/")
            continue
        content_type = TYPES.get(entry.name.rpartition(".")[2])
        if content_type is not None:
            yield path + entry.name, _web_file(content_type, entry.read_bytes())


def _web_file(content_type: str, body: bytes) -> WebFile:
    tag = hashlib.sha256(body).hexdigest()[:16]
    return WebFile(content_type, body, compress(body, mtime=0), tag)


def _policy(host: str, peers: Collection[str]) -> str:
    # In Safari before 15.4, 'self' does not include a WebSocket to the page's own host.
    own = [f"wss://{host}"] if _HOST.fullmatch(host) else []
    return _POLICY.format(sockets="".join(f" {each}" for each in (*own, *peers)))


def _response(status: HTTPStatus, headers: Headers, body: bytes) -> Response:
    return Response(status.value, status.phrase, headers, body)

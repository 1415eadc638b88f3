"""Sends a form with files to a server, and shows how much of it is sent."""

import secrets
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hwaja.client import CertificateError, ClientError, RefusedError, UnauthorizedError
from hwaja.client.form import follows_protocol
from hwaja.client.websocket import unanswered

BLOCK_BYTES = 64 * 1024

SEND_BUFFER_BYTES = 64 * 1024
"""Of the socket: what is sent is then nearly what the server has taken."""

RESPONSE_SECONDS = 600.0
"""Longest wait for the server to take or to send something. A busy server lets a file wait."""

Progress = Callable[[int, int], object]
"""Called with the number of bytes that are sent, and with that of all."""


@dataclass(frozen=True, slots=True)
class Field:
    """A part of a form: a text, or a file."""

    name: str
    content: str | Path

    @property
    def head(self) -> bytes:
        """The headers of the part."""
        file = "; filename=sound" if isinstance(self.content, Path) else ""
        return f'Content-Disposition: form-data; name="{self.name}"{file}\r\n\r\n'.encode()

    @property
    def size_bytes(self) -> int:
        """The length of the content."""
        if isinstance(self.content, Path):
            return self.content.stat().st_size
        return len(self.content.encode())

    def blocks(self) -> Iterator[bytes]:
        """Yield the content."""
        if isinstance(self.content, str):
            yield self.content.encode()
            return
        with self.content.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                yield block


class Form:
    """A form that is sent once."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = fields
        self._boundary = secrets.token_hex(16)
        self._end = f"--{self._boundary}--\r\n".encode()

    @property
    def content_type(self) -> str:
        """The media type, with the boundary between the parts."""
        return f"multipart/form-data; boundary={self._boundary}"

    @property
    def size_bytes(self) -> int:
        """The length of the whole form."""
        parts = sum(len(self._before(each)) + each.size_bytes + 2 for each in self._fields)
        return parts + len(self._end)

    def blocks(self) -> Iterator[bytes]:
        """Yield the form."""
        for each in self._fields:
            yield self._before(each)
            yield from each.blocks()
            yield b"\r\n"
        yield self._end

    def _before(self, field: Field) -> bytes:
        return f"--{self._boundary}\r\n".encode() + field.head


def send(
    url: str, path: str, tls: ssl.SSLContext, token: str | None, form: Form, progress: Progress
) -> str:
    """Send a form to a path below the address of a server; return the body of the response.

    Raises:
        CertificateError, UnauthorizedError: as `connect`.
        ClientError: if no server answers, or the server refuses.
        OSError: if a file cannot be read.

    """
    address = urlsplit(url)
    connection = _connection(address.scheme, address.hostname or "", address.port, tls)
    headers = {"Content-Type": form.content_type, "Content-Length": str(form.size_bytes)}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    try:
        _connect(connection, url)
        try:
            body = _counted(form, progress)
            connection.request("POST", address.path.rstrip("/") + path, body, headers)
        except (ConnectionError, ssl.SSLError):
            pass  # the server has answered early, and read no further
        response = connection.getresponse()
        content = response.read().decode(errors="replace")
    except (ConnectionError, HTTPException, ssl.SSLError, TimeoutError) as error:
        raise ClientError(f"The server at {url} has ended the connection.") from error
    finally:
        connection.close()
    if response.status == 401:
        raise UnauthorizedError(str(_refusal(content)))
    if response.status != 200:
        raise _refusal(content)
    return content


def _connection(scheme: str, host: str, port: int | None, tls: ssl.SSLContext) -> HTTPConnection:
    if scheme == "ws":
        return HTTPConnection(host, port, timeout=RESPONSE_SECONDS)
    return HTTPSConnection(host, port, timeout=RESPONSE_SECONDS, context=tls)


def _connect(connection: HTTPConnection, url: str) -> None:
    try:
        connection.connect()
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    except ssl.SSLCertVerificationError as error:
        raise CertificateError(f"The certificate of {url} is not trusted.") from error
    except OSError as error:
        raise unanswered(url, error) from error


def _counted(form: Form, progress: Progress) -> Iterator[bytes]:
    sent_bytes, all_bytes = 0, form.size_bytes
    for block in form.blocks():
        yield block
        sent_bytes += len(block)
        progress(sent_bytes, all_bytes)


def _refusal(content: str) -> ClientError:
    try:
        error = {**msgspec.json.decode(content, type=dict[str, Any]), "type": "error"}
    except (msgspec.DecodeError, RecursionError):
        error = {}
    if error and follows_protocol(error):
        return RefusedError(error)
    return ClientError(f"The server answered: {content.partition(chr(10))[0] or 'nothing'}")

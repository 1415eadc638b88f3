"""The client against the real server, other servers, and no server."""

import ast
import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import clips
import pytest
from loopback import Endpoint, serving, tokens_of
from websockets.asyncio.server import ServerConnection, serve

import hwaja
from hwaja.client import (
    CertificateError,
    ClientError,
    UnauthorizedError,
)
from hwaja.client import connect as open_session
from hwaja.client import (
    websocket as connection,
)
from hwaja.client.sound_files import paced
from hwaja.client.trust import client_tls
from hwaja.client.websocket import MAX_UNREAD_BYTES, dial, open_connection
from hwaja.protocol.audio import CHUNK_SAMPLES
from hwaja.server.access.access_policy import AccessPolicy
from hwaja.server.network import certificate as certificate_module
from hwaja.server.network.certificate import development_certificate
from hwaja.server.network.tls import tls_context
from hwaja.server.services import Services

pytestmark = pytest.mark.models

in_one_loop = pytest.mark.asyncio(loop_scope="session")

PACKAGE = Path(hwaja.__file__).parent


def at_once(pcm: bytes) -> AsyncIterator[bytes]:
    return paced(pcm, speed=0)


@in_one_loop
async def test_a_session_works_from_enrolment_to_the_last_word(endpoint: Endpoint) -> None:
    async with open_connection(endpoint.url, endpoint.trust) as client:
        for speaker_id, voice in enumerate(clips.voices()):
            confirmation = await client.enrol(speaker_id, at_once(voice))
            assert confirmation["speaker_id"] == speaker_id
        await client.send({"type": "start_transcription"})
        await client.expect("transcription_started")
        await client.send_audio(at_once(clips.conversation()))
        await client.send({"type": "stop_transcription"})
        heard = []
        while (message := await client.receive())["type"] != "transcription_stopped":
            heard.append(message)
    assert [message["type"] for message in heard] == ["transcription"] * 4
    assert "winter of despair" in heard[-1]["text"].lower()


@in_one_loop
async def test_a_refused_voice_is_explained(
    endpoint: Endpoint,
) -> None:
    async with open_connection(endpoint.url, endpoint.trust) as client:
        with pytest.raises(ClientError, match=r"^The server answered: There is too little speech"):
            await client.enrol(0, at_once(clips.silence(4)))
        assert (await client.enrol(0, at_once(clips.voices()[0])))["speaker_id"] == 0


@in_one_loop
async def test_audio_is_not_sent_far_ahead_of_what_the_server_has_read(
    certificate: tuple[Path, Path],
) -> None:
    """Unread audio delays the answers to the server's pings."""
    sent_bytes = read_bytes = most_unread = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent_bytes
        async for chunk in at_once(clips.silence(40)):
            sent_bytes += len(chunk)
            yield chunk

    async def read(websocket: ServerConnection) -> None:
        nonlocal read_bytes, most_unread
        await websocket.send('{"type": "model_loaded"}')
        async for message in websocket:
            most_unread = max(most_unread, sent_bytes - read_bytes)
            read_bytes += len(message)

    async with serve(read, "127.0.0.1", 0, ssl=tls_context(*certificate), max_size=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with open_connection(f"wss://localhost:{port}", client_tls(certificate[0])) as client:
            await client.send_audio(chunks())
    assert sent_bytes == len(clips.silence(40))
    # The server's library reads up to 16 messages ahead from the socket.
    assert most_unread <= MAX_UNREAD_BYTES + 20 * 2 * CHUNK_SAMPLES < sent_bytes / 2


@in_one_loop
async def test_a_full_server_is_explained(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    async with serving(services, certificate, max_connections=1) as endpoint, endpoint.welcomed():
        with pytest.raises(ClientError, match=r"^The server answered: The connection has failed"):
            async with open_connection(endpoint.url, endpoint.trust):
                pass


@in_one_loop
async def test_the_end_of_the_connection_is_an_error_with_the_close_code(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    async with (
        serving(services, certificate) as endpoint,
        open_connection(endpoint.url, endpoint.trust) as client,
    ):
        await endpoint.server.stop()
        with pytest.raises(ClientError, match=r"closed the connection \(code 1001\)\.$"):
            await client.receive()
        with pytest.raises(ClientError, match=r"closed the connection \(code 1001\)\.$"):
            await client.send({"type": "start_transcription"})
        with pytest.raises(ClientError, match=r"closed the connection \(code 1001\)\.$"):
            await client.send_audio(at_once(bytes(10)))


# Certificates ---------------------------------------------------------------------------------


async def connect(endpoint: Endpoint, tls: ssl.SSLContext) -> None:
    async with open_connection(endpoint.url, tls):
        pass


@in_one_loop
async def test_a_certificate_is_trusted_if_it_is_given_explicitly(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    await connect(endpoint, client_tls(certificate[0]))


@in_one_loop
async def test_an_untrusted_certificate_has_its_own_error(endpoint: Endpoint) -> None:
    with pytest.raises(CertificateError) as caught:
        await connect(endpoint, client_tls(None))
    assert str(caught.value) == (
        f"The certificate of {endpoint.url} is not trusted (self-signed certificate)."
    )


@in_one_loop
@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        (None, "The server at {url} wants a token."),
        ("another-0123456789", "The server at {url} does not know this token."),
    ],
)
async def test_a_missing_or_wrong_token_has_its_own_error(
    token: str | None, sentence: str, services: Services, certificate: tuple[Path, Path]
) -> None:
    policy = AccessPolicy(tokens_of("right-0123456789"))
    async with serving(services, certificate, policy=policy) as endpoint:
        with pytest.raises(UnauthorizedError) as caught:
            await dial(endpoint.url, endpoint.trust, token)
        assert str(caught.value) == sentence.format(url=endpoint.url)
        await (await dial(endpoint.url, endpoint.trust, "right-0123456789")).close()


@in_one_loop
async def test_a_trusted_certificate_of_another_machine_is_refused(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate_module, "machine_names", lambda: ("elsewhere",))
    theirs = development_certificate(tmp_path)
    async with serving(services, theirs) as endpoint:
        with pytest.raises(ClientError, match=r"is not trusted \(Hostname mismatch"):
            await connect(endpoint, client_tls(theirs[0]))


@in_one_loop
async def test_without_verification_any_certificate_is_accepted(endpoint: Endpoint) -> None:
    await connect(endpoint, client_tls(None, verify=False))


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_without_a_certificate_is_named_in_the_error(
    kind: Callable[[Path], str | Path], tmp_path: Path
) -> None:
    """A missing file is an error as well: the client cannot trust the certificate it should."""
    junk, absent = tmp_path / "junk.pem", tmp_path / "absent.pem"
    junk.write_text("not a certificate")
    reasons = {
        junk: "holds no certificate",
        absent: "cannot be read: No such file or directory",
        tmp_path: "cannot be read: Is a directory",
    }
    for file, reason in reasons.items():
        with pytest.raises(ClientError) as caught:
            client_tls(kind(file))
        assert str(caught.value) == f"{file} {reason}."
    client_tls(kind(absent), verify=False)


LIBRARY = [
    *sorted((PACKAGE / "client").glob("*.py")),
    *sorted((PACKAGE / "adapters").glob("*.py")),
]


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_no_message_of_the_library_mentions_command_line_options(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    said = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]
    assert [text for text in said if re.search(r"--[a-z]", text)] == []


# Other servers, or none -----------------------------------------------------------------------


@in_one_loop
async def test_an_unreachable_server_is_explained(unused_tcp_port: int) -> None:
    sentence = rf"^No server answers at wss://localhost:{unused_tcp_port} \(\w+\)\.$"
    with pytest.raises(ClientError, match=sentence):
        async with open_connection(f"wss://localhost:{unused_tcp_port}", client_tls(None)):
            pass


@in_one_loop
async def test_a_server_without_websockets_is_explained(certificate: tuple[Path, Path]) -> None:
    async def not_found(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    tls = tls_context(*certificate)
    async with await asyncio.start_server(not_found, "127.0.0.1", 0, ssl=tls) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ClientError, match=r"^No server answers at .* \(InvalidStatus\)\.$"):
            async with open_connection(f"wss://localhost:{port}", client_tls(certificate[0])):
                pass


@in_one_loop
@pytest.mark.parametrize(
    "greeting",
    ["hello", b"\xff\xfe", "[]", '{"kind": "welcome"}', "7", '{"type": 7}', "[" * 100_000],
    ids=lambda greeting: repr(greeting[:20]),
)
async def test_a_websocket_server_of_another_kind_is_explained(
    greeting: str | bytes, certificate: tuple[Path, Path]
) -> None:
    async def greet(websocket: ServerConnection) -> None:
        await websocket.send(greeting)
        await websocket.wait_closed()

    async with serve(greet, "127.0.0.1", 0, ssl=tls_context(*certificate)) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(ClientError, match=r"^The server is not a hwaja server\.$"):
            async with open_connection(f"wss://localhost:{port}", client_tls(certificate[0])):
                pass


@in_one_loop
async def test_a_server_that_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "OPENING_SECONDS", 0.05)

    async def say_nothing(websocket: ServerConnection) -> None:
        await websocket.wait_closed()

    async with serve(say_nothing, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        sentence = r"^The server does not say that it is ready\.$"
        with pytest.raises(ClientError, match=sentence):
            async with open_connection(f"ws://localhost:{port}", client_tls(None)):
                pass
        with pytest.raises(ClientError, match=sentence):
            async with open_session(f"ws://localhost:{port}"):
                pass


@in_one_loop
@pytest.mark.parametrize(
    "url",
    [
        "localhost:8088",
        "https://localhost",
        "http://localhost:8088",
        "wss://localhost:port",
        "",
        "wss://",
    ],
)
async def test_an_invalid_address_is_explained(url: str) -> None:
    sentence = re.escape(f"{url!r} is no address of a server, which begins with wss:// or ws://.")
    with pytest.raises(ClientError, match=f"^{sentence}$"):
        async with open_connection(url, client_tls(None)):
            pass


@in_one_loop
@pytest.mark.parametrize("token", ["", "with/slash", "padded==", "two words", "a line\n", "비밀"])
async def test_an_invalid_token_is_refused_before_it_is_sent_and_is_not_quoted(token: str) -> None:
    with pytest.raises(ClientError) as caught:
        await dial("wss://localhost:1", client_tls(None), token)
    assert str(caught.value) == "A token has letters, digits or -._~+ and nothing else."

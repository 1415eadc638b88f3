"""The server's socket: TLS, the connection limit, and how the server stops."""

import asyncio
import ssl
import warnings
from contextlib import suppress
from pathlib import Path

import clips
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from fakes import RING_FRAMES, FakePool, WatchedDetection, fake_services
from loopback import PATIENCE_SECONDS, serving
from websockets.asyncio.client import connect

from hwaja.server.config import Config
from hwaja.server.network.tls import TlsError, tls_context
from hwaja.server.server import Server
from hwaja.server.services import Services
from hwaja.vad.silero import SileroDetector

pytestmark = pytest.mark.models

in_one_loop = pytest.mark.asyncio(loop_scope="session")

SERVER_FULL = {
    "type": "error",
    "code": "CONNECTION_FAILED",
    "message": "WebSocket 연결에 실패했습니다.",
}


@in_one_loop
async def test_only_tls_1_2_and_later_are_accepted(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    """OpenSSL's own security level is lifted on both ends, so that only the server's rule refuses;
    once that is lifted as well, the old versions are spoken."""
    version = ssl.TLSVersion
    old, new = ["TLSv1", "TLSv1.1"], ["TLSv1.2", "TLSv1.3"]
    context = tls_context(*certificate)
    context.set_ciphers("DEFAULT@SECLEVEL=0")

    async def spoken(port: int) -> list[str]:
        accepted = []
        for offered in (version.TLSv1, version.TLSv1_1, version.TLSv1_2, version.TLSv1_3):
            tls = ssl.create_default_context(cafile=str(certificate[0]))
            tls.set_ciphers("DEFAULT@SECLEVEL=0")
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
                tls.minimum_version = tls.maximum_version = offered
            with suppress(ConnectionError, ssl.SSLError):
                async with connect(f"wss://localhost:{port}", ssl=tls, proxy=None) as websocket:
                    accepted.append(websocket.transport.get_extra_info("ssl_object").version())
        return accepted

    server = Server(services, Config(max_connections=1, drain_seconds=1))
    port = await server.start("127.0.0.1", 0, context)
    try:
        assert await spoken(port) == new
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            context.minimum_version = version.TLSv1
        assert await spoken(port) == old + new
    finally:
        await server.stop()


def test_an_unusable_certificate_is_named_in_the_error(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    """A key with a passphrase is unusable too, since a service has no terminal."""
    cert, key = certificate
    absent, junk = tmp_path / "absent.pem", tmp_path / "junk.pem"
    junk.write_text("not a certificate")
    for files in ((absent, key), (cert, absent)):
        with pytest.raises(TlsError, match=r"^The file .*absent\.pem does not exist\.$"):
            tls_context(*files)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        load_pem_private_key(key.read_bytes(), None).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
        )
    )
    for files in ((junk, key), (cert, junk), (key, cert), (cert, locked)):
        with pytest.raises(
            TlsError, match=r"^\S+ and \S+ are not a certificate and its private key\.$"
        ):
            tls_context(*files)


@in_one_loop
async def test_a_full_server_says_so_and_serves_again_after_a_client_left(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    async with serving(services, certificate, max_connections=2) as endpoint:
        async with endpoint.welcomed() as first, endpoint.welcomed():
            for _ in range(3):
                async with endpoint.connect() as refused:
                    assert await refused.receive_until_closed() == ([SERVER_FULL], 1013)
            # Who was refused has disturbed nobody.
            assert len(await first.enrol(0, clips.voices()[0])) == 2
        async with endpoint.welcomed():
            pass


@in_one_loop
async def test_an_abrupt_disconnect_frees_its_slot(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    """Whatever the client was doing."""

    async with serving(services, certificate, max_connections=1) as endpoint:
        for _ in range(2):
            async with endpoint.welcomed() as idle:
                idle.websocket.transport.abort()
            await endpoint.until_free()
        async with endpoint.welcomed() as enrolling:
            await enrolling.say("start_speaker_registration", speaker_id=0)
            await enrolling.play(clips.voices()[0])
            await enrolling.say("complete_speaker_registration", speaker_id=0)
            enrolling.websocket.transport.abort()
        await endpoint.until_free()
        async with endpoint.welcomed() as talking:
            await talking.begin()
            await talking.play(clips.part("two_cities", 5, 15))
            talking.websocket.transport.abort()
        await endpoint.until_free()


@in_one_loop
async def test_a_failed_handshake_takes_no_slot(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    async with serving(services, certificate, max_connections=1) as endpoint:
        for tls in (None, endpoint.trust):
            reader, writer = await asyncio.open_connection("localhost", endpoint.port, ssl=tls)
            writer.write(b"\x16\x03 this is neither TLS nor HTTP\r\n\r\n")
            async with asyncio.timeout(PATIENCE_SECONDS):
                await reader.read()
            writer.close()
        reader, writer = await asyncio.open_connection(
            "localhost", endpoint.port, ssl=endpoint.trust
        )
        writer.write(b"GET / HTTP/1.1\r\nConnection: Upgrade\r\n")  # and nothing more
        async with endpoint.welcomed():
            pass
        writer.close()


@in_one_loop
async def test_a_stopping_server_answers_the_received_speech(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    """The sentence that is being spoken is not lost; then the connection is closed as 1001."""
    async with serving(services, certificate) as endpoint, endpoint.welcomed() as peer:
        await peer.begin()
        await peer.play(clips.part("two_cities", 17, 20.5))
        await peer.say("start_transcription")  # an error, and proof that the audio has arrived
        assert (await peer.receive())["type"] == "error"
        stopping = asyncio.create_task(endpoint.server.stop())
        messages, code = await peer.receive_until_closed()
        await stopping
    assert [message["type"] for message in messages] == ["transcription"]
    assert "winter of despair" in messages[0]["text"].lower()
    assert code == 1001


@in_one_loop
async def test_a_stopping_server_refuses_new_clients_and_closes_idle_ones(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    async with serving(services, certificate) as endpoint, endpoint.welcomed() as idle:
        stopping = asyncio.create_task(endpoint.server.stop())
        assert await idle.receive_until_closed() == ([], 1001)
        await stopping
        with pytest.raises(OSError, match=r"(?i)connect"):
            await asyncio.open_connection("127.0.0.1", endpoint.port)


@in_one_loop
@pytest.mark.parametrize(
    ("hurried", "frames"),
    [(False, 300), (True, 300), (True, RING_FRAMES)],
    ids=["after drain_seconds", "hurried", "hurried with a full ring"],
)
async def test_a_server_stops_even_if_a_session_cannot_be_answered(
    hurried: bool, frames: int, detector: SileroDetector, certificate: tuple[Path, Path]
) -> None:
    """It stops after drain_seconds, or at once on a second signal, and logs it."""
    engine, detection = FakePool(), WatchedDetection(detector)
    stuck = fake_services(engine, detection)
    drain_seconds = 1000 if hurried else 0.05
    async with (
        serving(stuck, certificate, drain_seconds=drain_seconds) as endpoint,
        endpoint.welcomed() as peer,
    ):
        await peer.begin()
        engine.working.clear()
        detection.frames = 0
        playing = asyncio.create_task(peer.play(clips.part("two_cities", 1.5, 44)))
        await detection.heard(frames)
        hurry = asyncio.Event()
        stopping = asyncio.create_task(endpoint.server.stop(hurry))
        if hurried:
            hurry.set()
        (error,), code = await peer.receive_until_closed()
        assert (error["code"], code) == ("TRANSCRIPTION_FAILED", 1001)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await stopping
            await asyncio.gather(playing, return_exceptions=True)

"""Hostile and broken uploads, over a raw socket: each is refused or cut, and frees its place."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import clips
import pytest
from fakes import FakePool
from loopback import PATIENCE_SECONDS, Endpoint, Serve
from raw_client import UPGRADE, RawClient, dialled
from uploads import PATH, post, wav

from hwaja.server.files import http_exchange
from hwaja.server.network.guard import MAX_REQUEST_BYTES

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

TALK = wav(clips.conversation())
SILENCE = wav(clips.silence(0.5))


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server does not wait long for clients that it has refused."""
    monkeypatch.setattr(http_exchange, "LINGER_SECONDS", 0.2)


def head(*lines: str) -> bytes:
    return "\r\n".join([f"POST {PATH} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


CHUNKED = head("Transfer-Encoding: chunked")


@asynccontextmanager
async def sent(endpoint: Endpoint, content: bytes) -> AsyncIterator[RawClient]:
    async with dialled(endpoint.port, endpoint.trust) as client:
        await client.send(content)
        yield client


async def answered(endpoint: Endpoint, content: bytes) -> bytes:
    async with sent(endpoint, content) as client:
        return await client.read_to_end()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (head("Content-Length: many"), b"400"),
        (head("Content-Length: 5", "Content-Length: 6"), b"400"),
        (head("Transfer-Encoding: gzip"), b"400"),
        (CHUNKED + b"zz\r\n", b"400"),
        (CHUNKED + b"f" * 21 + b"\r\n", b"400"),
        (head("Host: other", "Content-Length: 0"), b"400"),
        (head("X-Long: " + "x" * 4 * MAX_REQUEST_BYTES), b"431"),
        (head("Bad Header: 1"), b"400"),
        (head("Content-Length: 0"), b"415"),
        (CHUNKED + b"0\r\n\r\n", b"415"),
    ],
)
async def test_a_request_that_breaks_http_gets_a_status(
    endpoint: Endpoint, content: bytes, status: bytes
) -> None:
    answer = await answered(endpoint, content)
    assert answer.split(b" ", 2)[1] == status
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_what_follows_the_body_is_no_second_request(serve: Serve) -> None:
    """A connection serves one upload: nothing can be smuggled behind it."""
    async with serve() as endpoint:
        body = head(f"Content-Length: {len(SILENCE)}") + SILENCE
        answer = await answered(endpoint, body + UPGRADE)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_client_may_wait_for_the_server_before_it_sends_the_file(serve: Serve) -> None:
    """`Expect: 100-continue`: curl does so for large files."""
    asks = head(f"Content-Length: {len(SILENCE)}", "Expect: 100-continue")
    async with serve() as endpoint, sent(endpoint, asks) as client:
        assert (await client.upgrade(b"")).startswith(b"HTTP/1.1 100 ")
        await client.send(SILENCE)
        assert (await client.read_to_end()).startswith(b"HTTP/1.1 200 ")


async def test_a_refused_client_is_not_asked_for_its_file(serve: Serve) -> None:
    asks = head("Content-Length: 900000000", "Expect: 100-continue", "Origin: https://evil.example")
    async with serve() as endpoint:
        answer = await answered(endpoint, asks)
    assert answer.startswith(b"HTTP/1.1 403 ")


async def test_chunks_of_any_size_are_one_file(serve: Serve) -> None:
    pieces = [SILENCE[at : at + 100] for at in range(0, len(SILENCE), 100)]
    async with serve() as endpoint:
        answer = await answered(endpoint, CHUNKED + b"".join(map(chunk, [*pieces, b""])))
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_an_upload_that_stands_still_is_ended(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_exchange, "STALL_SECONDS", 0.2)
    async with serve(max_file_jobs=1) as endpoint:
        async with sent(endpoint, head("Content-Length: 900000") + TALK[:1000]) as client:
            assert (await client.read_to_end()).startswith(b"HTTP/1.1 408 ")
        assert (await post(endpoint, SILENCE)).status_code == 200


async def test_an_endless_file_is_ended_at_its_limit(serve: Serve) -> None:
    """Its header says 4 GB of audio, and the body has no end."""
    endless = wav(b"").replace(bytes(4), b"\xff\xff\xff\xff")
    async with serve(max_file_seconds=5.0) as endpoint:
        async with sent(endpoint, CHUNKED + chunk(endless)) as client:
            for _ in range(10_000):
                await client.send(chunk(bytes(32_000)))
                if client.is_cut:
                    break
            answer = await client.read_to_end()
        assert client.is_cut or b"413" in answer
        await until(lambda: not len(endpoint.server._files.registry))


async def test_a_file_that_breaks_off_is_not_taken_for_the_whole(
    serve: Serve, engine: FakePool
) -> None:
    """The client is gone: its session ends, its audio is overwritten, and its place is free."""
    engine.working.clear()
    async with serve(max_file_jobs=1) as endpoint:
        registry = endpoint.server._files.registry
        async with sent(endpoint, head(f"Content-Length: {len(TALK)}") + TALK[:-1000]):
            await engine.asked.wait()
            (runner,) = registry.runners
            assert len(runner._ring) > 0
        await until(lambda: not len(registry))
        assert len(runner._ring) == 0
        assert not runner.outbox._waiting
        assert not runner.outbox._sent
        engine.working.set()
        assert (await post(endpoint, SILENCE)).status_code == 200


async def test_a_client_that_leaves_before_the_answer_frees_its_place(
    serve: Serve, engine: FakePool
) -> None:
    """It has sent everything, and does not wait for the workers."""
    engine.working.clear()
    async with serve(max_file_jobs=1) as endpoint:
        registry = endpoint.server._files.registry
        async with sent(endpoint, head(f"Content-Length: {len(TALK)}") + TALK):
            await engine.asked.wait()
        await until(lambda: not len(registry))


async def test_a_connection_that_sends_nothing_is_cut(serve: Serve) -> None:
    async with serve(handshake_seconds=0.2) as endpoint:
        assert await answered(endpoint, b"") == b""
        assert await answered(endpoint, f"POST {PATH}".encode()) == b""
        assert b" 408 " in await answered(endpoint, f"POST {PATH} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize(
    ("content", "begin"),
    [
        (UPGRADE, b"HTTP/1.1 101 "),
        (f"POST {PATH}x HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), b"HTTP/1.1 426 "),
        (b"POST /token HTTP/1.1\r\nHost: localhost\r\n\r\n", b"HTTP/1.1 426 "),
        (b"POS", b""),
        (head("Content-Length: 0"), b"HTTP/1.1 415 "),
        (head("Content-Length: 0").replace(b" HTTP", b"?x=1 HTTP"), b"HTTP/1.1 400 "),
    ],
)
async def test_a_connection_is_told_by_its_first_bytes_however_they_come(
    serve: Serve, content: bytes, begin: bytes
) -> None:
    async with (
        serve(handshake_seconds=1) as endpoint,
        dialled(endpoint.port, endpoint.trust) as client,
    ):
        answer = await client.trickle(content, pause_seconds=0.001)
        while not answer.startswith(begin):
            answer += await client.trickle(b" ")
        if begin == b"":
            assert await client.read_to_end() == b""

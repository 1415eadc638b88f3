"""Clients that flood a WebSocket with frames, or do not read its answers, over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
from loopback import PATIENCE_SECONDS
from raw_client import UPGRADE
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from hwaja.privacy.cycle_collection import CycleCollector
from hwaja.protocol.codes import CloseCode
from hwaja.server.network.guard import BURST_FRAMES, MAX_REQUEST_BYTES, GuardedConnection

MUCH_BYTES = 32 << 20
"""More than the limit for a client that does not read, and than the buffers of the system."""

PING = b"\x89\x80" + bytes(4)

Handler = Callable[[ServerConnection], Awaitable[None]]


async def echo(websocket: ServerConnection) -> None:
    async for message in websocket:
        await websocket.send(message)


@asynccontextmanager
async def guarded(handler: Handler = echo) -> AsyncIterator[int]:
    """A WebSocket server without TLS. Yields its port."""
    create = partial(GuardedConnection, collector=CycleCollector())
    async with serve(handler, "127.0.0.1", 0, create_connection=create) as server:
        (listening,) = server.sockets
        yield listening.getsockname()[1]


@asynccontextmanager
async def client_of(port: int, **options: int) -> AsyncIterator[ClientConnection]:
    async with connect(f"ws://127.0.0.1:{port}", proxy=None, **options) as websocket:
        yield websocket


async def test_a_client_that_floods_control_frames_is_closed_with_its_code() -> None:
    async with guarded() as port, client_of(port, close_timeout=1) as client:
        for _ in range(2 * BURST_FRAMES):
            client.protocol.send_ping(b"")
        client.send_data()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await client.wait_closed()
        assert client.close_code == CloseCode.POLICY_VIOLATION


async def test_a_client_that_floods_fragments_is_closed_with_its_code() -> None:
    async with guarded() as port, client_of(port, close_timeout=1) as client:
        client.protocol.send_text(b"", fin=False)
        for _ in range(2 * BURST_FRAMES):
            client.protocol.send_continuation(b"", fin=False)
        client.send_data()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await client.wait_closed()
        assert client.close_code == CloseCode.POLICY_VIOLATION


async def test_whole_messages_do_not_count_against_the_limit_of_frames() -> None:
    async with guarded() as port, client_of(port) as client:
        async with asyncio.timeout(PATIENCE_SECONDS):
            for number in range(2 * BURST_FRAMES):
                await client.send(str(number))
                assert await client.recv() == str(number)


@pytest.mark.parametrize("fill", [b"x", b"x: y\r\n"], ids=["one endless line", "lines without end"])
async def test_a_request_that_is_too_large_gets_http_431_and_is_closed(fill: bytes) -> None:
    async with guarded() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n" + fill * (MAX_REQUEST_BYTES // len(fill) + 1))
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await reader.read()).startswith(b"HTTP/1.1 431 ")
        writer.close()


async def test_a_client_that_sends_and_reads_no_answer_is_aborted() -> None:
    """Its answers would fill the memory of the server."""
    sending, ended = asyncio.Event(), asyncio.Event()

    async def send_much(websocket: ServerConnection) -> None:
        sending.set()
        with suppress(ConnectionClosed):
            await websocket.send(bytes(MUCH_BYTES))
        ended.set()

    async with guarded(send_much) as port, asyncio.timeout(PATIENCE_SECONDS):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(UPGRADE)
        await sending.wait()
        writer.write(PING)
        await ended.wait()
        writer.transport.abort()

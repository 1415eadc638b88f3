"""The server: its socket, connection limit, graceful shutdown."""

import asyncio
import logging
import secrets
import signal
import ssl

import structlog
from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from hwaja.codes import CloseCode, ErrorCode, Reason
from hwaja.connection import Connection, Services
from hwaja.messages import Error
from hwaja.plain_http import answer_plain_http
from hwaja.serialize import serialize
from hwaja.unread import ReadConnection

MAX_MESSAGE_BYTES = 1 << 20
"""Longest WebSocket message: 32 s of audio, 128 times the chunk the specification recommends."""

MAX_QUEUED_MESSAGES = 4
"""Messages the socket layer reads ahead; what comes after waits in TCP."""

CLOSE_SECONDS = 2
"""How long the other end may take to answer that the connection is closed."""

HANDSHAKE_SECONDS = 10.0
"""How long a client may take for TLS, and as long again for its request to upgrade."""

PONG_SECONDS = 60
"""How long a client may take to answer a ping. One that streams faster than real time answers
behind its audio, which is not read while the ring is full: on a busy machine, more than 20 s."""

_log = structlog.get_logger("hwaja.server")


class Server:
    """Accepts clients and keeps track of them."""

    def __init__(
        self,
        services: Services,
        max_connections: int,
        drain_seconds: float,
        handshake_seconds: float = HANDSHAKE_SECONDS,
    ) -> None:
        self._services = services
        self._max_connections = max_connections
        self._drain_seconds = drain_seconds
        self._handshake_seconds = handshake_seconds
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self._emptied = asyncio.Event()
        self._emptied.set()
        self._listener: WebSocketServer | None = None

    async def start(self, host: str, port: int, tls: ssl.SSLContext) -> int:
        """Listen; returns the port, which the system chooses where `port` is 0.

        Raises:
            OSError: where the address cannot be bound.

        """
        # The library's own log would name addresses and quote requests.
        silent = logging.getLogger("hwaja.websockets")
        silent.addHandler(logging.NullHandler())
        silent.propagate = False
        self._listener = await serve(
            self._serve_client,
            host,
            port,
            ssl=tls,
            ssl_handshake_timeout=self._handshake_seconds,
            open_timeout=self._handshake_seconds,
            create_connection=ReadConnection,
            process_request=answer_plain_http,
            compression=None,  # PCM does not compress
            max_size=MAX_MESSAGE_BYTES,
            max_queue=MAX_QUEUED_MESSAGES,
            close_timeout=CLOSE_SECONDS,
            ping_timeout=PONG_SECONDS,
            logger=silent,
            server_header=None,
        )
        return int(next(iter(self._listener.sockets)).getsockname()[1])

    async def stop(self, hurry: asyncio.Event | None = None) -> None:
        """Stop accepting, let every session answer what it heard, then close.

        Args:
            hurry: once set, nothing more is waited for.

        """
        if self._listener is None:
            return
        self._listener.close(close_connections=False)
        for connection in tuple(self._connections):
            connection.shut_down()
        waits = [asyncio.ensure_future(self._emptied.wait())]
        if hurry is not None:
            waits.append(asyncio.ensure_future(hurry.wait()))
        await asyncio.wait(waits, timeout=self._drain_seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if self._connections:
            _log.warning("closing sessions that have not drained", sessions=len(self._connections))
        # The listener closes once only, and has: its connections are closed one by one.
        closing = [open_.close(CloseCode.GOING_AWAY) for open_ in self._listener.connections]
        await asyncio.gather(*closing)
        for task in self._connections.values():
            task.cancel()  # a session that waits for the engine does not notice its closed socket
        await self._listener.wait_closed()

    async def _serve_client(self, websocket: ServerConnection) -> None:
        if len(self._connections) >= self._max_connections:
            await _turn_away(websocket)
            return
        connection = Connection(websocket, self._services, session_id=secrets.token_hex(4))
        self._connections[connection] = asyncio.ensure_future(connection.run())
        self._emptied.clear()
        try:
            await self._connections[connection]
        finally:
            del self._connections[connection]
            if not self._connections:
                self._emptied.set()


async def serve_until_signalled(server: Server) -> None:
    """Wait for SIGINT or SIGTERM, then stop `server`; a second signal does not wait for drains."""
    loop = asyncio.get_running_loop()
    first, second = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        (second if first.is_set() else first).set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    await first.wait()
    _log.info("stopping")
    await server.stop(hurry=second)


async def _turn_away(websocket: ServerConnection) -> None:
    """Say that the server is full, over the open socket: a browser cannot read a refusal."""
    _log.warning("connection refused", reason=Reason.SERVER_FULL)
    try:
        error = Error(ErrorCode.CONNECTION_FAILED, Reason.SERVER_FULL)
        await websocket.send(serialize(error))
        await websocket.close(CloseCode.TRY_AGAIN_LATER)
    except ConnectionClosed:
        pass

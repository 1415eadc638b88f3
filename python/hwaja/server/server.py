"""The server: listening sockets, connection limit, graceful shutdown."""

import asyncio
import secrets
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from weakref import WeakKeyDictionary

import structlog
from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from hwaja.observability.loop_lag import watch as watch_loop_lag
from hwaja.privacy.cycle_collection import CycleCollector
from hwaja.privacy.error_redaction import redacting_logger
from hwaja.process.supervision import Escalate, supervised
from hwaja.protocol.codes import CloseCode, ErrorCode, Reason, Rejection
from hwaja.protocol.serialize import serialize
from hwaja.protocol.server_messages import Error
from hwaja.server.access_policy import (
    AccessPolicy,
    Admission,
    TooManyOfferedError,
    agreed,
    credentials_of,
)
from hwaja.server.bearer import Tokens
from hwaja.server.config import Config
from hwaja.server.connection import Connection
from hwaja.server.greeting import hello
from hwaja.server.guard import GuardedConnection
from hwaja.server.listening import OpeningLimiter
from hwaja.server.networks import network_of
from hwaja.server.origins import peers_of
from hwaja.server.plain_http import PlainHttp, offers_too_much, rejection_response
from hwaja.server.read_ahead import Reserve
from hwaja.server.services import Services
from hwaja.server.session_registry import Holder, SessionEntry, SessionRegistry
from hwaja.server.session_runner import SessionRunner
from hwaja.server.tls import keep_read_buffers_small
from hwaja.workers.overload import DegradationLevel

MAX_QUEUED_MESSAGES = 4
"""Messages that the WebSocket library reads ahead; later messages stay in TCP."""

CLOSE_SECONDS = 2
"""Timeout for the client's close frame after the server's."""

LOAD_PERIOD_SECONDS = 0.5
"""Time between two measurements of how late answers are."""

LISTENER_PERIOD_SECONDS = 1.0
"""Time between two checks that the sockets still listen."""

RECEIVE_BUFFER_BYTES = 64 * 1024
"""Receive buffer of a client's socket: 2 s of audio.

This is enough for ten times real time with a round trip of 0.2 s. The send buffer on the client's
side grows with it, and the client's pings wait behind both.
"""

_UNAVAILABILITY = {
    Rejection.SERVER_FULL: "no slot is free",
    Rejection.OVERLOADED: "answers come late",
}

_log = structlog.get_logger("hwaja.server.server")


class Server:
    """Accepts clients, gives each a session, and ends the sessions."""

    def __init__(
        self,
        services: Services,
        config: Config,
        policy: AccessPolicy | None = None,
        metrics_tokens: Tokens | None = None,
        escalate: Escalate | None = None,
    ) -> None:
        """Prepare to serve.

        Args:
            services: the services that all sessions share.
            config: limits and timeouts.
            policy: decides which clients may connect; by default all may.
            metrics_tokens: tokens of the clients that may read the metrics; by default none may.
            escalate: see `supervision.supervised`.

        """
        self._services = services
        self._config = config
        self._policy = policy or AccessPolicy()
        self._registry = SessionRegistry[SessionRunner](config)
        self._reserve = Reserve(config.max_read_ahead_bytes)
        self._handlers: set[asyncio.Task[None]] = set()
        self._clients: WeakKeyDictionary[ServerConnection, Admission] = WeakKeyDictionary()
        self._opening_limiter = OpeningLimiter(
            config.max_openings, lambda: self._note_rejection(Rejection.TOO_MANY_OPENINGS)
        )
        self._listeners: list[WebSocketServer] = []
        self._collector = CycleCollector()
        self._metrics = services.metrics
        self._plain_http = PlainHttp(
            self._missing,
            self._policy,
            services.metrics,
            metrics_tokens,
            peers_of(config.peers),
        )
        self._overload = services.overload
        self._escalate = escalate
        self._watches: list[asyncio.Task[None]] = []
        self._listening: list[socket.socket] = []
        if config.end_revoked_sessions and self._policy.tokens is not None:
            self._policy.tokens.on_reload = self._end_revoked_sessions
        services.metrics.watch_overload(services.overload)
        services.metrics.watch_openings(lambda: self._opening_limiter.openings)
        services.metrics.watch_read_ahead(lambda: self._reserve.used_bytes)
        services.metrics.watch_sessions(lambda: self._registry.runners, config.max_connections)
        services.metrics.watch_workers(services.generations)

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Start to listen; without `tls`, as plain WebSocket.

        Returns:
            The port. The system chooses it where `port` is 0.

        Raises:
            OSError: where the address cannot be bound.

        """
        keep_read_buffers_small()
        self._listening = await self._opening_limiter.listen(host, port)
        for each in self._listening:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            self._listeners.append(await self._serve(each, tls))
        self._watches = [
            supervised("load watch", self._watch_load, self._escalate),
            supervised("listener watch", self._watch_listener, self._escalate),
            supervised("loop lag watch", partial(watch_loop_lag, self._metrics.loop_lagged)),
            supervised("sweeper", self._collector.run),
        ]
        return int(self._listening[0].getsockname()[1])

    async def _serve(self, listening: socket.socket, tls: ssl.SSLContext | None) -> WebSocketServer:
        return await serve(
            self._serve_client,
            sock=listening,
            ssl=tls,
            # A partial is no class, but the library only calls it.
            create_connection=partial(GuardedConnection, collector=self._collector),  # type: ignore[arg-type]
            process_request=self._answer_request,
            # Accepts per turn of the loop. Out of file descriptors, asyncio sets a timer for each.
            backlog=1,
            select_subprotocol=lambda _, offered: agreed(offered),
            compression=None,  # PCM does not compress
            max_size=self._config.max_message_bytes,
            max_queue=MAX_QUEUED_MESSAGES,
            open_timeout=self._config.handshake_seconds,
            ssl_handshake_timeout=self._config.handshake_seconds if tls else None,
            close_timeout=CLOSE_SECONDS,
            # `Connection` sends its own pings: it knows when the server holds reading back.
            ping_interval=None,
            # The default logger logs addresses and requests.
            logger=redacting_logger("hwaja.websockets"),
            server_header=None,
        )

    async def stop(self, hurry: asyncio.Event | None = None) -> None:
        """Stop accepting, wait until every session has answered the audio it received, then close.

        Args:
            hurry: when it is set, the server stops waiting and closes at once.

        """
        if not self._listeners:
            return
        for listener in self._listeners:
            listener.close(close_connections=False)
        for entry in self._registry:
            entry.shut_down()
        waits = [asyncio.ensure_future(self._registry.emptied.wait())]
        if hurry is not None:
            waits.append(asyncio.ensure_future(hurry.wait()))
        await asyncio.wait(
            waits, timeout=self._config.drain_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        for wait in waits:
            wait.cancel()
        if len(self._registry):
            _log.warning("closing sessions that have not drained", sessions=len(self._registry))
            for runner in self._registry.runners:
                runner.cut_off()
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._registry.emptied.wait()
        await self._close_connections()

    async def _close_connections(self) -> None:
        # A listener closes once only and is closed already, so each connection is closed here.
        connections = [each for listener in self._listeners for each in listener.connections]
        await asyncio.gather(*(each.close(CloseCode.GOING_AWAY) for each in connections))
        for handler in self._handlers:
            # A handler that waits for the engine does not see that its socket closed.
            handler.cancel()
        for listener in self._listeners:
            await listener.wait_closed()
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)

    def _answer_request(self, websocket: ServerConnection, request: Request) -> Response | None:
        """Return the response to a request; None: the WebSocket handshake may continue."""
        page = self._plain_http.answer(websocket, request)
        if page is not None:
            return page
        try:
            answer = self._policy.admit(credentials_of(request.path, request.headers))
        except TooManyOfferedError:
            return offers_too_much(websocket)
        if isinstance(answer, Admission):
            self._clients[websocket] = answer
            return None
        self._note_rejection(answer)
        return rejection_response(websocket, answer)

    def _missing(self) -> list[str]:
        """Return, as text, the reasons why the server cannot serve a new client; empty: it can."""
        missing = [] if self._services.generations.running_workers else ["no worker runs"]
        return missing + [_UNAVAILABILITY[reason] for reason in self._unavailability()]

    def _unavailability(self) -> list[Rejection]:
        """Return the reasons why the server cannot serve a new client; empty: it can."""
        lacking = {
            Rejection.SERVER_FULL: self._registry.is_full(time.monotonic()),
            Rejection.OVERLOADED: self._is_overloaded,
        }
        return [reason for reason, lacks in lacking.items() if lacks]

    def _refusal(self, holder: Holder) -> Rejection | None:
        """Return why a new client gets no seat; None: a seat is free for it."""
        refusal = self._registry.refusal(holder, time.monotonic())
        return refusal or (Rejection.OVERLOADED if self._is_overloaded else None)

    @property
    def _is_overloaded(self) -> bool:
        return self._overload.skips(DegradationLevel.NEW_SESSIONS)

    async def _watch_load(self) -> None:
        """Measure periodically how late answers are, and shed load accordingly."""
        loop = asyncio.get_running_loop()
        while True:
            self._shed_load(loop.time())  # whose variables would keep a session that has ended
            await asyncio.sleep(LOAD_PERIOD_SECONDS)

    def _shed_load(self, now: float) -> None:
        runners = self._registry.runners
        for runner in runners:
            runner.watch_load()
        lag_seconds = max((runner.lag_seconds for runner in runners), default=0.0)
        if self._overload.observe(lag_seconds, now):
            level = self._overload.level.name.lower()
            _log.warning("load", left_out=level, lag_seconds=round(lag_seconds, 1))

    async def _watch_listener(self) -> None:
        """Restart a socket that no longer listens: an administrator can end it with `ss -K`."""
        while True:
            await asyncio.sleep(LISTENER_PERIOD_SECONDS)
            for each in self._listening:
                is_closed = each.fileno() < 0  # the server is stopping
                if not is_closed and not each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    _log.error("the socket listens no more, having it listen again")
                    each.listen()

    def _end_revoked_sessions(self) -> None:
        for entry in self._registry:
            self._end_if_revoked(entry)

    def _end_if_revoked(self, entry: SessionEntry[SessionRunner]) -> None:
        if not self._policy.accepts(entry.holder.tokens):
            entry.runner.revoke()

    def _limited(self, max_session_seconds: float | None) -> Config:
        """Return the configuration of a session that is bound to a client token's limit."""
        if max_session_seconds is None or max_session_seconds >= self._config.max_session_seconds:
            return self._config
        return replace(self._config, max_session_seconds=max_session_seconds)

    def _note_rejection(self, reason: Rejection) -> None:
        self._metrics.rejected(reason)
        _log.warning("connection refused", reason=reason)

    async def _serve_client(self, websocket: ServerConnection) -> None:
        handler = asyncio.ensure_future(self._run_session(websocket))
        self._handlers.add(handler)
        try:
            await handler
        finally:
            self._handlers.discard(handler)
            self._collector.request_sweep()

    async def _run_session(self, websocket: ServerConnection) -> None:
        client = self._clients.pop(websocket)
        address = websocket.remote_address
        network = network_of(address[0] if address else "")
        holder = Holder(network, client.tokens)
        entry = self._registry.find(client.session_token)
        is_new = entry is None
        if entry is None:
            refusal = self._refusal(holder)
            if refusal is not None:
                self._note_rejection(refusal)
                await _send_server_full(websocket)
                return
            config = self._limited(client.max_session_seconds)
            runner = SessionRunner(self._services, config, secrets.token_hex(4))
            entry = self._registry.take(runner, holder, time.monotonic())
        self._opening_limiter.stop_counting(websocket.transport)
        entry.holder = holder
        entry.runner.subjects = client.subjects
        connection = Connection(websocket, entry.runner, self._config, self._reserve)
        try:
            await entry.hand_over(connection)
            token = self._registry.issue(entry, client.session_token) if client.resumes else None
            told = hello(self._config, self._services.settings) if client.wants_hello else None
            if is_new:
                await entry.runner.connected(token, told)
            elif token is not None:
                await entry.runner.reconnected(token, told)
            if self._config.end_revoked_sessions:
                self._end_if_revoked(entry)  # its token may have been revoked meanwhile
            was_lost = await connection.run()
            if was_lost and token is not None and entry.connection is connection:
                await entry.wait_for_change(self._config.resume_seconds)
        finally:
            if entry.connection is connection:  # the client has not reconnected
                await self._registry.leave(entry)


async def _send_server_full(websocket: ServerConnection) -> None:
    """Send "server full" over the open socket: a browser cannot read a refused handshake."""
    try:
        error = Error(ErrorCode.CONNECTION_FAILED, Reason.SERVER_FULL)
        await websocket.send(serialize(error))
        await websocket.close(CloseCode.TRY_AGAIN_LATER)
    except ConnectionClosed:
        pass

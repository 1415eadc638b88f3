"""The server: listening sockets, connection limit, graceful shutdown."""

import asyncio
import secrets
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any
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
from hwaja.protocol.values import NotResumed
from hwaja.server.access.access_policy import (
    AccessPolicy,
    Admission,
    TooManyOfferedError,
    agreed,
    credentials_of,
)
from hwaja.server.access.bearer import Tokens
from hwaja.server.availability import Availability
from hwaja.server.config import Config
from hwaja.server.files.file_service import FileService
from hwaja.server.files.front_door import FrontDoor
from hwaja.server.greeting import hello
from hwaja.server.http.origins import peers_of
from hwaja.server.http.plain_http import PlainHttp, offers_too_much, rejection_response
from hwaja.server.http.web_files import WebFiles, read_consent
from hwaja.server.network.guard import GuardedConnection
from hwaja.server.network.listening import OpeningLimiter, keep_listening
from hwaja.server.network.networks import network_of, networks_of
from hwaja.server.network.tls import keep_read_buffers_small
from hwaja.server.services import Services
from hwaja.server.sessions.connection import Connection
from hwaja.server.sessions.read_ahead import Reserve
from hwaja.server.sessions.session_registry import Holder, SessionEntry, SessionRegistry
from hwaja.server.sessions.session_runner import SessionRunner
from hwaja.server.sessions.watching import Watching, is_to_watch
from hwaja.server.stopping import first_of

MAX_QUEUED_MESSAGES = 4
"""Messages that the WebSocket library reads ahead; later messages stay in TCP."""

CLOSE_SECONDS = 2
"""Timeout for the client's close frame after the server's."""

LOAD_PERIOD_SECONDS = 0.5
"""Time between two measurements of how late answers are."""

RECEIVE_BUFFER_BYTES = 64 * 1024
"""Receive buffer of a client's socket: 2 s of audio.

This is enough for ten times real time with a round trip of 0.2 s. The send buffer on the client's
side grows with it, and the client's pings wait behind both.
"""

NOTICE_SECONDS = 3.0
"""Time from `/readyz` saying that a node leaves until the node refuses new clients.

A balancer that checks every 2 s sends no client to a node that would refuse it.
"""

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
            config.max_openings,
            lambda: self._note_rejection(Rejection.TOO_MANY_OPENINGS),
            networks_of(config.proxies),
        )
        self._availability = Availability(services.generations, self._registry, services.overload)
        self._files = FileService(
            services,
            config,
            self._policy,
            self._note_rejection,
            self._opening_limiter,
            self._availability,
        )
        self._listeners: list[WebSocketServer] = []
        self._collector = CycleCollector()
        self._metrics = services.metrics
        self._watching = Watching(services.links, self._policy.pages, config.ping_seconds)
        self._plain_http = PlainHttp(
            self._availability.missing,
            self._policy,
            services.metrics,
            metrics_tokens,
            WebFiles(peers_of(config.peers), read_consent(config.consent_file)),
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
            supervised("listener watch", partial(keep_listening, self._listening), self._escalate),
            supervised("loop lag watch", partial(watch_loop_lag, self._metrics.loop_lagged)),
            supervised("sweeper", self._collector.run),
        ]
        return int(self._listening[0].getsockname()[1])

    async def _serve(self, listening: socket.socket, tls: ssl.SSLContext | None) -> WebSocketServer:
        return await serve(
            self._serve_client,
            sock=listening,
            ssl=tls,
            # A function is no class, but the library only calls it.
            create_connection=self._new_connection,  # type: ignore[arg-type]
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

    def _new_connection(self, *arguments: Any, **options: Any) -> asyncio.Protocol:
        """Return the protocol of an accepted connection; the arguments are those of the library."""
        websocket = GuardedConnection(*arguments, collector=self._collector, **options)
        if self._config.max_file_jobs == 0:
            return websocket
        return FrontDoor(websocket, self._files.serve, self._config.handshake_seconds)

    async def stop(self, hurry: asyncio.Event | None = None) -> None:
        """Stop accepting, wait until every session has answered the audio it received, then close.

        A node of several first leaves gently: see `_leave`.

        Args:
            hurry: when it is set, the server stops waiting and closes at once.

        """
        if not self._listeners:
            return
        hurry = hurry or asyncio.Event()
        if self._config.node:
            await self._leave(hurry)
        for listener in self._listeners:
            listener.close(close_connections=False)
        for entry in self._entries:
            entry.shut_down()
        await first_of(self._config.drain_seconds, hurry.wait(), self._emptied())
        if self._entries:
            _log.warning("closing sessions that have not drained", sessions=len(self._entries))
            for entry in self._entries:
                entry.runner.cut_off()
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._emptied()
        await self._files.close()
        await self._close_connections()

    @property
    def _entries(self) -> list[SessionEntry[SessionRunner]]:
        """The sessions of all clients, and those of files."""
        return [*self._registry, *self._files.registry]

    async def _emptied(self) -> None:
        """Wait until no session is left."""
        await self._registry.emptied.wait()
        await self._files.registry.emptied.wait()

    async def _leave(self, hurry: asyncio.Event) -> None:
        """Let balancers notice, hand over the clients that roam, and let the others finish.

        The node still listens, so that a client whose connection breaks can resume its session.
        """
        self._availability.is_leaving = True
        _log.info("leaving", sessions=len(self._entries))
        await first_of(NOTICE_SECONDS, hurry.wait())
        self._availability.refuses_all = True
        for entry in self._registry:
            if entry.roams:
                entry.send_away()
        await first_of(self._config.finish_seconds, hurry.wait(), self._emptied())

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
        answer: Admission | Rejection | None
        if is_to_watch(request):
            answer = self._watching.admit(websocket, request)
        else:
            try:
                answer = self._policy.admit(credentials_of(request.path, request.headers))
            except TooManyOfferedError:
                return offers_too_much(websocket)
        if isinstance(answer, Admission):
            self._clients[websocket] = answer
        if answer is None or isinstance(answer, Admission):
            return None
        self._note_rejection(answer)
        return rejection_response(websocket, answer)

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
        self._services.generations.scale(lag_seconds, now)

    def _end_revoked_sessions(self) -> None:
        for entry in self._entries:
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
        if websocket in self._watching:
            self._opening_limiter.stop_counting(websocket.transport)
            await self._watching.serve(websocket)
            return
        client = self._clients.pop(websocket)
        network = network_of(self._opening_limiter.address_of(websocket.transport))
        holder = Holder(network, client.tokens)
        entry = self._registry.find(client.session_token)
        is_new = entry is None
        if entry is None:
            refusal = self._availability.refusal(holder)
            if refusal is not None:
                self._note_rejection(refusal)
                await _send_server_full(websocket)
                return
            config = self._limited(client.max_session_seconds)
            runner = SessionRunner(self._services, config, secrets.token_hex(4))
            entry = self._registry.take(runner, holder, time.monotonic())
        self._opening_limiter.stop_counting(websocket.transport)
        entry.holder = holder
        entry.roams = client.roams
        entry.runner.subjects = client.subjects
        connection = Connection(websocket, entry.runner, self._config, self._reserve)
        try:
            await entry.hand_over(connection)
            token = self._registry.issue(entry, client.session_token) if client.resumes else None
            told = hello(self._config, self._services.settings) if client.wants_hello else None
            if is_new:
                lost = self._why_not_resumed(client.session_token)
                await entry.runner.connected(token, told, lost)
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

    def _why_not_resumed(self, token: str | None) -> NotResumed | None:
        """Return why a session token led to no session; None: the client presented none."""
        if token is None:
            return None
        lost = NotResumed.OTHER_NODE if self._registry.is_foreign(token) else NotResumed.ENDED
        _log.info("session not resumed", reason=lost)
        return lost


async def _send_server_full(websocket: ServerConnection) -> None:
    """Send "server full" over the open socket: a browser cannot read a refused handshake."""
    try:
        error = Error(ErrorCode.CONNECTION_FAILED, Reason.SERVER_FULL)
        await websocket.send(serialize(error))
        await websocket.close(CloseCode.TRY_AGAIN_LATER)
    except ConnectionClosed:
        pass

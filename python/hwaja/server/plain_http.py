"""Answers HTTP requests on the WebSocket port: the page, health, readiness, metrics."""

from collections.abc import Callable, Sequence
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from hwaja.observability.metrics import Metrics
from hwaja.protocol.codes import Rejection
from hwaja.server.bearer import Tokens, bearers_of
from hwaja.server.header_lists import members
from hwaja.server.pages import Pages
from hwaja.server.web_files import WebFiles

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Content type of the Prometheus text format."""


class PlainHttp:
    """Answers requests that are no WebSocket handshake."""

    def __init__(
        self,
        missing: Callable[[], Sequence[str]],
        pages: Pages,
        metrics: Metrics,
        metrics_tokens: Tokens | None,
    ) -> None:
        """Prepare to answer.

        Args:
            missing: returns the reasons why the server cannot serve a new client; empty: it can.
            pages: decides whether the page could connect under the name in the request.
            metrics: sent to a scraper that presents a valid token.
            metrics_tokens: the tokens of scrapers; None: the metrics endpoint is off.

        """
        self._missing = missing
        self._pages = pages
        self._metrics = metrics
        self._metrics_tokens = metrics_tokens
        self._web_files = WebFiles()

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Return the response to a request; None: it is a WebSocket handshake."""
        answer = self._answer(connection, request)
        if answer is not None and request.method == "HEAD":
            answer.body = b""  # Content-Length stays that of a GET: RFC 9110, section 9.3.2
        return answer

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        if len(request.headers.get_all("Host")) > 1:  # RFC 9112, section 3.2
            return connection.respond(
                HTTPStatus.BAD_REQUEST, "The request has more than one Host header.\n"
            )
        path = request.path.partition("?")[0]
        if path == "/healthz":
            return connection.respond(HTTPStatus.OK, "ok\n")
        if path == "/readyz":
            return self._readiness(connection)
        if path == "/metrics" and self._metrics_tokens is not None:
            return self._exposition(connection, request, self._metrics_tokens)
        if not _wants_upgrade(request):
            if self._pages.misses(request.headers.get("Host")):
                return rejection_response(connection, Rejection.HOST)
            return self._web_files.answer(path, request) or connection.respond(
                HTTPStatus.UPGRADE_REQUIRED, "This is a WebSocket server; see docs/protocol.md.\n"
            )
        return None

    def _readiness(self, connection: ServerConnection) -> Response:
        missing = self._missing()
        if missing:
            text = f"not ready: {', '.join(missing)}\n"
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, text)
        return connection.respond(HTTPStatus.OK, "ready\n")

    def _exposition(
        self, connection: ServerConnection, request: Request, tokens: Tokens
    ) -> Response:
        if not tokens.hold_any(bearers_of(request.headers)):
            return rejection_response(connection, Rejection.UNAUTHORIZED)
        response = connection.respond(HTTPStatus.OK, self._metrics.exposition().decode())
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = METRICS_TYPE
        return response


def offers_too_much(connection: ServerConnection) -> Response:
    """Return the response to a handshake with more subprotocols than `MAX_OFFERED`."""
    return connection.respond(HTTPStatus.BAD_REQUEST, "The request offers too many subprotocols.\n")


def rejection_response(connection: ServerConnection, reason: Rejection) -> Response:
    """Return the response to a handshake that was rejected for its token or its page."""
    if reason is Rejection.ORIGIN:
        text = "Pages of that site may not connect. --origins lists the sites that may.\n"
        return connection.respond(HTTPStatus.FORBIDDEN, text)
    if reason is Rejection.HOST:
        text = (
            "This server is not known by that name. Its certificate and --hosts list its names.\n"
        )
        return connection.respond(HTTPStatus.MISDIRECTED_REQUEST, text)
    refusal = connection.respond(HTTPStatus.UNAUTHORIZED, "The token is missing or wrong.\n")
    refusal.headers["WWW-Authenticate"] = "Bearer"
    return refusal


def _wants_upgrade(request: Request) -> bool:
    return "upgrade" in map(str.lower, members(request.headers, "Connection"))

"""Answers HTTP requests on the WebSocket port: page, health, readiness, metrics, client tokens."""

import json
from collections.abc import Callable, Sequence
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from hwaja.observability.metrics import Metrics
from hwaja.protocol.codes import Rejection
from hwaja.server.access.access_policy import AccessPolicy
from hwaja.server.access.bearer import Tokens, bearers_of
from hwaja.server.access.client_tokens import ClientTokens, InvalidRequestError, restrictions_of
from hwaja.server.files.front_door import UPLOAD_PATH
from hwaja.server.http.header_lists import members
from hwaja.server.http.web_files import WebFiles
from hwaja.session.answers import iso_timestamp

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Content type of the Prometheus text format."""


_OF_TOKENS = {
    Rejection.CLIENT_TOKEN_EXPIRED: "The client token has expired.\n",
    Rejection.CLIENT_TOKEN_USED: "The client token was used before.\n",
    Rejection.CLIENT_TOKEN_ORIGIN: "The client token is bound to another origin.\n",
}


class PlainHttp:
    """Answers requests that are no WebSocket handshake."""

    def __init__(
        self,
        missing: Callable[[], Sequence[str]],
        policy: AccessPolicy,
        metrics: Metrics,
        metrics_tokens: Tokens | None,
        web_files: WebFiles,
    ) -> None:
        """Prepare to answer.

        Args:
            missing: returns the reasons why the server cannot serve a new client; empty: it can.
            policy: decides whether the page could connect under the name in the request, and who
                gets client tokens.
            metrics: sent to a scraper that presents a valid token.
            metrics_tokens: the tokens of scrapers; None: the metrics endpoint is off.
            web_files: the page.

        """
        self._missing = missing
        self._policy = policy
        self._metrics = metrics
        self._metrics_tokens = metrics_tokens
        self._web_files = web_files

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
            if self._policy.pages.misses(request.headers.get("Host")):
                return rejection_response(connection, Rejection.HOST)
            if path == UPLOAD_PATH:  # an upload has another handler, if files are on
                refusal = connection.respond(HTTPStatus.METHOD_NOT_ALLOWED, "Use POST.\n")
                refusal.headers["Allow"] = "POST"
                return refusal
            if path == "/token" and self._policy.tokens and self._policy.client_tokens:
                tokens, client_tokens = self._policy.tokens, self._policy.client_tokens
                return self._client_token(connection, request, tokens, client_tokens)
            return self._web_files.answer(path, request) or connection.respond(
                HTTPStatus.UPGRADE_REQUIRED, "This is a WebSocket server; see docs/protocol.md.\n"
            )
        return None

    def _client_token(
        self,
        connection: ServerConnection,
        request: Request,
        tokens: Tokens,
        client_tokens: ClientTokens,
    ) -> Response:
        if request.method != "POST":
            refusal = connection.respond(HTTPStatus.METHOD_NOT_ALLOWED, "Use POST.\n")
            refusal.headers["Allow"] = "POST"
            return refusal
        good = tokens.among(bearers_of(request.headers))
        if not good:
            return rejection_response(connection, Rejection.UNAUTHORIZED)
        try:
            restrictions = restrictions_of(request.path.partition("?")[2])
        except InvalidRequestError as error:
            return connection.respond(HTTPStatus.BAD_REQUEST, f"{error}\n")
        issued = client_tokens.issue(min(good), restrictions)
        if issued is None:
            refusal = connection.respond(HTTPStatus.TOO_MANY_REQUESTS, "Too many tokens.\n")
            refusal.headers["Retry-After"] = "1"
            return refusal
        token, expires_at = issued
        content = {"token": token, "expires_at": iso_timestamp(expires_at)}
        response = connection.respond(HTTPStatus.OK, json.dumps(content) + "\n")
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "application/json"
        response.headers["Cache-Control"] = "no-store"
        return response

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
    status, text = explained(reason)
    refusal = connection.respond(status, text)
    if status is HTTPStatus.UNAUTHORIZED:
        refusal.headers["WWW-Authenticate"] = "Bearer"
    return refusal


def explained(reason: Rejection) -> tuple[HTTPStatus, str]:
    """Return status and text for a client that was rejected for its token or its page."""
    if reason is Rejection.ORIGIN:
        text = "Pages of that site may not connect. --origins lists the sites that may.\n"
        return HTTPStatus.FORBIDDEN, text
    if reason is Rejection.HOST:
        text = (
            "This server is not known by that name. Its certificate and --hosts list its names.\n"
        )
        return HTTPStatus.MISDIRECTED_REQUEST, text
    return HTTPStatus.UNAUTHORIZED, _OF_TOKENS.get(reason, "The token is missing or wrong.\n")


def _wants_upgrade(request: Request) -> bool:
    return "upgrade" in map(str.lower, members(request.headers, "Connection"))

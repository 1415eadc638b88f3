"""Answers to plain HTTP on the port of the WebSocket."""

from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response


def answer_plain_http(connection: ServerConnection, request: Request) -> Response | None:
    """Answer `GET /healthz`, and tell a browser that this is no page; None goes on to WebSocket."""
    if request.path == "/healthz":
        return connection.respond(HTTPStatus.OK, "ok\n")
    if "upgrade" not in request.headers.get("Connection", "").lower():
        return connection.respond(
            HTTPStatus.UPGRADE_REQUIRED, "This is a WebSocket server; see docs/protocol.md.\n"
        )
    return None

"""What can go wrong between a client and its server, each said in one sentence."""

from typing import Any

Message = dict[str, Any]
"""A control message as JSON has it."""


class ClientError(Exception):
    """The server cannot be reached, or the connection has ended. Says why in one sentence."""


class CertificateError(ClientError):
    """The server's certificate is not trusted."""


class UnauthorizedError(ClientError):
    """The server lets in only who has a token; none was given, or one that it does not know."""


class SessionLostError(ClientError):
    """The connection was lost for too long, and with it the session and its voices."""


class RefusedError(ClientError):
    """The server answered something else than was expected; the connection lives on.

    `code`, `reason`, `speaker_id` and `quality` are those of the server's `error` message, see
    docs/protocol.md; None where it has none.
    """

    def __init__(self, message: Message) -> None:
        super().__init__(f"The server answered: {message.get('message', message['type'])}")
        self.code: str | None = message.get("code")
        self.reason: str | None = message.get("reason")
        self.speaker_id: int | None = message.get("speaker_id")
        self.quality: Message | None = message.get("quality")

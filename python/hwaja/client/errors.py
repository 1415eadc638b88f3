"""The errors of the client. The text of each is one sentence."""

from typing import Any

from hwaja.protocol.english import in_english

Message = dict[str, Any]
"""A decoded JSON control message."""


class ClientError(Exception):
    """The server cannot be reached, or the connection has ended. The text says why."""


class CertificateError(ClientError):
    """The server's certificate is not trusted."""


class UnauthorizedError(ClientError):
    """The server requires a token, and the client gave none or an unknown one."""


class FormError(ClientError):
    """The server sent a message that does not follow the protocol."""

    def __init__(self) -> None:
        super().__init__("The server sent a message that does not follow the protocol.")


class SessionLostError(ClientError):
    """The connection was lost for too long. The session and its voices are lost."""


class RefusedError(ClientError):
    """The server sent another answer than the expected one. The connection stays open.

    `answer` is that answer. Its `message` is Korean, the text of this error is English. `code`,
    `reason`, `speaker_id` and `quality` come from the server's `error` message; see
    docs/protocol.md. A field that the message lacks is None.
    """

    def __init__(self, message: Message) -> None:
        super().__init__(f"The server answered: {in_english(message)}")
        self.answer = message
        self.code: str | None = message.get("code")
        self.reason: str | None = message.get("reason")
        self.speaker_id: int | None = message.get("speaker_id")
        self.quality: Message | None = message.get("quality")

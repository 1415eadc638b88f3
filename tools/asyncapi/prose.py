"""The document's text on the connection, which belongs to no message class."""

from typing import Any

from hwaja.protocol.codes import CloseCode
from hwaja.server.access.access_policy import SUBPROTOCOL
from tools.asyncapi import sentences

INFO = """\
Real-time speech-to-text over one WebSocket that says who spoke each sentence. The page \
docs/protocol.md says how the messages follow each other, and when which error comes.

Operations are the server's: it *receives* what a client sends, and *sends* what a client gets.

`x-hwaja-beyond: true` marks what goes beyond the specification of the API. A client that asks for \
nothing meets none of it. `x-hwaja-asked-by` names what brings it, any one of a list: a field of a \
message of the client, a message, or `resume` and `hello`, which are asked for with the address or \
a subprotocol.

Keys that the server does not know are ignored; a client does well to do the same. An integer is \
written without a fraction: 1.0 is none. The format `printable` is a string without control \
characters or halves of surrogate pairs, with no space but U+0020."""

SERVER = """\
TLS 1.2 or later. Where the server has a `--token-file`, one of the security schemes is needed; \
where it has none, everybody is let in."""

CHANNEL = """\
The one connection: control messages as text, one JSON object each, and audio as binary. Any path \
will do but `/healthz`, `/readyz`, `/metrics` and `/watch`. `x-hwaja-close-codes` says when the \
server closes the connection with which code."""

WATCH_CHANNEL = """\
The connection of who reads a session along by a link, which its client asked for with \
`share_session`. Nothing may be sent on it. It closes with 1000 when the client ends the link, \
with 1001 when the session or the server ends, with 1013 where too many watch or this one does not \
read, and with 1008 where something is sent."""

WATCH_SUMMARY = "What a session tells those who have its link."

WATCH_SUBPROTOCOLS = {
    "type": "string",
    "description": f"Beside `{SUBPROTOCOL}`: `hwaja.watch.TOKEN`, with the token of the link.",
}

AUDIO_SUMMARY = "Speech: of an enrolment, or of the conversation."

AUDIO = """\
Signed 16 bit samples, one channel, without a header. Little endian, where the media type alone \
would say big endian. 4096 samples (256 ms) a message are recommended; any even number of bytes is \
taken. Outside of an enrolment or a transcription it is ignored."""

RESUME_QUERY = {
    "type": "string",
    "description": "Empty: asks for a `session_token`. With one: comes back to its session.",
    "x-hwaja-beyond": True,
}

HELLO_QUERY = {
    "type": "string",
    "description": "Whatever it is: asks for `abilities` and `limits` in `model_loaded`.",
    "x-hwaja-beyond": True,
}

SUBPROTOCOLS = {
    "type": "string",
    "description": (
        f"Beside `{SUBPROTOCOL}`, which alone is ever agreed to: `hwaja.bearer.TOKEN`, "
        "`hwaja.resume` or `hwaja.resume.TOKEN`, `hwaja.hello`."
    ),
    "x-hwaja-beyond": True,
}

SECURITY: dict[str, dict[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "`Authorization: Bearer TOKEN`, with a token of the `--token-file`.",
    },
    "subprotocol": {
        "type": "httpApiKey",
        "in": "header",
        "name": "Sec-WebSocket-Protocol",
        "description": (
            f"For browsers, which set no headers: the subprotocols `{SUBPROTOCOL}` and "
            "`hwaja.bearer.TOKEN`, as in `new WebSocket(url, ["
            f'"{SUBPROTOCOL}", "hwaja.bearer.TOKEN"])`.'
        ),
    },
}

_OF_THE_LIBRARY = {
    "1007": "A text message that is not UTF-8.",
    "1009": "A message longer than 1 MiB (`--max-message-bytes`).",
}
"""Close codes that the WebSocket library sends by itself."""


def close_codes() -> dict[str, str]:
    """Return, by close code, when the server closes a connection with it."""
    said = sentences.of_fields(CloseCode)
    own = {str(code.value): said[code.name] for code in CloseCode}
    return dict(sorted((own | _OF_THE_LIBRARY).items()))

"""Data of hostile clients, and the server's required answers: for tests and `bench soak`."""

from collections.abc import Mapping
from itertools import chain

from raw_client import (
    BINARY,
    CLOSE,
    CONTINUATION,
    KEY,
    PING,
    PONG,
    TEXT,
    UPGRADE,
    close_frame,
    frame,
)

MARK = "주민번호-900101"
"""Text that no log may contain."""

_MARK = MARK.encode()
_MARKED = b'{"type": "' + _MARK + b'"}'
_MIB = 1 << 20


def _fragments(opcode: int, *parts: bytes) -> bytes:
    """Write one message in several frames."""
    return b"".join(
        frame(CONTINUATION if at else opcode, part, fin=at == len(parts) - 1)
        for at, part in enumerate(parts)
    )


def _between(*parts: bytes) -> bytes:
    """Write a fragmented text message with a ping and a pong between its parts."""
    control = frame(PING, b"are you there") + frame(PONG)
    frames = (
        frame(CONTINUATION if at else TEXT, part, fin=at == len(parts) - 1)
        for at, part in enumerate(parts)
    )
    return control.join(frames)


_PROTOCOL, _UTF8, _TOO_OFTEN, _TOO_BIG = 1002, 1007, 1008, 1009
_HALF = len("주민".encode()) + 1  # in the middle of a character

FRAMES: Mapping[str, tuple[bytes, int]] = {
    "a frame without a mask": (frame(TEXT, _MARKED, masked=False), _PROTOCOL),
    **{
        f"reserved bits {bits:03b}": (frame(TEXT, _MARKED, reserved=bits), _PROTOCOL)
        for bits in range(1, 8)
    },
    **{
        f"reserved opcode {opcode}": (frame(opcode, _MARK), _PROTOCOL)
        for opcode in chain(range(3, 8), range(11, 16))
    },
    "a ping in fragments": (frame(PING, _MARK, fin=False), _PROTOCOL),
    "a close in fragments": (frame(CLOSE, b"\x03\xe8", fin=False), _PROTOCOL),
    "a ping of 126 bytes": (frame(PING, bytes(126)), _PROTOCOL),
    "a pong of 64 KiB": (frame(PONG, bytes(1 << 16)), _PROTOCOL),
    "a continuation of nothing": (frame(CONTINUATION, _MARK), _PROTOCOL),
    "a message inside another": (
        frame(TEXT, _MARK, fin=False) + frame(TEXT, _MARKED),
        _PROTOCOL,
    ),
    "a close inside a message": (frame(TEXT, _MARK, fin=False) + close_frame(1000), _PROTOCOL),
    "a length of 2^63": (frame(BINARY, claims=1 << 63), _TOO_BIG),
    "a length of 2^64 - 1": (frame(BINARY, claims=(1 << 64) - 1), _TOO_BIG),
    "a length of 2^62": (frame(TEXT, claims=1 << 62), _TOO_BIG),
    "a byte more than a message may have": (frame(BINARY, claims=_MIB + 1), _TOO_BIG),
    "fragments that are too much together": (
        frame(BINARY, bytes(_MIB), fin=False) + frame(CONTINUATION, b"12"),
        _TOO_BIG,
    ),
    "a message of fragments without end": (
        frame(BINARY, fin=False) + frame(CONTINUATION, fin=False) * 20_000,
        _TOO_OFTEN,
    ),
    "ten thousand pings": (frame(PING, _MARK) * 10_000, _TOO_OFTEN),
    "ten thousand pongs": (frame(PONG, _MARK) * 10_000, _TOO_OFTEN),
    "ten messages of two hundred fragments": (_fragments(BINARY, *[b""] * 200) * 10, _TOO_OFTEN),
    "text that is no UTF-8": (frame(TEXT, b'{"type": "\xff"}'), _UTF8),
    "an overlong character": (frame(TEXT, b"\xc0\xaf"), _UTF8),
    "half a surrogate pair": (frame(TEXT, b"\xed\xa0\x80"), _UTF8),
    "a character above the last one": (frame(TEXT, b"\xf4\x90\x80\x80"), _UTF8),
    "text that ends inside a character": (frame(TEXT, _MARK[:_HALF]), _UTF8),
    "a character broken off between fragments": (
        _fragments(TEXT, _MARK[:_HALF], b'"}'),
        _UTF8,
    ),
    **{
        f"close code {code}": (close_frame(code, b"bye"), _PROTOCOL)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
    },
    "half a close code": (frame(CLOSE, b"\x03"), _PROTOCOL),
    "a close of 126 bytes": (close_frame(1000, bytes(124)), _PROTOCOL),
    "a close reason that is no UTF-8": (close_frame(1000, b"\xff"), _UTF8),
    "five texts that are no JSON": (frame(TEXT, _MARK) * 5, _PROTOCOL),
    "five unknown types": (frame(TEXT, _MARKED) * 5, _PROTOCOL),
    "five texts nested too deep": (frame(TEXT, b"[" * 16_384) * 5, _PROTOCOL),
    "five texts that are too long": (frame(TEXT, b" " * 16_385) * 5, _PROTOCOL),
    "five odd byte counts": (frame(BINARY, _MARK[:3]) * 5, 1003),
    "five sound files": (frame(BINARY, b"RIFF\0\0\0\0WAVE" + bytes(32)) * 5, 1003),
    **{
        f"a close with {code}": (close_frame(code, b"bye"), code)
        for code in (1000, 1001, 1003, 1007, 1011, 3000, 4999)
    },
    "a close without a code": (frame(CLOSE), 1005),
    "frames behind the close": (close_frame(1000) + frame(TEXT, _MARKED) * 100, 1000),
}
"""Sent once the WebSocket is open: and the code that the server closes with."""

HARMLESS: Mapping[str, bytes] = {
    "a message in fragments": _fragments(TEXT, *(bytes([byte]) for byte in _MARKED)),
    "control frames between fragments": _between(_MARKED[:5], _MARKED[5:_HALF], _MARKED[_HALF:]),
    "audio in fragments of a byte": _fragments(BINARY, *[b"\0"] * 900),
    "three hundred empty audio messages": frame(BINARY) * 300,
    "nine hundred pings of 125 bytes": frame(PING, bytes(125)) * 900,
    "nine hundred pongs that nobody asked for": frame(PONG, _MARK) * 900,
    "a length written longer than needed": frame(BINARY, bytes(4), claims=4),
    "a megabyte at once": frame(BINARY, bytes(_MIB)),
    "four texts that are no JSON": frame(TEXT, _MARK) * 4,
}
"""Sent after the WebSocket is open. The data is unusual, but the session continues."""


def _request(line: bytes = b"GET / HTTP/1.1", *headers: bytes, end: bytes = b"\r\n\r\n") -> bytes:
    return b"\r\n".join((line, b"Host: localhost", *headers)) + end


def _upgrade_without(header: bytes) -> bytes:
    """Write the request to upgrade without one of its headers."""
    lines = (line for line in UPGRADE.split(b"\r\n") if not line.startswith(header + b":"))
    return b"\r\n".join(lines)


_MARKED_HEADER = b"X-Mark: " + b"m" * 100
_TOO_LARGE, _BAD, _UNANSWERED = b"431", b"400", b""

REQUESTS: Mapping[str, tuple[bytes, bytes]] = {
    "garbage": (b"\x16\x03 neither TLS nor HTTP\r\n\r\n", _BAD),
    "no request line": (b"\r\n\r\n", _BAD),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", _BAD),
    "HTTP/1.0": (_request(b"GET / HTTP/1.0"), b"200"),
    "a method that is no GET": (_request(b"TRACE / HTTP/1.1"), b"426"),
    "a POST with a second request as its body": (
        _request(b"POST / HTTP/1.1", b"Content-Length: 4000") + UPGRADE,
        _BAD,
    ),
    "a GET with a second request as its body": (
        _request(b"GET /healthz HTTP/1.1", b"Content-Length: %d" % len(UPGRADE)) + UPGRADE,
        _BAD,
    ),
    "a PUT of a file": (
        _request(b"PUT /v1/transcripts HTTP/1.1", b"Content-Length: 4") + b"RIFF",
        _BAD,
    ),
    "a body of 40 kB": (
        _request(b"PUT /v1/transcripts HTTP/1.1", b"Content-Length: 40000") + bytes(40_000),
        _BAD,
    ),
    "a chunked body": (
        _request(b"GET / HTTP/1.1", b"Transfer-Encoding: chunked") + b"0\r\n\r\n" + UPGRADE,
        _BAD,
    ),
    "two lengths": (
        _request(b"GET / HTTP/1.1", b"Content-Length: 0", b"Content-Length: 9") + UPGRADE,
        _BAD,
    ),
    "two requests at once": (_request(b"GET /healthz HTTP/1.1") * 2, _UNANSWERED),
    "a header of a megabyte": (_request(b"GET / HTTP/1.1", b"X: " + bytes(_MIB)), _TOO_LARGE),
    "ten thousand headers": (_request(b"GET / HTTP/1.1", *[b"X: y"] * 10_000), _TOO_LARGE),
    "an address of a megabyte": (_request(b"GET /" + b"a" * _MIB + b" HTTP/1.1"), b"414"),
    "a line end inside a header": (_request(b"GET / HTTP/1.1", b"X: a\nb"), _BAD),
    "a zero byte in a header": (_request(b"GET / HTTP/1.1", b"X: a\0b"), _BAD),
    "a header that goes on in the next line": (
        _request(b"GET / HTTP/1.1", b"X: a\r\n b"),
        _BAD,
    ),
    "a header name with a space": (_request(b"GET / HTTP/1.1", b"X : a"), _BAD),
    "lines that end in a line feed": (UPGRADE.replace(b"\r\n", b"\n"), _BAD),
    "an upgrade without a key": (_upgrade_without(b"Sec-WebSocket-Key"), _BAD),
    "an upgrade without a version": (_upgrade_without(b"Sec-WebSocket-Version"), _BAD),
    "an upgrade to another version": (UPGRADE.replace(b"13", b"12"), _BAD),
    "an upgrade to another protocol": (UPGRADE.replace(b"websocket", b"h2c"), b"426"),
    "a key that is no base64": (UPGRADE.replace(KEY, b"*" * 24), _BAD),
    "two keys": (UPGRADE.replace(b"Host:", b"Sec-WebSocket-Key: " + KEY + b"\r\nHost:"), _BAD),
}
"""Sent after the TLS handshake, with the expected status; empty where the server just closes."""

_BEGIN = frame(TEXT, b'{"type": "start_speaker_registration", "speaker_id": 0}')
_AUDIO = frame(BINARY, bytes(8192))
_END = frame(TEXT, b'{"type": "complete_speaker_registration", "speaker_id": 0}')

STAGES: Mapping[str, tuple[bool, bytes]] = {
    "TCP": (False, b""),
    "a part of the hello": (False, b"\x16\x03\x01"),
    "TLS": (True, b""),
    "a part of the request": (True, UPGRADE[:40]),
    "the request": (True, UPGRADE),
    "a part of a frame's head": (True, UPGRADE + _AUDIO[:3]),
    "a part of a frame": (True, UPGRADE + _AUDIO[:1000]),
    "a part of a message": (True, UPGRADE + frame(TEXT, b"{", fin=False)),
    "the begin of an enrolment": (True, UPGRADE + _BEGIN),
    "audio": (True, UPGRADE + _BEGIN + _AUDIO * 20),
    "the end of an enrolment": (True, UPGRADE + _BEGIN + _AUDIO * 20 + _END),
    "a close": (True, UPGRADE + frame(CLOSE)),
}
"""Sent before a reset, over TLS or not."""

_ASKED = frame(TEXT, b'{"type": "stop_transcription"}')

FLOODS: Mapping[str, bytes] = {
    "pings": frame(PING, bytes(125)) * 1000,
    "messages at the wrong time": _ASKED * 1000,
}
"""Sent again and again to a server whose answers are not read."""

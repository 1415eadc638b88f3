"""The frames between the server process and a worker.

A frame is an unsigned 32-bit little-endian byte count, followed by that many bytes: one msgpack
struct of `wire`. The frames are sent over a pipe, and could be sent over a socket.
"""

import math
import struct
from io import BytesIO, RawIOBase

import msgspec
import numpy as np

from hwaja.engines.recognition import Hypothesis
from hwaja.workers.transport.wire import (
    MAX_BATCH,
    Batch,
    Candidates,
    Embed,
    Embedded,
    Feed,
    Ready,
    Recognise,
    Recognised,
    Reply,
    Request,
    Stepped,
    Unusable,
)

_LENGTH = struct.Struct("<I")
HEADER_BYTES = _LENGTH.size

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""Longer frames are rejected: 30 s of audio take 1 MB."""

MAX_CANDIDATES = 64

MAX_TEXT_CHARACTERS = 20_000
"""Longer texts are rejected: an utterance has less than a tenth of that."""

Pipe = RawIOBase | BytesIO
"""A blocking stream without a buffer. A buffer would keep the last audio or text."""

_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)

# The decoder raises Python's own errors for text that is not UTF-8 and for deep nesting.
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class WireError(Exception):
    """The bytes in the pipe are no valid frames of this protocol."""


def encode(message: Request | Reply) -> bytearray:
    """Return `message` as one frame. The caller may overwrite the frame after sending it."""
    frame = bytearray(HEADER_BYTES)
    _encoder.encode_into(message, frame, HEADER_BYTES)
    _LENGTH.pack_into(frame, 0, len(frame) - HEADER_BYTES)
    return frame


def erase(content: memoryview | bytearray) -> None:
    """Overwrite personal data with zeros. Read-only memory stays unchanged."""
    view = memoryview(content)
    if not view.readonly:
        view[:] = bytes(len(view))


def erase_audio(request: Request) -> None:
    """Overwrite the audio of a request with zeros."""
    for part in request.jobs if isinstance(request, Batch) else (request,):
        if isinstance(part, Recognise | Embed | Feed):
            erase(part.samples)
        if isinstance(part, Recognise) and part.voice is not None:
            erase(part.voice)


def body_bytes(header: bytes | bytearray) -> int:
    """Return how many bytes follow the header of a frame.

    Raises:
        WireError: they are more than `MAX_FRAME_BYTES`.

    """
    (count,) = _LENGTH.unpack(header)
    if count > MAX_FRAME_BYTES:
        raise WireError("frame too long")
    return int(count)


def decode_request(body: bytes | bytearray) -> Request:
    """Decode the body of a frame to a worker.

    Raises:
        WireError: it is not a request.

    """
    try:
        return _requests.decode(body)
    except _UNREADABLE:
        raise WireError("not a request") from None


def decode_reply(body: bytes | bytearray) -> Reply:
    """Decode the body of a frame from a worker.

    Raises:
        WireError: it is not a reply, or it has impossible lengths or numbers.

    """
    try:
        reply = _replies.decode(body)
    except _UNREADABLE:
        raise WireError("not a reply") from None
    if not _is_valid(reply):
        raise WireError("a reply that cannot be")
    return reply


def _is_valid(reply: Reply) -> bool:
    """Return whether the lengths and numbers of a reply are valid."""
    match reply:
        case Recognised(hypothesis=hypothesis):
            return _is_valid_hypothesis(hypothesis)
        case Stepped(results=results):
            return all(
                each.hypothesis is None or _is_valid_hypothesis(each.hypothesis) for each in results
            )
        case Candidates(candidates=candidates, language=language):
            return 0 < len(candidates) <= MAX_CANDIDATES and all(
                len(text) <= MAX_TEXT_CHARACTERS
                for text in (language, *(each.text for each in candidates))
            )
        case Embedded(vectors=vectors, overlap=overlap):
            return _is_valid_embedding(vectors, overlap)
        case Ready(abilities=abilities):
            return 1 <= abilities.batch_size <= MAX_BATCH
        case Unusable(sentence=sentence):
            return len(sentence) <= MAX_TEXT_CHARACTERS
        case _:
            return True


def _is_valid_hypothesis(hypothesis: Hypothesis) -> bool:
    texts = (hypothesis.text, hypothesis.language or "", *(t.text for t in hypothesis.tokens))
    return (
        len(hypothesis.tokens) <= MAX_TEXT_CHARACTERS
        and all(len(text) <= MAX_TEXT_CHARACTERS for text in texts)
        and all(math.isfinite(token.start_seconds) for token in hypothesis.tokens)
    )


def _is_valid_embedding(vectors: memoryview, overlap: memoryview) -> bool:
    if len(vectors) % 4 or len(overlap) % 4:
        return False
    numbers, shares = np.frombuffer(vectors, np.float32), np.frombuffer(overlap, np.float32)
    are_rows = len(numbers) > 0 and len(numbers) % (1 + len(shares)) == 0
    return are_rows and bool(np.isfinite(numbers).all() and np.isfinite(shares).all())


def write_reply(stream: Pipe, reply: Reply) -> None:
    """Write a reply as one frame, and overwrite the frame afterwards.

    Raises:
        OSError: the reader has closed the stream.

    """
    frame = encode(reply)
    try:
        rest = memoryview(frame)
        while rest:
            rest = rest[stream.write(rest) :]
    finally:
        erase(frame)


def read_request(stream: Pipe) -> Request | None:
    """Read the next request. None: the stream has ended.

    Raises:
        WireError: the bytes are not a frame of a request, or the stream ends inside a frame.

    """
    header = bytearray(HEADER_BYTES)
    header_bytes = _fill(header, stream)
    if not header_bytes:
        return None
    if header_bytes == HEADER_BYTES:
        body = bytearray(body_bytes(header))
        if _fill(body, stream) == len(body):
            return decode_request(body)
    raise WireError("stream ended inside a frame")


def _fill(buffer: bytearray, stream: Pipe) -> int:
    """Read until the buffer is full or the stream ends; return the number of bytes read."""
    filled = 0
    with memoryview(buffer) as view:
        while filled < len(view) and (count := stream.readinto(view[filled:])):
            filled += count
    return filled

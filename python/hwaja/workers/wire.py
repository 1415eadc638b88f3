"""Frames between the front and a worker: a length, then one msgpack struct.

A frame is an unsigned 32-bit little-endian byte count followed by that many bytes. The same
frames run over a pipe today and could run over a socket.
"""

import math
import struct
from io import BytesIO, RawIOBase

import msgspec
import numpy as np

from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.protocol.values import Options

_LENGTH = struct.Struct("<I")
HEADER_BYTES = _LENGTH.size

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""Longer frames are refused: 30 s of float32 audio take 1.9 MB."""

MAX_TEXT_CHARACTERS = 20_000
"""Longer texts are refused: nobody says a tenth of that in one utterance."""


class VoiceModels(msgspec.Struct, frozen=True):
    """Models that tell voices apart."""

    embedder_file: str
    segmenter_file: str


class Setup(msgspec.Struct, frozen=True, tag=True):
    """First frame to a worker: what to load."""

    recogniser_dir: str
    voices: VoiceModels | None
    """None: no voices will be embedded."""
    language: str
    """Whisper's code, for example "ko"."""
    decoding_method: str = "greedy_search"
    yields: bool = False
    """Whether every other process goes first."""
    provider: str = "cpu"
    """What to compute on: "cpu" or "cuda"."""


# A job is done at once, a stream over many frames. Ids are never used twice. A suspect is one
# that a worker died of: the worker tells before it touches it (`SuspectNotice`).


class Recognise(msgspec.Struct, frozen=True, tag=True):
    """Turn an utterance into text."""

    job_id: int
    samples: memoryview
    """float32 little-endian, 16 kHz mono."""
    speech_seconds: float
    """How much of it the gate took for speech."""
    options: Options = Options()
    suspect: bool = False


class Embed(msgspec.Struct, frozen=True, tag=True):
    """Embed the voice in an utterance."""

    job_id: int
    samples: memoryview
    """float32 little-endian, 16 kHz mono."""
    overlaps: bool = True
    """Whether to tell as well where two voices speak at once; if not, nowhere is."""
    suspect: bool = False


class Open(msgspec.Struct, frozen=True, tag=True):
    """An utterance begins, which is to be heard while it is spoken."""

    stream_id: int
    options: Options
    interims: bool
    """Whether to tell what was heard before the utterance is over."""
    suspect: bool = False
    is_ahead: bool = False
    """Whether those that are not go first."""


class Feed(msgspec.Struct, frozen=True, tag=True):
    """The next samples of a stream."""

    stream_id: int
    samples: memoryview
    """float32 little-endian, 16 kHz mono."""


class Finish(msgspec.Struct, frozen=True, tag=True):
    """A stream's utterance is over."""

    stream_id: int
    speech_seconds: float
    """How much of it the gate took for speech."""


class Drop(msgspec.Struct, frozen=True, tag=True):
    """Nobody waits for a stream any more."""

    stream_id: int


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The worker has loaded its models."""

    abilities: Abilities


class Unusable(msgspec.Struct, frozen=True, tag=True):
    """The worker cannot load its models and ends; starting it again would not help."""

    sentence: str


class Recognised(msgspec.Struct, frozen=True, tag=True):
    """The text of a job; empty where no words were heard."""

    job_id: int
    hypothesis: Hypothesis


class Embedded(msgspec.Struct, frozen=True, tag=True):
    """The embeddings of a job."""

    job_id: int
    vectors: memoryview
    """float32 little-endian: that of all of the audio, then that of each window."""
    overlap: memoryview
    """float32 little-endian, one for each window: see `engine.VoiceTrack`."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The engine could not do a job; the worker goes on."""

    job_id: int


class Heard(msgspec.Struct, frozen=True):
    """What one stream has become."""

    stream_id: int
    hypothesis: Hypothesis | None
    """None: the engine failed on it, and the stream is over."""
    is_final: bool


class Stepped(msgspec.Struct, frozen=True, tag=True):
    """What changed in the streams by one step."""

    heard: list[Heard]


class SuspectNotice(msgspec.Struct, frozen=True, tag=True):
    """The worker is about to touch a suspect; None: it has survived it."""

    item_id: int | None


JobRequest = Recognise | Embed
StreamRequest = Open | Feed | Finish | Drop
Request = Setup | JobRequest | StreamRequest
JobReply = Recognised | Embedded | Failed
Reply = Ready | Unusable | JobReply | Stepped | SuspectNotice

Pipe = RawIOBase | BytesIO
"""A blocking stream without a buffer, in which what was last said would stay."""

_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


# The decoder lets Python's own errors out for text that is not UTF-8 and for deep nesting.
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class WireError(Exception):
    """The bytes on the pipe are not frames of this protocol."""


def encode(message: Request | Reply) -> bytearray:
    """Return `message` as one frame. The caller may overwrite it once it is sent."""
    frame = bytearray(HEADER_BYTES)
    _encoder.encode_into(message, frame, HEADER_BYTES)
    _LENGTH.pack_into(frame, 0, len(frame) - HEADER_BYTES)
    return frame


def erase(content: memoryview | bytearray) -> None:
    """Overwrite personal data with zeros; what cannot be written is left."""
    view = memoryview(content)
    if not view.readonly:
        view[:] = bytes(len(view))


def body_bytes(header: bytes | bytearray) -> int:
    """Return how many bytes follow the header of a frame.

    Raises:
        WireError: for more than MAX_FRAME_BYTES.

    """
    (count,) = _LENGTH.unpack(header)
    if count > MAX_FRAME_BYTES:
        raise WireError("frame too long")
    return int(count)


def decode_request(body: bytes | bytearray) -> Request:
    """Read the body of a frame to a worker.

    Raises:
        WireError: where it is none.

    """
    try:
        return _requests.decode(body)
    except _UNREADABLE:
        raise WireError("not a request") from None


def decode_reply(body: bytes | bytearray) -> Reply:
    """Read the body of a frame from a worker.

    Raises:
        WireError: where it is none, or one that says what cannot be.

    """
    try:
        reply = _replies.decode(body)
    except _UNREADABLE:
        raise WireError("not a reply") from None
    if not _can_be(reply):
        raise WireError("a reply that cannot be")
    return reply


def _can_be(reply: Reply) -> bool:
    """Say whether who reads the reply may count on its numbers and lengths."""
    match reply:
        case Recognised(hypothesis=hypothesis):
            return _can_be_said(hypothesis)
        case Stepped(heard=heard):
            return all(each.hypothesis is None or _can_be_said(each.hypothesis) for each in heard)
        case Embedded(vectors=vectors, overlap=overlap):
            return _can_be_a_voice(vectors, overlap)
        case Unusable(sentence=sentence):
            return len(sentence) <= MAX_TEXT_CHARACTERS
        case _:
            return True


def _can_be_said(hypothesis: Hypothesis) -> bool:
    texts = (hypothesis.text, hypothesis.language or "", *(t.text for t in hypothesis.tokens))
    return (
        len(hypothesis.tokens) <= MAX_TEXT_CHARACTERS
        and all(len(text) <= MAX_TEXT_CHARACTERS for text in texts)
        and all(math.isfinite(token.start_seconds) for token in hypothesis.tokens)
    )


def _can_be_a_voice(vectors: memoryview, overlap: memoryview) -> bool:
    if len(vectors) % 4 or len(overlap) % 4:
        return False
    numbers, shares = np.frombuffer(vectors, np.float32), np.frombuffer(overlap, np.float32)
    are_rows = len(numbers) > 0 and len(numbers) % (1 + len(shares)) == 0
    return are_rows and bool(np.isfinite(numbers).all() and np.isfinite(shares).all())


def write_reply(stream: Pipe, reply: Reply) -> None:
    """Write a reply as one frame, which is overwritten then.

    Raises:
        OSError: where nobody reads the stream any more.

    """
    frame = encode(reply)
    try:
        rest = memoryview(frame)
        while rest:
            rest = rest[stream.write(rest) :]
    finally:
        erase(frame)


def read_request(stream: Pipe) -> Request | None:
    """Read the next request; None at the end of the stream.

    Raises:
        WireError: for bytes that are no frame, or a stream that ends inside one.

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
    """Read until the buffer is full or the stream ends; return how many bytes were read."""
    filled = 0
    with memoryview(buffer) as view:
        while filled < len(view) and (count := stream.readinto(view[filled:])):
            filled += count
    return filled

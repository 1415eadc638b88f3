"""The frames between the server process and a worker.

A frame is an unsigned 32-bit little-endian byte count, followed by that many bytes: one msgpack
struct. The frames are sent over a pipe, and could be sent over a socket.
"""

import math
import struct
from io import BytesIO, RawIOBase

import msgspec
import numpy as np

from hwaja.engines.recognition import NORMAL, Abilities, Candidate, Effort, Hypothesis
from hwaja.protocol.values import Options
from hwaja.text.numbers import NumberStyle

_LENGTH = struct.Struct("<I")
HEADER_BYTES = _LENGTH.size

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""Longer frames are rejected: 30 s of audio take 1 MB."""

MAX_BATCH = 16
"""Most jobs in a batch: so many utterances of 29 s, the longest, fit a frame."""

MAX_CANDIDATES = 64

MAX_TEXT_CHARACTERS = 20_000
"""Longer texts are rejected: an utterance has less than a tenth of that."""


class VoiceModels(msgspec.Struct, frozen=True):
    """The models that distinguish voices."""

    embedder_file: str
    segmenter_file: str


class Writing(msgspec.Struct, frozen=True):
    """How a text is written before it leaves the worker."""

    number_style: NumberStyle = NumberStyle.DIGITS
    masks: bool = False
    """Whether numbers that identify a person are replaced."""


class Setup(msgspec.Struct, frozen=True, tag=True):
    """The first frame to a worker: the models to load, and how to run them."""

    recogniser_dir: str
    voices: VoiceModels | None
    """None: the worker embeds no voices."""
    language: str
    """Whisper's language code, for example "ko"."""
    decoding_method: str = "greedy_search"
    low_priority: bool = False
    """Whether the worker runs only while no other process wants the processor."""
    provider: str = "cpu"
    """The device of the engine: "cpu" or "cuda"."""
    writing: Writing = Writing()
    extractor_dir: str | None = None
    """The model that extracts voices. None: the worker extracts none."""

    @property
    def kind(self) -> str:
        """The kind of worker, for the log."""
        return "interims worker" if self.low_priority else "worker"

    @property
    def models(self) -> str:
        """The files and folders that the worker loads, for a message."""
        voices = self.voices
        files = () if voices is None else (voices.embedder_file, voices.segmenter_file)
        extractor = () if self.extractor_dir is None else (self.extractor_dir,)
        return " and ".join((self.recogniser_dir, *files, *extractor))


class LanguageSetup(msgspec.Struct, frozen=True, tag=True):
    """The first frame to the language worker."""

    kind = "language worker"
    models = "the Korean language model"
    """What the worker loads, for a message."""


# A job is a frame or part of a `Batch`, a stream is many frames. Each id is used once. A suspect is
# a job or stream that a worker may have died of. The worker announces it before it processes it.


class Recognise(msgspec.Struct, frozen=True, tag=True):
    """A job: recognise the text of a whole utterance."""

    job_id: int
    samples: memoryview
    """PCM16, little endian, 16 kHz mono."""
    speech_seconds: float
    """How much of it the gate took for speech."""
    options: Options = Options()
    suspect: bool = False
    effort: Effort = NORMAL
    offers: bool = False
    """Whether the worker sends `Candidates`, if it finds several, and waits for `Choose`."""
    voice: memoryview | None = None
    """`VOICE_SAMPLES` of a voice, as `samples`: recognise only what this voice says."""


class Choose(msgspec.Struct, frozen=True, tag=True):
    """The choice among the candidates of a job."""

    job_id: int
    index: int


class Rank(msgspec.Struct, frozen=True, tag=True):
    """Find the likeliest of several texts, by the recogniser and by the language model."""

    rank_id: int
    candidates: list[Candidate]


class Embed(msgspec.Struct, frozen=True, tag=True):
    """A job: embed the voice in an utterance."""

    job_id: int
    samples: memoryview
    """PCM16, little endian, 16 kHz mono."""
    overlaps: bool = True
    """Whether to detect where two voices speak at once. False: the overlap is 0 everywhere."""
    suspect: bool = False


class Batch(msgspec.Struct, frozen=True, tag=True):
    """Several jobs that the worker does at once. None of them is a suspect."""

    jobs: list[Recognise | Embed]


class Open(msgspec.Struct, frozen=True, tag=True):
    """Open a stream for an utterance that is recognised while it is spoken."""

    stream_id: int
    options: Options
    interims: bool
    """Whether to send interim texts."""
    suspect: bool = False
    is_ahead: bool = False
    """Whether the session is ahead of real time, so that other streams are decoded first."""


class Feed(msgspec.Struct, frozen=True, tag=True):
    """The next samples of a stream."""

    stream_id: int
    samples: memoryview
    """PCM16, little endian, 16 kHz mono."""


class Finish(msgspec.Struct, frozen=True, tag=True):
    """The utterance of a stream has ended."""

    stream_id: int
    speech_seconds: float
    """How much of it the gate took for speech."""


class Drop(msgspec.Struct, frozen=True, tag=True):
    """Close a stream without a result, because the server no longer needs it."""

    stream_id: int


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The worker has loaded its models."""

    abilities: Abilities


class Unusable(msgspec.Struct, frozen=True, tag=True):
    """The worker cannot load its models, and ends. A restart would fail again."""

    sentence: str


class Recognised(msgspec.Struct, frozen=True, tag=True):
    """The reply to `Recognise`. The text is empty if the audio has no words."""

    job_id: int
    hypothesis: Hypothesis


class Candidates(msgspec.Struct, frozen=True, tag=True):
    """The texts among which the server chooses for a job, the likeliest first."""

    job_id: int
    candidates: list[Candidate]
    language: str


class Ranked(msgspec.Struct, frozen=True, tag=True):
    """The reply to `Rank`."""

    rank_id: int
    index: int


class Embedded(msgspec.Struct, frozen=True, tag=True):
    """The reply to `Embed`."""

    job_id: int
    vectors: memoryview
    """float32 little-endian: the embedding of the whole audio, then that of each window."""
    overlap: memoryview
    """float32 little-endian, one value per window: see `engines.interface.VoiceTrack`."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The engine failed on a job. The worker keeps running."""

    job_id: int


class StreamResult(msgspec.Struct, frozen=True):
    """The new result of one stream."""

    stream_id: int
    hypothesis: Hypothesis | None
    """None: the engine failed on the stream, which is closed."""
    is_final: bool


class Stepped(msgspec.Struct, frozen=True, tag=True):
    """The new results of all streams after one step."""

    results: list[StreamResult]


class SuspectNotice(msgspec.Struct, frozen=True, tag=True):
    """The worker is about to process a suspect. None: it has survived the suspect."""

    item_id: int | None


JobRequest = Recognise | Embed
StreamRequest = Open | Feed | Finish | Drop
Request = Setup | LanguageSetup | JobRequest | Batch | Choose | StreamRequest | Rank
JobReply = Recognised | Embedded | Failed
Reply = Ready | Unusable | JobReply | Candidates | Stepped | SuspectNotice | Ranked

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

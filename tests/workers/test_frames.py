"""Frames between the front and a worker."""

import io
import math
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.engines.checks import MAX_UTTERANCE_SECONDS
from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.protocol.values import (
    Hotword,
    Options,
    Token,
)
from hwaja.text.numbers import NumberStyle
from hwaja.workers.inference.child import audio_of
from hwaja.workers.transport import frames, wire

SAMPLES = np.array([16384, -8192, 1], "<i2")
VECTOR = np.arange(4, dtype="<f4")
AUDIO = memoryview(SAMPLES).cast("B")

REQUESTS: list[wire.Request] = [
    wire.Setup("/models/whisper", wire.VoiceModels("/voice.onnx", "/segments.onnx"), "ko", "cuda"),
    wire.Setup("/models/whisper", None, "ko", writing=wire.Writing(NumberStyle.WORDS, masks=True)),
    wire.Recognise(7, AUDIO, 1.25),
    wire.Recognise(9, AUDIO, 1.25, Options("ko", (Hotword("화자", 2.5), Hotword("상담"))), True),
    wire.Embed(8, AUDIO),
    wire.Batch([wire.Recognise(7, AUDIO, 1.25), wire.Embed(8, AUDIO), wire.Recognise(9, AUDIO, 1)]),
    wire.Open(11, Options("en"), interims=True, suspect=True),
    wire.Feed(11, AUDIO),
    wire.Finish(11, 2.5),
    wire.Drop(11),
]
REPLIES: list[wire.Reply] = [
    wire.Ready(Abilities(True, frozenset({"ko", "en"}), frozenset("가나"))),
    wire.Unusable("모델이 없습니다."),
    wire.Recognised(7, Hypothesis("안녕하세요", (Token("안녕", 0.25),), "ko")),
    wire.Recognised(9, Hypothesis("")),
    wire.Embedded(8, memoryview(VECTOR).cast("B"), memoryview(VECTOR[:1]).cast("B")),
    wire.Failed(10),
    wire.Stepped(
        [
            wire.StreamResult(11, Hypothesis("안녕"), is_final=False),
            wire.StreamResult(12, None, is_final=True),
        ]
    ),
    wire.SuspectNotice(11),
    wire.SuspectNotice(None),
]


def body(message: wire.Request | wire.Reply) -> bytes:
    return bytes(frames.encode(message)[frames.HEADER_BYTES :])


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_arrives_as_it_was_sent(request_: wire.Request) -> None:
    assert frames.decode_request(body(request_)) == request_


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_arrives_as_it_was_sent(reply: wire.Reply) -> None:
    assert frames.decode_reply(body(reply)) == reply


@pytest.mark.parametrize("message", [*REQUESTS, *REPLIES])
def test_the_header_counts_the_bytes_that_follow(message: wire.Request | wire.Reply) -> None:
    frame = frames.encode(message)
    assert (
        frames.body_bytes(bytes(frame[: frames.HEADER_BYTES])) == len(frame) - frames.HEADER_BYTES
    )
    assert frame[: frames.HEADER_BYTES] == (len(frame) - 4).to_bytes(4, "little")


def test_audio_crosses_bit_for_bit() -> None:
    request = frames.decode_request(body(wire.Recognise(1, AUDIO, 1.0)))
    assert isinstance(request, wire.Recognise)
    assert np.frombuffer(request.samples, "<i2").tolist() == SAMPLES.tolist()


@pytest.mark.parametrize("shift", range(4))
def test_audio_is_converted_wherever_it_lies_in_its_frame(shift: int) -> None:
    """A frame puts its bytes at any address; unaligned floats once killed the worker."""
    place = bytearray(bytes(shift) + bytes(AUDIO))
    request = wire.Recognise(1, memoryview(place)[shift:], 1.0)
    with audio_of(request.samples) as samples:
        assert samples.tolist() == [0.5, -0.25, 1 / 32768]
        assert not any(place[shift:]), "the audio in the frame is overwritten"
    assert not samples.any(), "so is the converted audio"


def test_thirty_seconds_of_audio_fit_into_a_frame() -> None:
    samples = memoryview(np.zeros(30 * 16_000, "<i2")).cast("B")
    frame = frames.encode(wire.Embed(1, samples))
    assert frames.body_bytes(bytes(frame[:4])) <= frames.MAX_FRAME_BYTES


def test_the_largest_batch_of_the_longest_utterances_fits_into_a_frame() -> None:
    samples = memoryview(np.zeros(round(MAX_UTTERANCE_SECONDS * 16_000), "<i2")).cast("B")
    hotwords = tuple(Hotword("화자" * 16, 2.5) for _ in range(100))
    jobs = [
        wire.Recognise(k, samples, 29.0, Options("ko", hotwords)) for k in range(wire.MAX_BATCH)
    ]
    frame = frames.encode(wire.Batch(list(jobs)))
    assert frames.body_bytes(bytes(frame[:4])) <= frames.MAX_FRAME_BYTES


def test_a_frame_that_declares_too_many_bytes_is_refused_before_it_is_read() -> None:
    limit = frames.MAX_FRAME_BYTES
    assert frames.body_bytes(limit.to_bytes(4, "little")) == limit
    with pytest.raises(frames.WireError):
        frames.body_bytes((limit + 1).to_bytes(4, "little"))
    with pytest.raises(frames.WireError):
        frames.read_request(io.BytesIO(b"\xff\xff\xff\xff"))


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_is_no_request(reply: wire.Reply) -> None:
    with pytest.raises(frames.WireError):
        frames.decode_request(body(reply))


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_is_no_reply(request_: wire.Request) -> None:
    with pytest.raises(frames.WireError):
        frames.decode_reply(body(request_))


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"\xc1",
        body(REQUESTS[1])[:-1],
        body(REQUESTS[1]) + b"\x00",
        # {"type": "Embed", "job_id": "8", "samples": b""}, {"type": "Recognised"}
        b"\x83\xa4type\xa5Embed\xa6job_id\xa18\xa7samples\xc4\x00",
        b"\x81\xa4type\xaaRecognised",
        # {"type": "Failed", "job_id": 1, "x": [[[...]]]}
        b"\x83\xa4type\xa6Failed\xa6job_id\x01\xa1x" + b"\x91" * 100_000 + b"\xc0",
        # {"type": "Recognised", "job_id": 1, "text": <not UTF-8>}
        b"\x83\xa4type\xaaRecognised\xa6job_id\x01\xa4text\xa2\xff\xfe",
        b"\x83\xa4type\xa5Setup\xaerecogniser_dir\xa2\xff\xfe\xa8language\xa2ko",
    ],
)
def test_invalid_bytes_are_a_wire_error_that_quotes_nothing(wrong: bytes) -> None:
    for decode in (frames.decode_request, frames.decode_reply):
        with pytest.raises(frames.WireError) as caught:
            decode(wrong)
        assert caught.value.__suppress_context__
        assert caught.value.__cause__ is None


@given(st.binary(max_size=80))
def test_any_bytes_give_a_message_or_a_wire_error(data: bytes) -> None:
    for decode, kinds in ((frames.decode_request, wire.Request), (frames.decode_reply, wire.Reply)):
        try:
            message = decode(data)
        except frames.WireError:
            continue
        assert isinstance(message, kinds)


@given(st.integers(0, 2**63 - 1), st.binary(max_size=64), st.text(max_size=40))
def test_any_content_crosses_unchanged(job_id: int, samples: bytes, text: str) -> None:
    embed = wire.Embed(job_id, memoryview(samples))
    assert frames.decode_request(body(embed)) == embed
    recognised = wire.Recognised(job_id, Hypothesis(text))
    assert frames.decode_reply(body(recognised)) == recognised


def voice(vectors: list[float], overlap: list[float]) -> wire.Embedded:
    parts = (np.array(part, np.float32).data.cast("B") for part in (vectors, overlap))
    return wire.Embedded(1, *parts)


def said(text: str, *pieces: Token) -> wire.Recognised:
    return wire.Recognised(1, Hypothesis(text, pieces))


@pytest.mark.parametrize(
    "reply",
    [
        voice([], []),
        voice([1, 2, 3], [0.5]),
        voice([1, math.nan], [0.5]),
        voice([1, 2], [math.inf]),
        wire.Embedded(1, memoryview(b"12345"), memoryview(b"")),
        wire.Embedded(1, memoryview(b"1234"), memoryview(b"1")),
        said("no", Token("no", math.nan)),
        said("no", Token("no", math.inf)),
        said("no", Token("no" * frames.MAX_TEXT_CHARACTERS, 0.0)),
        said("no", *[Token("n", 0.0)] * (frames.MAX_TEXT_CHARACTERS + 1)),
        said("no" * frames.MAX_TEXT_CHARACTERS),
        wire.Stepped(
            [wire.StreamResult(1, Hypothesis("no" * frames.MAX_TEXT_CHARACTERS), is_final=False)]
        ),
        wire.Unusable("no" * frames.MAX_TEXT_CHARACTERS),
        wire.Ready(Abilities(batch_size=0)),
        wire.Ready(Abilities(batch_size=wire.MAX_BATCH + 1)),
    ],
    ids=lambda reply: type(reply).__name__,
)
def test_a_reply_with_impossible_numbers_or_lengths_is_a_wire_error(reply: wire.Reply) -> None:
    """It is the only check. A time that is not a number would end a session."""
    with pytest.raises(frames.WireError):
        frames.decode_reply(body(reply))


def test_requests_are_read_one_after_the_other_until_the_stream_ends() -> None:
    stream = io.BytesIO(b"".join(bytes(frames.encode(request)) for request in REQUESTS))
    assert [frames.read_request(stream) for _ in REQUESTS] == REQUESTS
    assert frames.read_request(stream) is None


def test_a_stream_that_ends_inside_a_frame_is_a_wire_error() -> None:
    frame = bytes(frames.encode(REQUESTS[1]))
    for length in range(1, len(frame)):
        with pytest.raises(frames.WireError):
            frames.read_request(io.BytesIO(frame[:length]))


class Dribble(io.RawIOBase):
    """A pipe that hands over one byte at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._data.read(1)
        buffer[: len(piece)] = piece
        return len(piece)


def test_a_request_that_arrives_in_pieces_is_read_whole() -> None:
    with io.BufferedReader(Dribble(bytes(frames.encode(REQUESTS[1])))) as stream:
        assert frames.read_request(stream) == REQUESTS[1]


def test_requests_cross_a_real_pipe() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as incoming, os.fdopen(writer, "wb") as outgoing:
        outgoing.write(frames.encode(REQUESTS[1]))
        outgoing.close()
        assert frames.read_request(incoming) == REQUESTS[1]
        assert frames.read_request(incoming) is None


def test_a_frame_can_be_overwritten_after_it_was_sent() -> None:
    """Audio is wiped after it was handed on."""
    frame = frames.encode(REQUESTS[1])
    frame[:] = bytes(len(frame))
    assert not any(frame)

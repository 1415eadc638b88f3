"""The times of successive transcriptions, for any change of the server's clock."""

import json
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets

from hwaja.client import Message, Transcription, connect
from hwaja.client.timeline import MonotonicTimestamps, Timeline
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.session.answers import iso_timestamp

Part = tuple[int, float, list[Message]]
"""A transcription: samples received, when it began by the server's clock, what was said in it."""

Span = tuple[int, int]


@st.composite
def parts(draw: st.DrawFn) -> Part:
    """Draw entries in the order of speech. They may overlap. The server's clock is arbitrary."""
    starts_ms = sorted(draw(st.lists(st.integers(0, 600_000), max_size=5)))
    began_at = 1.8e9 + draw(st.integers(-100_000_000, 100_000_000)) / 1000
    said = [entry(began_at, ms / 1000, draw(st.integers(0, 30_000)) / 1000) for ms in starts_ms]
    return draw(st.integers(0, 600 * SAMPLE_RATE)), began_at, said


def entry(began_at: float, start_seconds: float, seconds: float) -> Message:
    return {
        "type": "transcription",
        "segment_id": 0,
        "timestamp": iso_timestamp(round(began_at + start_seconds, 3) + 1e-6),
        "start_seconds": start_seconds,
        "end_seconds": round(start_seconds + seconds, 3),
    }


def span_ms(message: Message) -> Span:
    """Return the start and end of an entry in the conversation, in ms."""
    return round(1000 * message["start_seconds"]), round(1000 * message["end_seconds"])


def wall_span_ms(message: Message, heard: Message) -> Span:
    """Return the start and end of an entry by its timestamp, in ms; `heard` is the original."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    began_ms = (datetime.fromisoformat(message["timestamp"]) - epoch) // timedelta(milliseconds=1)
    start, end = span_ms(heard)
    return began_ms, began_ms + end - start


def check_order(told: list[list[Span]], heard: list[list[Span]]) -> None:
    """Check that no part begins before the end of the last, and each is moved forward as one."""
    for before, after in pairwise(part for part in told if part):
        assert after[0][0] >= max(end for _, end in before)
    for mine, theirs in zip(told, heard, strict=True):
        offsets = [m - t for m, t in zip(chain(*mine), chain(*theirs), strict=True)]
        assert not offsets or 0 <= min(offsets) == max(offsets)


def test_times_and_ids_count_from_the_beginning_of_the_conversation() -> None:
    timeline = Timeline(MonotonicTimestamps())
    timeline.dated(entry(1.8e9, 1.0, 0.5) | {"segment_id": 4})
    timeline.renew(32_000)
    token = {"text": "네", "start_seconds": 0.5, "probability": 0.9}
    assert timeline.dated(entry(1.8e9 + 2, 0.25, 0.75) | {"tokens": [token]}) == {
        "type": "transcription",
        "segment_id": 5,
        "timestamp": iso_timestamp(1.8e9 + 2.25),
        "start_seconds": 2.25,
        "end_seconds": 3.0,
        "tokens": [{"text": "네", "start_seconds": 2.5, "probability": 0.9}],
    }


A_PART_THAT_BEGINS_BETWEEN_TWO_MILLISECONDS: list[Part] = [
    (136_520, 1.8e9, []),
    (0, 1.8e9, [entry(1.8e9, 113.947, 30.0)]),
    (0, 1.8e9, [entry(1.8e9, 122.544, 0.0)]),
]


@given(st.lists(parts(), max_size=5), st.booleans())
@example(A_PART_THAT_BEGINS_BETWEEN_TWO_MILLISECONDS, True)
def test_transcriptions_do_not_overlap_in_time_and_keep_their_inner_differences(
    conversation: list[Part], is_one_conversation: bool
) -> None:
    """The next transcription continues a conversation, or begins another one."""
    timestamps = MonotonicTimestamps()
    timeline = Timeline(timestamps)
    told: list[list[Message]] = []
    for received_samples, _, said in conversation:
        told.append([timeline.dated(message) for message in said])
        if is_one_conversation:
            timeline.renew(received_samples)
        else:
            timeline = Timeline(timestamps)
    heard = [said for _, _, said in conversation]
    check_order(
        [list(map(wall_span_ms, *parts)) for parts in zip(told, heard, strict=True)],
        [[wall_span_ms(message, message) for message in part] for part in heard],
    )
    if is_one_conversation:
        check_order(
            [[span_ms(message) for message in part] for part in told],
            [[span_ms(message) for message in part] for part in heard],
        )


def test_times_of_a_clock_that_is_not_changed_are_passed_on_unchanged() -> None:
    timeline = Timeline(MonotonicTimestamps())
    first, second = entry(1.8e9, 0.5, 2.0), entry(1.8e9 + 2.5, 0.0, 1.0)
    assert timeline.dated(first) == first
    timeline.renew(40_000)
    assert timeline.dated(second)["timestamp"] == second["timestamp"]


@pytest.mark.asyncio(loop_scope="session")
async def test_a_clock_set_back_between_two_transcriptions_moves_the_second_after_the_first() -> (
    None
):
    moments = iter([1.8e9, 1.8e9 - 3600])

    async def answer(websocket: ServerConnection) -> None:
        await websocket.send(json.dumps({"type": "model_loaded", "message": ""}))
        async for message in websocket:
            assert isinstance(message, str)
            match json.loads(message)["type"]:
                case "start_transcription":
                    said = entry(next(moments), 1.0, 2.0) | {
                        "speaker_id": 0, "text": "hello", "confidence": -30.0, "label": "sure",
                        "probability": 1.0, "scores": [], "overlap_seconds": 0.0,
                    }  # fmt: skip
                    for each in ({"type": "transcription_started", "message": ""}, said):
                        await websocket.send(json.dumps(each))
                case "stop_transcription":
                    figures = {"utterances": 1, "failed": 0, "audio_seconds": 3, "speakers": []}
                    stopped = {"type": "transcription_stopped", "message": ""} | figures
                    await websocket.send(json.dumps(stopped))

    async with serve_websockets(answer, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connect(f"ws://localhost:{port}") as client:
            told = [each async for each in client.transcribe(b"")]
            told += [each async for each in client.transcribe(b"")]
    timestamps = [each.timestamp for each in told if isinstance(each, Transcription)]
    assert timestamps == [iso_timestamp(1.8e9 + 1), iso_timestamp(1.8e9 + 3)]

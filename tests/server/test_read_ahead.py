"""The messages that were read and wait: in order, limited, and overwritten."""

import asyncio

import pytest

from hwaja.server.sessions import read_ahead
from hwaja.server.sessions.read_ahead import MESSAGE_BYTES, ReadAhead, Reserve

CHUNK = bytes([1]) * 8192
CHUNK_BYTES = len(CHUNK) + MESSAGE_BYTES


class Session:
    """Takes messages when a test permits, and keeps them."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.asked = asyncio.Event()
        self.given: list[str | bytearray] = []
        self.taken: list[str | bytes] = []

    async def take(self, message: str | bytearray, _read_at: float) -> None:
        self.given.append(message)
        self.asked.set()
        await self.free.wait()
        self.taken.append(message if isinstance(message, str) else bytes(message))


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def waiting() -> ReadAhead:
    return ReadAhead(Reserve(10 * CHUNK_BYTES))


async def test_messages_are_taken_in_the_order_of_arrival(
    waiting: ReadAhead, session: Session
) -> None:
    messages = [b"\1\1", "stop", b"\2\2", "start", b"\3\3"]
    for message in messages:
        waiting.put(message, 0.0)
    waiting.close()
    session.free.set()
    await waiting.take_all(session.take)
    assert session.taken == messages


async def test_waiting_messages_are_taken_after_the_end_of_reading(
    waiting: ReadAhead, session: Session
) -> None:
    waiting.put(CHUNK, 0.0)
    waiting.close()
    waiting.put(CHUNK, 1.0)
    session.free.set()
    await waiting.take_all(session.take)
    assert session.taken == [CHUNK]


async def test_audio_is_overwritten_after_it_was_taken_and_not_before(
    waiting: ReadAhead, session: Session
) -> None:
    waiting.put(CHUNK, 0.0)
    taking = asyncio.create_task(waiting.take_all(session.take))
    await session.asked.wait()
    assert session.given == [CHUNK]
    waiting.close()
    session.free.set()
    await taking
    assert session.taken == [CHUNK]
    assert session.given == [bytes(len(CHUNK))]


async def test_dropped_audio_is_overwritten_except_the_message_being_taken(
    waiting: ReadAhead, session: Session
) -> None:
    for _ in range(3):
        waiting.put(CHUNK, 0.0)
    taking = asyncio.create_task(waiting.take_all(session.take))
    await session.asked.wait()
    behind = [read.message for read in waiting._waiting]
    waiting.drop()
    assert behind == [bytes(len(CHUNK))] * 2
    session.free.set()
    await taking
    assert session.taken == [CHUNK]
    assert waiting._reserve.used_bytes == 0


async def test_there_is_room_up_to_a_limit_and_again_after_a_message_was_taken(
    waiting: ReadAhead, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "MOST_BYTES", 2 * CHUNK_BYTES)
    for _ in range(2):
        assert waiting.has_room(CHUNK)
        waiting.put(CHUNK, 0.0)
    assert not waiting.has_room(b"")
    roomy = asyncio.create_task(waiting.room(CHUNK))
    await asyncio.sleep(0)
    assert not roomy.done()
    taking = asyncio.create_task(waiting.take_all(session.take))
    session.free.set()
    await roomy
    waiting.close()
    await taking


async def test_one_message_may_wait_even_if_others_use_all_the_memory(waiting: ReadAhead) -> None:
    """A live speaker has only one waiting message and must not be held back."""
    while waiting.has_room(CHUNK):
        waiting.put(CHUNK, 0.0)
    other = ReadAhead(waiting._reserve)
    assert other.has_room(CHUNK)
    other.put(CHUNK, 0.0)
    assert not other.has_room(b"")
    roomy = asyncio.create_task(other.room(CHUNK))
    await asyncio.sleep(0)
    waiting.drop()
    await roomy


async def test_a_transcription_of_ten_minutes_fits_in_chunks_of_20_ms() -> None:
    waiting = ReadAhead(Reserve(1 << 30))
    for _ in range(600 * 50):
        assert waiting.has_room(bytes(640))
        waiting.put(bytes(640), 0.0, 0.02)
    assert waiting.audio_seconds == pytest.approx(600)


async def test_a_flood_of_tiny_messages_is_limited_by_its_memory() -> None:
    waiting = ReadAhead(Reserve(1000 * MESSAGE_BYTES))
    count = 0
    while waiting.has_room(b""):
        waiting.put(b"", 0.0)
        count += 1
    assert count == 1000


async def test_the_waiting_time_counts_from_the_oldest_message(
    waiting: ReadAhead, session: Session
) -> None:
    assert (waiting.waited_seconds(7), waiting.audio_seconds) == (0, 0)
    waiting.put(CHUNK, 5.0, 0.256)
    waiting.put(CHUNK, 6.0, 0.256)
    taking = asyncio.create_task(waiting.take_all(session.take))
    await session.asked.wait()
    assert waiting.waited_seconds(7) == 2  # it is not taken yet
    assert waiting.audio_seconds == 2 * 0.256
    waiting.close()
    session.free.set()
    await taking
    assert (waiting.waited_seconds(7), waiting.audio_seconds) == (0, 0)

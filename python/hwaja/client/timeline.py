"""Converts the times and ids of successive transcriptions to those of one conversation.

The server ends a transcription after some minutes. The times and ids of the next one start from
zero. The server's clock may be set between two transcriptions.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from hwaja.client.errors import Message
from hwaja.protocol.audio import SAMPLE_RATE

_COUNTED = ("finalized", "transcription_paused", "transcription_resumed")
"""Messages that say how much audio came before."""


class MonotonicOffset:
    """The offset to add to the times of each part of a conversation, in milliseconds.

    No part begins before the end of the last one. A part that would is moved forward as a whole, so
    the differences within a part stay the same.
    """

    def __init__(self) -> None:
        self._end_ms: int | None = None  # None until the first entry of all
        self._offset_ms: int | None = None  # None until the first entry of the part

    def renew(self) -> None:
        """Begin another part."""
        self._offset_ms = None

    def of(self, start_ms: int, end_ms: int) -> int:
        """Return the offset for an entry with these times."""
        last_end_ms = start_ms if self._end_ms is None else self._end_ms
        if self._offset_ms is None:
            self._offset_ms = max(0, last_end_ms - start_ms)
        self._end_ms = max(last_end_ms, end_ms + self._offset_ms)
        return self._offset_ms


class MonotonicTimestamps:
    """Keeps the timestamps of a session's successive transcriptions in order."""

    def __init__(self) -> None:
        self._offset_ms = MonotonicOffset()

    def renew(self) -> None:
        """Begin another transcription."""
        self._offset_ms.renew()

    def dated(self, timestamp: str, seconds: float) -> str:
        """Return the timestamp of an entry, moved so that transcriptions do not overlap.

        Args:
            timestamp: the server's ISO 8601 timestamp of the entry's beginning.
            seconds: duration of the entry.

        """
        began = datetime.fromisoformat(timestamp)
        began_ms = whole_ms(began.timestamp())
        offset_ms = self._offset_ms.of(began_ms, began_ms + whole_ms(seconds))
        if not offset_ms:
            return timestamp
        moved = began + timedelta(milliseconds=offset_ms)
        return moved.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Timeline:
    """Maps the current transcription's times and ids to those of the conversation."""

    def __init__(self, timestamps: MonotonicTimestamps, rate: int = SAMPLE_RATE) -> None:
        """Begin a conversation after the session's earlier `timestamps`.

        Its audio has `rate` samples a second.
        """
        self._rate = rate
        self._timestamps = timestamps
        self._timestamps.renew()
        self._offset_samples = 0
        self._moved_ms = MonotonicOffset()
        self._offset_id = 0
        self._next_id = 0
        self._interims: set[int] = set()  # ids of the utterances whose last text is an interim one
        self._began_at: float | None = None  # of the conversation, by the first answer's timestamp
        self._late_seconds: float | None = 0.0
        """By how much the server dates this part too late. None: not known yet."""

    def renew(self, received_samples: int, *, is_late: bool = False) -> None:
        """Begin another transcription after `received_samples` samples of the last one.

        Args:
            received_samples: where it begins.
            is_late: whether its audio is sent again, and so reaches the server late.

        """
        self._late_seconds = None if is_late and self._began_at is not None else 0.0
        self._timestamps.renew()
        self._offset_samples += received_samples
        self._moved_ms.renew()
        self._offset_id = self._next_id

    def dated(self, message: Message) -> Message:
        """Return a copy of a message, with times and ids of the conversation."""
        dated: dict[str, Any] = dict(message)
        if "segment_id" in dated:
            dated["segment_id"] += self._offset_id
            self._next_id = max(self._next_id, dated["segment_id"] + 1)
            self._note_interim(dated)
        if dated["type"] == "transcription":
            if {"start_seconds", "end_seconds"} <= dated.keys():
                self._date(dated)
        elif dated["type"] in _COUNTED:
            dated["received_samples"] += self._offset_samples
        else:  # `speech_started`, `speech_ended`
            dated = _later(dated, self._offset_ms)
        return dated

    def withdrawals(self) -> Iterator[Message]:
        """Yield interim messages that take back all interim texts without a final one."""
        for segment_id in sorted(self._interims):
            yield {"type": "interim", "segment_id": segment_id, "text": "", "stable_chars": 0}
        self._interims.clear()

    @property
    def _offset_ms(self) -> int:
        """Where the current transcription begins in the conversation."""
        return whole_ms(self._offset_samples / self._rate)

    def _note_interim(self, message: Message) -> None:
        if message["type"] == "interim" and message["text"]:
            self._interims.add(message["segment_id"])
        elif message["type"] in ("interim", "transcription"):
            self._interims.discard(message["segment_id"])

    def _date(self, message: Message) -> None:
        start, end = message["start_seconds"], message["end_seconds"]
        began_at = datetime.fromisoformat(message["timestamp"]).timestamp()
        began_at -= start + self._offset_samples / self._rate
        if self._late_seconds is None and self._began_at is not None:
            self._late_seconds = began_at - self._began_at
        timestamp = _earlier(message["timestamp"], self._late_seconds or 0.0)
        self._began_at = began_at - (self._late_seconds or 0.0)
        message["timestamp"] = self._timestamps.dated(timestamp, end - start)
        start_ms, end_ms = (whole_ms(seconds) + self._offset_ms for seconds in (start, end))
        offset_ms = self._offset_ms + self._moved_ms.of(start_ms, end_ms)
        message |= _later(message, offset_ms)
        for pieces in ("tokens", "words"):
            if pieces in message:
                message[pieces] = [_later(piece, offset_ms) for piece in message[pieces]]


def _earlier(timestamp: str, seconds: float) -> str:
    """Return an ISO 8601 timestamp, earlier by `seconds`."""
    if not seconds:
        return timestamp
    moved = datetime.fromisoformat(timestamp) - timedelta(seconds=seconds)
    return moved.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _later(message: Message, offset_ms: int) -> Message:
    """Return a copy of a message, a token or a word with its times later by `offset_ms`."""
    times = ("start_seconds", "end_seconds")
    moved = {
        name: (whole_ms(message[name]) + offset_ms) / 1000 for name in times if name in message
    }
    return {**message, **moved}


def whole_ms(seconds: float) -> int:
    """Return a time of the server in milliseconds. Sums of whole ones do not round apart."""
    return round(1000 * seconds)

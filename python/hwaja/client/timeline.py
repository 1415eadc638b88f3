"""Times and ids that count from the beginning of a conversation.

The server ends a transcription after some minutes, and counts anew in the next.
"""

from typing import Any

from hwaja.client.errors import Message
from hwaja.gate import SAMPLE_RATE


class Timeline:
    """Where the transcription that goes on lies in the conversation."""

    def __init__(self) -> None:
        self._offset_samples = 0
        self._offset_id = 0
        self._next_id = 0

    def renew(self, received_samples: int) -> None:
        """Begin another transcription behind so many samples of the last one."""
        self._offset_samples += received_samples
        self._offset_id = self._next_id

    def dated(self, message: Message) -> Message:
        """Return a message as it would be if there were one transcription only."""
        dated: dict[str, Any] = dict(message)
        if "segment_id" in dated:
            dated["segment_id"] += self._offset_id
            self._next_id = max(self._next_id, dated["segment_id"] + 1)
        for key in ("start_seconds", "end_seconds"):
            if key in dated:
                dated[key] = round(dated[key] + self._offset_samples / SAMPLE_RATE, 3)
        if "tokens" in dated:
            dated["tokens"] = [self.dated(token) for token in dated["tokens"]]
        return dated

"""The transcript of a file, collected from the messages of its session."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Message = Mapping[str, Any]
"""A message of the server, decoded from JSON."""

_OF_A_STREAM = ("type", "timestamp")
"""Fields of a `transcription` that say nothing of a file."""

_BRIEF = ("segment_id", "speaker_id", "label", "start_seconds", "end_seconds", "confidence", "text")
"""Fields of an utterance without `details`."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript, in the terms of docs/protocol.md."""

    utterances: tuple[Message, ...]
    """`transcription` messages with **details**, in the order of their beginnings."""
    names: Mapping[int, str]
    """What the client calls a speaker. Speakers without a name are missing."""
    summary: Message
    """Fields of the `transcription_stopped` message."""
    skipped_packets: int = 0
    """Damaged pieces of the sound file, which were left out."""

    def as_json(self, *, details: bool) -> dict[str, Any]:
        """Return the transcript as an object for JSON.

        Args:
            details: whether utterances have all fields, with the times of words. Otherwise they
                have speaker, text, time and level.

        """
        return {
            "type": "transcript",
            "audio_seconds": self.summary["audio_seconds"],
            "failed": self.summary["failed"],
            "skipped_packets": self.skipped_packets,
            "speakers": [each | self._named("name", each) for each in self.summary["speakers"]],
            "utterances": [
                _chosen(each, details=details) | self._named("speaker_name", each)
                for each in self.utterances
            ],
        }

    def _named(self, key: str, message: Message) -> dict[str, str]:
        name = self.names.get(message["speaker_id"])
        return {key: name} if name else {}


def _chosen(utterance: Message, *, details: bool) -> dict[str, Any]:
    if details:
        return {key: value for key, value in utterance.items() if key not in _OF_A_STREAM}
    return {key: utterance[key] for key in _BRIEF}


class Collector:
    """Collects the messages of one transcription, and applies the corrections among them."""

    def __init__(self, names: Mapping[int, str]) -> None:
        """Begin without messages. `names` says what speakers are called, by id."""
        self._names = names
        self._utterances: dict[int, dict[str, Any]] = {}

    def take(self, message: Message) -> None:
        """Take one message of the server. Messages that are no part of a transcript are ignored."""
        match message["type"]:
            case "transcription":
                self._utterances[message["segment_id"]] = dict(message)
            case "speaker_update":
                corrected = self._utterances[message["segment_id"]]
                corrected["speaker_id"] = message["speaker_id"]

    def finished(self, stopped: Message, skipped_packets: int) -> Transcript:
        """Return the transcript; `stopped` is the `transcription_stopped` message."""
        in_order = sorted(self._utterances.values(), key=lambda each: each["start_seconds"])
        return Transcript(tuple(in_order), self._names, stopped, skipped_packets)

"""The options of an upload: in the query, in parts of the form, and in the header Accept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from hwaja.protocol.values import MAX_NAME_CHARS, Speakers
from hwaja.server.files.problems import FileError, Problem
from hwaja.transcripts.transcript import Message, Transcript
from hwaja.transcripts.writers import plain_text, subrip, webvtt

STREAM, JSON = "ndjson", "json"

TYPES = {
    JSON: "application/json",
    STREAM: "application/x-ndjson",
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "txt": "text/plain",
}
"""The formats of a response, with their media types."""

WRITERS: Mapping[str, Callable[[Transcript], str]] = {
    "srt": subrip,
    "vtt": webvtt,
    "txt": plain_text,
}


def _boolean(written: str) -> bool:
    return {"true": True, "false": False}[written.lower()]


def _speakers(written: str) -> str:
    """Return how speakers are found. A file has one channel here, whatever was uploaded."""
    if written == Speakers.CHANNELS:
        raise ValueError
    return written


_READERS: Mapping[str, Callable[[str], Any]] = {
    "language": str,
    "speakers": _speakers,
    "strangers": str,
    "max_speakers": int,
    "adapt": _boolean,
}
"""Options of `start_transcription`; the session checks their values."""

_NAMES = ("format", "details", "name", "hotwords", *_READERS)


@dataclass(slots=True)
class UploadOptions:
    """The options that were given so far."""

    format: str = JSON
    details: bool = False
    names: list[str] = field(default_factory=list)
    """Of the speakers, by id."""
    _hotwords: list[str] = field(default_factory=list)
    _wants: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, value: str) -> None:
        """Take an option.

        Raises:
            FileError: where there is no such option, or the value is wrong.

        """
        check_name(name)
        try:
            match name:
                case "format" if value in TYPES:
                    self.format = value
                case "details":
                    self.details = _boolean(value)
                case "name" if len(value) <= MAX_NAME_CHARS and value.isprintable():
                    self.names.append(value)
                case "hotwords":
                    self._hotwords.append(value)
                case _:
                    self._wants[name] = _READERS[name](value)
        except (KeyError, ValueError):
            raise FileError.of(Problem.BAD_OPTION, _refusal(name)) from None

    def start(self, voices: int) -> Message:
        """Return the `start_transcription` message for a session with so many voices.

        With fewer than two voices, speakers are discovered if the client does not say otherwise.
        """
        speakers = "discover" if voices < 2 else "enrolled"
        return {
            "type": "start_transcription",
            "details": True,
            "speaker_updates": True,
            "speakers": speakers,
            **self._wants,
            **({"hotwords": self._hotwords} if self._hotwords else {}),
        }


def check_name(name: str) -> None:
    """Do nothing where there is an option of this name.

    Raises:
        FileError: where there is none.

    """
    if name not in _NAMES:
        known = ", ".join(_NAMES)
        sentence = f"There is no option or part {name!a}. The options are: {known}."
        raise FileError.of(Problem.BAD_OPTION, sentence)


def _refusal(name: str) -> str:
    """Return why the value of an option is refused."""
    if name == "format":
        return f"The format must be one of: {', '.join(TYPES)}."
    if name == "speakers":
        return "The channels of a file are averaged, so they cannot be told apart as speakers."
    return f"The value of {name!a} is wrong."


def options_of(query: str, accepted: list[str]) -> UploadOptions:
    """Return the options of a query, and the first known format of the header Accept.

    Raises:
        FileError: where an option is wrong.

    """
    options = UploadOptions()
    of_types = {media_type: name for name, media_type in TYPES.items()}
    media_types = (each.partition(";")[0].strip().lower() for each in accepted)
    options.format = next((of_types[each] for each in media_types if each in of_types), JSON)
    for name, value in parse_qsl(query, keep_blank_values=True):
        options.add(name, value)
    return options

"""The voices of `hwaja transcribe`: spoken in a sound file, or kept in a file as a ticket."""

import argparse
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from hwaja.cli.strings import say
from hwaja.cli.upload import Field
from hwaja.client import Client, ClientError, Message
from hwaja.client.sound_files import load_pcm16, paced
from hwaja.language import Language
from hwaja.protocol.values import MAX_TICKET_CHARS


class SpokenVoice:
    """A voice of `--enroll`."""

    def __init__(self, file: str) -> None:
        self.file = Path(file)
        self.kept_in: Path | None = None
        """The file of `--save-voice`. None: the voice is not kept."""

    def field(self) -> Field:
        """Return the voice as a part of a form."""
        return Field("voice", self.file)

    def read(self) -> bytes:
        """Return the speech, as PCM16."""
        return load_pcm16(self.file)

    def enrolment(
        self, client: Client, speaker_id: int, pcm: bytes, speed: float
    ) -> AsyncIterator[Message]:
        """Enrol the voice; yield the server's messages."""
        wants_ticket = self.kept_in is not None
        return client.enrol_messages(speaker_id, paced(pcm, speed), ticket=wants_ticket)

    def keep(self, completed: Message, language: Language) -> None:
        """Write the voice to its file, readable for this user only."""
        if self.kept_in is None:
            return
        if "ticket" not in completed:
            raise ClientError("The server is too old for --save-voice.")
        try:
            descriptor = os.open(self.kept_in, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                if hasattr(os, "fchmod"):
                    os.fchmod(descriptor, 0o600)  # a file that existed keeps its mode
                stream.write(f"{completed['ticket']}\n")
        except OSError as error:
            raise ClientError(f"{self.kept_in} cannot be written: {error.strerror}.") from error
        until = completed["ticket_expires_at"]
        sentence = say(language, "kept", file=self.kept_in, until=until)
        print(f"hwaja: {sentence}", file=sys.stderr)


class KeptVoice:
    """A voice of `--voice`."""

    def __init__(self, file: str) -> None:
        self.file = Path(file)

    def field(self) -> Field:
        """Return the ticket as a part of a form."""
        return Field("ticket", self.read().decode("ascii", "replace").strip())

    def read(self) -> bytes:
        """Return the ticket."""
        try:
            ticket = self.file.read_bytes()
        except OSError as error:
            raise ClientError(f"{self.file} cannot be read: {error.strerror}.") from error
        if len(ticket) > MAX_TICKET_CHARS:
            raise ClientError(f"{self.file} is no voice that --save-voice kept.")
        return ticket

    def enrolment(
        self, client: Client, speaker_id: int, ticket: bytes, _speed: float
    ) -> AsyncIterator[Message]:
        """Restore the voice; yield the server's messages."""
        return client.restore_messages(speaker_id, ticket.decode("ascii", "replace").strip())

    def keep(self, _completed: Message, _language: Language) -> None:
        """Do nothing: the voice is in its file already."""


class SaveLastVoice(argparse.Action):
    """Has the voice of the last `--enroll` kept."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Take the file; end the command if there is no `--enroll` before it."""
        last = namespace.voices[-1] if namespace.voices else None
        if not isinstance(last, SpokenVoice):
            parser.error("--save-voice must follow the --enroll whose voice it keeps")
        last.kept_in = values

"""The common part of all adapters: the server, the voices to enrol, and the options."""

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from hwaja.client import (
    Client,
    ClientError,
    ClientEvent,
    Details,
    Finalize,
    RefusedError,
    Transcription,
    connect,
)
from hwaja.client.chunks import Audio
from hwaja.client.sound_files import load_pcm16
from hwaja.protocol.codes import ErrorCode
from hwaja.protocol.values import Label

Take = Audio | str | PathLike[str]
"""3-5 s of one person's speech: PCM16, 16 kHz, mono; or the path of a sound file."""


@dataclass(frozen=True)
class Ticket:
    """A voice that was enrolled in an earlier session, sealed by the server."""

    sealed: str = field(repr=False)
    """The `ticket` of the `RegistrationCompleted` that `Client.enrol(…, ticket=True)` returned."""


class Service:
    """A server, and the named voices of a conversation."""

    def __init__(
        self,
        url: str | Sequence[str],
        voices: Mapping[str, Take | Ticket],
        *,
        hotwords: Iterable[str] = (),
        cafile: str | PathLike[str] | None = None,
        token: str | None = None,
    ) -> None:
        """Read the voices. `open` sends them.

        Args:
            url: wss://, or ws:// to a server without TLS. A list, of several addresses or of that
                of a balancer: the conversation goes on at another server, as in `connect`.
            voices: a take or the ticket of each person's voice, by the person's name. At least two,
                and at most the server's `--max-speakers`.
            hotwords: words to expect; docs/protocol.md says which recognisers support them.
            cafile: PEM file with a certificate to trust, in addition to the system's.
            token: access token, if the server requires one.

        Raises:
            AudioError: if a sound file cannot be read.

        """
        self._url = url
        self._voices = [
            load_pcm16(Path(voice)) if isinstance(voice, str | PathLike) else voice
            for voice in voices.values()
        ]
        self._names = list(voices)
        self._hotwords = list(hotwords)
        self._cafile = cafile
        self._token = token

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Client]:
        """Open a session in which every voice is enrolled.

        Raises:
            RefusedError: if the server is full, or refuses a voice or a ticket.
            ClientError: if no server answers, or the server ends the session.

        """
        async with connect(self._url, cafile=self._cafile, token=self._token) as client:
            for speaker_id, voice in enumerate(self._voices):
                if isinstance(voice, Ticket):
                    await client.restore(speaker_id, voice.sealed)
                else:
                    await client.enrol(speaker_id, voice)
            yield client

    def transcribe(
        self, client: Client, talk: AsyncIterable[bytes | Finalize], language: str | None
    ) -> AsyncGenerator[ClientEvent]:
        """Transcribe with interim texts, as `Client.transcribe`.

        Args:
            client: the client from `open`.
            talk: PCM16, 16 kHz, mono; with a `Finalize` at the end of each turn that is known.
            language: language code, such as "ko" or "ko-KR". The server gets its first part.
                None: the server's default.

        """
        return client.transcribe(
            talk,
            interim_results=True,
            language=language and language.partition("-")[0].lower(),
            hotwords=self._hotwords,
        )

    def name(self, transcription: Transcription) -> str | None:
        """Return the speaker's name; None if the voice is like none of the enrolled voices."""
        is_strange = details_of(transcription).label is Label.UNKNOWN
        return None if is_strange else self._names[transcription.speaker_id]

    def figures(self, transcription: Transcription) -> dict[str, object]:
        """Return the details for which a framework may have no field, as JSON values."""
        details = details_of(transcription)
        return {
            "nearest": self._names[transcription.speaker_id],
            "label": str(details.label),
            "probability": details.probability,
            "overlap_seconds": details.overlap_seconds,
            "level_dbfs": transcription.confidence,
            "timestamp": transcription.timestamp,
        }


def details_of(transcription: Transcription) -> Details:
    """Return the details of an answer. The client always asks for them.

    Raises:
        ClientError: if the server does not support details.

    """
    if transcription.details is None:
        raise ClientError("The server tells no details.")
    return transcription.details


def is_refusal(error: ClientError) -> bool:
    """Return whether another attempt is futile. It is not futile if the server is only full."""
    return isinstance(error, RefusedError) and error.code != ErrorCode.CONNECTION_FAILED

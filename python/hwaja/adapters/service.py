"""What every adapter needs: a server, whose voices are enrolled on it, and what is asked of it."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from os import PathLike
from pathlib import Path

from hwaja.client import (
    Client,
    ClientError,
    ClientEvent,
    Details,
    RefusedError,
    Transcription,
    connect,
)
from hwaja.client.chunks import Pcm
from hwaja.client.sound_files import load_pcm16
from hwaja.protocol.codes import ErrorCode
from hwaja.protocol.values import Label

Take = Pcm | str | PathLike[str]
"""3-5 s of one person's speech: PCM16, 16 kHz, mono; or the sound file that holds it."""


class Service:
    """A server, and the people who talk."""

    def __init__(
        self,
        url: str,
        voices: Mapping[str, Take],
        *,
        hotwords: Iterable[str] = (),
        cafile: str | PathLike[str] | None = None,
        token: str | None = None,
    ) -> None:
        """Read the voices; nothing is sent yet.

        Args:
            url: wss://, or ws:// to a server without TLS.
            voices: what each person is to be called, and a take of the person's voice. At least
                two; how many at most is the server's `--max-speakers`.
            hotwords: what to expect; see docs/protocol.md for who takes them.
            cafile: a file with a certificate to trust beside the system's, PEM.
            token: what the server wants of those it lets in.

        Raises:
            AudioError: where a sound file cannot be read.

        """
        self._url = url
        self._takes = [
            load_pcm16(Path(take)) if isinstance(take, str | PathLike) else take
            for take in voices.values()
        ]
        self._names = list(voices)
        self._hotwords = list(hotwords)
        self._cafile = cafile
        self._token = token

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Client]:
        """Open a session in which every voice is enrolled.

        Raises:
            RefusedError: where the server is full, or does not accept a voice.
            ClientError: where there is no server, or it ends the session.

        """
        async with connect(self._url, cafile=self._cafile, token=self._token) as client:
            for speaker_id, take in enumerate(self._takes):
                await client.enrol(speaker_id, take)
            yield client

    def transcribe(
        self, client: Client, talk: AsyncIterable[bytes], language: str | None
    ) -> AsyncGenerator[ClientEvent]:
        """Transcribe with interims, as `Client.transcribe`.

        Args:
            client: what `open` gave.
            talk: PCM16, 16 kHz, mono.
            language: code of the language, such as "ko" or "ko-KR", of which the server wants the
                first part; None: the server's.

        """
        return client.transcribe(
            talk,
            interim_results=True,
            language=language and language.partition("-")[0].lower(),
            hotwords=self._hotwords,
        )

    def name(self, said: Transcription) -> str | None:
        """Return who said it; None: somebody who is like none of the voices."""
        is_strange = details_of(said).label is Label.UNKNOWN
        return None if is_strange else self._names[said.speaker_id]

    def figures(self, said: Transcription) -> dict[str, object]:
        """Return what a framework may have no field for, ready for JSON."""
        details = details_of(said)
        return {
            "nearest": self._names[said.speaker_id],
            "label": str(details.label),
            "probability": details.probability,
            "overlap_seconds": details.overlap_seconds,
            "level_dbfs": said.confidence,
            "timestamp": said.timestamp,
        }


def details_of(said: Transcription) -> Details:
    """Return the details, which the client always asks for.

    Raises:
        ClientError: where the server does not know them.

    """
    if said.details is None:
        raise ClientError("The server tells no details.")
    return said.details


def is_refusal(error: ClientError) -> bool:
    """Return whether another attempt would end the same; a server is full for a moment only."""
    return isinstance(error, RefusedError) and error.code != ErrorCode.CONNECTION_FAILED

"""A program as users write it without asyncio: `mypy --strict` reads it, nobody runs it."""

from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hwaja.client import (
    CertificateError,
    Chunks,
    Failure,
    Label,
    RefusedError,
    RegistrationCompleted,
    Transcription,
    TranscriptionStopped,
    UnauthorizedError,
)
from hwaja.client.sync import Client, connect


def halves(pcm: bytes) -> Iterator[bytes]:
    yield pcm[: len(pcm) // 2]
    yield pcm[len(pcm) // 2 :]


def warned_of(completed: RegistrationCompleted) -> list[str]:
    if completed.quality is None:
        return []
    return [f"{warning.reason}: {warning.message}" for warning in completed.quality.warnings]


def enrol(client: Client, voices: list[Chunks | None]) -> None:
    for speaker_id, voice in enumerate(voices):
        if voice is not None:
            print(warned_of(client.enrol(speaker_id, voice, add=speaker_id > 0)))


def said(client: Client, talk: Path) -> list[tuple[str, float]]:
    lines = []
    for told in client.transcribe(talk, interim_results=True, language="ko", hotwords=["화자"]):
        match told:
            case Transcription(speaker_id, text, details=details) if details is not None:
                who = "?" if details.label is Label.UNKNOWN else str(speaker_id)
                lines.append((f"{who}: {text}", details.start_seconds))
            case TranscriptionStopped(summary):
                print(summary.utterances + 1)
            case Failure(reason=reason):
                print(reason)
    return lines


def main() -> None:
    pcm = bytes(8)
    samples = np.frombuffer(pcm, np.int16)
    voices: list[Chunks | None] = [pcm, samples, array("h", pcm), [samples], halves(pcm), "a.wav"]
    try:
        with connect("wss://localhost", cafile="ca.pem", token="0" * 16, verify=True) as client:
            enrol(client, voices)
            print(said(client, Path("talk.wav")))
    except RefusedError as error:
        print(error.reason, error.quality)
    except (CertificateError, UnauthorizedError) as error:
        print(error)

"""Transcribe the microphone, without asyncio: python microphone.py (needs sounddevice)."""

import queue
from collections.abc import Iterator
from pathlib import Path

import sounddevice

from hwaja.client import Interim, Label, Transcription
from hwaja.client.sync import connect

SERVER = "wss://localhost:8088"
CERTIFICATE = Path.home() / ".local/share/hwaja/dev-cert.pem"


def captured(seconds: float) -> Iterator[bytes]:
    """Yield what the microphone hears, in chunks of 4096 samples."""
    chunks: queue.Queue[bytes] = queue.Queue()
    stream = sounddevice.RawInputStream(
        16_000, 4096, channels=1, dtype="int16", callback=lambda data, *_: chunks.put(bytes(data))
    )
    with stream:
        for _ in range(round(seconds * 16_000 / 4096)):
            yield chunks.get(timeout=5)  # a device that goes away says nothing any more


def main() -> None:
    with connect(SERVER, cafile=CERTIFICATE) as client:
        for speaker_id in (0, 1):
            input(f"Speaker {speaker_id}: press Enter and speak for 5 s.")
            client.enrol(speaker_id, captured(5))
        print("Talk for a minute.")
        for told in client.transcribe(captured(60), interim_results=True):
            if isinstance(told, Interim):
                print(f"\r… {told.text}", end="", flush=True)
            elif isinstance(told, Transcription) and told.details is not None:
                is_stranger = told.details.label is Label.UNKNOWN
                who = "Someone not enrolled" if is_stranger else f"Speaker {told.speaker_id}"
                print(f"\r{who}: {told.text}")


if __name__ == "__main__":
    main()

"""Transcribes telephone calls from a media stream with both sides, as Twilio and others send it.

Each message has 20 ms of one side in mu-law, at 8 kHz. The two sides become the two channels of the
audio, so hwaja knows who speaks: the caller is speaker 0, the agent speaker 1.
"""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

from websockets.asyncio.server import ServerConnection, serve

from hwaja.client import AudioConfig, AudioEncoding, Transcription, connect

SERVER = os.environ.get("HWAJA_URL", "wss://localhost:8088")
CERTIFICATE = os.environ.get("HWAJA_CERT")
AUDIO = AudioConfig(encoding=AudioEncoding.MULAW, sample_rate=8000, channels=2)
SIDES = {"inbound": "caller", "outbound": "agent"}
SILENCE = b"\xff"
MOST_LATE_BYTES = 1600
"""A side that is 0.2 s later than the other is silent: some streams send nothing then."""


async def interleaved(messages: AsyncIterator[str | bytes]) -> AsyncIterator[bytes]:
    """Yield the audio of a call, a byte of each side in turn."""
    waiting = {side: bytearray() for side in SIDES}
    async for message in messages:
        event = json.loads(message)
        if event["event"] == "media":
            waiting[event["media"]["track"]] += base64.b64decode(event["media"]["payload"])
            longest = max(map(len, waiting.values()))
            for audio in waiting.values():
                audio += SILENCE * (longest - MOST_LATE_BYTES - len(audio))
            size = min(map(len, waiting.values()))
            both = bytearray(2 * size)
            for channel, audio in enumerate(waiting.values()):
                both[channel::2] = audio[:size]
                del audio[:size]
            yield bytes(both)
        elif event["event"] == "stop":
            return


async def transcribe(call: AsyncIterator[str | bytes]) -> AsyncIterator[tuple[str, str]]:
    """Yield who said what in a call, while it lasts."""
    certificate = None if CERTIFICATE is None else Path(CERTIFICATE)
    async with connect(SERVER, cafile=certificate) as client:
        async for event in client.transcribe(interleaved(call), by_channel=True, audio=AUDIO):
            if isinstance(event, Transcription):
                yield tuple(SIDES.values())[event.speaker_id], event.text


async def answer(call: ServerConnection) -> None:
    async for who, text in transcribe(aiter(call)):
        print(f"{who}: {text}")


async def main() -> None:
    async with serve(answer, "localhost", 8090):
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main())

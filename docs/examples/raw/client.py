"""Enrol two voices and transcribe a talk, with nothing but a WebSocket library.

python client.py wss://localhost:8088 dev-cert.pem mina.wav jisu.wav talk.wav
"""

import asyncio
import json
import ssl
import sys
import wave
from typing import Any

from websockets.asyncio.client import ClientConnection, connect  # pip install websockets

CHUNK_SAMPLES = 4096


async def send_wav(server: ClientConnection, file: str) -> None:
    """Send a WAV file of 16 kHz, mono, 16 bit."""
    with wave.open(file) as sound:
        while chunk := sound.readframes(CHUNK_SAMPLES):
            await server.send(chunk)


async def receive(server: ClientConnection) -> dict[str, Any]:
    """Wait for the next message. End the program if it is an error."""
    message: dict[str, Any] = json.loads(await server.recv())
    if message["type"] == "error":
        sys.exit(f"{message['code']}: {message['message']}")
    return message


async def main(url: str, certificate: str, *files: str) -> None:
    *voices, talk = files
    trust = ssl.create_default_context(cafile=certificate)
    async with connect(url, ssl=trust) as server:
        await receive(server)  # model_loaded
        for speaker_id, voice in enumerate(voices):
            whose = {"speaker_id": speaker_id}
            await server.send(json.dumps({"type": "start_speaker_registration", **whose}))
            await send_wav(server, voice)
            await server.send(json.dumps({"type": "complete_speaker_registration", **whose}))
            while (await receive(server))["type"] != "speaker_registration_completed":
                pass

        await server.send(json.dumps({"type": "start_transcription"}))
        await receive(server)  # transcription_started
        await send_wav(server, talk)
        await server.send(json.dumps({"type": "stop_transcription"}))
        while (message := await receive(server))["type"] != "transcription_stopped":
            if message["type"] == "transcription":
                print(f"{message['speaker_id']}: {message['text']}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""Transcribe a recording: python file.py mina.wav jisu.wav talk.wav

The files are WAV or FLAC (pip install 'hwaja[client]').
"""

import asyncio
import sys
from pathlib import Path

from hwaja.client import ClientError, Label, Transcription, connect

SERVER = "wss://localhost:8088"
CERTIFICATE = Path.home() / ".local/share/hwaja/dev-cert.pem"


async def transcribe(
    voices: list[str], talk: str, url: str = SERVER, cafile: Path = CERTIFICATE
) -> list[str]:
    """Return who said what, a line each."""
    lines = []
    async with connect(url, cafile=cafile) as client:
        for speaker_id, voice in enumerate(voices):
            await client.enrol(speaker_id, voice)
        async for told in client.transcribe(talk):
            if isinstance(told, Transcription) and told.details is not None:
                is_stranger = told.details.label is Label.UNKNOWN
                who = "Someone not enrolled" if is_stranger else f"Speaker {told.speaker_id}"
                lines.append(f"{told.details.start_seconds:7.2f} {who}: {told.text}")
    return lines


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    *voice_files, talk_file = sys.argv[1:]
    try:
        print("\n".join(asyncio.run(transcribe(voice_files, talk_file))))
    except ClientError as error:  # no server answers, or it refuses a voice
        sys.exit(str(error))

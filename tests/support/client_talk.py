"""What tests of the client library do with a session and its answers."""

import clips

from hwaja.client import Client, ClientEvent, Transcription


async def enrolled(client: Client) -> None:
    for speaker_id, voice in enumerate(clips.voices()):
        completed = await client.enrol(speaker_id, voice)
        assert completed.speaker_id == speaker_id
        assert completed.quality is not None
        assert completed.quality.speech_seconds > 2


def said(told: list[ClientEvent]) -> list[Transcription]:
    return [each for each in told if isinstance(each, Transcription)]

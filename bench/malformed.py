"""What misuse is answered, and whether it touches another session that runs at the time.

python bench/malformed.py ../shared/speech DanceStudio
"""

import asyncio
import json

from websockets.asyncio.client import connect

from corpus import asked_dialogue
from hwaja.benchmark.serving import Service, running_server
from hwaja.client import Message
from hwaja.client.trust import client_tls
from service import answers, said

SPEED = 4.0

ASK_FOR_DETAILS = json.dumps({"type": "start_transcription", "details": True})
"""Misplaced, but from here on errors carry their reason."""

START_0 = json.dumps({"type": "start_speaker_registration", "speaker_id": 0})
MISUSE: dict[str, tuple[list[str | bytes], str]] = {
    "text that is not JSON": (["{"], "INVALID_MESSAGE not_json"),
    "JSON that is no object": (["[]"], "INVALID_MESSAGE not_json"),
    "nesting without end": (["[" * 10_000], "INVALID_MESSAGE not_json"),
    "a text too long": ([json.dumps({"type": "x" * 20_000})], "INVALID_MESSAGE message_too_long"),
    "an unknown type": (['{"type": "hello"}'], "INVALID_MESSAGE unknown_type"),
    "no type": (["{}"], "INVALID_MESSAGE unknown_type"),
    "speaker 2": (
        ['{"type": "start_speaker_registration", "speaker_id": 2}'],
        "SPEAKER_REGISTRATION_FAILED unknown_speaker",
    ),
    "a speaker by name": (
        ['{"type": "start_speaker_registration", "speaker_id": "0"}'],
        "SPEAKER_REGISTRATION_FAILED bad_field",
    ),
    "completing what never began": (
        ['{"type": "complete_speaker_registration", "speaker_id": 0}'],
        "SPEAKER_REGISTRATION_FAILED wrong_state",
    ),
    "transcription before enrolment": (
        ['{"type": "start_transcription"}'],
        "TRANSCRIPTION_FAILED not_enrolled",
    ),
    "stopping what never began": (
        ['{"type": "stop_transcription"}'],
        "TRANSCRIPTION_FAILED wrong_state",
    ),
    "an odd byte count": ([START_0, b"\0" * 8191], "INVALID_AUDIO odd_byte_count"),
    "a WAV file": ([START_0, b"RIFF\x24\0\0\0WAVEfmt " + bytes(64)], "INVALID_AUDIO riff_header"),
    "enrolment without audio": (
        [START_0, '{"type": "complete_speaker_registration", "speaker_id": 0}'],
        "SPEAKER_REGISTRATION_FAILED no_audio",
    ),
    "enrolment in silence": (
        [START_0, bytes(96_000), '{"type": "complete_speaker_registration", "speaker_id": 0}'],
        "SPEAKER_REGISTRATION_FAILED too_little_speech",
    ),
}
"""What is sent, and the code and reason that must come back."""


async def error_for(service: Service, messages: list[str | bytes]) -> Message:
    """Send messages on a connection of their own; return the first error."""
    async with connect(service.url, ssl=client_tls(service.cafile), proxy=None) as websocket:
        await websocket.recv()  # model_loaded
        await websocket.send(ASK_FOR_DETAILS)
        await websocket.recv()
        for message in messages:
            await websocket.send(message)
        answer: Message = json.loads(await websocket.recv())
        while answer["type"] != "error":
            answer = json.loads(await websocket.recv())
        return answer


async def misuse(service: Service) -> None:
    """Send everything of `MISUSE` and compare the errors."""
    for name, (messages, expected) in MISUSE.items():
        error = await error_for(service, messages)
        found = f"{error['code']} {error['reason']}"
        print(f"{name}: {found}{'' if found == expected else f', NOT {expected}'}")


def main() -> None:
    dialogue = asked_dialogue(__doc__)

    async def run(service: Service) -> None:
        alone = said(await answers(service, dialogue, SPEED))
        beside, _ = await asyncio.gather(answers(service, dialogue, SPEED), misuse(service))
        verdict = "same" if said(beside) == alone else "DIFFERENT"
        print(f"a session beside: {len(alone)} utterances alone, {verdict} beside misuse")

    with running_server() as service:
        asyncio.run(run(service))


if __name__ == "__main__":
    main()

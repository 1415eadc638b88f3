"""Stops servers while clients talk: `hwaja bench soak restarts --rounds 20`.

The clients request acknowledgements. A server must answer every sentence whose audio it
acknowledged before the stop signal, before it closes. Then the program starts the next server.
"""

import argparse
import asyncio
import random
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field

from tone_speech import Hummed

from hwaja.client import ClientError
from hwaja.client.sound_files import paced
from hwaja.client.websocket import Connection
from hwaja_bench.server import Service, tone_server
from hwaja_bench.tones.sentences import PAUSE, random_sentences, spoken, voices
from hwaja_bench.tones.visitor import rejoined

CLIENTS = 4
SPOKEN_SECONDS = (2.0, 10.0)
"""Time that clients talk before the server is stopped."""


@dataclass
class Talker:
    """A client with its sentences and the received messages."""

    sentences: Sequence[Hummed]
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    texts: list[str] = field(default_factory=list)
    acknowledged_samples: int = 0

    @property
    def owed(self) -> list[str]:
        """The texts of the fully acknowledged sentences."""
        owed, end = [], 0
        for sentence in self.sentences:
            end += len(sentence.samples)
            if end > self.acknowledged_samples:
                break
            owed.append(sentence.text)
            end += len(PAUSE) // 2
        return owed

    async def talk(self, service: Service) -> None:
        """Talk in real time until the server closes."""
        async with service.open("/?resume") as client:
            for speaker_id, voice in enumerate(voices()):
                named = {"speaker_id": speaker_id}
                await client.send({"type": "start_speaker_registration", **named})
                await client.send_audio(paced(voice, speed=0))
                await client.send({"type": "complete_speaker_registration", **named})
                await self._hear_until(client, "speaker_registration_completed")
            await client.send({"type": "start_transcription", "details": True})
            await self._hear_until(client, "transcription_started")
            self.begun.set()
            sending = asyncio.create_task(client.send_audio(paced(spoken(self.sentences), 1)))
            try:
                await self._hear_until(client, "the end")
            except ClientError:
                pass
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)

    async def _hear_until(self, client: Connection, kind: str) -> None:
        while (message := await client.receive())["type"] != kind:
            if message["type"] == "audio_received":
                self.acknowledged_samples = message["received_samples"]
            elif message["type"] == "transcription":
                self.texts.append(message["text"])
        self.acknowledged_samples = 0


async def stop_while_they_talk(service: Service, chance: random.Random) -> tuple[int, int]:
    """Return the number of acknowledged sentences, and of those without an answer in order."""
    talkers = [Talker(random_sentences(chance)) for _ in range(CLIENTS)]
    async with asyncio.TaskGroup() as group:
        for talker in talkers:
            group.create_task(talker.talk(service))
        for talker in talkers:
            await talker.begun.wait()
        await asyncio.sleep(chance.uniform(*SPOKEN_SECONDS))
        service.process.send_signal(signal.SIGTERM)
    owed = sum(len(talker.owed) for talker in talkers)
    kept = sum(
        owed == text
        for talker in talkers
        for owed, text in zip(talker.owed, rejoined(talker.owed, talker.texts), strict=False)
    )
    return owed, owed - kept


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)


def run(asked: argparse.Namespace) -> int:
    """Start and stop servers; return the exit code."""
    chance = random.Random(asked.seed)  # noqa: S311 (no secret)
    owed = lost = 0
    for _ in range(asked.rounds):
        with tone_server() as service:
            counts = asyncio.run(stop_while_they_talk(service, chance))
        owed, lost = owed + counts[0], lost + counts[1]
    print(f"{asked.rounds} stops, {CLIENTS} clients: {owed} utterances acknowledged, {lost} lost")
    return 1 if lost else 0

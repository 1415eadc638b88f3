"""Audio that stops coming and comes again, over a socket."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import clips
import pytest
from fakes import FakePool
from loopback import PATIENCE_SECONDS, Endpoint, Message, Peer, Serve, serving
from resuming import ResumingClient, begun

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server.services import Services
from hwaja.server.sessions import connection, intake
from hwaja.server.sessions.intake import Intake

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHUNK_SAMPLES = 4096

SENTENCE = clips.deepened(clips.part("two_cities", 17.5, 20.4))
"""Up to its last syllable."""


class Clock:
    """The clock by which the server dates the arrival of audio."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_755_754_200.0 + self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (connection, intake):
        monkeypatch.setattr(module, "time", clock)
    return clock


Taken = asyncio.Queue[None]
"""Has an entry for each message of audio that a session has dealt with."""


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Taken:
    taken: Taken = asyncio.Queue()
    take = Intake.take

    async def taking(self: Intake, pcm: memoryview, received_at: float) -> None:
        await take(self, pcm, received_at)
        taken.put_nowait(None)

    monkeypatch.setattr(Intake, "take", taking)
    return taken


async def speak(peer: Peer, pcm: bytes, clock: Clock, taken: Taken) -> None:
    """Send messages in real time. The clock advances after each handled message."""
    while not taken.empty():
        taken.get_nowait()
    for offset in range(0, len(pcm), 2 * CHUNK_SAMPLES):
        chunk = pcm[offset : offset + 2 * CHUNK_SAMPLES].ljust(2 * CHUNK_SAMPLES, b"\0")
        clock.now += CHUNK_SAMPLES / SAMPLE_RATE
        await peer.websocket.send(chunk)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await taken.get()


def moment(message: Message) -> datetime:
    return datetime.fromisoformat(message["timestamp"])


async def test_a_sentence_is_answered_if_no_audio_follows(endpoint: Endpoint) -> None:
    """Examples are a muted microphone, push-to-talk and a telephone call."""
    async with endpoint.welcomed() as peer:
        await peer.begin()
        await peer.play(SENTENCE)
        answer = await peer.receive()
        await peer.say("start_transcription")  # an error: the transcription goes on
        assert (await peer.receive())["code"] == "TRANSCRIPTION_FAILED"
    assert (answer["type"], answer["speaker_id"]) == ("transcription", 1)
    assert "winter of despair" in answer["text"].lower()


async def test_a_sentence_after_a_gap_has_the_time_at_which_it_was_spoken(
    services: Services, certificate: tuple[Path, Path], clock: Clock, taken: Taken
) -> None:
    async with serving(services, certificate) as endpoint, endpoint.welcomed() as peer:
        await peer.begin(details=True)
        answers = []
        for _ in range(3):
            await speak(peer, SENTENCE, clock, taken)
            answers.append(await peer.receive())
            clock.now += 60
    first, *later = answers
    chunks = -(-len(SENTENCE) // (2 * CHUNK_SAMPLES))
    turn_seconds = chunks * CHUNK_SAMPLES / SAMPLE_RATE + 60
    for number, answer in enumerate(later, start=1):
        assert answer["text"] == first["text"]
        expected = first["start_seconds"] + number * turn_seconds
        assert answer["start_seconds"] == pytest.approx(expected, abs=0.1)
        assert answer["end_seconds"] == pytest.approx(answer["start_seconds"] + 3.2, abs=0.3)
        since = moment(answer) - moment(first)
        assert since == pytest.approx(
            timedelta(seconds=number * turn_seconds), abs=timedelta(seconds=0.1)
        )


async def test_speech_before_a_lost_connection_is_answered_meanwhile(
    serve: Serve, engine: FakePool
) -> None:
    async with serve() as endpoint:
        client = ResumingClient(endpoint)
        async with client.connection() as peer:
            await begun(client, peer)
            engine.asked.clear()
            await peer.play(SENTENCE)
            peer.websocket.transport.abort()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await engine.asked.wait()
        async with client.connection() as peer:
            assert (await client.connect(peer))["state"] == "transcribing"
            await client.receive_until(peer, "transcription")


async def test_a_client_slowed_down_by_the_server_does_not_count_as_stopped(
    serve: Serve, engine: FakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every message waits longer than the time after which audio counts as stopped."""
    monkeypatch.setattr(intake, "STOPPED_SECONDS", 0.05)
    enrolment_seconds = sum(map(len, clips.voices())) / 2 / SAMPLE_RATE
    monkeypatch.setattr(connection, "BURST_AUDIO_SECONDS", enrolment_seconds)
    for speed in (1e9, 0.5):
        async with serve(max_audio_speed=speed) as endpoint, endpoint.welcomed() as peer:
            await peer.begin()
            await peer.transcribe(SENTENCE[: 2 * 20_000])
    at_once, slowed_down = engine.heard
    assert (slowed_down == at_once).all()

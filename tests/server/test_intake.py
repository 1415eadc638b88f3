"""Audio on its way in: when it counts as having stopped. Time is virtual."""

import asyncio
from collections.abc import Awaitable, Callable

from fakes import FakeDetector
from talk import connected
from virtual_time import run

from hwaja._pcm import RingBuffer
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.messages import StartRegistration
from hwaja.server.intake import STOPPED_SECONDS, Intake
from hwaja.session.events import Audio, AudioStopped
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.vad.silero import Detection

CHUNK_SECONDS = 8 * FRAME_SAMPLES / SAMPLE_RATE


class Microphone:
    """Sends to a session that listens, and dates what the session is told."""

    def __init__(self) -> None:
        self._talk = talk = connected()
        talk.say(StartRegistration(0))
        self.is_behind = False
        self.asked = 0
        self.heard_samples = 0
        self.stops: list[float] = []
        self.intake = Intake(
            talk.session,
            RingBuffer(60 * SAMPLE_RATE),
            Detection(FakeDetector()),  # type: ignore[arg-type]
            self._told,
            self._asked,
        )

    def _told(self, event: Audio | AudioStopped) -> asyncio.Future[None]:
        self._talk.handle(event)
        if isinstance(event, Audio):
            self.heard_samples = event.stop
        else:
            self.stops.append(asyncio.get_running_loop().time())
        told: asyncio.Future[None] = asyncio.Future()
        told.set_result(None)
        return told

    def _asked(self) -> bool:
        self.asked += 1
        return self.is_behind

    async def send(self, seconds: float) -> None:
        pcm = bytes(2 * round(seconds * SAMPLE_RATE))
        await self.intake.take(memoryview(pcm), received_at=0.0)


def scene(play: Callable[[Microphone], Awaitable[None]]) -> Microphone:
    """What has become of a microphone, long after it was last spoken into."""
    microphones: list[Microphone] = []

    async def whole() -> None:
        microphones.append(Microphone())
        await play(microphones[0])
        await asyncio.sleep(1000)

    run(whole())
    return microphones[0]


def test_the_session_is_told_once_that_nothing_comes_any_more() -> None:
    async def play(microphone: Microphone) -> None:
        for _ in range(8):
            await microphone.send(CHUNK_SECONDS)
            await asyncio.sleep(CHUNK_SECONDS)

    assert scene(play).stops == [8 * CHUNK_SECONDS + STOPPED_SECONDS]


def test_it_is_told_again_when_audio_came_in_between() -> None:
    async def play(microphone: Microphone) -> None:
        for _ in range(3):
            await microphone.send(CHUNK_SECONDS)
            await asyncio.sleep(10)

    first = CHUNK_SECONDS + STOPPED_SECONDS
    assert scene(play).stops == [first, first + 10, first + 20]


def test_messages_that_last_long_may_come_as_seldom() -> None:
    async def play(microphone: Microphone) -> None:
        for _ in range(3):
            await microphone.send(8.192)
            await asyncio.sleep(8.192 + STOPPED_SECONDS / 2)

    assert len(scene(play).stops) == 1


def test_messages_without_audio_put_off_nothing() -> None:
    async def play(microphone: Microphone) -> None:
        await microphone.send(CHUNK_SECONDS)
        for _ in range(10):
            await asyncio.sleep(1)
            await microphone.send(0)

    assert scene(play).stops == [CHUNK_SECONDS + STOPPED_SECONDS]


def test_a_client_that_the_server_keeps_waiting_has_not_stopped() -> None:
    async def play(microphone: Microphone) -> None:
        microphone.is_behind = True
        await microphone.send(CHUNK_SECONDS)
        await asyncio.sleep(100)
        assert microphone.asked > 10
        assert microphone.stops == []
        microphone.is_behind = False

    assert len(scene(play).stops) == 1


def test_a_session_that_is_over_is_told_nothing() -> None:
    async def play(microphone: Microphone) -> None:
        await microphone.send(CHUNK_SECONDS)
        microphone.intake.forget()

    microphone = scene(play)
    assert microphone.heard_samples == CHUNK_SECONDS * SAMPLE_RATE
    assert microphone.stops == []

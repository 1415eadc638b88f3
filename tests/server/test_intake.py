"""The intake of audio: when audio counts as stopped. The time is virtual."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import numpy as np
from fakes import FakeDetector
from talk import connected
from virtual_time import run

from hwaja.audio.stream import AudioStream
from hwaja.engines.interface import Pcm16, Samples
from hwaja.protocol.audio import SAMPLE_RATE, AudioConfig, AudioEncoding
from hwaja.protocol.client_messages import CompleteRegistration, StartRegistration
from hwaja.server.sessions.intake import STOPPED_SECONDS, Intake
from hwaja.session.events import Audio, AudioStopped, SuspectAudio
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.vad.silero import CONTEXT_SAMPLES, Detection, SileroState

CHUNK_SECONDS = 8 * FRAME_SAMPLES / SAMPLE_RATE


class ContextDetector(FakeDetector):
    """Keeps a copy of the context of each call's first frame."""

    def __init__(self) -> None:
        super().__init__()
        self.contexts: list[list[float]] = []

    def detect(self, streams: Sequence[tuple[SileroState, Samples]]) -> list[tuple[float, ...]]:
        self.contexts += [frames[0, :CONTEXT_SAMPLES].tolist() for _, frames in streams]
        return super().detect(streams)


class Microphone:
    """Sends audio to an intake, and records the times of its events."""

    def __init__(self) -> None:
        self.talk = talk = connected()
        talk.say(StartRegistration(0))
        self.stream = AudioStream(60 * SAMPLE_RATE)
        self.ring = self.stream.ring
        self.detector = ContextDetector()
        self.is_behind = False
        self.asked = 0
        self.processed_samples = 0
        self.stops: list[float] = []
        self.intake = Intake(
            talk.session,
            self.stream,
            Detection(self.detector),
            self._told,
            self._asked,
        )

    def _told(self, event: Audio | AudioStopped | SuspectAudio) -> asyncio.Future[None]:
        self.talk.handle(event)
        if isinstance(event, Audio):
            self.processed_samples = event.stop
        else:
            self.stops.append(asyncio.get_running_loop().time())
        told: asyncio.Future[None] = asyncio.Future()
        told.set_result(None)
        return told

    def _asked(self) -> bool:
        self.asked += 1
        return self.is_behind

    async def send(self, seconds: float) -> None:
        await self.send_audio(np.zeros(round(seconds * SAMPLE_RATE), np.int16))

    async def send_audio(self, audio: Pcm16) -> None:
        await self.intake.take(memoryview(audio.tobytes()), received_at=0.0)


def scene(play: Callable[[Microphone], Awaitable[None]]) -> Microphone:
    """Run a scene, wait long after its last audio, and return its microphone."""
    microphones: list[Microphone] = []

    async def whole() -> None:
        microphones.append(Microphone())
        await play(microphones[0])
        await asyncio.sleep(1000)

    run(whole())
    return microphones[0]


def test_the_session_is_notified_once_when_audio_stops() -> None:
    async def play(microphone: Microphone) -> None:
        for _ in range(8):
            await microphone.send(CHUNK_SECONDS)
            await asyncio.sleep(CHUNK_SECONDS)

    assert scene(play).stops == [8 * CHUNK_SECONDS + STOPPED_SECONDS]


def test_the_session_is_notified_again_after_more_audio() -> None:
    async def play(microphone: Microphone) -> None:
        for _ in range(3):
            await microphone.send(CHUNK_SECONDS)
            await asyncio.sleep(10)

    first = CHUNK_SECONDS + STOPPED_SECONDS
    assert scene(play).stops == [first, first + 10, first + 20]


def test_what_a_resampler_holds_back_is_heard_when_audio_stops() -> None:
    """Otherwise the end of the last word would come with the next one, or never."""

    async def play(microphone: Microphone) -> None:
        microphone.intake.decode(AudioConfig(encoding=AudioEncoding.MULAW, sample_rate=8000))
        await microphone.intake.take(memoryview(b"\xff" * 8000), received_at=0.0)
        assert microphone.ring.end < SAMPLE_RATE

    microphone = scene(play)
    assert len(microphone.stops) == 1
    assert microphone.ring.end == SAMPLE_RATE


def test_long_messages_may_arrive_less_often() -> None:
    async def play(microphone: Microphone) -> None:
        for _ in range(3):
            await microphone.send(8.192)
            await asyncio.sleep(8.192 + STOPPED_SECONDS / 2)

    assert len(scene(play).stops) == 1


def test_messages_without_audio_do_not_delay_the_notification() -> None:
    async def play(microphone: Microphone) -> None:
        await microphone.send(CHUNK_SECONDS)
        for _ in range(10):
            await asyncio.sleep(1)
            await microphone.send(0)

    assert scene(play).stops == [CHUNK_SECONDS + STOPPED_SECONDS]


def test_a_client_slowed_down_by_the_server_has_not_stopped() -> None:
    async def play(microphone: Microphone) -> None:
        microphone.is_behind = True
        await microphone.send(CHUNK_SECONDS)
        await asyncio.sleep(100)
        assert microphone.asked > 10
        assert microphone.stops == []
        microphone.is_behind = False

    assert len(scene(play).stops) == 1


def test_a_session_that_has_ended_is_not_notified() -> None:
    async def play(microphone: Microphone) -> None:
        await microphone.send(CHUNK_SECONDS)
        microphone.intake.forget()

    microphone = scene(play)
    assert microphone.processed_samples == CHUNK_SECONDS * SAMPLE_RATE
    assert microphone.stops == []


RAMP = np.arange(2 * FRAME_SAMPLES + 100, dtype=np.int16)
"""Two frames, and a part of the third."""


def test_a_release_keeps_the_context_of_the_next_frame() -> None:
    """After a hang-over shorter than the post-roll, the gate needs no audio before that frame."""

    async def play(microphone: Microphone) -> None:
        await microphone.send_audio(RAMP)
        microphone.intake.release(2 * FRAME_SAMPLES)
        assert microphone.ring.start == 2 * FRAME_SAMPLES - CONTEXT_SAMPLES
        await microphone.send_audio(RAMP)

    expected = RAMP[2 * FRAME_SAMPLES - CONTEXT_SAMPLES : 2 * FRAME_SAMPLES] / 32768
    assert scene(play).detector.contexts == [[0.0] * CONTEXT_SAMPLES, expected.tolist()]


def test_the_context_never_reaches_back_to_audio_before_a_reset() -> None:
    async def play(microphone: Microphone) -> None:
        await microphone.send_audio(RAMP)
        microphone.intake.begin()
        microphone.intake.release(2 * FRAME_SAMPLES)
        assert microphone.ring.start == 2 * FRAME_SAMPLES
        await microphone.send_audio(RAMP)

    assert scene(play).detector.contexts == [[0.0] * CONTEXT_SAMPLES] * 2


def test_a_release_keeps_nothing_once_the_session_listens_no_more() -> None:
    async def play(microphone: Microphone) -> None:
        await microphone.send_audio(RAMP)
        microphone.talk.say(CompleteRegistration(0))
        microphone.intake.release(microphone.ring.end)
        assert len(microphone.ring) == 0

    scene(play)

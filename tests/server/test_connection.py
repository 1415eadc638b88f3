"""One client's connection where the engine fails, is slow, or never answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import clips
import numpy as np
import pytest
from fakes import RING_FRAMES, FakePool, WatchedDetection, fake_services
from loopback import PATIENCE_SECONDS, Endpoint, Message, serving
from structlog.testing import capture_logs

from hwaja._pcm import RingBuffer
from hwaja.audio import stream
from hwaja.engines.interface import EngineError, Pcm16
from hwaja.session.conversation import Conversation
from hwaja.vad.silero import SileroDetector, SileroState

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

TRANSCRIPTION_FAILED = {
    "type": "error",
    "code": "TRANSCRIPTION_FAILED",
    "message": "음성 인식에 실패했습니다.",
}

SERVER_FAILED = {
    "type": "error",
    "code": "CONNECTION_FAILED",
    "message": "WebSocket 연결에 실패했습니다.",
}


@pytest.fixture
def detection(detector: SileroDetector) -> WatchedDetection:
    return WatchedDetection(detector)


@pytest.fixture
def served(
    engine: FakePool, detection: WatchedDetection, certificate: tuple[Path, Path]
) -> AbstractAsyncContextManager[Endpoint]:
    """A server with the fake engine, that listens once it is entered."""
    services = fake_services(engine, detection)
    return serving(services, certificate)


def texts(messages: list[Message]) -> list[str]:
    return [message.get("text", message.get("code")) for message in messages]


# Failure --------------------------------------------------------------------------------------


async def test_a_failed_utterance_is_reported_and_the_session_continues(
    served: AbstractAsyncContextManager[Endpoint], engine: FakePool
) -> None:
    async with served as endpoint, endpoint.welcomed() as peer:
        await peer.begin()
        engine.failures = [EngineError("no")]
        heard = await peer.transcribe(clips.conversation())
        assert heard[0] == TRANSCRIPTION_FAILED
        assert texts(heard[1:]) == ["b", "c", "d"]
        await peer.say("start_transcription")
        assert (await peer.receive())["type"] == "transcription_started"
        assert texts(await peer.transcribe(clips.conversation())) == ["e", "f", "g", "h"]


async def test_a_failed_attribution_is_reported_and_the_session_continues(
    served: AbstractAsyncContextManager[Endpoint], engine: FakePool
) -> None:
    async with served as endpoint, endpoint.welcomed() as peer:
        await peer.begin()
        engine.voice_failures = [EngineError("no")]
        heard = await peer.transcribe(clips.conversation())
        assert heard[0] == TRANSCRIPTION_FAILED
        assert texts(heard[1:]) == ["b", "c", "d"]


async def test_a_voice_can_be_enrolled_again_after_an_engine_failure(
    served: AbstractAsyncContextManager[Endpoint], engine: FakePool
) -> None:
    async with served as endpoint, endpoint.welcomed() as peer:
        engine.voice_failures = [EngineError("no")]
        _, failure = await peer.enrol(0, clips.voices()[0])
        assert (failure["code"], failure["speaker_id"]) == ("SPEAKER_REGISTRATION_FAILED", 0)
        types = [message["type"] for message in await peer.enrol(0, clips.voices()[0])]
        assert types == ["speaker_registration_started", "speaker_registration_completed"]


SPOKEN = "제 주민등록번호는 900101"


async def test_a_failed_detector_ends_the_session_and_its_exception_text_is_not_logged(
    served: AbstractAsyncContextManager[Endpoint],
    detection: WatchedDetection,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The exception's text holds what was said; only its type may be written down."""

    def broken(_: object) -> None:
        raise RuntimeError(SPOKEN)

    with capture_logs() as log:
        async with served as endpoint:
            async with endpoint.welcomed() as peer:
                await peer.begin()
                working, detection._detector.detect = detection._detector.detect, broken
                try:
                    await peer.play(clips.silence(0.2))
                    heard, code = await peer.receive_until_closed()
                    assert (heard, code) == ([SERVER_FAILED], 1011)
                finally:
                    detection._detector.detect = working
            async with endpoint.welcomed() as next_one:
                assert len(await next_one.enrol(0, clips.voices()[0])) == 2
    (failed,) = [line for line in log if line["event"] == "session failed"]
    assert failed["error"] == "RuntimeError"
    assert SPOKEN not in str(log) + caplog.text + "".join(capfd.readouterr())


async def test_audio_before_a_fault_is_answered_before_the_fault_is_reported(
    served: AbstractAsyncContextManager[Endpoint],
    engine: FakePool,
    detection: WatchedDetection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError(SPOKEN)

    async with served as endpoint, endpoint.welcomed() as peer:
        await peer.begin()
        engine.working.clear()
        await peer.play(clips.conversation())
        await engine.asked.wait()
        monkeypatch.setattr(detection._detector, "detect", broken)
        await peer.play(clips.silence(0.2))
        engine.working.set()
        heard, code = await peer.receive_until_closed()
    assert [message["type"] for message in heard[:-1]] == ["transcription"] * (len(heard) - 1)
    assert len(heard) > 1
    assert (heard[-1], code) == (SERVER_FAILED, 1011)


async def test_a_session_that_cannot_report_a_text_sends_an_error_and_ends(
    served: AbstractAsyncContextManager[Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError(SPOKEN)

    monkeypatch.setattr(Conversation, "learn_text", broken)
    async with served as endpoint, endpoint.welcomed() as peer:
        await peer.begin()
        await peer.play(clips.conversation())
        assert await peer.receive_until_closed() == ([SERVER_FAILED], 1011)


async def test_an_invalid_engine_result_fails_the_utterance_and_is_not_quoted(
    served: AbstractAsyncContextManager[Endpoint],
    engine: FakePool,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with capture_logs() as log:
        async with served as endpoint, endpoint.welcomed() as peer:
            await peer.begin()
            engine.failures = [RuntimeError(SPOKEN)]
            heard = await peer.transcribe(clips.conversation())
            assert heard[0] == TRANSCRIPTION_FAILED
    assert SPOKEN not in str(log) + caplog.text + "".join(capfd.readouterr())


# Backpressure ---------------------------------------------------------------------------------


def audio_of(heard: list[Pcm16]) -> list[bytes]:
    return [samples.tobytes() for samples in heard]


async def test_no_audio_is_lost_with_a_slow_engine(
    served: AbstractAsyncContextManager[Endpoint], engine: FakePool, detection: WatchedDetection
) -> None:
    """While nothing is decoded the client is held back: memory stays within the ring."""
    talk = clips.part("two_cities", 1.5, 44)
    async with served as endpoint:
        async with endpoint.welcomed() as peer:
            await peer.begin()
            expected = texts(await peer.transcribe(talk))
        fast = audio_of(engine.heard)
        assert len(fast) == len(expected) > 4
        async with endpoint.welcomed() as peer:
            await peer.begin()
            engine.heard.clear()
            engine.working.clear()
            detection.frames = 0
            answered = asyncio.create_task(peer.transcribe(talk))
            await detection.heard(RING_FRAMES)
            async with endpoint.welcomed() as other:  # others are served meanwhile
                await other.say("start_transcription")
                assert await other.receive() == TRANSCRIPTION_FAILED
            assert detection.frames == RING_FRAMES
            assert not answered.done()
            engine.working.set()
            async with asyncio.timeout(PATIENCE_SECONDS):
                assert texts(await answered) == expected
    assert audio_of(engine.heard) == fast


async def test_a_message_longer_than_the_ring_is_processed_whole(
    served: AbstractAsyncContextManager[Endpoint], engine: FakePool
) -> None:
    """The longest that the socket lets through: 1 MiB, 32.8 s."""
    talk = clips.clip("two_cities")[: 1 << 20]
    async with served as endpoint:
        for chunk_samples in (4096, 1 << 19):
            async with endpoint.welcomed() as peer:
                await peer.begin()
                assert len(await peer.transcribe(talk, chunk_samples)) > 3
    whole = len(engine.heard) // 2
    assert audio_of(engine.heard[:whole]) == audio_of(engine.heard[whole:])


async def test_a_client_that_does_not_wait_for_answers_gets_them_in_order(
    served: AbstractAsyncContextManager[Endpoint], engine: FakePool
) -> None:
    """Everything is sent at once, while the engine still works on the first voice."""
    engine.working.clear()
    async with served as endpoint, endpoint.welcomed() as peer:
        for speaker_id, voice in enumerate(clips.voices()):
            await peer.say("start_speaker_registration", speaker_id=speaker_id)
            await peer.play(voice)
            await peer.say("complete_speaker_registration", speaker_id=speaker_id)
        await peer.say("start_transcription")
        await peer.play(clips.conversation())
        await peer.say("stop_transcription")
        assert (await peer.receive())["type"] == "speaker_registration_started"
        engine.working.set()
        types = [message["type"] for message in await peer.receive_until("transcription_stopped")]
    assert types == [
        "speaker_registration_completed",
        "speaker_registration_started",
        "speaker_registration_completed",
        "transcription_started",
        *["transcription"] * 4,
        "transcription_stopped",
    ]


# Afterwards -----------------------------------------------------------------------------------


@asynccontextmanager
async def remembered(
    monkeypatch: pytest.MonkeyPatch, detection: WatchedDetection
) -> AsyncIterator[tuple[list[RingBuffer], list[SileroState]]]:
    """The rings and detector states of the sessions that begin meanwhile."""
    rings: list[RingBuffer] = []
    states: list[SileroState] = []
    new_state = detection.new_state

    def ring(capacity: int) -> RingBuffer:
        rings.append(RingBuffer(capacity))
        return rings[-1]

    def state() -> SileroState:
        states.append(new_state())
        return states[-1]

    monkeypatch.setattr(stream, "RingBuffer", ring)
    monkeypatch.setattr(detection, "new_state", state)
    yield rings, states


@pytest.mark.parametrize("abruptly", [False, True])
async def test_no_data_of_a_session_remains_when_it_ends(
    abruptly: bool,
    served: AbstractAsyncContextManager[Endpoint],
    engine: FakePool,
    detection: WatchedDetection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However a session ends, even before the engine answers, no audio or text stays in memory."""
    async with remembered(monkeypatch, detection) as (rings, states), served as endpoint:
        async with endpoint.welcomed() as peer:
            await peer.begin()
            engine.working.clear()
            detection.frames = 0
            await peer.play(clips.part("two_cities", 1.5, 10))
            await detection.heard(250)
            unused = detection.new_state().lstm
            assert len(rings[0]) > 0
            assert not np.array_equal(states[0].lstm, unused)
            if abruptly:
                peer.websocket.transport.abort()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await endpoint.server.stop()
        assert len(rings[0]) == 0
        assert np.array_equal(states[0].lstm, unused)


# Labels that come later -------------------------------------------------------------------------


@pytest.mark.parametrize("speaker_updates", [True, False])
async def test_a_doubtful_speaker_is_corrected_later_if_the_client_asked(
    speaker_updates: bool, served: AbstractAsyncContextManager[Endpoint], engine: FakePool
) -> None:
    talk = clips.part("two_cities", 1.2, 2.6) + clips.silence(0.7)
    async with served as endpoint, endpoint.welcomed() as peer:
        await peer.enrol_both()
        engine.voices = [(1, 1.005), (1, 0)]
        await peer.say("start_transcription", speaker_updates=speaker_updates)
        await peer.receive()
        heard = await peer.transcribe(talk + clips.part("two_cities", 2.6, 4.8))
    answers = [message for message in heard if message["type"] == "transcription"]
    assert [message["speaker_id"] for message in answers] == [1, 0]
    assert [message.get("segment_id") for message in answers] == (
        [0, 1] if speaker_updates else [None, None]
    )
    updates = [message for message in heard if message not in answers]
    correction = {"type": "speaker_update", "segment_id": 0, "speaker_id": 0}
    assert updates == ([correction] if speaker_updates else [])

"""A conversation that is longer than the server's longest transcription."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

import clips
from fakes import FakePool, WatchedDetection, no_cohort
from hwaja.audio import paced
from hwaja.client import Message, open_client
from hwaja.client_stream import ClientStream
from hwaja.engines.silero import SileroDetector
from hwaja.session_runner import Services
from hwaja.settings import SessionSettings
from loopback import Endpoint, serving

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def engine() -> FakePool:
    """Without idle workers, so that no utterance is worked on before it has ended."""
    engine = FakePool()
    engine.idle_workers = 0
    return engine


async def heard(
    engine: FakePool, limited: AbstractAsyncContextManager[Endpoint], talk: AsyncIterator[bytes]
) -> list[Message]:
    engine.heard.clear()
    async with limited as endpoint, open_client(endpoint.url, endpoint.trust) as client:
        for speaker_id, voice in enumerate(clips.voices()):
            await client.enrol(speaker_id, paced(voice, speed=0))
        stream = ClientStream(client, {})
        return [message async for message in stream.run(talk)]


@pytest.mark.parametrize("max_audio_seconds", [3.0, 7.0, 11.9, 600.0])
async def test_it_comes_back_whole_and_dated_from_its_beginning(
    max_audio_seconds: float,
    engine: FakePool,
    detector: SileroDetector,
    certificate: tuple[Path, Path],
) -> None:
    """Also where the limit falls behind the last word, so that stop and end cross."""

    def served(seconds: float) -> AbstractAsyncContextManager[Endpoint]:
        settings = SessionSettings(max_audio_seconds=seconds)
        detection = WatchedDetection(detector)
        services = Services(engine, engine, detection, no_cohort(), settings)  # type: ignore[arg-type]
        return serving(services, certificate)

    talk = clips.conversation()
    expected = await heard(engine, served(600), paced(talk, speed=0))
    audio = [samples.tobytes() for samples in engine.heard]
    found = await heard(engine, served(max_audio_seconds), paced(talk, speed=0))

    def said(messages: list[Message]) -> list[tuple[int, float]]:
        answers = [message for message in messages if message["type"] == "transcription"]
        return [(each["speaker_id"], each["start_seconds"]) for each in answers]

    assert [who for who, _ in said(found)] == [who for who, _ in said(expected)]
    starts = [when for _, when in said(expected)]
    assert [when for _, when in said(found)] == pytest.approx(starts, abs=0.07)
    assert len(engine.heard) == len(audio)
    assert not [message for message in found if message["type"] == "error"]


async def test_what_goes_wrong_with_the_audio_is_what_is_raised(endpoint: Endpoint) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(8192)
        raise RuntimeError("the microphone was unplugged")

    async with open_client(endpoint.url, endpoint.trust) as client:
        for speaker_id, voice in enumerate(clips.voices()):
            await client.enrol(speaker_id, paced(voice, speed=0))
        with pytest.raises(RuntimeError, match="unplugged"):
            async for _ in ClientStream(client, {}).run(broken()):
                pass

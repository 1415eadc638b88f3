"""Hotwords of one session over a socket: their effect, and their errors."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import clips
import pytest
import pytest_asyncio
import streaming_models
from fakes import one_generation
from loopback import Endpoint, Peer, serving
from pools import running

from hwaja.models import locate
from hwaja.server.application import voice_models
from hwaja.server.services import Services
from hwaja.session.settings import SessionSettings
from hwaja.speakers.voices import Cohort
from hwaja.vad.silero import Detection, SileroDetector
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def biased(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pool]:
    """A worker whose model writes 가 for any loud audio, or 나 if that is a hotword."""
    folder = streaming_models.write("zipformer2", tmp_path_factory.mktemp("biased"))
    setup = wire.Setup(str(folder), voice_models(), "ko", "modified_beam_search")
    async with running(setup) as pool:
        yield pool


@pytest_asyncio.fixture(loop_scope="session")
async def endpoint_of(
    interim_worker: InterimWorker, detector: SileroDetector, certificate: tuple[Path, Path]
) -> Callable[[Pool], AbstractAsyncContextManager[Endpoint]]:
    """Serves a pool."""

    def endpoint(pool: Pool) -> AbstractAsyncContextManager[Endpoint]:
        settings = SessionSettings(abilities=lambda: pool.abilities)
        detection = Detection(detector)
        services = Services(
            one_generation(pool, interim_worker), detection, Cohort.load(), settings
        )
        return serving(services, certificate)

    return endpoint


@pytest_asyncio.fixture(loop_scope="session")
async def endpoint(
    biased: Pool, endpoint_of: Callable[[Pool], AbstractAsyncContextManager[Endpoint]]
) -> AsyncIterator[Endpoint]:
    async with endpoint_of(biased) as endpoint:
        yield endpoint


async def letters(peer: Peer, hotwords: list[object]) -> set[str]:
    """The text of a conversation with these hotwords."""
    await peer.say("start_transcription", hotwords=hotwords)
    assert (await peer.receive())["type"] == "transcription_started"
    heard = await peer.transcribe(clips.conversation())
    return {letter for message in heard for letter in message["text"]}


async def test_hotwords_apply_only_to_the_transcription_that_named_them(
    endpoint: Endpoint,
) -> None:
    async with endpoint.welcomed() as expecting, endpoint.welcomed() as other:
        for peer in (expecting, other):
            await peer.enrol_both()
        assert await letters(expecting, ["나"]) == {"나"}
        assert await letters(other, []) == {"가"}
        assert await letters(expecting, [{"text": "나", "boost": 0.01}]) == {"가"}


async def test_a_hotword_that_the_model_cannot_write_is_refused_and_the_session_continues(
    endpoint: Endpoint,
) -> None:
    async with endpoint.welcomed() as peer:
        await peer.enrol_both()
        for hotword in ("힣", "나:9", "나/다", "nada"):
            await peer.say("start_transcription", hotwords=["나", hotword])
            error = await peer.receive()
            assert (error["code"], error["reason"]) == ("TRANSCRIPTION_FAILED", "hotword_unknown")
        assert await letters(peer, ["나"]) == {"나"}


async def test_whisper_takes_hotwords_of_every_script_and_writes_the_one_that_sounds_alike(
    endpoint_of: Callable[[Pool], AbstractAsyncContextManager[Endpoint]],
) -> None:
    hotwords = [{"text": "wynter", "boost": 10}, "삼계탕", "3:2", "東京"]
    whisper = wire.Setup(str(locate("whisper-base")), voice_models(), "en")
    async with running(whisper) as pool, endpoint_of(pool) as endpoint, endpoint.welcomed() as peer:
        await peer.enrol_both()
        await peer.say("start_transcription", hotwords=hotwords)
        assert (await peer.receive())["type"] == "transcription_started"
        heard = await peer.transcribe(clips.conversation())
    text = " ".join(message["text"] for message in heard)
    assert "wynter" in text
    assert "삼계탕" not in text

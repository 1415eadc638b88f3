"""A change of the recogniser under ten clients, whose workers are fakes that the test releases."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import clips
import pytest
from fakes import FakePool, WatchedDetection, no_cohort, one_generation
from loopback import PATIENCE_SECONDS, Message, Peer, serving

from hwaja.server.services import Services
from hwaja.session.settings import SessionSettings
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.vad.silero import SileroDetector
from hwaja.workers.generations import Generation

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CLIENTS = 10
LABELS = [0, 0, 0, 1]  # of the clips' conversation


async def test_ten_clients_get_the_answers_of_the_old_workers_and_then_those_of_the_new(
    detector: SileroDetector, certificate: tuple[Path, Path]
) -> None:
    old, new = FakePool(), FakePool()
    old.idle_workers = new.idle_workers = 0  # so no work begins before an utterance has ended
    generations, detection = one_generation(old), WatchedDetection(detector)
    services = Services(generations, detection, no_cohort(), SessionSettings())
    conversation = clips.conversation()

    async def said(peers: list[Peer]) -> None:
        """Say the conversation to the server; return once all its utterances are over."""
        detection.frames = 0
        await asyncio.gather(*(peer.play(conversation) for peer in peers))
        await detection.heard(CLIENTS * (len(conversation) // 8192 * 4096 // FRAME_SAMPLES))

    async with (
        asyncio.timeout(2 * PATIENCE_SECONDS),
        serving(services, certificate) as endpoint,
        AsyncExitStack() as stack,
    ):
        peers = [await stack.enter_async_context(endpoint.welcomed()) for _ in range(CLIENTS)]
        for peer in peers:
            await peer.begin()
        old.working.clear()
        await said(peers)
        generations.change(Generation(new, FakePool()))
        await said(peers)
        assert not old.closed.is_set(), "its utterances are not answered yet"
        assert old.heard == []
        assert len(new.heard) == CLIENTS * len(LABELS)
        old.working.set()
        await old.closed.wait()
        heard: list[list[Message]] = [await peer.transcribe(b"") for peer in peers]
    assert len(old.heard) == CLIENTS * len(LABELS)
    for messages in heard:
        assert [message["type"] for message in messages] == ["transcription"] * 2 * len(LABELS)
        assert [message["speaker_id"] for message in messages] == 2 * LABELS

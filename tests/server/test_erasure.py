"""However a session ends, its audio and its voices are overwritten."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import clips
import numpy as np
import pytest
from loopback import PATIENCE_SECONDS, Peer, serving

from hwaja._pcm import RingBuffer
from hwaja.audio import stream
from hwaja.engines.interface import Embedding
from hwaja.server.services import Services
from hwaja.speakers.voices import PooledVoice, Voices

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


class Held:
    """References to the rings and voices of ended sessions."""

    def __init__(self) -> None:
        self.rings: list[RingBuffer] = []
        self.voices: list[Embedding] = []


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    held = Held()
    enrol = Voices.enrol

    def ring(samples: int) -> RingBuffer:
        held.rings.append(RingBuffer(samples))
        return held.rings[-1]

    def enrolling(self: Voices, speaker_id: int, pooled: PooledVoice) -> None:
        enrol(self, speaker_id, pooled)
        held.voices.append(pooled.voice)

    monkeypatch.setattr(stream, "RingBuffer", ring)
    monkeypatch.setattr(Voices, "enrol", enrolling)
    return held


async def leave(peer: Peer) -> None:
    await peer.websocket.close()


async def vanish(peer: Peer) -> None:
    peer.websocket.transport.abort()


async def misbehave(peer: Peer) -> None:
    for _ in range(5):
        await peer.websocket.send("no JSON")


async def speak_on_until_the_server_stops(_: Peer) -> None:
    pass


@pytest.mark.parametrize("end", [leave, vanish, misbehave, speak_on_until_the_server_stops])
async def test_audio_and_voices_are_overwritten_however_a_session_ends(
    end: Callable[[Peer], Awaitable[None]],
    held: Held,
    services: Services,
    certificate: tuple[Path, Path],
) -> None:
    async with serving(services, certificate, drain_seconds=0) as endpoint:
        async with endpoint.welcomed() as peer:
            await peer.begin()
            await peer.play(clips.part("two_cities", 17, 20))
            await peer.say("start_transcription")  # an error, and proof that the audio arrived
            await peer.receive_until("error")
            assert len(held.rings[0]) > 0
            assert all(np.any(voice) for voice in held.voices)
            await end(peer)
            if end is speak_on_until_the_server_stops:
                await endpoint.server.stop()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await endpoint.server._registry.emptied.wait()
    (ring,) = held.rings
    assert len(ring) == 0  # what is not held is zero: rust/src/ring.rs
    assert len(held.voices) == 2
    assert not any(np.any(voice) for voice in held.voices)

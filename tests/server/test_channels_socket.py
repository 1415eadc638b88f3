"""Two channels, each a speaker, over a socket: the two sides of a telephone call."""

import clips
import numpy as np
import pytest
from encoders import at_rate, encoded, packets
from fakes import FakePool
from loopback import Endpoint, Message, Peer, Serve
from resuming import ResumingClient

from hwaja.client.sound_files import to_pcm16
from hwaja.protocol.audio import AudioEncoding

pytestmark = [
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.usefixtures("unhurried"),
]

MULAW = {"encoding": "mulaw", "sample_rate": 8000, "channels": 2}
FIRST = clips.silence(0.5) + clips.part("beckett", 4.4, 9.9) + clips.silence(1.5)
"""Try again. Fail again. Fail better."""
SECOND = clips.silence(1.2) + clips.part("two_cities", 17, 21) + clips.silence(2.3)
"""It was the spring of hope. It is spoken at the same time."""


def interleaved(first: bytes, second: bytes, rate: int, encoding: AudioEncoding) -> bytes:
    sides = [at_rate(side, rate) for side in (first, second)]
    return encoded(np.stack(sides, axis=1), encoding)


async def begin(peer: Peer, **fields: object) -> None:
    await peer.say("start_transcription", details=True, speakers="channels", **fields)
    assert (await peer.receive())["type"] == "transcription_started"


async def send(peer: Peer, data: bytes, size: int) -> None:
    for offset in range(0, len(data), size):
        await peer.websocket.send(data[offset : offset + size])


async def ended(peer: Peer) -> list[Message]:
    await peer.say("stop_transcription")
    return await peer.receive_until("transcription_stopped")


def said(told: list[Message], speaker_id: int) -> str:
    spoken = [each for each in told if each["type"] == "transcription"]
    return " ".join(each["text"] for each in spoken if each["speaker_id"] == speaker_id).lower()


async def test_both_sides_of_a_call_are_written_although_they_speak_at_once(
    endpoint: Endpoint,
) -> None:
    async with endpoint.welcomed() as peer:
        await begin(peer, audio=MULAW)
        await send(peer, interleaved(FIRST, SECOND, 8000, AudioEncoding.MULAW), 320)
        told = await ended(peer)
    assert "again" in said(told, 0)
    assert "better" in said(told, 0)
    assert "of hope" in said(told, 1)
    assert "hope" not in said(told, 0)
    spoken = [each for each in told if each["type"] == "transcription"]
    assert {each["label"] for each in spoken} == {"sure"}
    assert len({each["segment_id"] for each in spoken}) == len(spoken)
    assert [share["speaker_id"] for share in told[-1]["speakers"]] == [0, 1]


async def test_each_recognition_hears_one_side_only(serve: Serve, engine: FakePool) -> None:
    """Also of Opus, whose stereo packets hold both."""
    humming = to_pcm16(np.sin(np.arange(8 * 16_000) / 10).astype("f4") * 1e-4)
    audio = {"encoding": "opus", "channels": 2}
    async with serve() as endpoint, endpoint.welcomed() as peer:
        for channels in ((FIRST, humming[: len(FIRST)]), (humming[: len(FIRST)], FIRST)):
            engine.heard.clear()
            await begin(peer, audio=audio)
            for packet in packets(*channels):
                await peer.websocket.send(packet)
            told = await ended(peer)
            speakers = {each["speaker_id"] for each in told if each["type"] == "transcription"}
            assert speakers == {channels.index(FIRST)}
            assert all(np.abs(samples).max() > 1000 for samples in engine.heard)


async def test_events_interims_and_turns_of_both_sides_come_with_their_own_ids(
    serve: Serve,
) -> None:
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await begin(peer, audio=MULAW, events=["speech_started", "speech_ended"])
        data = interleaved(FIRST, SECOND, 8000, AudioEncoding.MULAW)
        await send(peer, data[: 2 * 8000 * 3], 320)
        await peer.say("finalize")
        told = await peer.receive_until("finalized")
    kinds = ("speech_started", "speech_ended", "transcription")
    ids = [[each["segment_id"] for each in told if each["type"] == kind] for kind in kinds]
    assert len(ids[0]) >= 2
    assert ids[0] == sorted(set(ids[0])) == sorted(ids[1]) == sorted(ids[2])
    assert told[-1]["received_samples"] == 8000 * 3


async def test_a_channel_can_be_named(serve: Serve) -> None:
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await begin(peer, audio=MULAW)
        await peer.say("name_speaker", speaker_id=1, name="고객")
        assert (await peer.receive())["name"] == "고객"
        await peer.say("name_speaker", speaker_id=2, name="아무개")
        assert (await peer.receive())["reason"] == "unknown_speaker"
        await send(peer, interleaved(FIRST, SECOND, 8000, AudioEncoding.MULAW), 3200)
        told = await ended(peer)
    names = {(e["speaker_id"], e.get("speaker_name")) for e in told if e["type"] == "transcription"}
    assert names == {(0, None), (1, "고객")}


async def test_one_channel_is_one_speaker(serve: Serve, engine: FakePool) -> None:
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await begin(peer)
        told = await peer.transcribe(FIRST)
    assert {each["speaker_id"] for each in told} == {0}
    assert engine.embedded == []


async def test_a_call_is_resumed_at_the_same_sample_of_both_sides(
    serve: Serve, engine: FakePool
) -> None:
    data = interleaved(FIRST, SECOND, 8000, AudioEncoding.MULAW)
    async with serve() as endpoint:
        async with endpoint.welcomed() as peer:
            await begin(peer, audio=MULAW)
            await send(peer, data, 320)
            await ended(peer)
        whole = [samples.tobytes() for samples in engine.heard]
        engine.heard.clear()
        client = ResumingClient(endpoint)
        async with client.connection() as peer:
            await client.connect(peer)
            await begin(peer, audio=MULAW)
            await send(peer, data[: 2 * 8000 * 3], 322)
            peer.websocket.transport.abort()
        async with client.connection() as peer:
            await client.connect(peer)
            await send(peer, data[2 * client.received_samples :], 998)
            await ended(peer)
    assert [samples.tobytes() for samples in engine.heard] == whole


async def test_a_session_goes_on_with_one_channel_after_a_call(serve: Serve) -> None:
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await begin(peer, audio=MULAW)
        await send(peer, interleaved(FIRST, SECOND, 8000, AudioEncoding.MULAW), 3200)
        await ended(peer)
        await peer.begin()
        told = await peer.transcribe(FIRST)
        assert {each["type"] for each in told} == {"transcription"}
        await begin(peer, audio=MULAW)
        await send(peer, interleaved(SECOND, FIRST, 8000, AudioEncoding.MULAW), 3200)
        assert {e["speaker_id"] for e in await ended(peer) if e["type"] == "transcription"} == {
            0,
            1,
        }

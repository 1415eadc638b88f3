"""Turns that the client ends, over a socket."""

import asyncio

import clips
import pytest
from fakes import FakePool
from loopback import PATIENCE_SECONDS, Endpoint, Message, Peer, Serve
from resuming import ResumingClient, begun

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

SENTENCE = clips.silence(0.5) + clips.part("beckett", 4.4, 5.6)
"""Somebody says two words; there is no pause behind them."""


async def turn(peer: Peer, pcm: bytes, request_id: int) -> list[Message]:
    await peer.play(pcm)
    await peer.say("finalize", request_id=request_id)
    return await peer.receive_until("finalized")


async def test_a_turn_is_answered_without_any_audio_behind_it(endpoint: Endpoint) -> None:
    async with endpoint.welcomed() as peer:
        await peer.begin(details=True)
        first = await turn(peer, SENTENCE, 1)
        second = await turn(peer, SENTENCE, 2)
    assert [each["type"] for each in first] == ["transcription", "finalized"]
    assert "again" in first[0]["text"].lower()
    samples = len(SENTENCE) // 2
    assert first[1] == {"type": "finalized", "received_samples": samples, "request_id": 1}
    assert second[1]["received_samples"] == 2 * samples
    assert second[0]["start_seconds"] >= first[0]["end_seconds"]
    assert second[0]["end_seconds"] == pytest.approx(2 * samples / 16_000, abs=0.001)


async def test_all_audio_that_waits_before_it_is_heard_first(
    serve: Serve, engine: FakePool
) -> None:
    """While the ring is full, audio waits in the read-ahead; `finalize` waits behind it."""
    talk = clips.conversation()
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await peer.begin()
        engine.working.clear()
        for _ in range(5):  # more than the ring has room for
            await peer.play(talk)
        await peer.say("finalize")
        await peer.play(talk)
        await peer.say("stop_transcription")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await peer.websocket.recv()
        engine.working.set()
        told = await peer.receive_until("transcription_stopped")
    types = [each["type"] for each in told]
    assert types.index("finalized") == 20  # five times four utterances
    assert told[20]["received_samples"] == 5 * len(talk) // 2
    assert types.count("transcription") == 24


async def test_in_silence_it_is_confirmed_at_once(endpoint: Endpoint) -> None:
    async with endpoint.welcomed() as peer:
        await peer.begin()
        assert len(await turn(peer, b"", 1)) == len(await turn(peer, clips.silence(1), 2)) == 1


async def test_outside_of_a_transcription_it_is_refused_with_its_id(endpoint: Endpoint) -> None:
    async with endpoint.welcomed() as peer:
        await peer.say("finalize", request_id="early")
        error = await peer.receive()
    assert error == {
        "type": "error",
        "code": "TRANSCRIPTION_FAILED",
        "message": "음성 인식에 실패했습니다.",
        "request_id": "early",
    }


@pytest.mark.parametrize("request_id", [True, 1.5, [], {}, "x" * 65, "\n", 2**54])
async def test_a_wrong_request_id_is_refused_and_not_repeated(
    endpoint: Endpoint, request_id: object
) -> None:
    async with endpoint.welcomed() as peer:
        await peer.say("finalize", request_id=request_id)
        error = await peer.receive()
        await peer.say("stop_transcription", request_id="good")
        assert (await peer.receive())["request_id"] == "good"
    assert "request_id" not in error


async def test_every_direct_answer_repeats_the_id_of_its_message(endpoint: Endpoint) -> None:
    async with endpoint.welcomed() as peer:
        told = []
        for speaker_id, voice in enumerate(clips.voices()):
            await peer.say("start_speaker_registration", speaker_id=speaker_id, request_id="s")
            await peer.play(voice)
            await peer.say("complete_speaker_registration", speaker_id=speaker_id, request_id="c")
            told += [await peer.receive(), await peer.receive()]
        await peer.say("start_transcription", request_id=-3)
        await peer.say("stop_transcription", request_id=4)
        told += [await peer.receive(), await peer.receive()]
        await peer.say("nonsense", request_id="n")
        told.append(await peer.receive())
    assert [each["request_id"] for each in told] == ["s", "c", "s", "c", -3, 4, "n"]


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_client_that_lost_the_connection_repeats_it_and_gets_one_confirmation(
    serve: Serve, engine: FakePool, arrives: bool
) -> None:
    async with serve() as endpoint:
        client = ResumingClient(endpoint)
        async with client.connection() as peer:
            await begun(client, peer)
            engine.working.clear()
            await peer.play(SENTENCE)
            if arrives:
                await peer.say("finalize", request_id=1)
            await peer.say("keep_up")  # an error, and proof that all before was taken
            await client.receive_until(peer, "error")
            peer.websocket.transport.abort()
        engine.working.set()
        async with client.connection() as peer:
            await client.connect(peer)
            assert client.received_samples == len(SENTENCE) // 2
            await peer.say("finalize", request_id=1)
            await peer.say("stop_transcription")
            async with asyncio.timeout(PATIENCE_SECONDS):
                await client.receive_until(peer, "transcription_stopped")
    types = [each["type"] for each in client.heard[-3:]]
    assert types == ["transcription", "finalized", "transcription_stopped"]

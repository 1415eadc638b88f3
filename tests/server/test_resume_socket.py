"""Resuming a session over another connection."""

import asyncio
import random

import clips
import pytest
from fakes import FakePool
from loopback import PATIENCE_SECONDS, Endpoint, Message, Serve
from resuming import ResumingClient, begun

pytestmark = [
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.usefixtures("unhurried"),
]

CHUNK_BYTES = 8192


def chunks(pcm: bytes) -> list[bytes]:
    return [pcm[offset : offset + CHUNK_BYTES] for offset in range(0, len(pcm), CHUNK_BYTES)]


def untimed(messages: list[Message]) -> list[Message]:
    return [
        {k: v for k, v in message.items() if k not in ("timestamp", "number", "text")}
        for message in messages
        if message["type"] == "transcription"
    ]


@pytest.mark.parametrize("seed", range(4))
async def test_a_client_cut_off_repeatedly_loses_nothing_and_gets_nothing_twice(
    seed: int, serve: Serve, engine: FakePool
) -> None:
    """Cut at random: between messages, with answers on their way, in the middle of a sentence."""
    talk = clips.conversation()
    dice = random.Random(seed)  # noqa: S311
    async with serve() as endpoint:
        async with endpoint.welcomed() as peer:
            await peer.begin(details=True)
            expected = await peer.transcribe(talk)
        whole = [samples.tobytes() for samples in engine.heard]
        engine.heard.clear()

        client = ResumingClient(endpoint)
        async with client.connection() as peer:
            await begun(client, peer)
            peer.websocket.transport.abort()
        for _ in range(6):
            async with client.connection() as peer:
                welcome = await client.connect(peer)
                assert (welcome["resumed"], welcome["speaker_ids"]) == (True, [0, 1])
                rest = chunks(talk[2 * client.received_samples :])
                for chunk in rest[: dice.randrange(8)]:
                    await peer.websocket.send(chunk)
                if dice.random() < 0.5:  # the server has read it, or perhaps not
                    await (await peer.websocket.ping())
                peer.websocket.transport.abort()
        async with client.connection() as peer:
            await client.connect(peer)
            await peer.play(talk[2 * client.received_samples :])
            await peer.say("stop_transcription")
            await client.receive_until(peer, "transcription_stopped")
    assert untimed(client.heard) == untimed(expected)
    assert [samples.tobytes() for samples in engine.heard] == whole


async def test_with_the_real_engine_a_resumed_session_gives_the_same_text(
    endpoint: Endpoint,
) -> None:
    talk = clips.conversation()
    async with endpoint.welcomed() as peer:
        await peer.begin(details=True)
        expected = [message["text"] for message in await peer.transcribe(talk)]
    client = ResumingClient(endpoint)
    async with client.connection() as peer:
        await begun(client, peer)
        await peer.play(talk[: 2 * 16_000 * 3])
        await (await peer.websocket.ping())
        peer.websocket.transport.abort()
    async with client.connection() as peer:
        await client.connect(peer)
        await peer.play(talk[2 * client.received_samples :])
        await peer.say("stop_transcription")
        await client.receive_until(peer, "transcription_stopped")
    assert [m["text"] for m in client.heard if m["type"] == "transcription"] == expected


async def test_answers_wait_for_a_disconnected_client(serve: Serve, engine: FakePool) -> None:
    async with serve() as endpoint:
        client = ResumingClient(endpoint)
        async with client.connection() as peer:
            await begun(client, peer)
            engine.working.clear()
            await peer.play(clips.conversation())
            await peer.say("stop_transcription")
            await peer.say("stop_transcription")  # an error, and proof that the first was taken
            await client.receive_until(peer, "error")
            peer.websocket.transport.abort()
        engine.working.set()
        async with client.connection() as peer:
            welcome = await client.connect(peer)
            assert welcome["state"] in ("draining", "ready")
            await client.receive_until(peer, "transcription_stopped")
    assert len(untimed(client.heard)) == 4


async def test_a_client_that_resumes_before_the_loss_is_noticed_takes_the_session_over(
    serve: Serve,
) -> None:
    """A telephone that changes its network never closes the old connection."""
    async with serve(max_connections=1) as endpoint:
        client = ResumingClient(endpoint)
        async with client.connection() as old:
            await begun(client, old)
            await old.play(clips.conversation())
            async with client.connection() as new:
                assert (await client.connect(new))["state"] == "transcribing"
                await new.play(clips.conversation()[2 * client.received_samples :])
                await new.say("stop_transcription")
                await client.receive_until(new, "transcription_stopped")
            code = (await old.receive_until_closed())[1]
    assert code is None  # cut off
    assert len(untimed(client.heard)) == 4


async def test_an_enrolment_continues_after_a_lost_connection(serve: Serve) -> None:
    voice = clips.voices()[0]
    async with serve() as endpoint:
        client = ResumingClient(endpoint)
        async with client.connection() as peer:
            await client.connect(peer)
            await peer.say("start_speaker_registration", speaker_id=0, details=True)
            await peer.play(voice[: len(voice) // 4 * 2])
            await (await peer.websocket.ping())
            peer.websocket.transport.abort()
        async with client.connection() as peer:
            assert (await client.connect(peer))["state"] == "enrolling"
            await peer.play(voice[2 * client.received_samples :])
            await peer.say("complete_speaker_registration", speaker_id=0)
            await client.receive_until(peer, "speaker_registration_completed")
    whole = await enrolled_at_once(serve, voice)
    assert client.heard[-1]["quality"] == whole["quality"]


async def enrolled_at_once(serve: Serve, voice: bytes) -> Message:
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await peer.say("start_speaker_registration", speaker_id=0, details=True)
        await peer.play(voice)
        await peer.say("complete_speaker_registration", speaker_id=0)
        return (await peer.receive_until("speaker_registration_completed"))[-1]


async def lost(endpoint: Endpoint, client: ResumingClient) -> None:
    async with client.connection() as peer:
        await client.connect(peer)
        peer.websocket.transport.abort()


async def test_a_session_and_its_slot_are_kept_for_a_limited_time(serve: Serve) -> None:
    async with serve(max_connections=1, resume_seconds=0.3) as endpoint:
        client = ResumingClient(endpoint)
        async with client.connection() as peer:
            await begun(client, peer)
            peer.websocket.transport.abort()
        async with endpoint.connect() as other:
            assert (await other.receive())["code"] == "CONNECTION_FAILED"
        await endpoint.until_free()
        async with client.connection() as peer:
            assert (await client.connect(peer))["resumed"] is False


@pytest.mark.parametrize("code", [1000, 1005])
async def test_a_session_that_its_client_closed_is_not_kept(code: int, serve: Serve) -> None:
    async with serve(max_connections=1, resume_seconds=1000) as endpoint:
        client = ResumingClient(endpoint)
        async with client.connection() as peer:
            await client.connect(peer)
            if code == 1005:  # as a browser closes that is given no code
                peer.websocket.protocol.send_close()
                peer.websocket.transport.write(b"".join(peer.websocket.protocol.data_to_send()))
        await endpoint.until_free()


async def test_a_reloaded_page_resumes_its_session(serve: Serve) -> None:
    """Browsers close with 1001 then."""
    async with serve(max_connections=1) as endpoint:
        client = ResumingClient(endpoint)
        async with client.connection() as peer:
            await begun(client, peer)
            await peer.websocket.close(1001)
        async with client.connection() as peer:
            assert (await client.connect(peer))["state"] == "transcribing"


async def test_a_session_token_is_invalid_once_a_newer_one_was_used(serve: Serve) -> None:
    async with serve() as endpoint:
        tokens = []
        client = ResumingClient(endpoint)
        for _ in range(3):
            await lost(endpoint, client)
            tokens.append(client._token)
        assert len(set(tokens)) == 3
        for token, resumed in ((tokens[0], False), (tokens[2], True), (tokens[1], False)):
            async with endpoint.connect(f"/?resume={token}") as peer:
                assert (await peer.receive())["resumed"] is resumed


async def test_the_previous_token_is_valid_until_the_new_one_was_used(serve: Serve) -> None:
    """The answer with the new one may have been lost."""
    async with serve() as endpoint:
        client = ResumingClient(endpoint)
        await lost(endpoint, client)
        token = client._token
        for _ in range(3):
            async with endpoint.connect(f"/?resume={token}") as peer:
                assert (await peer.receive())["resumed"] is True
                peer.websocket.transport.abort()


@pytest.mark.parametrize("token", ["guess", "", "%00", "a" * 2000])
async def test_an_invalid_token_begins_a_new_session(token: str, serve: Serve) -> None:
    async with serve() as endpoint, endpoint.connect(f"/?resume={token}") as peer:
        welcome = await peer.receive()
        assert (welcome["type"], welcome["resumed"]) == ("model_loaded", False)
        assert len(welcome["session_token"]) >= 43  # 256 bits


async def test_a_client_that_does_not_ask_to_resume_gets_only_the_specification(
    serve: Serve,
) -> None:
    async with serve() as endpoint, endpoint.connect("/some/path?x=1") as peer:
        assert set(await peer.receive()) == {"type", "message"}
        await peer.begin()
        heard = await peer.transcribe(clips.conversation())
        fields = {"type", "speaker_id", "text", "timestamp", "confidence"}
        assert [set(message) for message in heard] == [fields] * 4


async def test_a_stopping_server_does_not_wait_for_disconnected_clients(serve: Serve) -> None:
    async with serve(drain_seconds=1000) as endpoint:
        client = ResumingClient(endpoint)
        async with client.connection() as peer:
            await begun(client, peer)
            await peer.play(clips.conversation())
            peer.websocket.transport.abort()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await endpoint.server.stop()

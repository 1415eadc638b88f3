"""Coming back to a session over another connection."""

import asyncio
import random
from contextlib import AbstractAsyncContextManager

import clips
import pytest
from fakes import FakePool
from loopback import PATIENCE_SECONDS, Endpoint, Message, Peer, Serve

pytestmark = [
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.usefixtures("unhurried"),
]

CHUNK_BYTES = 8192


class Returner:
    """A client that reconnects after a lost connection, as docs/protocol.md describes."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._token = ""
        self.last_number = 0
        self.heard: list[Message] = []
        self.state = ""
        self.received_samples = 0

    async def connect(self, peer: Peer) -> Message:
        welcome = await peer.hear()
        self._token = welcome["session_token"]
        self.state = welcome.get("state", "ready")
        self.received_samples = welcome.get("received_samples", 0)
        return welcome

    def connection(self) -> AbstractAsyncContextManager[Peer]:
        return self._endpoint.connect(f"/?resume={self._token}")

    def take(self, message: Message) -> None:
        """Keep a message that was not had before."""
        if message.get("number", 0) > self.last_number:
            assert message["number"] == self.last_number + 1  # none is missing
            self.last_number = message["number"]
            self.heard.append(message)

    async def hear_until(self, peer: Peer, kind: str) -> None:
        while not (self.heard and self.heard[-1]["type"] == kind):
            self.take(await peer.hear())


async def begun(returner: Returner, peer: Peer) -> None:
    await returner.connect(peer)
    for speaker_id, voice in enumerate(clips.voices()):
        await peer.say("start_speaker_registration", speaker_id=speaker_id)
        await peer.play(voice)
        await peer.say("complete_speaker_registration", speaker_id=speaker_id)
    await peer.say("start_transcription", details=True)
    await returner.hear_until(peer, "transcription_started")


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

        returner = Returner(endpoint)
        async with returner.connection() as peer:
            await begun(returner, peer)
            peer.websocket.transport.abort()
        for _ in range(6):
            async with returner.connection() as peer:
                welcome = await returner.connect(peer)
                assert (welcome["resumed"], welcome["speaker_ids"]) == (True, [0, 1])
                rest = chunks(talk[2 * returner.received_samples :])
                for chunk in rest[: dice.randrange(8)]:
                    await peer.websocket.send(chunk)
                if dice.random() < 0.5:  # the server has read it, or perhaps not
                    await (await peer.websocket.ping())
                peer.websocket.transport.abort()
        async with returner.connection() as peer:
            await returner.connect(peer)
            await peer.play(talk[2 * returner.received_samples :])
            await peer.say("stop_transcription")
            await returner.hear_until(peer, "transcription_stopped")
    assert untimed(returner.heard) == untimed(expected)
    assert [samples.tobytes() for samples in engine.heard] == whole


async def test_with_the_real_engine_a_resumed_session_gives_the_same_text(
    endpoint: Endpoint,
) -> None:
    talk = clips.conversation()
    async with endpoint.welcomed() as peer:
        await peer.begin(details=True)
        expected = [message["text"] for message in await peer.transcribe(talk)]
    returner = Returner(endpoint)
    async with returner.connection() as peer:
        await begun(returner, peer)
        await peer.play(talk[: 2 * 16_000 * 3])
        await (await peer.websocket.ping())
        peer.websocket.transport.abort()
    async with returner.connection() as peer:
        await returner.connect(peer)
        await peer.play(talk[2 * returner.received_samples :])
        await peer.say("stop_transcription")
        await returner.hear_until(peer, "transcription_stopped")
    assert [m["text"] for m in returner.heard if m["type"] == "transcription"] == expected


async def test_answers_wait_for_a_disconnected_client(serve: Serve, engine: FakePool) -> None:
    async with serve() as endpoint:
        returner = Returner(endpoint)
        async with returner.connection() as peer:
            await begun(returner, peer)
            engine.working.clear()
            await peer.play(clips.conversation())
            await peer.say("stop_transcription")
            await peer.say("stop_transcription")  # an error, and proof that the first was taken
            await returner.hear_until(peer, "error")
            peer.websocket.transport.abort()
        engine.working.set()
        async with returner.connection() as peer:
            welcome = await returner.connect(peer)
            assert welcome["state"] in ("draining", "ready")
            await returner.hear_until(peer, "transcription_stopped")
    assert len(untimed(returner.heard)) == 4


async def test_a_client_that_resumes_before_the_loss_is_noticed_takes_the_session_over(
    serve: Serve,
) -> None:
    """As a phone does that changes its network: the old connection is never closed."""
    async with serve(max_connections=1) as endpoint:
        returner = Returner(endpoint)
        async with returner.connection() as old:
            await begun(returner, old)
            await old.play(clips.conversation())
            async with returner.connection() as new:
                assert (await returner.connect(new))["state"] == "transcribing"
                await new.play(clips.conversation()[2 * returner.received_samples :])
                await new.say("stop_transcription")
                await returner.hear_until(new, "transcription_stopped")
            code = (await old.hear_until_closed())[1]
    assert code is None  # cut off
    assert len(untimed(returner.heard)) == 4


async def test_an_enrolment_continues_after_a_lost_connection(serve: Serve) -> None:
    voice = clips.voices()[0]
    async with serve() as endpoint:
        returner = Returner(endpoint)
        async with returner.connection() as peer:
            await returner.connect(peer)
            await peer.say("start_speaker_registration", speaker_id=0, details=True)
            await peer.play(voice[: len(voice) // 4 * 2])
            await (await peer.websocket.ping())
            peer.websocket.transport.abort()
        async with returner.connection() as peer:
            assert (await returner.connect(peer))["state"] == "enrolling"
            await peer.play(voice[2 * returner.received_samples :])
            await peer.say("complete_speaker_registration", speaker_id=0)
            await returner.hear_until(peer, "speaker_registration_completed")
    whole = await enrolled_at_once(serve, voice)
    assert returner.heard[-1]["quality"] == whole["quality"]


async def enrolled_at_once(serve: Serve, voice: bytes) -> Message:
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await peer.say("start_speaker_registration", speaker_id=0, details=True)
        await peer.play(voice)
        await peer.say("complete_speaker_registration", speaker_id=0)
        return (await peer.hear_until("speaker_registration_completed"))[-1]


async def lost(endpoint: Endpoint, returner: Returner) -> None:
    async with returner.connection() as peer:
        await returner.connect(peer)
        peer.websocket.transport.abort()


async def test_a_session_and_its_slot_are_kept_for_a_limited_time(serve: Serve) -> None:
    async with serve(max_connections=1, resume_seconds=0.3) as endpoint:
        returner = Returner(endpoint)
        async with returner.connection() as peer:
            await begun(returner, peer)
            peer.websocket.transport.abort()
        async with endpoint.connect() as other:
            assert (await other.hear())["code"] == "CONNECTION_FAILED"
        await endpoint.until_free()
        async with returner.connection() as peer:
            assert (await returner.connect(peer))["resumed"] is False


@pytest.mark.parametrize("code", [1000, 1005])
async def test_a_session_that_its_client_closed_is_not_kept(code: int, serve: Serve) -> None:
    async with serve(max_connections=1, resume_seconds=1000) as endpoint:
        returner = Returner(endpoint)
        async with returner.connection() as peer:
            await returner.connect(peer)
            if code == 1005:  # as a browser closes that is given no code
                peer.websocket.protocol.send_close()
                peer.websocket.transport.write(b"".join(peer.websocket.protocol.data_to_send()))
        await endpoint.until_free()


async def test_a_reloaded_page_resumes_its_session(serve: Serve) -> None:
    """Browsers close with 1001 then."""
    async with serve(max_connections=1) as endpoint:
        returner = Returner(endpoint)
        async with returner.connection() as peer:
            await begun(returner, peer)
            await peer.websocket.close(1001)
        async with returner.connection() as peer:
            assert (await returner.connect(peer))["state"] == "transcribing"


async def test_a_session_token_is_invalid_once_a_newer_one_was_used(serve: Serve) -> None:
    async with serve() as endpoint:
        tokens = []
        returner = Returner(endpoint)
        for _ in range(3):
            await lost(endpoint, returner)
            tokens.append(returner._token)
        assert len(set(tokens)) == 3
        for token, resumed in ((tokens[0], False), (tokens[2], True), (tokens[1], False)):
            async with endpoint.connect(f"/?resume={token}") as peer:
                assert (await peer.hear())["resumed"] is resumed


async def test_the_previous_token_is_valid_until_the_new_one_was_used(serve: Serve) -> None:
    """The answer with the new one may have been lost."""
    async with serve() as endpoint:
        returner = Returner(endpoint)
        await lost(endpoint, returner)
        token = returner._token
        for _ in range(3):
            async with endpoint.connect(f"/?resume={token}") as peer:
                assert (await peer.hear())["resumed"] is True
                peer.websocket.transport.abort()


@pytest.mark.parametrize("token", ["guess", "", "%00", "a" * 2000])
async def test_an_invalid_token_begins_a_new_session(token: str, serve: Serve) -> None:
    async with serve() as endpoint, endpoint.connect(f"/?resume={token}") as peer:
        welcome = await peer.hear()
        assert (welcome["type"], welcome["resumed"]) == ("model_loaded", False)
        assert len(welcome["session_token"]) >= 43  # 256 bits


async def test_a_client_that_does_not_ask_to_resume_gets_only_the_specification(
    serve: Serve,
) -> None:
    async with serve() as endpoint, endpoint.connect("/some/path?x=1") as peer:
        assert set(await peer.hear()) == {"type", "message"}
        await peer.begin()
        heard = await peer.transcribe(clips.conversation())
        fields = {"type", "speaker_id", "text", "timestamp", "confidence"}
        assert [set(message) for message in heard] == [fields] * 4


async def test_a_stopping_server_does_not_wait_for_disconnected_clients(serve: Serve) -> None:
    async with serve(drain_seconds=1000) as endpoint:
        returner = Returner(endpoint)
        async with returner.connection() as peer:
            await begun(returner, peer)
            await peer.play(clips.conversation())
            peer.websocket.transport.abort()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await endpoint.server.stop()

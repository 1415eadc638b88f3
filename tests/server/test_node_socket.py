"""A node of several: its name in session tokens, and how it leaves."""

import asyncio

import clips
import pytest
from loopback import PATIENCE_SECONDS, Endpoint, Peer, Serve
from resuming import ResumingClient, begun

from hwaja.protocol.codes import CloseCode
from hwaja.server import server

pytestmark = [
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.usefixtures("unhurried"),
]


@pytest.fixture
def noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The balancer notices at once that the node leaves."""
    monkeypatch.setattr(server, "NOTICE_SECONDS", 0.0)


async def leaving(endpoint: Endpoint) -> asyncio.Task[None]:
    """Tell the server to stop, and wait until it refuses new clients."""
    stopping = asyncio.create_task(endpoint.server.stop())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not endpoint.server._availability.refuses_all:  # noqa: ASYNC110  # no event tells it
            await asyncio.sleep(0)
    return stopping


async def test_a_token_names_the_node_and_another_node_says_why_it_cannot_resume_it(
    serve: Serve,
) -> None:
    async with serve(node="seoul-1") as home, serve(node="seoul-2") as other:
        async with home.connect("/?resume") as peer:
            token = (await peer.receive())["session_token"]
        assert token.startswith("seoul-1.")
        async with other.connect(f"/?resume={token}") as peer:
            welcome = await peer.receive()
        assert (welcome["resumed"], welcome["not_resumed"]) == (False, "other_node")
        own = token.replace("seoul-1", "seoul-2")
        async with other.connect(f"/?resume={own}") as peer:
            assert (await peer.receive())["not_resumed"] == "ended"


@pytest.mark.usefixtures("noticed")
async def test_a_node_that_leaves_sends_roaming_clients_away_and_lets_the_others_finish(
    serve: Serve,
) -> None:
    """Neither loses a sentence: the one that stays talks on, and is answered."""
    async with serve(node="a", finish_seconds=PATIENCE_SECONDS) as endpoint:
        async with endpoint.welcomed() as staying, endpoint.connect("/?resume&roam") as roaming:
            await staying.begin()
            await roaming.receive()
            stopping = await leaving(endpoint)
            assert (await roaming.receive_until_closed())[1] == CloseCode.GOING_AWAY
            assert "the node leaves" in (await endpoint.get("/readyz")).body
            assert (await endpoint.get("/healthz")).status == 200
            async with endpoint.connect() as late:
                told, code = await late.receive_until_closed()
            assert (told[0]["code"], code) == ("CONNECTION_FAILED", CloseCode.TRY_AGAIN_LATER)
            assert len(await staying.transcribe(clips.conversation())) == 4
        async with asyncio.timeout(PATIENCE_SECONDS):
            await stopping


@pytest.mark.usefixtures("noticed")
async def test_a_session_can_be_resumed_at_a_node_that_leaves(serve: Serve) -> None:
    async with serve(node="a", finish_seconds=PATIENCE_SECONDS) as endpoint:
        client = ResumingClient(endpoint)
        async with client.connection() as peer:
            await begun(client, peer)
            peer.websocket.transport.abort()
        stopping = await leaving(endpoint)
        async with client.connection() as peer:
            assert (await client.connect(peer))["resumed"]
            await peer.play(clips.conversation())
            await peer.say("stop_transcription")
            await client.receive_until(peer, "transcription_stopped")
        assert sum(each["type"] == "transcription" for each in client.heard) == 4
        async with asyncio.timeout(PATIENCE_SECONDS):
            await stopping


@pytest.mark.usefixtures("noticed")
async def test_what_is_not_finished_in_time_is_answered_as_at_any_stop(serve: Serve) -> None:
    async with serve(node="a") as endpoint, endpoint.welcomed() as peer:
        await peer.begin()
        await peer.play(clips.conversation())
        await _is_read(peer)
        stopping = asyncio.create_task(endpoint.server.stop())
        told, code = await peer.receive_until_closed()
        assert sum(each["type"] == "transcription" for each in told) == 4
        assert code == CloseCode.GOING_AWAY
        await stopping


async def _is_read(peer: Peer) -> None:
    await (await peer.websocket.ping())

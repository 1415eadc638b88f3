"""`POST /token` over a socket, and the WebSocket that its answer opens."""

import json
from datetime import UTC, datetime
from pathlib import Path

import clips
import pytest
from loopback import Endpoint, Message, Peer, Serve, tokens_of
from websockets.exceptions import InvalidStatus

from hwaja.privacy.sealing import KeyRing
from hwaja.server.access.access_policy import AccessPolicy
from hwaja.server.access.bearer import Tokens
from hwaja.server.access.client_tokens import BURST_TOKENS, ClientTokens
from hwaja.server.http.origins import origins_of
from hwaja.server.http.pages import Pages

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

BEARER = "0123456789abcdef"
SHOWN = f"Authorization: Bearer {BEARER}"
APP = "https://app.example"


def policy(tokens: Tokens | None = None) -> AccessPolicy:
    ring = KeyRing.random()
    known = tokens or tokens_of(BEARER)
    return AccessPolicy(known, Pages(origins_of(APP)), ClientTokens(lambda: ring))


async def token_of(endpoint: Endpoint, query: str = "") -> str:
    page = await endpoint.get(f"/token{query}", SHOWN, method="POST")
    assert page.status == 200, page.body
    return str(json.loads(page.body)["token"])


async def refused(endpoint: Endpoint, token: str, **options: str) -> str:
    """The body of the refusal."""
    protocols = ["hwaja", f"hwaja.bearer.{token}"]
    with pytest.raises(InvalidStatus) as caught:
        async with endpoint.connect(subprotocols=protocols, **options):
            pass
    assert caught.value.response.status_code == 401
    return bytes(caught.value.response.body or b"").decode()


async def welcome(endpoint: Endpoint, token: str, **options: str) -> Message:
    protocols = ["hwaja", f"hwaja.bearer.{token}"]
    async with endpoint.connect(subprotocols=protocols, **options) as peer:
        assert peer.websocket.subprotocol == "hwaja"
        return await peer.receive()


async def test_a_client_token_opens_one_session(serve: Serve) -> None:
    async with serve(policy=policy()) as endpoint:
        page = await endpoint.get("/token", SHOWN, method="POST")
        assert page.status == 200
        assert "Content-Type: application/json" in page.head
        assert "Cache-Control: no-store" in page.head
        assert "Access-Control" not in page.head, "no page of another site may read it"
        answer = json.loads(page.body)
        left = datetime.fromisoformat(answer["expires_at"]) - datetime.now(UTC)
        assert 50 < left.total_seconds() <= 60
        assert (await welcome(endpoint, answer["token"]))["type"] == "model_loaded"
        assert await refused(endpoint, answer["token"]) == "The client token was used before.\n"
        assert await refused(endpoint, "0" * 20) == "The token is missing or wrong.\n"


async def test_a_client_token_is_bound_to_its_page(serve: Serve) -> None:
    async with serve(policy=policy()) as endpoint:
        token = await token_of(endpoint, f"?origin={APP}")
        assert await refused(endpoint, token) == "The client token is bound to another origin.\n"
        assert (await welcome(endpoint, token, origin=APP))["type"] == "model_loaded"


async def test_a_client_token_limits_the_session(serve: Serve) -> None:
    async with serve(policy=policy()) as endpoint:
        token = await token_of(endpoint, "?max_session_seconds=0.2")
        protocols = ["hwaja", f"hwaja.bearer.{token}"]
        async with endpoint.connect(subprotocols=protocols) as peer:
            told, code = await peer.receive_until_closed()
    assert [message.get("code") for message in told] == [None, "CONNECTION_FAILED"]
    assert code == 1000


async def test_voice_tickets_belong_to_the_subject_of_a_client_token(serve: Serve) -> None:
    async def opened(peer: Peer, ticket: str) -> str | None:
        await peer.say("restore_speaker", speaker_id=0, ticket=ticket)
        answer = await peer.receive()
        return answer.get("reason")

    async with serve(policy=policy()) as endpoint:
        mina = [await token_of(endpoint, "?subject=mina") for _ in range(2)]
        jisu = await token_of(endpoint, "?subject=jisu")
        async with endpoint.connect(subprotocols=["hwaja", f"hwaja.bearer.{mina[0]}"]) as peer:
            await peer.receive()
            await peer.say("start_speaker_registration", speaker_id=0, ticket=True)
            await peer.play(clips.voices()[0])
            await peer.say("complete_speaker_registration", speaker_id=0)
            ticket = (await peer.receive_until("speaker_registration_completed"))[-1]["ticket"]
        async with endpoint.connect(subprotocols=["hwaja", f"hwaja.bearer.{jisu}"]) as peer:
            await peer.receive()
            assert await opened(peer, ticket) == "ticket_other_subject"
        async with endpoint.connect(subprotocols=["hwaja", f"hwaja.bearer.{mina[1]}"]) as peer:
            await peer.receive()
            assert await opened(peer, ticket) is None


async def test_only_the_holder_of_a_token_gets_one(serve: Serve) -> None:
    async with serve(policy=policy()) as endpoint:
        for header in ((), ("Authorization: Bearer wrong-0123456789",)):
            page = await endpoint.get("/token", *header, method="POST")
            assert (page.status, page.body) == (401, "The token is missing or wrong.\n")
        got = await endpoint.get("/token", SHOWN)
        assert (got.status, "Allow: POST" in got.head) == (405, True)
        asked = await endpoint.get("/token?orign=https://app.example", SHOWN, method="POST")
        assert asked.status == 400
        options = await endpoint.get("/token", f"Origin: {APP}", method="OPTIONS")
        assert (options.status, "Access-Control" in options.head) == (405, False)
    async with serve() as endpoint:
        assert (await endpoint.get("/token", SHOWN, method="POST")).status == 426


async def test_who_asks_too_often_is_told_to_wait(serve: Serve) -> None:
    own = policy()
    async with serve(policy=own) as endpoint:
        await token_of(endpoint)
        assert own.client_tokens is not None
        for bucket in own.client_tokens._buckets.values():
            bucket.take(BURST_TOKENS + 5, 1e10)
        page = await endpoint.get("/token", SHOWN, method="POST")
        assert (page.status, "Retry-After: 1" in page.head) == (429, True)


async def test_a_client_token_of_a_revoked_token_is_refused(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(BEARER)
    file.chmod(0o600)
    tokens = Tokens(file)
    async with serve(policy=policy(tokens)) as endpoint:
        token = await token_of(endpoint)
        file.write_text("another-0123456789")
        tokens.reload()
        assert await refused(endpoint, token) == "The token is missing or wrong.\n"

"""Attempts to keep other clients out at the least cost, over a socket."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Any

import clips
import pytest
from loopback import PATIENCE_SECONDS, Endpoint, Peer, Serve, tokens_of
from raw_client import BINARY, UPGRADE, dialled, frame

from hwaja.server.access.access_policy import AccessPolicy
from hwaja.server.http.pages import Pages

pytestmark = [
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.usefixtures("unhurried"),
]

SEATS = 10
SOON = 0.2
"""Seconds that stand for a limit of minutes."""

ELSEWHERE = {"local_addr": ("127.0.0.2", 0)}
"""Has a client connect from another address."""


async def seated(endpoint: Endpoint, stack: AsyncExitStack, **options: Any) -> Peer:
    """A client that the server accepted, connected until the stack ends."""
    peer = await stack.enter_async_context(endpoint.connect(**options))
    assert (await peer.receive())["type"] == "model_loaded"
    return peer


async def test_one_address_with_slow_messages_cannot_keep_another_out(serve: Serve) -> None:
    """The message never ends, so that none of it reaches a session."""
    async with serve(max_connections=SEATS) as endpoint, AsyncExitStack() as stack:
        holders = []
        for _ in range(SEATS):
            holder = await stack.enter_async_context(dialled(endpoint.port, endpoint.trust))
            assert b" 101 " in await holder.upgrade()
            await holder.send(frame(BINARY, claims=1_000_000))
            holders.append(holder)
        for _ in range(SEATS // 2):
            for holder in holders:
                with suppress(ConnectionError):
                    await holder.send(bytes(5))
            peer = await seated(endpoint, stack, **ELSEWHERE)
            await peer.enrol(0, clips.voices()[0])


async def test_a_client_without_a_voice_for_long_loses_its_slot_to_any_client_and_gets_the_reason(
    serve: Serve,
) -> None:
    """This holds for one address, as behind a proxy, and for a client that sends messages."""
    limits = {"max_connections": 2, "unenrolled_seconds": SOON}
    async with serve(**limits) as endpoint, AsyncExitStack() as stack:
        holder = await seated(endpoint, stack)
        enrolled = await seated(endpoint, stack)
        await enrolled.enrol(0, clips.voices()[0])
        await holder.say("start_speaker_registration", speaker_id=0, details=True)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await endpoint.get("/readyz")).status != 200:
                await holder.websocket.send(bytes(4))
        newcomer = await seated(endpoint, stack)
        messages, code = await holder.receive_until_closed()
        assert (messages[-1]["code"], messages[-1]["reason"]) == (
            "CONNECTION_FAILED",
            "server_full",
        )
        assert code == 1013
        await newcomer.enrol(0, clips.voices()[0])
        await enrolled.enrol(1, clips.voices()[1])
        assert (await endpoint.get("/readyz")).status == 503


async def test_slots_of_disconnected_clients_without_a_voice_are_free(serve: Serve) -> None:
    """A client can resume its session until another client needs the slot."""
    async with serve(max_connections=2, resume_seconds=1000) as endpoint, AsyncExitStack() as stack:
        tokens = []
        for _ in range(2):
            async with endpoint.connect("/?resume") as peer:
                tokens.append((await peer.receive())["session_token"])
                peer.websocket.transport.abort()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await endpoint.get("/readyz")).status != 200:
                pass
        back = await stack.enter_async_context(endpoint.connect(f"/?resume={tokens[0]}"))
        assert (await back.receive())["resumed"] is True
        await seated(endpoint, stack)
        async with endpoint.connect(f"/?resume={tokens[1]}") as gone:
            assert (await gone.receive())["code"] == "CONNECTION_FAILED"


async def test_ten_clients_of_one_address_are_served_at_once(
    serve: Serve,
) -> None:
    """As the specification's load test has it."""
    async with serve() as endpoint, AsyncExitStack() as stack:
        peers = [await seated(endpoint, stack) for _ in range(SEATS)]
        async with endpoint.connect() as late:
            assert (await late.receive())["code"] == "CONNECTION_FAILED"
        for peer in peers:
            await peer.enrol(0, clips.voices()[0])
        async with endpoint.connect(**ELSEWHERE) as late:
            assert (await late.receive())["code"] == "CONNECTION_FAILED"


@pytest.mark.parametrize("limit", ["address", "token"])
async def test_more_sessions_than_one_address_or_token_may_have_are_refused(
    limit: str, serve: Serve
) -> None:
    """Other clients are accepted, and a client that leaves frees its slot."""
    one, other = "token-of-the-clinic", "token-of-the-court"

    def shown(token: str) -> dict[str, object]:
        return {"additional_headers": {"Authorization": f"Bearer {token}"}}

    limits = {f"max_sessions_per_{limit}": 1}
    same = {"address": shown(other), "token": {**shown(one), **ELSEWHERE}}[limit]
    policy, metrics = AccessPolicy(tokens_of(one, other)), "token-of-prometheus"
    async with (
        serve(policy=policy, metrics_token=metrics, **limits) as endpoint,
        AsyncExitStack() as stack,
    ):
        async with endpoint.connect(**shown(one)) as first:
            await first.receive()
            async with endpoint.connect(**same) as late:
                messages, code = await late.receive_until_closed()
                assert (messages[-1]["code"], code) == ("CONNECTION_FAILED", 1013)
            await seated(endpoint, stack, **shown(other), **ELSEWHERE)
        page = await endpoint.get("/metrics", f"Authorization: Bearer {metrics}")
        assert f'hwaja_rejections_total{{reason="{limit}_full"}} 1.0' in page.body
        if limit == "token":
            await endpoint.until_free(**same)


@pytest.mark.parametrize(("names", "status"), [([], 421), (["stt.example"], 101)])
async def test_a_page_that_uses_another_name_for_the_server_is_told_how_to_allow_it(
    names: list[str], status: int, serve: Serve
) -> None:
    """Health checks and clients that are no pages may use any name."""
    upgrade = UPGRADE.replace(b"Host: localhost", b"Host: stt.example")
    page = upgrade.replace(b"\r\n\r\n", b"\r\nOrigin: https://stt.example\r\n\r\n")
    get = b"GET %s HTTP/1.1\r\nHost: stt.example\r\n\r\n"
    answers = {page: status, get % b"/": 421 if status == 421 else 200, upgrade: 101}
    answers |= {get % b"/healthz": 200, get % b"/readyz": 200}
    async with serve(policy=AccessPolicy(pages=Pages(names=lambda: names))) as endpoint:
        for request, expected in answers.items():
            async with dialled(endpoint.port, endpoint.trust) as client:
                answer = await client.upgrade(request)
                assert answer.startswith(b"HTTP/1.1 %d " % expected), request
                if expected == 421:
                    assert b"--hosts" in await client.read_to_end()

"""A conversation that is longer than the server's longest session, and a second screen with it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import clips
import pytest
from client_talk import enrolled, said
from loopback import PATIENCE_SECONDS, Message, Serve

from hwaja.client import Client, Transcription, connect

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

SESSION_SECONDS = 8.0
"""A quarter of it is for the next session to take over, also on a busy machine."""

FIRST_PART_BYTES = 6 * 32_000
"""It ends within the first of the two turns of the conversation."""


async def conversed(
    client: Client, until_renewed: Callable[[], Awaitable[object]]
) -> list[Transcription]:
    """Say the rest of the conversation only in another session."""

    async def talk() -> AsyncIterator[bytes]:
        yield clips.conversation()[:FIRST_PART_BYTES]
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until_renewed()
        yield clips.conversation()[FIRST_PART_BYTES:]

    return said([event async for event in client.transcribe(talk())])


def told(answers: list[Transcription]) -> dict[str, float]:
    """When each speaker spoke."""
    starts = [(each.speaker_id, each.details.start_seconds) for each in answers if each.details]
    return {f"{place}: {speaker}": start for place, (speaker, start) in enumerate(starts)}


@pytest.fixture
async def expected(serve: Serve, certificate: tuple[Path, Path]) -> dict[str, float]:
    """What is told of the conversation where nothing disturbs it."""
    async with serve() as endpoint, connect(endpoint.url, cafile=certificate[0]) as client:
        await enrolled(client)
        return told(said([event async for event in client.transcribe(clips.conversation())]))


async def test_a_conversation_goes_on_in_another_session_and_so_does_its_second_screen(
    serve: Serve, certificate: tuple[Path, Path], expected: dict[str, float]
) -> None:
    async with (
        serve(max_session_seconds=SESSION_SECONDS) as endpoint,
        connect([endpoint.url], cafile=certificate[0]) as client,
    ):
        await enrolled(client)
        link = await client.share()
        assert await client.share() == link
        assert link.link == f"https://localhost:{endpoint.port}/subtitles#{link.token}"
        offered = ["hwaja", f"hwaja.watch.{link.token}"]
        async with endpoint.connect("/watch", subprotocols=offered) as screen:
            shown: list[Message] = []

            async def until_begun_again() -> None:
                shown.extend(await screen.receive_until("transcription_started"))
                shown.extend(await screen.receive_until("transcription_started"))

            answers = await conversed(client, until_begun_again)
            assert told(answers) == pytest.approx(expected, abs=0.07)
            assert [each.segment_id for each in answers] == list(range(len(expected)))
            texts = [each.text for each in answers]
            while sum(each["type"] == "transcription" for each in shown) < len(texts):
                shown.append(await screen.receive())
            assert [each["text"] for each in shown if each["type"] == "transcription"] == texts
            await client.stop_sharing()
            assert (await screen.receive_until_closed())[1] == 1000


async def test_on_a_server_without_another_place_the_next_session_gets_that_of_the_last(
    serve: Serve, certificate: tuple[Path, Path], expected: dict[str, float]
) -> None:
    is_back = asyncio.Event()
    async with (
        serve(max_session_seconds=SESSION_SECONDS, max_connections=1) as endpoint,
        connect([endpoint.url], cafile=certificate[0], on_back=is_back.set) as client,
    ):
        await enrolled(client)
        assert told(await conversed(client, is_back.wait)) == pytest.approx(expected, abs=0.07)

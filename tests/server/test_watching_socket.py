"""Watching a session on a second screen: by its link only, reading only, until it ends."""

from contextlib import AbstractAsyncContextManager

import clips
import pytest
from loopback import Endpoint, Message, Peer, Serve
from websockets.exceptions import InvalidStatus

from hwaja.server.sessions.links import MOST_WATCHERS

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


async def shared(client: Peer, **fields: object) -> Message:
    """Share a session; return the answer."""
    await client.say("share_session", **fields)
    return (await client.receive_until("session_shared"))[-1]


async def link_of(client: Peer, **fields: object) -> str:
    """Share a session; return the token of its link."""
    return str((await shared(client, **fields))["token"])


def watching(endpoint: Endpoint, link: str) -> AbstractAsyncContextManager[Peer]:
    return endpoint.connect("/watch", subprotocols=["hwaja", f"hwaja.watch.{link}"])


async def refused(endpoint: Endpoint, link: str) -> int:
    with pytest.raises(InvalidStatus) as caught:
        async with watching(endpoint, link):
            pass
    return int(caught.value.response.status_code)


async def test_a_watcher_sees_the_texts_and_names_of_its_session_and_nothing_of_others(
    endpoint: Endpoint,
) -> None:
    async with endpoint.welcomed() as client, endpoint.welcomed() as other:
        for speaker_id, voice in enumerate(clips.voices()):
            await client.say("start_speaker_registration", speaker_id=speaker_id)
            await client.play(voice)
            await client.say("complete_speaker_registration", speaker_id=speaker_id)
            await client.receive_until("speaker_registration_completed")
        await client.say("name_speaker", speaker_id=0, name="김지영")
        await client.receive_until("speaker_named")
        await client.say("start_transcription", details=True)
        await client.receive_until("transcription_started")
        link = await link_of(client)
        async with watching(endpoint, link) as watcher:
            assert (await watcher.receive())["name"] == "김지영"  # given before anybody watched
            await other.begin()
            await other.transcribe(clips.conversation())
            answers = await client.transcribe(clips.conversation())
            said = [each for each in answers if each["type"] == "transcription"]
            seen = [await watcher.receive() for _ in said]
            assert [each["text"] for each in seen] == [each["text"] for each in said]
            assert [each["segment_id"] for each in seen] == [each["segment_id"] for each in said]
            await client.websocket.close()
            rest, code = await watcher.receive_until_closed()
            assert code == 1001  # another session may take the link over
            assert {each["type"] for each in rest} <= {"transcription", "speaker_update"}
        assert await refused(endpoint, link) == 401  # the link has ended with the session


async def test_nobody_watches_a_session_that_is_not_shared_or_by_a_link_that_was_ended(
    serve: Serve,
) -> None:
    async with serve() as endpoint, endpoint.welcomed() as client:
        for guess in ("", "a" * 32):
            assert await refused(endpoint, guess) == 401
        first = await link_of(client)
        assert await link_of(client) == first  # asked again, after an answer was lost
        async with watching(endpoint, first) as watcher:
            assert (await shared(client, end=True)).keys() == {"type"}
            assert (await watcher.receive_until_closed())[1] == 1000
        assert await refused(endpoint, first) == 401
        assert await link_of(client) != first


async def test_watchers_stay_when_another_session_takes_over_the_link_with_its_key(
    serve: Serve,
) -> None:
    """As a client does whose session is renewed, before it leaves the old one."""
    async with serve() as endpoint, endpoint.welcomed() as first:
        await first.begin()
        link = await shared(first)
        async with watching(endpoint, link["token"]) as watcher, endpoint.welcomed() as next_one:
            assert await shared(next_one, key=link["key"]) == link
            await next_one.begin()
            assert (await watcher.receive())["type"] == "transcription_started"
            said = [
                each["text"]
                for each in await next_one.transcribe(clips.conversation())
                if each["type"] == "transcription"
            ]
            await first.transcribe(clips.conversation())  # shown no more
            await first.websocket.close()
            assert [(await watcher.receive())["text"] for _ in said] == said
            await next_one.websocket.close()
            assert await watcher.receive_until_closed() == ([], 1001)
        async with endpoint.welcomed() as last:  # for instance after the server was away
            assert await refused(endpoint, link["token"]) == 401
            await shared(last, key=link["key"])
            async with watching(endpoint, link["token"]):
                pass


async def test_who_watches_cannot_show_another_session_by_the_link(serve: Serve) -> None:
    async with serve() as endpoint, endpoint.welcomed() as client, endpoint.welcomed() as other:
        link = await link_of(client)
        async with watching(endpoint, link) as watcher:
            assert await link_of(other, key=link) != link
            await client.say("name_speaker", speaker_id=0, name="김지영")
            assert (await client.receive())["type"] == "error"  # nobody is enrolled
            await client.begin()
            assert (await watcher.receive())["type"] == "transcription_started"


@pytest.mark.parametrize("key", ["", "a" * 31, "a" * 33, "a" * 31 + "\n", "a" * 31 + "가", 7])
async def test_what_is_no_key_is_refused_and_the_session_goes_on(key: object, serve: Serve) -> None:
    async with serve() as endpoint, endpoint.welcomed() as client:
        await client.say("share_session", key=key)
        assert (await client.receive())["reason"] == "bad_field"
        await link_of(client)


async def test_a_watcher_that_sends_something_is_cut_off(serve: Serve) -> None:
    async with serve() as endpoint, endpoint.welcomed() as client:
        link = await link_of(client)
        async with watching(endpoint, link) as watcher:
            await watcher.say("start_transcription")
            assert (await watcher.receive_until_closed())[1] == 1008
        await client.say("keep_alive")  # the session goes on
        async with watching(endpoint, link):
            pass


async def test_more_watchers_than_may_be_are_told_so(serve: Serve) -> None:
    async with serve(max_connections=1) as endpoint, endpoint.welcomed() as client:
        link = await link_of(client)
        opened = [watching(endpoint, link) for _ in range(MOST_WATCHERS)]
        try:
            for each in opened:  # none of them takes the place of a client
                await each.__aenter__()
            async with watching(endpoint, link) as surplus:
                assert (await surplus.receive_until_closed())[1] == 1013
        finally:
            for each in opened:
                await each.__aexit__(None, None, None)


async def test_a_foreign_page_may_not_watch(serve: Serve) -> None:
    async with serve() as endpoint, endpoint.welcomed() as client:
        link = await link_of(client)
        offered = ["hwaja", f"hwaja.watch.{link}"]
        with pytest.raises(InvalidStatus) as caught:
            async with endpoint.connect(
                "/watch", subprotocols=offered, origin="https://elsewhere.example"
            ):
                pass
        assert caught.value.response.status_code == 403

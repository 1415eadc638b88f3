"""The client library against the real server, over an unreliable network."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import clips
import pytest
from client_talk import enrolled, said
from fakes import FakePool
from loopback import PATIENCE_SECONDS, Endpoint, Serve
from relay import relaying
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets

from hwaja.client import (
    ClientError,
    ClientEvent,
    Failure,
    Interim,
    RefusedError,
    SessionLostError,
    SpeakerNamed,
    Transcription,
    TranscriptionStopped,
    connect,
)
from hwaja.client.trust import client_tls
from hwaja.client.websocket import dial
from hwaja.protocol.values import Label
from hwaja.server.network.tls import tls_context

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


async def conversed(url: str, cafile: Path) -> list[ClientEvent]:
    async with connect(url, cafile=cafile) as client:
        await enrolled(client)
        return [told async for told in client.transcribe(clips.conversation())]


def starts(told: list[ClientEvent]) -> list[float]:
    return [each.details.start_seconds for each in said(told) if each.details is not None]


async def test_a_conversation_is_returned_as_texts_with_speakers_and_details(
    serve: Serve, certificate: tuple[Path, Path]
) -> None:
    async with serve() as endpoint:
        told = await conversed(endpoint.url, certificate[0])
    assert {each.speaker_id for each in said(told)} == {0, 1}
    assert all(each.details and each.details.label in Label for each in said(told))
    assert isinstance(told[-1], TranscriptionStopped)
    assert told[-1].summary.utterances == len(said(told)) == 4


async def test_interim_texts_are_returned_if_requested(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    async with connect(endpoint.url, cafile=certificate[0]) as client:
        await enrolled(client)
        talk = client.transcribe(clips.conversation(), interim_results=True)
        told = [each async for each in talk]
    kinds = {type(each) for each in told}
    assert kinds <= {Interim, Transcription, TranscriptionStopped}
    assert all(each.segment_id is not None for each in said(told))


async def test_a_voice_is_restored_from_its_ticket_in_a_later_session(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    async with connect(endpoint.url, cafile=certificate[0]) as client:
        sealed = [
            await client.enrol(speaker_id, voice, ticket=True)
            for speaker_id, voice in enumerate(clips.voices())
        ]
        first = [told async for told in client.transcribe(clips.conversation())]
    async with connect(endpoint.url, cafile=certificate[0]) as client:
        for speaker_id, completed in enumerate(sealed):
            assert completed.ticket is not None
            assert completed.ticket_expires_at is not None
            restored = await client.restore(speaker_id, completed.ticket)
            assert restored.quality == completed.quality
        again = [told async for told in client.transcribe(clips.conversation())]
        with pytest.raises(RefusedError) as caught:
            await client.restore(0, "no ticket")
        assert (caught.value.reason, caught.value.speaker_id) == ("ticket_tampered", 0)
        await client.enrol(0, clips.voices()[0])
    assert [(each.speaker_id, each.text) for each in said(again)] == [
        (each.speaker_id, each.text) for each in said(first)
    ]


async def test_a_voice_is_restored_although_the_connection_is_lost_meanwhile(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    async with connect(endpoint.url, cafile=certificate[0]) as client:
        ticket = (await client.enrol(0, clips.voices()[0], ticket=True)).ticket
    assert ticket is not None
    async with (
        relaying(endpoint.port) as relay,
        connect(relay.url, cafile=certificate[0]) as client,
    ):
        await relay.cut()
        restoring = asyncio.create_task(client.restore(0, ticket))
        await relay.mend()
        assert (await restoring).speaker_id == 0
        assert (await client.restore(0, ticket)).speaker_id == 0


async def test_a_refused_voice_is_explained_and_can_be_tried_again(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    async with connect(endpoint.url, cafile=certificate[0]) as client:
        with pytest.raises(RefusedError) as raised:
            await client.enrol(0, clips.silence(4))
        assert str(raised.value) == (
            "The server answered: There is too little speech. Speak for 3-5 s."
        )
        assert raised.value.answer["message"].startswith("음성이 너무 짧습니다")
        assert raised.value.code == "SPEAKER_REGISTRATION_FAILED"
        assert (raised.value.reason, raised.value.speaker_id) == ("too_little_speech", 0)
        assert (await client.enrol(0, clips.voices()[0])).speaker_id == 0


async def test_a_transcription_without_voices_is_refused_and_the_session_continues(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    async with connect(endpoint.url, cafile=certificate[0]) as client:
        with pytest.raises(RefusedError) as raised:
            await anext(client.transcribe(b""))
        assert raised.value.reason == "not_enrolled"
        await enrolled(client)


async def test_a_speaker_is_named_before_and_during_a_conversation(
    serve: Serve, certificate: tuple[Path, Path]
) -> None:
    """During it, whoever reads the answers also reads this one."""
    async with serve() as endpoint, connect(endpoint.url, cafile=certificate[0]) as client:
        await enrolled(client)
        await client.name_speaker(0, "김지영")
        told = []
        async for event in client.transcribe(clips.conversation()):
            told.append(event)
            if len(said(told)) == 1 and event is told[-1] and isinstance(event, Transcription):
                await client.name_speaker(1, "이영희")
                await client.name_speaker(7, "없는 사람")
    assert [each for each in told if isinstance(each, SpeakerNamed)] == [SpeakerNamed(1, "이영희")]
    (failure,) = (each for each in told if isinstance(each, Failure))
    assert (failure.code, failure.reason) == ("SPEAKER_NAMING_FAILED", "unknown_speaker")
    assert said(told)[0].details is not None
    assert said(told)[0].details.speaker_name == "김지영"
    assert isinstance(told[-1], TranscriptionStopped)
    names = [share.name for share in told[-1].summary.speakers]
    assert names == ["김지영", "이영희"]


async def test_a_name_for_nobody_is_refused_and_the_session_continues(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    async with connect(endpoint.url, cafile=certificate[0]) as client:
        with pytest.raises(RefusedError, match="There is no speaker with this number") as raised:
            await client.name_speaker(0, "김지영")
        assert (raised.value.reason, raised.value.speaker_id) == ("unknown_speaker", 0)
        await enrolled(client)
        await client.name_speaker(0, "김지영")


async def test_a_name_is_sent_again_where_the_connection_was_lost(
    serve: Serve, certificate: tuple[Path, Path]
) -> None:
    async with serve() as endpoint, connect(endpoint.url, cafile=certificate[0]) as client:
        await enrolled(client)
        assert client._link._connection is not None
        client._link._connection._websocket.transport.abort()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await client.name_speaker(1, "이영희")


def lengths(seed: int) -> Iterator[int]:
    chance = random.Random(seed)  # noqa: S311 - a network, no secret
    for _ in range(chance.randrange(2, 6)):
        yield chance.randrange(3_000, 400_000)


@pytest.mark.parametrize("seed", range(8))
async def test_an_unreliable_network_gives_the_same_answers_as_a_reliable_one(
    seed: int, serve: Serve, engine: FakePool, certificate: tuple[Path, Path]
) -> None:
    """The server gets every sample once and the client every answer once, for cuts anywhere."""
    async with serve() as endpoint:
        expected = await conversed(endpoint.url, certificate[0])
        heard = [samples.tobytes() for samples in engine.heard]
        engine.heard.clear()
        async with relaying(endpoint.port, lengths(seed)) as relay:
            found = await conversed(relay.url, certificate[0])
    assert relay.connections > 1
    assert [samples.tobytes() for samples in engine.heard] == heard
    assert starts(found) == starts(expected)
    assert [each.speaker_id for each in said(found)] == [each.speaker_id for each in said(expected)]
    assert found[-1] == expected[-1]


@pytest.mark.parametrize("seed", [None, 1, 2])
@pytest.mark.parametrize("max_audio_seconds", [3.0, 7.0, 11.9])
async def test_a_conversation_beyond_the_longest_transcription_is_returned_whole(
    max_audio_seconds: float, seed: int | None, serve: Serve, certificate: tuple[Path, Path]
) -> None:
    """If the limit comes after the last word, the client's stop crosses the server's end."""
    async with serve() as endpoint:
        expected = await conversed(endpoint.url, certificate[0])
    cuts = iter(()) if seed is None else lengths(seed)
    async with serve(max_audio_seconds) as endpoint, relaying(endpoint.port, cuts) as relay:
        found = await conversed(relay.url, certificate[0])
    assert [each.speaker_id for each in said(found)] == [each.speaker_id for each in said(expected)]
    assert starts(found) == pytest.approx(starts(expected), abs=0.07)
    ids = [each.segment_id for each in said(found)]
    assert len(set(ids)) == len(ids)
    assert {type(each) for each in found} == {Transcription, TranscriptionStopped}


async def test_an_error_of_the_audio_source_is_raised_to_the_caller(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(8192)
        raise RuntimeError("the microphone was unplugged")

    async with connect(endpoint.url, cafile=certificate[0]) as client:
        await enrolled(client)
        with pytest.raises(RuntimeError, match="unplugged"):
            async for _ in client.transcribe(broken()):
                pass


async def test_a_session_that_the_server_has_forgotten_is_reported_as_lost(
    serve: Serve, certificate: tuple[Path, Path]
) -> None:
    away = []
    async with (
        serve(resume_seconds=0.01) as endpoint,
        relaying(endpoint.port, iter([60_000])) as relay,
        connect(relay.url, cafile=certificate[0], on_away=lambda: away.append(1)) as client,
    ):
        with pytest.raises(SessionLostError, match="enrol the voices again"):
            await enrolled(client)
    assert away == [1]


@pytest.mark.parametrize("is_back_when_asked", [True, False])
async def test_an_idle_session_is_resumed_after_a_lost_connection(
    is_back_when_asked: bool, serve: Serve, certificate: tuple[Path, Path]
) -> None:
    """The server keeps a session for one minute only. A caller may pause longer than that."""
    away, back = asyncio.Event(), asyncio.Event()
    async with (
        serve() as endpoint,
        connect(endpoint.url, cafile=certificate[0], on_away=away.set, on_back=back.set) as client,
    ):
        await enrolled(client)
        assert client._link._connection is not None
        client._link._connection._websocket.transport.abort()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await (back if is_back_when_asked else away).wait()
            told = [each async for each in client.transcribe(clips.conversation())]
    assert len(said(told)) == 4


@pytest.mark.parametrize("is_lost_when_asked", [True, False])
async def test_a_session_lost_while_idle_is_reported_by_the_next_call(
    is_lost_when_asked: bool, serve: Serve, certificate: tuple[Path, Path]
) -> None:
    away = asyncio.Event()
    async with (
        serve(resume_seconds=0) as endpoint,
        connect(endpoint.url, cafile=certificate[0], on_away=away.set) as client,
    ):
        await client.enrol(0, clips.voices()[0])
        assert client._link._connection is not None
        client._link._connection._websocket.transport.abort()
        await away.wait()
        if is_lost_when_asked:
            assert client._link._resting is not None
            await asyncio.wait([client._link._resting])
        with pytest.raises(SessionLostError, match="enrol the voices again"):
            await client.enrol(1, clips.voices()[1])


async def test_a_server_that_stops_is_not_reported_as_a_lost_connection(
    serve: Serve, certificate: tuple[Path, Path]
) -> None:
    away = []
    async with (
        serve() as endpoint,
        connect(endpoint.url, cafile=certificate[0], on_away=lambda: away.append(1)) as client,
    ):
        await endpoint.server.stop()
        with pytest.raises(ClientError, match=r"\(code 1001\)\.$"):
            await client.enrol(0, clips.voices()[0])
    assert away == []


async def test_leaving_a_transcription_early_ends_the_session(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    async with connect(endpoint.url, cafile=certificate[0]) as client:
        await enrolled(client)
        talk = client.transcribe(clips.conversation() * 2)
        async for _ in talk:
            break
        await talk.aclose()
        with pytest.raises(ClientError, match="closed"):
            await client.enrol(0, clips.voices()[0])
    await endpoint.until_free()


async def test_cancelling_during_the_close_leaves_no_connection_open(
    certificate: tuple[Path, Path],
) -> None:
    """The server delays its close frame."""
    goodbye = asyncio.Event()

    async def dawdle(websocket: ServerConnection) -> None:
        websocket.transport.pause_reading()
        await goodbye.wait()

    tls = tls_context(*certificate)
    options: dict[str, Any] = {"ssl": tls, "close_timeout": 0.1}
    async with serve_websockets(dawdle, "127.0.0.1", 0, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        connection = await dial(f"wss://localhost:{port}", client_tls(certificate[0]))
        closing = asyncio.create_task(connection.close())
        await asyncio.sleep(0)
        assert not closing.done()
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert connection._websocket.transport.is_closing()
        goodbye.set()

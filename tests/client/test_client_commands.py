"""Commands between the audio of a conversation, by the client library, against the real server."""

import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import clips
import pytest
from client_talk import enrolled, said
from loopback import Endpoint, Serve
from relay import relaying

from hwaja.client import (
    Event,
    Failure,
    Finalize,
    Finalized,
    KeepAlive,
    PauseTranscription,
    ResumeTranscription,
    SpeechEnded,
    SpeechStarted,
    Transcription,
    TranscriptionPaused,
    TranscriptionResumed,
    TranscriptionStopped,
    TranscriptionUpdated,
    UpdateTranscription,
    connect,
)
from hwaja.client.chunks import Command
from hwaja.protocol.codes import Reason

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


async def turns(count: int) -> AsyncIterator[bytes | Finalize]:
    for _ in range(count):
        yield clips.silence(0.5) + clips.part("beckett", 4.4, 5.6)
        yield Finalize()


async def test_a_turn_that_the_caller_ends_is_answered_before_the_next_one(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    async with connect(endpoint.url, cafile=certificate[0]) as client:
        await enrolled(client)
        told = [each async for each in client.transcribe(turns(3))]
    kinds = [type(each) for each in told]
    assert kinds == [Transcription, Finalized] * 3 + [TranscriptionStopped]
    ends = [each.received_samples for each in told if isinstance(each, Finalized)]
    assert ends == [27_200, 54_400, 81_600]


@pytest.mark.parametrize("seed", range(4))
async def test_over_a_network_that_fails_each_turn_is_finalized_once(
    serve: Serve, certificate: tuple[Path, Path], seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311
    cuts = iter([dice.randrange(190_000, 330_000) for _ in range(4)])
    async with (
        serve() as endpoint,
        relaying(endpoint.port, cuts) as relay,
        connect(relay.url, cafile=certificate[0]) as client,
    ):
        await enrolled(client)
        told = [each async for each in client.transcribe(turns(8))]
    ends = [each.received_samples for each in told if isinstance(each, Finalized)]
    assert ends == [27_200 * turn for turn in range(1, 9)]
    assert not any(isinstance(each, Failure) for each in told)


async def test_behind_the_longest_transcription_turns_count_on(
    serve: Serve, certificate: tuple[Path, Path]
) -> None:
    async with (
        serve(max_audio_seconds=4) as endpoint,
        connect(endpoint.url, cafile=certificate[0]) as client,
    ):
        await enrolled(client)
        told = [each async for each in client.transcribe(turns(8))]
    ends = [each.received_samples for each in told if isinstance(each, Finalized)]
    assert ends == [27_200 * turn for turn in range(1, 9)]
    assert not any(isinstance(each, Failure) for each in told)


async def test_an_enrolment_takes_audio_only(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    async with connect(endpoint.url, cafile=certificate[0]) as client:
        with pytest.raises(TypeError, match="audio only"):
            await client.enrol(0, turns(1))


async def test_options_change_and_pauses_stand_between_the_chunks_of_a_conversation(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    words = clips.silence(0.5) + clips.part("beckett", 4.4, 5.6)

    async def talk() -> AsyncIterator[bytes | Command]:
        yield words
        yield PauseTranscription()
        yield clips.conversation()
        yield ResumeTranscription()
        yield KeepAlive()
        yield UpdateTranscription(events=(Event.SPEECH_STARTED,))
        yield words
        yield Finalize()

    async with connect(endpoint.url, cafile=certificate[0]) as client:
        await enrolled(client)
        told = [each async for each in client.transcribe(talk())]
    kinds = [type(each) for each in told]
    assert kinds.count(Transcription) == 2
    assert [kind for kind in kinds if kind is not Transcription] == [
        TranscriptionPaused,
        TranscriptionResumed,
        TranscriptionUpdated,
        SpeechStarted,
        Finalized,
        TranscriptionStopped,
    ]


async def test_a_change_that_is_refused_is_told_and_the_conversation_goes_on(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    def talk() -> Iterator[bytes | Command]:
        yield UpdateTranscription(language="xx")
        yield clips.conversation()

    async with connect(endpoint.url, cafile=certificate[0]) as client:
        await enrolled(client)
        told = [each async for each in client.transcribe(talk())]
    (failure,) = [each for each in told if isinstance(each, Failure)]
    assert failure.reason is Reason.LANGUAGE_UNSUPPORTED
    assert len(said(told)) == 4


async def test_options_that_changed_hold_behind_the_longest_transcription(
    serve: Serve, certificate: tuple[Path, Path]
) -> None:
    def talk() -> Iterator[bytes | Command]:
        yield UpdateTranscription(events=(Event.SPEECH_ENDED,))
        for _ in range(2):
            yield clips.conversation()

    async with (
        serve(max_audio_seconds=4) as endpoint,
        connect(endpoint.url, cafile=certificate[0]) as client,
    ):
        await enrolled(client)
        told = [each async for each in client.transcribe(talk())]
    ended = [each for each in told if isinstance(each, SpeechEnded)]
    assert [each.segment_id for each in ended] == [each.segment_id for each in said(told)]
    assert [each.end_seconds for each in ended] == sorted(each.end_seconds for each in ended)


async def test_what_the_server_can_do_is_known_once_it_is_connected_to(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    async with connect(endpoint.url, cafile=certificate[0]) as client:
        assert client.server is not None
        assert "finalize" in client.server.abilities.messages
        assert client.server.limits.max_speakers == 2

"""The client library sends other encodings, over an unreliable network too."""

from collections.abc import Iterable
from pathlib import Path

import clips
import numpy as np
import pytest
import soundfile
from client_talk import said
from encoders import at_rate, encoded, messages, packets
from fakes import FakePool
from loopback import Serve
from relay import relaying

from hwaja.client import (
    AudioConfig,
    AudioEncoding,
    ClientError,
    ClientEvent,
    TranscriptionStopped,
    connect,
)
from hwaja.client.chunks import Audio
from hwaja.client.sound_files import load_pcm16
from hwaja.protocol.audio import SAMPLE_RATE

pytestmark = [
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.usefixtures("unhurried"),
]

REALS = AudioConfig(encoding=AudioEncoding.F32, sample_rate=44100)
OPUS = AudioConfig(encoding=AudioEncoding.OPUS)
CALL = AudioConfig(encoding=AudioEncoding.MULAW, sample_rate=8000, channels=2)

TALK = clips.conversation()
SIDES = (TALK, TALK[2 * SAMPLE_RATE :] + TALK[: 2 * SAMPLE_RATE])


def sent(config: AudioConfig) -> Iterable[Audio]:
    """The conversation, or two at the same time, as a program would have it."""
    if config is not CALL:
        return messages(TALK, config)
    sides = np.stack([at_rate(side, 8000) for side in SIDES], axis=1)
    return [encoded(sides, AudioEncoding.MULAW)]


async def conversed(url: str, cafile: Path, config: AudioConfig) -> list[ClientEvent]:
    async with connect(url, cafile=cafile) as client:
        told = client.transcribe(
            sent(config), discover=config is not CALL, by_channel=config is CALL, audio=config
        )
        return [event async for event in told]


def starts(told: list[ClientEvent]) -> list[float]:
    return [each.details.start_seconds for each in said(told) if each.details is not None]


def speakers(told: list[ClientEvent]) -> list[int]:
    in_order = sorted(zip(starts(told), said(told), strict=True), key=lambda pair: pair[0])
    return [answer.speaker_id for _, answer in in_order]


@pytest.mark.parametrize("config", [REALS, OPUS, CALL], ids=["f32", "opus", "call"])
async def test_an_unreliable_network_gives_the_same_answers_as_a_reliable_one(
    config: AudioConfig, serve: Serve, engine: FakePool, certificate: tuple[Path, Path]
) -> None:
    """The server gets every sample once, and the state of its decoder goes on."""
    async with serve() as endpoint:
        expected = await conversed(endpoint.url, certificate[0], config)
        heard = [samples.tobytes() for samples in engine.heard]
        engine.heard.clear()
        cuts = iter([20_000, 11_000, 40_000])
        async with relaying(endpoint.port, cuts) as relay:
            found = await conversed(relay.url, certificate[0], config)
    assert relay.connections > 2
    assert [samples.tobytes() for samples in engine.heard] == heard
    assert starts(found) == starts(expected)
    assert found[-1] == expected[-1]


@pytest.mark.parametrize("config", [REALS, OPUS, CALL], ids=["f32", "opus", "call"])
async def test_a_conversation_beyond_the_longest_transcription_is_returned_whole(
    config: AudioConfig, serve: Serve, certificate: tuple[Path, Path]
) -> None:
    """The next transcription begins with the next sample, or the packet that has it."""
    async with serve() as endpoint:
        expected = await conversed(endpoint.url, certificate[0], config)
    async with serve(5.0) as endpoint:
        found = await conversed(endpoint.url, certificate[0], config)
    assert [len(said(each)) for each in (found, expected)] == [len(said(expected))] * 2
    assert sorted(starts(found)) == pytest.approx(sorted(starts(expected)), abs=0.07)
    assert len({each.segment_id for each in said(found)}) == len(said(found))
    if config is CALL:  # speakers that are discovered anew may get other ids
        assert speakers(found) == speakers(expected)


async def test_a_stereo_file_is_two_speakers(
    serve: Serve, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    file = tmp_path / "call.wav"
    sides = np.stack([np.frombuffer(side, "<i2") for side in SIDES], axis=1)
    soundfile.write(file, sides, SAMPLE_RATE)
    assert np.array_equal(np.frombuffer(load_pcm16(file, 2), "<i2").reshape(-1, 2), sides)
    async with serve() as endpoint, connect(endpoint.url, cafile=certificate[0]) as client:
        audio = AudioConfig(channels=2)
        told = [e async for e in client.transcribe(file, by_channel=True, audio=audio)]
    assert {each.speaker_id for each in said(told)} == {0, 1}
    assert isinstance(told[-1], TranscriptionStopped)


async def test_an_older_server_is_not_sent_what_it_would_take_for_pcm16(
    serve: Serve, certificate: tuple[Path, Path]
) -> None:
    async with serve() as endpoint, connect(endpoint.url, cafile=certificate[0]) as client:
        client._link.hello = None
        with pytest.raises(ClientError, match="too old"):
            await client.enrol(0, packets(clips.silence(1)), audio=OPUS)

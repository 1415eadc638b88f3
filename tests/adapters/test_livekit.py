"""The speech-to-text of LiveKit Agents against the framework's base classes and a real server."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("livekit.agents", reason="`make test-adapters` installs LiveKit Agents")

import clips
from livekit import rtc
from livekit.agents import (
    Agent,
    AgentServer,
    AgentSession,
    APIConnectionError,
    APIConnectOptions,
    APIStatusError,
)
from livekit.agents.stt import MultiSpeakerAdapter, SpeechEvent, SpeechEventType
from livekit.agents.voice.io import AudioInput
from loopback import PATIENCE_SECONDS, Endpoint, serving
from relay import relaying
from tone_speech import hummed
from voice_agents import Unsteady, example, people

from hwaja.adapters.livekit import STT
from hwaja.adapters.service import Service
from hwaja.server.services import Services

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

ONCE = APIConnectOptions(max_retry=0)
SPEECH = {SpeechEventType.START_OF_SPEECH: 1, SpeechEventType.END_OF_SPEECH: -1}


def frames(pcm: bytes, rate: int = 16_000, channels: int = 1) -> Iterator[rtc.AudioFrame]:
    """Audio frames of a room, 10 ms each."""
    step = rate // 100 * 2 * channels
    for at in range(0, len(pcm) // step * step, step):
        yield rtc.AudioFrame(pcm[at : at + step], rate, channels, rate // 100)


async def heard(stt: STT, audio: Iterator[rtc.AudioFrame]) -> list[SpeechEvent]:
    async with stt.stream(conn_options=ONCE) as stream:
        for frame in audio:
            stream.push_frame(frame)
        stream.end_input()
        return [event async for event in stream]


def finals(events: list[SpeechEvent]) -> list[SpeechEvent]:
    return [event for event in events if event.type == SpeechEventType.FINAL_TRANSCRIPT]


def service(endpoint: Endpoint, certificate: tuple[Path, Path]) -> Service:
    return Service(endpoint.url, people(), cafile=certificate[0])


async def test_a_conversation_is_reported_with_names_times_and_words(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    events = await heard(STT(service(endpoint, certificate)), frames(clips.conversation()))
    said = [event.alternatives[0] for event in finals(events)]
    assert [each.speaker_id for each in said] == ["Beckett"] * 3 + ["Dickens"]
    assert "again" in said[0].text.lower()
    ends = [0.0, *(each.end_time for each in said)]
    assert all(
        end <= each.start_time < each.end_time for end, each in zip(ends, said, strict=False)
    )
    assert said[-1].end_time < 13
    assert all(0.5 < each.confidence <= 1 for each in said)
    assert all(each.metadata and each.metadata["nearest"] == each.speaker_id for each in said)


async def test_speech_begins_before_a_text_and_ends_after_it(
    live_endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    said = hummed([3, 5, 7, 2, 4])
    talk = clips.silence(0.5) + said.pcm + clips.silence(1.5) + said.pcm + clips.silence(1)
    events = await heard(STT(service(live_endpoint, certificate)), frames(talk))
    speaking = list(itertools.accumulate(SPEECH.get(event.type, 0) for event in events))
    assert set(speaking) == {0, 1}
    assert speaking[-1] == 0
    texts = [
        (event.type, is_speaking)
        for event, is_speaking in zip(events, speaking, strict=True)
        if event.alternatives
    ]
    assert texts.count((SpeechEventType.FINAL_TRANSCRIPT, 1)) == 2
    assert (SpeechEventType.INTERIM_TRANSCRIPT, 1) in texts
    assert all(is_speaking for _, is_speaking in texts)
    words = finals(events)[0].alternatives[0].words
    assert words
    assert "".join(words).split() == finals(events)[0].alternatives[0].text.split()


async def test_audio_of_another_rate_and_two_channels_is_converted(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    loud = clips.samples(clips.conversation())
    left = np.interp(np.arange(len(loud) * 3) / 3, np.arange(len(loud)), loud)
    stereo = np.stack([left, left], axis=1)
    pcm = (stereo * 32767).astype("<i2").tobytes()
    events = await heard(STT(service(endpoint, certificate)), frames(pcm, 48_000, 2))
    names = [event.alternatives[0].speaker_id for event in finals(events)]
    assert names == ["Beckett"] * 3 + ["Dickens"]
    assert 10 < finals(events)[-1].alternatives[0].end_time < 13


async def test_all_audio_is_reported_as_used(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    stt = STT(service(endpoint, certificate))
    seconds = []
    stt.on("metrics_collected", lambda metrics: seconds.append(metrics.audio_duration))
    await heard(stt, frames(clips.conversation()))
    assert sum(seconds) == pytest.approx(len(clips.conversation()) / 32_000, abs=0.02)


async def test_a_lost_connection_is_resumed_without_a_gap_in_the_events(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    expected = await heard(STT(service(endpoint, certificate)), frames(clips.conversation()))
    async with relaying(endpoint.port, iter([200_000, 150_000])) as relay:
        stt = STT(Service(relay.url, people(), cafile=certificate[0]))
        found = await heard(stt, frames(clips.conversation()))
    assert relay.connections == 3
    assert [event.alternatives[0].text for event in finals(found)] == [
        event.alternatives[0].text for event in finals(expected)
    ]


async def test_the_framework_writes_the_names_into_the_text(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    """Its own adapter does so for recognisers that give speakers and times."""
    named = "{speaker_id}: {text}"
    adapter = MultiSpeakerAdapter(
        stt=STT(service(endpoint, certificate)), primary_format=named, background_format=named
    )
    events = await heard(adapter, frames(clips.conversation()))
    texts = [event.alternatives[0].text for event in finals(events)]
    assert [text.partition(": ")[0] for text in texts] == ["Beckett"] * 3 + ["Dickens"]


class Microphone(AudioInput):
    """The audio input of an agent."""

    def __init__(self, pcm: bytes) -> None:
        super().__init__(label="microphone")
        self._frames = self._heard(pcm)

    async def __anext__(self) -> rtc.AudioFrame:
        return await anext(self._frames)

    async def _heard(self, pcm: bytes) -> AsyncIterator[rtc.AudioFrame]:
        for frame in frames(pcm):
            yield frame
        await asyncio.Event().wait()


async def test_an_agent_receives_the_name_of_the_speaker(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    said: asyncio.Queue[str | None] = asyncio.Queue()
    stt = STT(service(endpoint, certificate))
    session: AgentSession[None] = AgentSession(
        stt=stt, vad=None, turn_handling={"turn_detection": "stt"}
    )
    session.on(
        "user_input_transcribed",
        lambda event: said.put_nowait(event.speaker_id) if event.is_final else None,
    )
    session.input.audio = Microphone(clips.conversation() + clips.silence(1))
    await session.start(Agent(instructions=""))
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert [await said.get() for _ in range(4)] == ["Beckett"] * 3 + ["Dickens"]
    await session.aclose()


async def test_the_example_in_the_guide_builds_an_agent() -> None:
    assert isinstance(example("livekit")["server"], AgentServer)


async def test_an_unreachable_server_is_a_connection_error(
    certificate: tuple[Path, Path],
) -> None:
    stt = STT(Service("wss://localhost:1", people(), cafile=certificate[0]))
    with pytest.raises(APIConnectionError, match="No server answers"):
        await heard(stt, frames(clips.silence(1)))


async def test_a_refused_voice_is_not_tried_again(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    voices = {**people(), "Dickens": clips.silence(4)}
    stt = STT(Service(endpoint.url, voices, cafile=certificate[0]))
    with pytest.raises(APIStatusError) as raised:
        await heard(stt, frames(clips.silence(1)))
    assert not raised.value.retryable
    body = raised.value.body
    assert isinstance(body, dict)
    assert (body["reason"], body["speaker_id"]) == ("too_little_speech", 1)


async def test_the_framework_begins_another_session_after_a_lost_one(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    lost = asyncio.Event()
    async with (
        serving(services, certificate) as endpoint,
        serving(services, certificate) as another,
        relaying(endpoint.port, iter([400_000]), another.port) as relay,
    ):
        stt = STT(Service(relay.url, people(), cafile=certificate[0]))
        stt.on("error", lambda error: lost.set() if error.recoverable else None)
        async with stt.stream(conn_options=APIConnectOptions(max_retry=1)) as stream:
            for frame in frames(clips.conversation()):
                stream.push_frame(frame)
            await lost.wait()
            for frame in frames(clips.conversation()):
                stream.push_frame(frame)
            stream.end_input()
            events = [event async for event in stream]
    names = [event.alternatives[0].speaker_id for event in finals(events)]
    assert names[-4:] == ["Beckett"] * 3 + ["Dickens"]
    assert sum(SPEECH.get(event.type, 0) for event in events) == 0


async def test_with_a_list_of_addresses_the_stream_goes_on_at_another_server(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    """The framework sees neither an error nor a gap: each sentence comes once."""
    async with (
        serving(services, certificate) as endpoint,
        serving(services, certificate) as another,
        relaying(endpoint.port, iter([400_000]), another.port) as relay,
    ):
        stt = STT(Service([relay.url], people(), cafile=certificate[0]))
        events = await heard(stt, frames(clips.conversation()))
    said = [event.alternatives[0] for event in finals(events)]
    assert relay.connections == 2
    assert [each.speaker_id for each in said] == ["Beckett"] * 3 + ["Dickens"]
    assert [each.start_time for each in said] == sorted({each.start_time for each in said})


async def test_after_the_last_attempt_no_audio_is_taken(certificate: tuple[Path, Path]) -> None:
    stt = STT(Service("wss://localhost:1", people(), cafile=certificate[0]))
    async with stt.stream(conn_options=ONCE) as stream:
        with pytest.raises(APIConnectionError):
            await anext(stream)
        with pytest.raises(RuntimeError, match="closed"):
            stream.push_frame(next(frames(clips.silence(1))))


async def test_a_new_session_begins_after_the_time_of_the_last_event(
    endpoint: Endpoint, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The framework measures the time between sessions by a clock that may not advance."""
    clock = SimpleNamespace(time=lambda: 1.8e9)
    monkeypatch.setattr("livekit.agents.stt.stt.time", clock)
    stt = STT(Unsteady(endpoint.url, people(), cafile=certificate[0]))
    async with stt.stream(conn_options=APIConnectOptions(max_retry=1)) as stream:
        for frame in frames(clips.conversation()):
            stream.push_frame(frame)
        stream.end_input()
        said = [event.alternatives[0] for event in finals([event async for event in stream])]
    assert [each.speaker_id for each in said] == ["Beckett"] * 3 + ["Dickens"]
    assert said[3].start_time >= said[2].end_time


async def test_a_flush_has_the_turn_answered_without_a_pause(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    stt = STT(service(endpoint, certificate))
    assert stt.capabilities.manual_flush
    async with stt.stream(conn_options=ONCE) as stream:
        for frame in frames(clips.silence(0.5) + clips.part("beckett", 4.4, 5.6)):
            stream.push_frame(frame)
        stream.flush()
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for event in stream:  # the input has not ended
                if event.type == SpeechEventType.FINAL_TRANSCRIPT:
                    break
    assert "again" in event.alternatives[0].text.lower()

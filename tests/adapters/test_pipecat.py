"""The speech-to-text service of Pipecat in the framework's pipeline, with a real server."""

import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pipecat", reason="`make test-adapters` installs Pipecat")

import clips
from loopback import Endpoint, serving
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    MetricsFrame,
    STTMetadataFrame,
    TranscriptionFrame,
    UserAudioRawFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import STTUsageMetricsData
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.tests.utils import run_test
from relay import relaying
from tone_speech import hummed
from voice_agents import Unsteady, example, people

from hwaja.adapters.pipecat import HwajaSTTService
from hwaja.adapters.service import Service
from hwaja.client import Client, RefusedError
from hwaja.server.services import Services

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

MEASURED = PipelineParams(enable_metrics=True, enable_usage_metrics=True)


def frames(pcm: bytes, rate: int = 16_000, channels: int = 1) -> Iterator[InputAudioRawFrame]:
    """Audio frames of a transport, 20 ms each."""
    step = rate // 50 * 2 * channels
    for at in range(0, len(pcm), step):
        yield InputAudioRawFrame(pcm[at : at + step], rate, channels)


async def passed(
    service: FrameProcessor, audio: Iterator[InputAudioRawFrame], **options: Any
) -> tuple[Sequence[Frame], Sequence[Frame]]:
    """Return the frames that leave the service downstream, and upstream."""
    return await run_test(service, frames_to_send=list(audio), **options)


def finals(frames: Sequence[Frame]) -> list[TranscriptionFrame]:
    return [frame for frame in frames if isinstance(frame, TranscriptionFrame)]


def names(frames: Sequence[Frame]) -> list[str]:
    return [frame.user_id for frame in finals(frames)]


def stt(endpoint: Endpoint, certificate: tuple[Path, Path], **options: Any) -> HwajaSTTService:
    return HwajaSTTService(Service(endpoint.url, people(), cafile=certificate[0]), **options)


async def test_a_conversation_is_reported_with_names_before_the_pipeline_ends(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    down, _ = await passed(stt(endpoint, certificate), frames(clips.conversation()))
    assert names(down) == ["Beckett"] * 3 + ["Dickens"]
    assert "again" in finals(down)[0].text.lower()
    assert all(frame.finalized for frame in finals(down))
    assert [frame.timestamp for frame in finals(down)] == sorted(
        {frame.timestamp for frame in finals(down)}
    )


async def test_audio_is_passed_on_unchanged_and_interims_come_before_the_text(
    live_endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    talk = clips.silence(0.5) + hummed([3, 5, 7, 2, 4]).pcm + clips.silence(1)
    down, _ = await passed(stt(live_endpoint, certificate), frames(talk))
    audio = [frame.audio for frame in down if isinstance(frame, InputAudioRawFrame)]
    assert b"".join(audio) == talk
    texts = [
        frame for frame in down if isinstance(frame, InterimTranscriptionFrame | TranscriptionFrame)
    ]
    assert len(texts) > 1
    assert [type(frame) for frame in texts[:-1]] == [InterimTranscriptionFrame] * (len(texts) - 1)
    assert isinstance(texts[-1], TranscriptionFrame)
    assert texts[-1].text.startswith(texts[0].text[:1])
    assert all(frame.text for frame in texts)


async def test_audio_of_a_transport_with_another_rate_and_two_channels_is_converted(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    mono = clips.samples(clips.conversation())
    fine = np.interp(np.arange(len(mono) * 3) / 3, np.arange(len(mono)), mono)
    pcm = (np.stack([fine, fine], axis=1) * 32767).astype("<i2").tobytes()
    down, _ = await passed(stt(endpoint, certificate), frames(pcm, 48_000, 2))
    assert names(down) == ["Beckett"] * 3 + ["Dickens"]


async def test_an_interim_carries_the_user_id_that_the_transport_gave(
    live_endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    talk = clips.silence(0.5) + hummed([3, 5, 7, 2, 4]).pcm + clips.silence(1)
    audio = (UserAudioRawFrame(f.audio, 16_000, 1, user_id="room 3") for f in frames(talk))
    down, _ = await passed(stt(live_endpoint, certificate), audio)
    interims = [frame for frame in down if isinstance(frame, InterimTranscriptionFrame)]
    assert {frame.user_id for frame in interims} == {"room 3"}


async def test_all_audio_is_reported_as_used_and_the_latency_is_measured(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    service = stt(endpoint, certificate)
    down, _ = await passed(service, frames(clips.conversation()), pipeline_params=MEASURED)
    data = [each for frame in down if isinstance(frame, MetricsFrame) for each in frame.data]
    used = [each.value.audio_seconds for each in data if isinstance(each, STTUsageMetricsData)]
    assert sum(used) == pytest.approx(len(clips.conversation()) / 32_000, abs=0.02)
    assert [f.ttfs_p99_latency for f in down if isinstance(f, STTMetadataFrame)] == [1.4]


async def test_another_session_begins_after_a_lost_one(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    connected: list[object] = []
    async with (
        serving(services, certificate) as endpoint,
        serving(services, certificate) as another,
        relaying(endpoint.port, iter([400_000]), another.port) as relay,
    ):
        service = HwajaSTTService(Service(relay.url, people(), cafile=certificate[0]))
        service.add_event_handler("on_connected", connected.append)
        _, up = await passed(service, frames(clips.conversation()))
    assert len(connected) == 2
    assert [frame.error for frame in up if isinstance(frame, ErrorFrame)] == [
        "The connection was lost, and the session with it: enrol the voices again."
    ]
    assert service.is_usable


async def test_with_a_list_of_addresses_the_conversation_goes_on_at_another_server(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    """The pipeline sees neither an error nor a gap: each sentence comes once."""
    async with (
        serving(services, certificate) as endpoint,
        serving(services, certificate) as another,
        relaying(endpoint.port, iter([400_000]), another.port) as relay,
    ):
        service = HwajaSTTService(Service([relay.url], people(), cafile=certificate[0]))
        down, up = await passed(service, frames(clips.conversation()))
    assert relay.connections == 2
    assert names(down) == ["Beckett"] * 3 + ["Dickens"]
    assert not any(isinstance(frame, ErrorFrame) for frame in up)


async def test_events_of_a_new_session_are_dated_after_the_earlier_ones(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    service = HwajaSTTService(Unsteady(endpoint.url, people(), cafile=certificate[0]))
    down, _ = await passed(service, frames(clips.conversation()))
    assert names(down) == ["Beckett"] * 3 + ["Dickens"]
    timestamps = [frame.timestamp for frame in finals(down)]
    assert timestamps == sorted(timestamps)


async def test_a_refused_voice_makes_the_service_unusable(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    voices = {**people(), "Dickens": clips.silence(4)}
    service = HwajaSTTService(Service(endpoint.url, voices, cafile=certificate[0]))
    _, up = await passed(service, frames(clips.silence(1)))
    (error,) = (frame for frame in up if isinstance(frame, ErrorFrame))
    assert error.error.startswith("The server answered: There is too little speech")
    assert not service.is_usable


class Failing(Service):
    """Fails to open its first session."""

    def __init__(self, error: Exception, *service: Any, **options: Any) -> None:
        super().__init__(*service, **options)
        self._errors = [error]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Client]:
        if self._errors:
            raise self._errors.pop()
        async with super().open() as client:
            yield client


async def test_an_unexpected_failure_is_reported_and_no_more_audio_is_kept(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    faulty = Failing(KeyError("secret"), endpoint.url, people(), cafile=certificate[0])
    service = HwajaSTTService(faulty)
    said = list(frames(clips.silence(1)))
    down, up = await passed(service, iter(said))
    (error,) = (frame for frame in up if isinstance(frame, ErrorFrame))
    assert error.error == "Listening failed (KeyError)."
    assert not service.is_usable
    del down
    # The frame has it, and `getrefcount` itself.
    assert {sys.getrefcount(frame.audio) for frame in said} == {2}


async def test_a_service_that_gave_up_works_again_once_it_is_marked_usable(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    refusal = RefusedError({"type": "error", "code": "SPEAKER_REGISTRATION_FAILED"})
    faulty = Failing(refusal, endpoint.url, people(), cafile=certificate[0])
    service = HwajaSTTService(faulty)
    verdicts: list[bool] = []

    async def mended(service: HwajaSTTService, is_usable: bool) -> None:
        verdicts.append(is_usable)
        await service.set_usable(True)

    service.add_event_handler("on_usable_changed", mended)
    down, _ = await passed(service, frames(clips.conversation()))
    assert verdicts == [False, True]
    assert names(down) == ["Beckett"] * 3 + ["Dickens"]


async def test_the_example_in_the_guide_writes_names_before_texts(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    pipeline = Pipeline([stt(endpoint, certificate), example("pipecat")["Named"]()])
    down, _ = await passed(pipeline, frames(clips.conversation()))
    texts = [frame.text for frame in finals(down)]
    assert [text.partition(": ")[0] for text in texts] == ["Beckett"] * 3 + ["Dickens"]


async def test_where_the_vad_ends_a_turn_it_is_answered_without_a_pause(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    words = clips.silence(0.5) + clips.part("beckett", 4.4, 5.6)
    talk = [*frames(words), VADUserStoppedSpeakingFrame(), *frames(words)]
    down, _ = await run_test(stt(endpoint, certificate), frames_to_send=talk)
    texts = [frame.text.lower() for frame in finals(down)]
    assert ["again" in text for text in texts] == [True, True]

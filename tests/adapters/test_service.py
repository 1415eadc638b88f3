"""The common part of the adapters, without their frameworks: voices, names, usage."""

import json
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import clips
import numpy as np
import pytest
from loopback import Endpoint
from voice_agents import people

from hwaja.adapters.service import Service, Ticket
from hwaja.client import Details, RefusedError, Transcription, connect
from hwaja.client.sound_files import AudioError
from hwaja.protocol.values import Label

NOWHERE = "wss://localhost:1"

in_one_loop = pytest.mark.asyncio(loop_scope="session")


async def conversation() -> AsyncIterator[bytes]:
    yield clips.conversation()


def said(label: Label, speaker_id: int = 1) -> Transcription:
    details = Details(
        start_seconds=1.0, end_seconds=2.0, label=label, probability=0.9, scores=(0.1, 0.7)
    )
    return Transcription(speaker_id, "hello", "2026-01-01T00:00:00.000Z", -25.5, 0, details)


@pytest.mark.models
@in_one_loop
async def test_voices_come_from_samples_and_from_files(
    endpoint: Endpoint, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    file = tmp_path / "dickens.wav"
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(people()["Dickens"])
    voices = {"Beckett": np.frombuffer(people()["Beckett"], "<i2"), "Dickens": file}
    service = Service(endpoint.url, voices, cafile=str(certificate[0]))
    async with service.open() as client:
        with pytest.raises(RefusedError) as raised:
            await anext(service.transcribe(client, conversation(), "ko-KR"))
        assert raised.value.reason == "language_unsupported"
        talk = service.transcribe(client, conversation(), "en-GB")
        names = [service.name(told) async for told in talk if isinstance(told, Transcription)]
    assert names == ["Beckett"] * 3 + ["Dickens"]


@pytest.mark.models
@in_one_loop
async def test_a_voice_comes_from_a_ticket_beside_one_that_is_enrolled(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    takes = people()
    async with connect(endpoint.url, cafile=certificate[0]) as client:
        enrolled = await client.enrol(0, takes["Beckett"], ticket=True)
    assert enrolled.ticket is not None
    voices = {"Dickens": takes["Dickens"], "Beckett": Ticket(enrolled.ticket)}
    service = Service(endpoint.url, voices, cafile=certificate[0])
    async with service.open() as client:
        talk = service.transcribe(client, conversation(), "en")
        names = [service.name(told) async for told in talk if isinstance(told, Transcription)]
    assert names == ["Beckett"] * 3 + ["Dickens"]


@pytest.mark.models
@in_one_loop
async def test_a_ticket_that_is_no_good_is_refused_with_a_reason_and_stays_out_of_sight(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    ticket = Ticket("AWmT0sKq3vR1b2c4d5e6f7g8h9")
    assert ticket.sealed not in repr(ticket)
    voices = {"Beckett": people()["Beckett"], "Dickens": ticket}
    service = Service(endpoint.url, voices, cafile=certificate[0])
    with pytest.raises(RefusedError) as raised:
        async with service.open():
            pass
    assert (raised.value.reason, raised.value.speaker_id) == ("ticket_tampered", 1)


@pytest.mark.models
@pytest.mark.parametrize(
    ("label", "name"),
    [(Label.SURE, "Dickens"), (Label.DOUBTFUL, "Dickens"), (Label.UNKNOWN, None)],
)
def test_an_unknown_speaker_has_no_name_but_the_nearest_voice_is_reported(
    label: Label, name: str | None
) -> None:
    service = Service(NOWHERE, people())
    assert service.name(said(label)) == name
    figures = json.loads(json.dumps(service.figures(said(label))))
    assert (figures["nearest"], figures["label"]) == ("Dickens", label)


def test_a_missing_sound_file_is_an_error_before_anything_connects(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="does not exist"):
        Service(NOWHERE, {"Beckett": tmp_path / "beckett.wav"})

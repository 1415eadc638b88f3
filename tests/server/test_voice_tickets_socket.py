"""Voice tickets over a socket with real speech: a voice comes back without a word."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import clips
import pytest
from loopback import Endpoint, Message, Peer, serving, tokens_of
from people import People, english, korean

from hwaja.privacy.sealing import KeyRing
from hwaja.protocol.values import MAX_TICKET_CHARS
from hwaja.server.access.access_policy import AccessPolicy
from hwaja.server.services import Services
from hwaja.speakers.voice_tickets import VoiceTickets

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

COMPLETED = {
    "type": "speaker_registration_completed",
    "speaker_id": 0,
    "message": "화자 1번 등록이 완료되었습니다.",
}
RING = KeyRing.random()
TOKEN, OTHER = "0123456789abcdef", "fedcba9876543210"

ServeAgain = Callable[..., AbstractAsyncContextManager[Endpoint]]


@pytest.fixture
def another(services: Services, certificate: tuple[Path, Path]) -> ServeAgain:
    """Start a server of its own, with other tickets or settings."""

    def serve(
        tickets: VoiceTickets | None = None, **settings: Any
    ) -> AbstractAsyncContextManager[Endpoint]:
        own = replace(services, tickets=tickets or VoiceTickets(lambda: RING, "campplus-2"))
        return serving(own, certificate, **settings)

    return serve


async def enrol(peer: Peer, speaker_id: int, voice: bytes, **options: object) -> Message:
    await peer.say("start_speaker_registration", speaker_id=speaker_id, **options)
    await peer.play(voice)
    await peer.say("complete_speaker_registration", speaker_id=speaker_id)
    assert (await peer.receive())["type"] == "speaker_registration_started"
    return await peer.receive()


async def restore(peer: Peer, speaker_id: int, ticket: str, **options: object) -> Message:
    await peer.say("restore_speaker", speaker_id=speaker_id, ticket=ticket, **options)
    return await peer.receive()


async def ticket_of(endpoint: Endpoint, voice: bytes) -> str:
    async with endpoint.welcomed() as peer:
        completed = await enrol(peer, 0, voice, ticket=True)
    return str(completed["ticket"])


@pytest.fixture(params=[english, korean], ids=["English", "Korean"])
def people(request: pytest.FixtureRequest) -> People:
    load: Callable[[], People] = request.param
    return load()


def likeness(heard: list[Message]) -> list[list[float]]:
    return [message["scores"] for message in heard if message["type"] == "transcription"]


async def test_voices_of_tickets_label_exactly_as_the_enrolled_ones(
    another: ServeAgain, people: People
) -> None:
    """In another session, on another server with the same key."""
    talk = people.first[1] + clips.silence(1) + people.second[1] + clips.silence(1)
    async with another() as endpoint, endpoint.welcomed() as peer:
        answers = [
            await enrol(peer, speaker_id, voice, ticket=True, quality=True)
            for speaker_id, voice in enumerate((people.first[0], people.second[0]))
        ]
        await peer.say("start_transcription", details=True)
        enrolled = await peer.transcribe(talk)
    async with another() as endpoint, endpoint.welcomed() as peer:
        for speaker_id, answer in enumerate(answers):
            restored = await restore(peer, speaker_id, answer["ticket"], quality=True)
            assert restored["quality"] == answer["quality"]
            assert "ticket" not in restored
        await peer.say("start_transcription", details=True)
        again = await peer.transcribe(talk)
    assert likeness(again) == likeness(enrolled)
    assert {message["speaker_id"] for message in again if "text" in message} == {0, 1}


async def test_only_a_client_that_asks_gets_a_ticket(endpoint: Endpoint) -> None:
    voice = clips.voices()[0]
    async with endpoint.welcomed() as peer:
        assert await enrol(peer, 0, voice) == COMPLETED
        asked = await enrol(peer, 0, voice, ticket=True)
        assert list(asked) == [*COMPLETED, "ticket", "ticket_expires_at"]
        assert len(asked["ticket"]) < MAX_TICKET_CHARS
        assert await restore(peer, 0, asked["ticket"]) == COMPLETED


async def test_takes_are_added_to_the_voice_of_a_ticket(
    endpoint: Endpoint,
) -> None:
    people = english()
    ticket = await ticket_of(endpoint, people.first[0])
    async with endpoint.welcomed() as peer:
        await restore(peer, 0, ticket)
        added = await enrol(peer, 0, people.first[1], add=True, quality=True, ticket=True)
        assert added["quality"]["takes"] == 2
        both = await restore(peer, 0, added["ticket"], quality=True)
        assert both["quality"]["speech_seconds"] == added["quality"]["speech_seconds"]


async def test_one_voice_cannot_be_restored_as_two_speakers(endpoint: Endpoint) -> None:
    people = english()
    ticket = await ticket_of(endpoint, people.first[0])
    async with endpoint.welcomed() as peer:
        await restore(peer, 0, ticket)
        refused = await restore(peer, 1, ticket, details=True)
        assert (refused["code"], refused["reason"]) == ("SPEAKER_REGISTRATION_FAILED", "same_voice")
        assert refused["quality"]["other_similarity"] > 0.99
        kept = await enrol(peer, 1, people.second[0])
        assert kept["type"] == "speaker_registration_completed"


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (VoiceTickets(), "ticket_foreign"),
        (VoiceTickets(lambda: RING, "another"), "ticket_other_model"),
        (VoiceTickets(lambda: RING, "campplus-2", clock=lambda: 4e9), "ticket_expired"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_ticket_that_is_no_good_is_refused_with_the_reason_and_the_session_goes_on(
    another: ServeAgain, server: VoiceTickets, reason: str
) -> None:
    voice = clips.voices()[0]
    async with another() as endpoint:
        ticket = await ticket_of(endpoint, voice)
    async with another(server) as endpoint, endpoint.welcomed() as peer:
        refused = await restore(peer, 0, ticket)
        assert refused["code"] == "SPEAKER_REGISTRATION_FAILED"
        assert (refused["reason"], refused["speaker_id"]) == (reason, 0)
        assert "다시 등록해주세요" in refused["message"]
        assert await enrol(peer, 0, voice) == COMPLETED


@pytest.mark.parametrize(
    ("ticket", "reason"),
    [
        ("", "ticket_tampered"),
        ("not a ticket", "ticket_tampered"),
        ("A" * MAX_TICKET_CHARS, "ticket_tampered"),
        ("\x00\ud800", "ticket_tampered"),
        ("A" * (MAX_TICKET_CHARS + 1), "bad_field"),
        (None, "bad_field"),
        (7, "bad_field"),
        (["A"], "bad_field"),
    ],
    ids=repr,
)
async def test_nonsense_is_refused_and_the_earlier_voice_stays(
    endpoint: Endpoint, ticket: object, reason: str
) -> None:
    async with endpoint.welcomed() as peer:
        await peer.enrol_both()
        await peer.say("restore_speaker", speaker_id=0, ticket=ticket, details=True)
        refused = await peer.receive()
        if "\ud800" in str(ticket) and refused["reason"] == "bad_field":
            reason = "bad_field"
        assert (refused["reason"], refused["speaker_id"]) == (reason, 0)
        await peer.say("start_transcription")
        assert (await peer.receive())["type"] == "transcription_started"


async def test_every_changed_bit_and_every_cut_of_a_ticket_is_refused(endpoint: Endpoint) -> None:
    ticket = await ticket_of(endpoint, clips.voices()[0])
    changed = [
        ticket[:place] + ("A" if ticket[place] != "A" else "B") + ticket[place + 1 :]
        for place in range(0, len(ticket), 37)
    ]
    cut = [ticket[:length] for length in range(0, len(ticket), 61)]
    async with endpoint.welcomed() as peer:
        for each in (*changed, *cut, ticket + "A", ticket + ticket):
            refused = await restore(peer, 0, each)
            assert refused["reason"] in ("ticket_tampered", "ticket_foreign")
        assert await restore(peer, 0, ticket) == COMPLETED


async def test_a_voice_cannot_be_restored_within_an_enrolment_or_a_transcription(
    endpoint: Endpoint,
) -> None:
    ticket = await ticket_of(endpoint, clips.voices()[0])
    async with endpoint.welcomed() as peer:
        await peer.begin(details=True)
        refused = await restore(peer, 0, ticket)
        assert (refused["reason"], refused["speaker_id"]) == ("wrong_state", 0)
        await peer.say("stop_transcription")
        await peer.receive_until("transcription_stopped")
        await peer.say("start_speaker_registration", speaker_id=1)
        await peer.receive_until("speaker_registration_started")
        assert (await restore(peer, 0, ticket))["reason"] == "wrong_state"


async def test_a_ticket_belongs_to_the_token_of_its_client(another: ServeAgain) -> None:
    policy = AccessPolicy(tokens_of(TOKEN, OTHER))

    def bearer(token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    async with another(policy=policy) as endpoint:
        async with endpoint.connect(additional_headers=bearer(TOKEN)) as peer:
            await peer.receive()
            ticket = (await enrol(peer, 0, clips.voices()[0], ticket=True))["ticket"]
        async with endpoint.connect(additional_headers=bearer(OTHER)) as peer:
            await peer.receive()
            assert (await restore(peer, 0, ticket))["reason"] == "ticket_other_subject"
        async with endpoint.connect(additional_headers=bearer(TOKEN)) as peer:
            await peer.receive()
            assert await restore(peer, 0, ticket) == COMPLETED
    async with another() as endpoint, endpoint.welcomed() as peer:
        assert (await restore(peer, 0, ticket))["reason"] == "ticket_other_subject"

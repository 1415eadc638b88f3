"""Speakers whom nobody enrolled, over a socket with the real engine."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import clips
import people
import pytest
from loopback import Message, Peer, serving
from people import People
from women import needed, spoken

from hwaja.client.sound_files import to_pcm16
from hwaja.privacy.sealing import KeyRing
from hwaja.server.services import Services
from hwaja.speakers.voice_tickets import VoiceTickets

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

GAP = clips.silence(1)


async def begin(peer: Peer, **options: object) -> None:
    await peer.say("start_transcription", **options)
    assert (await peer.receive())["type"] == "transcription_started"


async def heard(peer: Peer, *takes: bytes) -> list[Message]:
    """Play takes with a pause after each, and return the answers."""
    return await peer.transcribe(GAP + GAP.join(takes) + GAP)


def labels(messages: list[Message]) -> list[int]:
    """The speakers of the answers, with the corrections that came later."""
    speakers: dict[int, int] = {}
    for message in messages:
        assert message["type"] in {"transcription", "speaker_update"}
        speakers[message["segment_id"]] = message["speaker_id"]
    return list(speakers.values())


def changes(speakers: list[int]) -> Iterator[int]:
    """The speakers without those who go on."""
    last = None
    for speaker in speakers:
        if speaker != last:
            yield speaker
        last = speaker


@pytest.mark.parametrize("pair", [people.english, people.korean])
async def test_people_whom_nobody_enrolled_get_ids_in_the_order_in_which_they_speak(
    pair: type[People], services: Services, certificate: tuple[Path, Path]
) -> None:
    """The ids are kept in the next transcription of the session."""
    both = pair()
    async with serving(services, certificate) as endpoint, endpoint.welcomed() as peer:
        await begin(peer, speakers="discover", max_speakers=2)
        first = await heard(peer, both.first[0], both.second[0], both.first[1], both.second[1])
        await begin(peer, speakers="discover", max_speakers=2)
        second = await heard(peer, both.second[0], both.first[1])
    assert list(changes(labels(first))) == [0, 1, 0, 1]
    assert list(changes(labels(second))) == [1, 0]


@needed
async def test_two_women_who_answer_without_a_pause_are_found(
    korean_services: Services, certificate: tuple[Path, Path]
) -> None:
    async with serving(korean_services, certificate) as endpoint, endpoint.welcomed() as peer:
        await begin(peer, speakers="discover")
        lines = b"".join(to_pcm16(spoken(number)) for number in (8, 3, 4))
        assert list(changes(labels(await heard(peer, lines)))) == [0, 1, 0]


async def test_a_third_person_beside_two_enrolled_ones_gets_an_id(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    women = people.korean()
    narrator, _ = clips.voices()
    async with serving(services, certificate) as endpoint, endpoint.welcomed() as peer:
        await peer.enrol(0, narrator)
        await peer.enrol(1, women.first[0])
        await begin(peer, strangers="separate")
        found = await heard(peer, narrator, women.second[0], women.first[1], women.second[1])
        assert list(changes(labels(found))) == [0, 2, 1, 2]
        await begin(peer)
        answers = await heard(peer, women.second[0])
    for answer in answers:
        assert answer["speaker_id"] in (0, 1), "without the option, the nearest enrolled voice"
        assert list(answer) == ["type", "speaker_id", "text", "timestamp", "confidence"]


async def test_speakers_who_were_discovered_and_named_are_known_like_enrolled_ones(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    """Also in a transcription that discovers nobody, and to a client that comes back."""
    both = people.korean()
    async with serving(services, certificate) as endpoint:
        async with endpoint.connect("/?resume") as peer:
            token = (await peer.receive())["session_token"]
            await begin(peer, speakers="discover", max_speakers=2, details=True)
            await peer.play(GAP + both.first[0] + GAP + both.second[0] + GAP)
            for _ in range(2):
                await peer.receive_until("transcription")
            for speaker_id, name in ((1, "이영희"), (0, "김지영")):
                await peer.say("name_speaker", speaker_id=speaker_id, name=name)
                answer = await peer.receive_until("speaker_named")
                assert (answer[-1]["speaker_id"], answer[-1]["name"]) == (speaker_id, name)
            await peer.say("name_speaker", speaker_id=2, name="없는 사람")
            *_, error = await peer.receive_until("error")
            assert (error["code"], error["reason"]) == ("SPEAKER_NAMING_FAILED", "unknown_speaker")
            await peer.say("stop_transcription")
            *_, stopped = await peer.receive_until("transcription_stopped")
            assert [share["name"] for share in stopped["speakers"]] == ["김지영", "이영희"]
            await begin(peer)
            answers = await heard(peer, both.second[1], both.first[1])
            found = [message for message in answers if message["type"] == "transcription"]
            assert list(changes([message["speaker_id"] for message in found])) == [1, 0]
            assert {message["speaker_name"] for message in found} == {"이영희", "김지영"}
            assert {message["label"] for message in found} == {"sure"}
            await peer.websocket.close(1001)
        async with endpoint.connect(f"/?resume={token}") as peer:
            welcome = await peer.receive()
    assert welcome["speaker_ids"] == [0, 1]
    assert [named["name"] for named in welcome["names"]] == ["김지영", "이영희"]


async def sealed(peer: Peer, answers: int) -> dict[int, str]:
    """Await some answers, and return the tickets of the voices that were discovered by then."""
    await peer.say("stop_transcription")
    messages = await peer.receive_until("transcription_stopped")
    tickets = [message for message in messages if message["type"] == "voice_sealed"]
    assert sum(message["type"] == "transcription" for message in messages) >= answers
    assert all("number" not in message for message in tickets)
    last = {message["speaker_id"]: message.get("ticket") for message in tickets}
    return {speaker_id: ticket for speaker_id, ticket in last.items() if ticket is not None}


async def restored(peer: Peer, speaker_id: int, ticket: str) -> Message:
    await peer.say("restore_speaker", speaker_id=speaker_id, ticket=ticket, quality=True)
    return await peer.receive()


@pytest.mark.parametrize(
    ("pair", "others"), [(people.english, people.korean), (people.korean, people.english)]
)
async def test_discovered_people_have_their_ids_in_a_session_on_another_server_by_their_tickets(
    pair: type[People],
    others: type[People],
    services: Services,
    certificate: tuple[Path, Path],
) -> None:
    """Whoever speaks first there; a third person gets another id."""
    both, third = pair(), others().first[0]
    ring = KeyRing.random()
    sealing = replace(services, tickets=VoiceTickets(lambda: ring))
    async with serving(sealing, certificate) as endpoint, endpoint.welcomed() as peer:
        await begin(peer, speakers="discover", tickets=True)
        await peer.play(GAP + both.first[0] + GAP + both.second[0] + GAP)
        tickets = await sealed(peer, 2)
    assert tickets.keys() == {0, 1}
    async with serving(sealing, certificate) as endpoint, endpoint.welcomed() as peer:
        for speaker_id, ticket in tickets.items():
            answer = await restored(peer, speaker_id, ticket)
            assert answer["type"] == "speaker_registration_completed"
            assert "quality" not in answer, "nobody measured a take"
        await begin(peer, speakers="discover")
        found = await heard(peer, both.second[1], both.first[1], third, both.second[0])
    assert list(changes(labels(found))) == [1, 0, 2, 1]


async def test_a_voice_is_restored_with_any_id_and_the_next_voice_gets_the_lowest_free_one(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    """The server enrols two voices, but may have discovered eight."""
    both = people.korean()
    async with serving(services, certificate) as endpoint:
        async with endpoint.welcomed() as peer:
            await begin(peer, speakers="discover", tickets=True)
            await peer.play(GAP + both.first[0] + GAP)
            ((_, ticket),) = (await sealed(peer, 1)).items()
        async with endpoint.welcomed() as peer:
            await restored(peer, 7, ticket)
            await begin(peer, speakers="discover")
            found = await heard(peer, both.first[1], both.second[0], both.first[0])
            assert list(changes(labels(found))) == [7, 0, 7]
        async with endpoint.welcomed() as peer:
            await restored(peer, 0, ticket)
            refused = await restored(peer, 1, ticket)
            assert refused["code"] == "SPEAKER_REGISTRATION_FAILED"
            await peer.say("restore_speaker", speaker_id=8, ticket=ticket, details=True)
            assert (await peer.receive())["reason"] == "unknown_speaker"


async def test_a_page_that_is_loaded_anew_gets_the_tickets_again(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    both = people.korean()
    async with serving(services, certificate) as endpoint:
        async with endpoint.connect("/?resume") as peer:
            token = (await peer.receive())["session_token"]
            await begin(peer, speakers="discover", tickets=True)
            await peer.play(GAP + both.first[0] + GAP + both.second[0] + GAP)
            for _ in range(2):
                await peer.receive_until("transcription")
            await peer.websocket.close(1001)
        async with endpoint.connect(f"/?resume={token}") as peer:
            await peer.receive_until("model_loaded")
            assert (await sealed(peer, 0)).keys() == {0, 1}

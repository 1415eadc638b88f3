"""Enrolment over a socket with real speech: verdicts, measurements, warnings."""

from collections.abc import Callable

import clips
import pytest
from loopback import Endpoint, Message, Peer
from people import People, english, korean

from hwaja.client.sound_files import to_pcm16
from hwaja_bench.speech.wrong_formats import SENDERS, at_rate

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

REFUSED = {
    "type": "error",
    "code": "SPEAKER_REGISTRATION_FAILED",
    "speaker_id": 1,
    "message": "화자 등록에 실패했습니다. 다시 시도해주세요.",
}


@pytest.fixture(params=[english, korean], ids=["English", "Korean"])
def people(request: pytest.FixtureRequest) -> People:
    load: Callable[[], People] = request.param
    return load()


async def enrol(peer: Peer, speaker_id: int, voice: bytes, **options: bool) -> Message:
    """Enrol with optional fields; return the verdict."""
    await peer.say("start_speaker_registration", speaker_id=speaker_id, **options)
    await peer.play(voice)
    await peer.say("complete_speaker_registration", speaker_id=speaker_id)
    assert (await peer.receive())["type"] == "speaker_registration_started"
    return await peer.receive()


def reasons(verdict: Message) -> list[str]:
    return [warning["reason"] for warning in verdict["quality"]["warnings"]]


async def test_good_voices_are_kept_and_their_measurements_sent_if_requested(
    endpoint: Endpoint, people: People
) -> None:
    async with endpoint.welcomed() as peer:
        first = await enrol(peer, 0, people.first[0], quality=True)
        second = await enrol(peer, 1, people.second[0], quality=True)
    assert list(first) == ["type", "speaker_id", "message", "quality"]
    assert first["quality"].keys() == {
        *("speech_seconds", "takes", "level_dbfs", "snr_db", "clipped_share", "agreement"),
        "warnings",
    }
    assert 3 < first["quality"]["speech_seconds"] < 5
    assert second["quality"]["other_similarity"] < 0.6
    assert reasons(first) == reasons(second) == []


async def test_the_same_person_twice_is_refused_and_another_person_may_follow_at_once(
    endpoint: Endpoint, people: People
) -> None:
    async with endpoint.welcomed() as peer:
        await enrol(peer, 0, people.first[0])
        assert await enrol(peer, 1, people.first[1]) == REFUSED
        explained = await enrol(peer, 1, people.first[1], details=True)
        assert explained["reason"] == "same_voice"
        assert "다른 사람이" in explained["message"]
        assert explained["quality"]["other_similarity"] > 0.6
        kept = await enrol(peer, 1, people.second[0])
        assert kept["type"] == "speaker_registration_completed"


async def test_two_people_in_a_take_are_detected(endpoint: Endpoint, people: People) -> None:
    """For similar voices, as of the Korean women, it may be only a warning."""
    half = 2 * 40_000
    take = people.first[0][:half] + clips.silence(0.2) + people.second[0][:half]
    async with endpoint.welcomed() as peer:
        verdict = await enrol(peer, 0, take, details=True)
    said = [verdict["reason"]] if verdict["type"] == "error" else reasons(verdict)
    assert {"two_voices", "perhaps_two_voices"} & set(said)


async def test_a_take_that_is_too_short_is_refused(endpoint: Endpoint, people: People) -> None:
    async with endpoint.welcomed() as peer:
        verdict = await enrol(peer, 0, people.first[0][: 2 * 28_000], details=True)
    assert verdict["reason"] == "too_little_speech"


async def test_a_clipped_take_is_kept_with_a_warning(endpoint: Endpoint, people: People) -> None:
    loud = to_pcm16(clips.samples(people.first[0]) * 30)
    async with endpoint.welcomed() as peer:
        verdict = await enrol(peer, 0, loud, quality=True)
    assert verdict["type"] == "speaker_registration_completed"
    assert "clipped" in reasons(verdict)
    assert verdict["quality"]["clipped_share"] > 0.01


@pytest.mark.parametrize("name", ["float32", "int24", "big-endian", "stereo, both the same"])
async def test_a_take_in_another_format_is_refused_with_its_format_and_a_good_one_may_follow(
    endpoint: Endpoint, people: People, name: str
) -> None:
    looks_like, send = SENDERS[name]
    async with endpoint.welcomed() as peer:
        verdict = await enrol(peer, 0, send(clips.samples(people.first[0])))
        assert (verdict["reason"], verdict["looks_like"]) == ("wrong_format", looks_like.value)
        kept = await enrol(peer, 0, people.first[0])
        assert kept["type"] == "speaker_registration_completed"


@pytest.mark.parametrize("rate", [44_100, 48_000])
async def test_a_take_at_another_sample_rate_is_refused_as_such(
    endpoint: Endpoint, people: People, rate: int
) -> None:
    async with endpoint.welcomed() as peer:
        verdict = await enrol(peer, 0, at_rate(rate)(clips.samples(people.first[0])))
    assert (verdict["reason"], verdict["looks_like"]) == ("wrong_format", "higher_rate")


async def test_a_conversation_in_another_format_is_reported_once_and_continues(
    endpoint: Endpoint, people: People
) -> None:
    async with endpoint.welcomed() as peer:
        await enrol(peer, 0, people.first[0])
        await enrol(peer, 1, people.second[0])
        await peer.say("start_transcription")
        assert (await peer.receive())["type"] == "transcription_started"
        floats = clips.samples(people.first[1]).astype("<f4").tobytes()
        told = await peer.transcribe(floats + clips.silence(1) + people.first[1])
    errors = [message for message in told if message["type"] == "error"]
    assert [(error["code"], error["looks_like"]) for error in errors] == [
        ("INVALID_AUDIO", "float32")
    ]
    assert "float32" in errors[0]["message"]
    assert told[-1]["type"] == "transcription"


async def test_takes_of_one_person_are_combined_and_those_of_another_are_refused(
    endpoint: Endpoint, people: People
) -> None:
    async with endpoint.welcomed() as peer:
        one = await enrol(peer, 0, people.first[0], quality=True)
        stranger = await enrol(peer, 0, people.second[0], add=True, details=True)
        both = await enrol(peer, 0, people.first[1], add=True)
        again = await enrol(peer, 0, people.first[1])
    assert stranger["reason"] == "other_voice"
    assert both["quality"]["takes"] == 2
    assert both["quality"]["speech_seconds"] > one["quality"]["speech_seconds"] + 2
    assert both["quality"]["takes_similarity"] > 0.6
    assert again["quality"]["takes"] == 1

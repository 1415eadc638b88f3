"""Two women who answer each other without a pause, over a socket with the real engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import clips
import pytest
import pytest_asyncio
from loopback import Endpoint, Message, Peer, serving
from women import ALIKE, alike, joined, needed, spoken

from hwaja.client.sound_files import to_pcm16
from hwaja.server.services import Services

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session"), needed]

GAP = clips.silence(1)


@pytest_asyncio.fixture(loop_scope="session")
async def korean(
    korean_services: Services, certificate: tuple[Path, Path]
) -> AsyncIterator[Endpoint]:
    async with serving(korean_services, certificate) as endpoint:
        yield endpoint


async def begin(peer: Peer, **options: object) -> None:
    """Enrol both women with other sentences than they say later."""
    await peer.enrol(0, joined(4))
    await peer.enrol(1, joined(3))
    await peer.say("start_transcription", **options)
    assert (await peer.receive())["type"] == "transcription_started"


async def transcribed(endpoint: Endpoint, pcm: bytes, **options: object) -> list[Message]:
    async with endpoint.welcomed() as peer:
        await begin(peer, **options)
        return await peer.transcribe(GAP + pcm + GAP)


@pytest.mark.parametrize("numbers", [(12, 13), (13, 12), (12, 13, 16)])
async def test_each_speaker_gets_her_turn_and_her_words(
    korean: Endpoint, numbers: tuple[int, ...]
) -> None:
    heard = await transcribed(korean, joined(*numbers))
    assert [message["speaker_id"] for message in heard] == [number % 2 for number in numbers]
    for message, number in zip(heard, numbers, strict=True):
        assert list(message) == ["type", "speaker_id", "text", "timestamp", "confidence"]
        assert alike(message["text"], number) > ALIKE


async def test_a_turn_is_answered_while_the_next_one_is_spoken(
    korean: Endpoint, unhurried: None
) -> None:
    """The first line's text arrives without any pause and without speech after the second line."""
    async with korean.welcomed() as peer:
        await begin(peer)
        await peer.play(GAP + joined(12, 13))
        heard = await peer.receive()
    assert heard["speaker_id"] == 0
    assert alike(heard["text"], 12) > ALIKE


async def test_turns_are_dated_where_they_meet(korean: Endpoint) -> None:
    heard = await transcribed(korean, joined(12, 13), details=True)
    change_seconds = 1 + len(spoken(12)) / 16_000
    assert heard[0]["end_seconds"] == pytest.approx(change_seconds, abs=0.3)
    assert heard[1]["start_seconds"] == pytest.approx(change_seconds, abs=0.3)
    assert [message["label"] for message in heard] == ["sure", "sure"]
    assert heard[0]["segment_id"] != heard[1]["segment_id"]
    for message in heard:
        seconds = [token["start_seconds"] for token in message["tokens"]]
        assert message["start_seconds"] - 0.5 < seconds[0] <= seconds[-1] < message["end_seconds"]


YES = {0: 30, 1: 77}
"""Of each woman a line that begins with "네." (yes), 0.48 s of it."""


@pytest.mark.parametrize("speaker_id", [0, 1])
async def test_short_answers_in_a_row_belong_to_the_speaker_who_gives_them(
    korean: Endpoint, speaker_id: int
) -> None:
    """They follow a long turn of the other speaker and do not alternate."""
    answer = clips.silence(1.2) + to_pcm16(spoken(YES[speaker_id])[:7680])
    heard = await transcribed(korean, joined(13 - speaker_id) + 3 * answer, details=True)
    assert [m["speaker_id"] for m in heard] == [1 - speaker_id, *[speaker_id] * 3]
    assert all(len(message["scores"]) == 2 for message in heard)


async def test_overlapping_speech_is_marked(korean: Endpoint) -> None:
    one, other = spoken(12), spoken(13)
    length = min(len(one), len(other))
    heard = await transcribed(korean, to_pcm16(one[:length] / 2 + other[:length] / 2), details=True)
    assert sum(message["overlap_seconds"] for message in heard) > 1
    assert "overlap" in {message["label"] for message in heard}


async def test_a_voice_that_learned_is_nearer_and_is_reset_for_clients_that_did_not_ask(
    korean: Endpoint,
) -> None:
    """The same sentence is sent before learning, after it, and after it was undone."""
    lesson = GAP + joined(8) + GAP
    async with korean.welcomed() as peer:
        await begin(peer, details=True, adapt=True)
        await peer.play(lesson)
        first = (await peer.receive_until("transcription"))[-1]
        # The next answer comes of a job behind the lesson's, with the one worker there is.
        later = await peer.transcribe(lesson + lesson)
        await peer.say("start_transcription", details=True)
        await peer.receive()
        (after,) = await peer.transcribe(lesson)
    assert [message["label"] for message in (first, *later, after)] == ["sure"] * 4
    assert later[-1]["scores"][0] > first["scores"][0] + 0.01
    assert after["scores"] == first["scores"]

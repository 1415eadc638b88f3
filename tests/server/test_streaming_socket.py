"""The streaming path over the wire, with real speech detection, workers and the tone model."""

import asyncio

import clips
import pytest
from loopback import Endpoint, Message, Peer
from tone_speech import hummed

from hwaja.workers.pool import Pool

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

FIRST = hummed([0, 1, 2, 3, 4, 5])
SECOND = hummed([7, 6, 5, 4], piece="season")
TALK = clips.silence(0.5) + FIRST.pcm + clips.silence(1) + SECOND.pcm + clips.silence(1)


@pytest.fixture
def endpoint(live_endpoint: Endpoint) -> Endpoint:
    return live_endpoint


async def enrol(peer: Peer) -> None:
    # Tones over speech are like neither of two people, and would be divided between them.
    for speaker_id, voice in enumerate((hummed(range(8)).pcm, clips.voices()[0])):
        assert (await peer.enrol(speaker_id, voice))[1]["type"] == "speaker_registration_completed"


async def begin(peer: Peer, **fields: object) -> None:
    await enrol(peer)
    await peer.say("start_transcription", **fields)
    assert (await peer.receive())["type"] == "transcription_started"


def finals(messages: list[Message]) -> list[str]:
    return [m["text"] for m in messages if m["type"] == "transcription"]


async def test_a_client_of_the_specification_gets_the_text_and_nothing_more(
    endpoint: Endpoint,
) -> None:
    async with endpoint.welcomed() as peer:
        await begin(peer)
        heard = await peer.transcribe(TALK)
    assert finals(heard) == [FIRST.text, SECOND.text]
    fields = {"type", "speaker_id", "text", "timestamp", "confidence"}
    assert all(message.keys() == fields for message in heard)


async def test_interim_texts_become_the_final_text_and_none_follows_it(endpoint: Endpoint) -> None:
    async with endpoint.welcomed() as peer:
        await begin(peer, interim_results=True)
        heard = await peer.transcribe(TALK)
    assert finals(heard) == [FIRST.text, SECOND.text]
    over: set[int] = set()
    grown: dict[int, list[str]] = {0: [], 1: []}
    for message in heard:
        segment_id = message["segment_id"]
        if message["type"] == "transcription":
            over.add(segment_id)
        else:
            assert segment_id not in over
            assert message["stable_chars"] <= len(message["text"])
            grown[segment_id].append(message["text"])
    for segment_id, text in enumerate(finals(heard)):
        assert grown[segment_id]
        assert all(text.startswith(interim) for interim in grown[segment_id])


async def test_tokens_are_dated_from_the_beginning_of_the_transcription(
    endpoint: Endpoint,
) -> None:
    async with endpoint.welcomed() as peer:
        await begin(peer, details=True)
        heard = await peer.transcribe(TALK)
    starts = [t["start_seconds"] for message in heard for t in message["tokens"]]
    spoken = [0.5 + second for second in FIRST.start_seconds]
    second_begins = 0.5 + len(FIRST.samples) / 16_000 + 1
    spoken += [second_begins + second for second in SECOND.start_seconds]
    # The model says a tone when it has heard 12 frames of it, 4 frames at a time.
    assert starts == pytest.approx(spoken, abs=0.15)


@pytest.mark.parametrize("chunk_samples", [160, 1237, 40_001])
async def test_the_size_of_the_chunks_does_not_change_the_text(
    chunk_samples: int, endpoint: Endpoint
) -> None:
    async with endpoint.welcomed() as peer:
        await begin(peer)
        heard = await peer.transcribe(TALK, chunk_samples)
    assert finals(heard) == [FIRST.text, SECOND.text]


async def test_the_last_speech_is_answered_if_the_client_stops_at_once(
    endpoint: Endpoint,
) -> None:
    """Cut at the last sample of the last tone: its syllable must be there."""
    async with endpoint.welcomed() as peer:
        await begin(peer)
        heard = await peer.transcribe(clips.silence(0.5) + FIRST.pcm)
    assert finals(heard) == [FIRST.text]


async def test_speech_without_a_pause_is_split_without_losing_or_repeating_a_syllable(
    endpoint: Endpoint,
) -> None:
    """The utterance is cut at its quietest point, before the end of the received audio."""
    tones = [k % 8 for k in range(32)]  # 19 s
    long = hummed(tones)
    async with endpoint.welcomed() as peer:
        await begin(peer, details=True)
        heard = await peer.transcribe(clips.silence(0.5) + long.pcm)
    texts = finals(heard)
    assert len(texts) >= 2
    # Each part counts its tones from one, so compare the consonants, which tell the tones.
    assert [tone_of(c) for text in texts for c in text] == tones


def tone_of(syllable: str) -> int:
    from hwaja.models.conversion.tones import EVEN_SYLLABLES, ODD_SYLLABLES

    return (ODD_SYLLABLES + EVEN_SYLLABLES).index(syllable) % len(ODD_SYLLABLES)


async def test_a_second_transcription_keeps_nothing_of_the_first(endpoint: Endpoint) -> None:
    async with endpoint.welcomed() as peer:
        await begin(peer)
        await peer.transcribe(clips.silence(0.5) + hummed([1, 2, 3]).pcm)
        await peer.say("start_transcription")
        await peer.receive()
        heard = await peer.transcribe(clips.silence(0.5) + SECOND.pcm)
    assert finals(heard) == [SECOND.text]


async def test_ten_clients_at_once_get_the_texts_of_single_ones(
    endpoint: Endpoint,
) -> None:
    talks = [hummed([(k + i * (k + 3)) % 8 for i in range(6)]) for k in range(10)]

    async def talk(k: int) -> list[str]:
        async with endpoint.welcomed() as peer:
            await begin(peer, interim_results=bool(k % 2))
            pcm = clips.silence(0.5) + talks[k].pcm + clips.silence(1)
            return finals(await peer.transcribe(pcm, 1000 + 700 * k))

    heard = await asyncio.gather(*(talk(k) for k in range(10)))
    assert heard == [[said.text] for said in talks]


async def test_a_sentence_is_finished_if_no_audio_follows(endpoint: Endpoint) -> None:
    async with endpoint.welcomed() as peer:
        await begin(peer, interim_results=True)
        await peer.play(clips.silence(0.5) + FIRST.pcm)
        assert finals(await peer.receive_until("transcription")) == [FIRST.text]


async def test_workers_that_die_during_speech_cost_no_text(
    endpoint: Endpoint, live_pool: Pool, unhurried: None
) -> None:
    async with endpoint.welcomed() as peer:
        await begin(peer, interim_results=True)
        half = len(TALK) // 4 * 2
        await peer.play(TALK[:half])
        await peer.receive_until("interim")
        for process in live_pool.processes.values():
            process.kill()
        heard = await peer.transcribe(TALK[half:])
    assert finals(heard) == [FIRST.text, SECOND.text]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"language": "xx"}, "language_unsupported"),
        ({"hotwords": ["상담"]}, "hotwords_unsupported"),
    ],
)
async def test_an_unsupported_option_is_reported_and_the_session_continues(
    fields: dict[str, object], reason: str, endpoint: Endpoint
) -> None:
    async with endpoint.welcomed() as peer:
        await enrol(peer)
        await peer.say("start_transcription", details=True, **fields)
        error = await peer.receive()
        assert (error["code"], error["reason"]) == ("TRANSCRIPTION_FAILED", reason)
        await peer.say("start_transcription", language="ko")
        assert (await peer.receive())["type"] == "transcription_started"
        assert finals(await peer.transcribe(TALK)) == [FIRST.text, SECOND.text]

"""Events, options that change, pauses, `keep_alive` and `hello`, over a socket."""

import asyncio
import time

import clips
import pytest
from fakes import FakePool
from loopback import Endpoint, Peer, Serve
from resuming import ResumingClient, begun
from tone_speech import hummed

from hwaja.engines.interface import EngineError

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

EVENTS = ["speech_started", "speech_ended", "utterance_dropped", "lag"]
WORDS = clips.part("beckett", 4.4, 5.6)


async def begin(peer: Peer, **options: object) -> None:
    await peer.enrol_both()
    await peer.say("start_transcription", **options)
    assert (await peer.receive())["type"] == "transcription_started"


async def test_each_utterance_is_announced_before_its_text(endpoint: Endpoint) -> None:
    async with endpoint.welcomed() as peer:
        await begin(peer, events=EVENTS, details=True)
        told = await peer.transcribe(clips.conversation())
    told = [each for each in told if each["type"] != "lag"]
    of = {kind: [each for each in told if each["type"] == kind] for kind in EVENTS}
    texts = [each for each in told if each["type"] == "transcription"]
    assert len(texts) == len(of["speech_started"]) == len(of["speech_ended"]) == 4
    for started, ended, text in zip(of["speech_started"], of["speech_ended"], texts, strict=True):
        assert started["segment_id"] == ended["segment_id"] == text["segment_id"]
        assert told.index(started) < told.index(ended) < told.index(text)
        assert started["start_seconds"] == text["start_seconds"]
        assert started["start_seconds"] < ended["end_seconds"] <= text["end_seconds"]


async def test_an_utterance_without_a_text_is_reported_in_its_place(
    serve: Serve, engine: FakePool
) -> None:
    engine.failures = [EngineError("on purpose")]
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await begin(peer, events=["utterance_dropped"])
        told = await peer.transcribe(clips.conversation())
    kinds = [(each["type"], each.get("segment_id"), each.get("reason")) for each in told]
    assert kinds == [
        ("error", None, None),
        ("utterance_dropped", 0, "failed"),
        *(("transcription", segment_id, None) for segment_id in (1, 2, 3)),
    ]


async def test_late_answers_are_reported_while_they_are_late(
    serve: Serve, engine: FakePool
) -> None:
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await begin(peer, events=["lag"])
        engine.working.clear()
        await peer.play(clips.silence(0.5) + WORDS + clips.silence(1))
        lag = await peer.receive()
        engine.working.set()
        text = await peer.receive()
        over = await peer.receive()
    assert lag["type"] == "lag"
    assert 2 <= lag["seconds"] < 5
    assert text["type"] == "transcription"
    assert over == {"type": "lag", "seconds": 0.0}


async def test_options_change_from_the_next_utterance_on(serve: Serve, engine: FakePool) -> None:
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await begin(peer)
        await peer.play(clips.silence(0.5) + WORDS)
        await peer.say("update_transcription", details=True, events=["speech_ended"])
        await peer.say("finalize")
        first = await peer.receive_until("finalized")
        await peer.play(clips.silence(0.5) + WORDS)
        await peer.say("finalize")
        second = await peer.receive_until("finalized")
    assert [each["type"] for each in first] == [
        "transcription_updated",
        "transcription",
        "finalized",
    ]
    assert [each["type"] for each in second] == ["speech_ended", "transcription", "finalized"]


async def test_an_option_that_cannot_be_had_changes_nothing(endpoint: Endpoint) -> None:
    async with endpoint.welcomed() as peer:
        await begin(peer)
        await peer.say("update_transcription", language="xx", events=EVENTS, request_id=1)
        refusal = await peer.receive()
        await peer.say("update_transcription", events=["newer"], request_id=2)
        unknown = await peer.receive()
        told = await peer.transcribe(clips.silence(0.5) + WORDS + clips.silence(1))
    assert (refusal["reason"], refusal["request_id"]) == ("language_unsupported", 1)
    assert (unknown["code"], unknown["request_id"]) == ("TRANSCRIPTION_FAILED", 2)
    assert [each["type"] for each in told] == ["transcription"]


async def test_audio_is_ignored_while_paused_and_time_goes_on(endpoint: Endpoint) -> None:
    talk = clips.silence(0.5) + WORDS
    async with endpoint.welcomed() as peer:
        await begin(peer, details=True)
        await peer.play(talk)
        await peer.say("pause_transcription")
        await peer.play(clips.conversation())
        await peer.say("resume_transcription")
        await peer.play(talk)
        await peer.say("stop_transcription")
        told = await peer.receive_until("transcription_stopped")
    texts = [each for each in told if each["type"] == "transcription"]
    resumed = next(each for each in told if each["type"] == "transcription_resumed")
    assert len(texts) == 2
    paused_samples = (len(talk) + len(clips.conversation())) // 2
    assert resumed["received_samples"] == paused_samples
    later = texts[1]["start_seconds"] - texts[0]["start_seconds"]
    assert later == pytest.approx(paused_samples / 16_000, abs=0.1)
    assert told[-1]["audio_seconds"] == pytest.approx(len(talk) / 16_000, abs=0.1)


async def test_a_client_that_comes_back_to_a_pause_goes_on_where_it_was(serve: Serve) -> None:
    async with serve() as endpoint:
        client = ResumingClient(endpoint)
        async with client.connection() as peer:
            await begun(client, peer)
            await peer.say("pause_transcription")
            await client.receive_until(peer, "transcription_paused")
            await peer.play(clips.silence(2.5))
            await peer.say("keep_up")  # an error, and proof that all before was taken
            await client.receive_until(peer, "error")
            peer.websocket.transport.abort()
        async with client.connection() as peer:
            await client.connect(peer)
            assert (client.state, client.received_samples) == ("paused", 40_000)
            await peer.say("resume_transcription")
            await peer.play(clips.conversation())
            await peer.say("stop_transcription")
            await client.receive_until(peer, "transcription_stopped")
    assert [each["type"] for each in client.heard].count("transcription") == 4


async def test_keep_alive_keeps_an_idle_session(serve: Serve) -> None:
    async with serve(idle_seconds=2.0) as endpoint, endpoint.welcomed() as peer:
        began = time.monotonic()
        while time.monotonic() - began < 3.5:
            await peer.say("keep_alive")
            await asyncio.sleep(0.2)
        await peer.say("stop_transcription")
        assert (await peer.receive())["code"] == "TRANSCRIPTION_FAILED"
        messages, code = await peer.receive_until_closed()
    assert (messages[-1]["code"], code) == ("CONNECTION_FAILED", 1000)


@pytest.mark.parametrize(
    ("path", "subprotocols"), [("/?hello", None), ("/", ["hwaja", "hwaja.hello"])]
)
async def test_who_asks_is_told_what_the_server_can_do(
    endpoint: Endpoint, path: str, subprotocols: list[str] | None
) -> None:
    async with endpoint.connect(path, subprotocols=subprotocols) as peer:
        welcome = await peer.receive()
        for kind in welcome["abilities"]["messages"]:  # each is known: none is an INVALID_MESSAGE
            await peer.say(kind)
        await peer.say("nothing", request_id="last")
        told = await peer.receive_until("error")
        while told[-1].get("request_id") != "last":
            told.append(await peer.receive())
    assert list(welcome)[:4] == ["type", "message", "protocol_version", "server_version"]
    assert welcome["abilities"]["events"] == EVENTS
    assert welcome["limits"]["max_audio_seconds"] == 600
    assert "session_token" not in welcome
    assert [each.get("code") for each in told].count("INVALID_MESSAGE") == 1


async def test_a_client_that_comes_back_is_told_again_if_it_asks(serve: Serve) -> None:
    async with serve() as endpoint:
        async with endpoint.connect("/?resume&hello") as peer:
            token = (await peer.receive())["session_token"]
            peer.websocket.transport.abort()
        async with endpoint.connect(f"/?resume={token}&hello") as peer:
            welcome = await peer.receive()
    assert (welcome["resumed"], welcome["protocol_version"]) == (True, "1.1")


async def test_interim_texts_can_be_asked_for_while_a_transcription_runs(
    live_endpoint: Endpoint,
) -> None:
    talk = clips.silence(0.5) + hummed([3, 5, 7, 2, 4]).pcm + clips.silence(1)
    async with live_endpoint.welcomed() as peer:
        await begin(peer)
        await peer.play(talk)
        await peer.say("update_transcription", interim_results=True)
        before = await peer.receive_until("transcription_updated")
        told = await peer.transcribe(talk)
    assert "interim" not in {each["type"] for each in before}
    assert "interim" in {each["type"] for each in told}
    assert told[-1]["segment_id"] == 1

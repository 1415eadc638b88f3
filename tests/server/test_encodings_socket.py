"""Audio in other encodings and rates than the specification's, over a socket."""

import random

import clips
import numpy as np
import pytest
from encoders import PACKET_SAMPLES, messages
from fakes import FakePool
from loopback import Endpoint, Message, Peer, Serve
from msgspec import to_builtins
from resuming import ResumingClient

from hwaja.protocol.audio import SAMPLE_RATE, AudioConfig, AudioEncoding
from hwaja.protocol.codes import Reason

pytestmark = [
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.usefixtures("unhurried"),
]

PCM16, F32, MULAW, ALAW, OPUS = AudioEncoding
CONFIGS = [
    AudioConfig(sample_rate=48000),
    AudioConfig(encoding=F32, sample_rate=44100),
    AudioConfig(encoding=MULAW, sample_rate=8000),
    AudioConfig(encoding=ALAW, sample_rate=16000),
    AudioConfig(encoding=OPUS),
]


async def begin(peer: Peer, config: AudioConfig) -> None:
    """Start a transcription for which nobody needs to be enrolled."""
    await peer.say(
        "start_transcription", details=True, speakers="discover", audio=to_builtins(config)
    )
    assert (await peer.receive())["type"] == "transcription_started"


async def send(peer: Peer, chunks: list[bytes]) -> None:
    for chunk in chunks:
        await peer.websocket.send(chunk)


async def finalize(peer: Peer) -> list[Message]:
    await peer.say("finalize")
    return await peer.receive_until("finalized")


def labelled(told: list[Message]) -> list[tuple[int, str]]:
    return [(each["speaker_id"], each["text"]) for each in told if each["type"] == "transcription"]


async def test_the_same_talk_gives_the_same_labels_in_every_encoding(endpoint: Endpoint) -> None:
    """Voices are enrolled in the same encoding, so that the whole way is the client's."""
    talk = clips.conversation()
    async with endpoint.welcomed() as peer:
        await peer.begin(details=True)
        expected = labelled(await peer.transcribe(talk))
    assert {speaker_id for speaker_id, _ in expected} == {0, 1}
    for config in (CONFIGS[1], CONFIGS[2], CONFIGS[4]):
        async with endpoint.welcomed() as peer:
            audio = to_builtins(config)
            for speaker_id, voice in enumerate(clips.voices()):
                await peer.say("start_speaker_registration", speaker_id=speaker_id, audio=audio)
                await send(peer, messages(voice, config))
                await peer.say("complete_speaker_registration", speaker_id=speaker_id)
                done = await peer.receive_until("speaker_registration_completed")
                assert done[-1]["speaker_id"] == speaker_id
            await peer.say("start_transcription", details=True, audio=audio)
            await send(peer, messages(talk, config))
            await peer.say("stop_transcription")
            found = labelled(await peer.receive_until("transcription_stopped"))
        assert [who for who, _ in found] == [who for who, _ in expected], config
        words = [text.lower() for _, text in found]
        assert all("again" in text for text in words[:1]), config


@pytest.mark.parametrize("config", [CONFIGS[1], CONFIGS[2], CONFIGS[4]], ids=str)
@pytest.mark.parametrize("seed", range(2))
async def test_a_client_cut_off_repeatedly_loses_no_sample_and_sends_none_twice(
    config: AudioConfig, seed: int, serve: Serve, engine: FakePool
) -> None:
    """The resampler and the Opus decoder outlive the connection. The client counts its samples."""
    chunks = messages(clips.conversation(), config)
    sizes = [config.samples_in(chunk) for chunk in chunks]
    data, frame_bytes = b"".join(chunks), config.frame_bytes or 1
    dice = random.Random(seed)  # noqa: S311
    async with serve() as endpoint:
        async with endpoint.welcomed() as peer:
            await begin(peer, config)
            await send(peer, chunks)
            await peer.say("stop_transcription")
            await peer.receive_until("transcription_stopped")
        whole = [samples.tobytes() for samples in engine.heard]
        engine.heard.clear()
        client = ResumingClient(endpoint)
        async with client.connection() as peer:
            await client.connect(peer)
            await begin(peer, config)
            peer.websocket.transport.abort()
        for end in range(7):
            async with client.connection() as peer:
                await client.connect(peer)
                if config.encoding is OPUS:
                    assert client.received_samples % PACKET_SAMPLES == 0
                    rest = chunks[client.received_samples // PACKET_SAMPLES :]
                else:
                    left = data[client.received_samples * frame_bytes :]
                    step = dice.randrange(1, 3000) * frame_bytes
                    rest = [left[at : at + step] for at in range(0, len(left), step)]
                if end < 6:
                    await send(peer, rest[: dice.randrange(40)])
                    if dice.random() < 0.5:
                        await (await peer.websocket.ping())
                    peer.websocket.transport.abort()
                    continue
                await send(peer, rest)
                await peer.say("stop_transcription")
                await client.receive_until(peer, "transcription_stopped")
    assert [samples.tobytes() for samples in engine.heard] == whole
    assert client.heard[-1]["audio_seconds"] == pytest.approx(sum(sizes) / config.rate, abs=0.05)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
async def test_a_turn_ends_with_the_last_sample_and_positions_are_the_clients(
    config: AudioConfig, serve: Serve, engine: FakePool
) -> None:
    """A resampler holds back up to 0.1 s; `finalize` brings it."""
    speech = clips.silence(0.5) + clips.part("beckett", 4.4, 5.6)
    chunks = messages(speech, config)
    sent = sum(map(config.samples_in, chunks))
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await begin(peer, config)
        await send(peer, chunks)
        first, finalized = await finalize(peer)
        assert finalized["received_samples"] == sent
        assert first["end_seconds"] == pytest.approx(sent / config.rate, abs=0.04)
        await send(peer, chunks)
        second, finalized = await finalize(peer)
        assert finalized["received_samples"] == 2 * sent
        assert second["start_seconds"] == pytest.approx(
            first["start_seconds"] + sent / config.rate, abs=0.07
        )
        await peer.say("pause_transcription")
        assert (await peer.receive())["received_samples"] == 2 * sent
        await send(peer, chunks)
        await peer.say("resume_transcription")
        assert (await peer.receive())["received_samples"] == 3 * sent
        await send(peer, chunks)
        await peer.say("stop_transcription")
        told = await peer.receive_until("transcription_stopped")
    third, stopped = told
    assert third["start_seconds"] == pytest.approx(
        first["start_seconds"] + 3 * sent / config.rate, abs=0.07
    )
    assert stopped["audio_seconds"] == pytest.approx(3 * sent / config.rate, abs=0.04)


async def test_a_pause_before_any_audio_dates_nothing(serve: Serve) -> None:
    """What was heard before has another time."""
    config = AudioConfig(encoding=MULAW, sample_rate=8000)
    speech = messages(clips.silence(0.5) + clips.part("beckett", 4.4, 5.6), config)
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await begin(peer, config)
        await send(peer, speech)
        await peer.say("stop_transcription")
        first, _ = await peer.receive_until("transcription_stopped")
        await begin(peer, config)
        for kind in ("pause_transcription", "resume_transcription"):
            await peer.say(kind)
            assert (await peer.receive())["received_samples"] == 0
        await send(peer, speech)
        second, _ = await finalize(peer)
    assert second["start_seconds"] == pytest.approx(first["start_seconds"], abs=0.04)
    assert second["timestamp"] > first["timestamp"]


WRONG = [
    (AudioConfig(encoding=F32), bytes(5), Reason.INCOMPLETE_SAMPLE),
    (AudioConfig(encoding=F32), np.array([np.nan], "<f4").tobytes(), Reason.NOT_FINITE),
    (AudioConfig(encoding=OPUS), b"\x0b\x00", Reason.BAD_PACKET),
    (AudioConfig(encoding=OPUS), b"\xff\xff\xff", Reason.PACKET_TOO_LONG),
    (AudioConfig(encoding=OPUS), b"\x7b\x41\xff", Reason.BAD_PACKET),  # only libopus notices
    (AudioConfig(encoding=OPUS), b"\xfc" + bytes(20), Reason.WRONG_CHANNELS),
]


@pytest.mark.parametrize(("config", "message", "reason"), WRONG)
async def test_wrong_audio_is_named_counts_for_nothing_and_touches_nobody_else(
    config: AudioConfig, message: bytes, reason: Reason, serve: Serve
) -> None:
    chunks = messages(clips.silence(0.5), config)
    async with serve() as endpoint, endpoint.welcomed() as other, endpoint.welcomed() as peer:
        await begin(peer, config)
        await begin(other, AudioConfig())
        await send(peer, [*chunks, message, *chunks])
        error = await peer.receive()
        assert (error["code"], error["reason"]) == ("INVALID_AUDIO", reason)
        assert (await finalize(peer))[-1]["received_samples"] == 2 * sum(
            map(config.samples_in, chunks)
        )
        await other.play(clips.silence(0.5))
        assert (await finalize(other))[-1]["received_samples"] == SAMPLE_RATE // 2


async def test_the_fifth_wrong_message_closes_the_connection(serve: Serve) -> None:
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await begin(peer, AudioConfig(encoding=OPUS))
        await send(peer, [b"\x0b\x00"] * 5)
        told, code = await peer.receive_until_closed()
    assert len(told) == 5
    assert code == 1003


@pytest.mark.parametrize(
    ("audio", "reason"),
    [
        ({"channels": 2}, "channels_unsupported"),
        ({"channels": 3}, "bad_field"),
        ({"encoding": "flac"}, "bad_field"),
        ({"sample_rate": 7999}, "bad_field"),
        ({"sample_rate": 48001}, "bad_field"),
        ({"sample_rate": 8000.5}, "bad_field"),
        ("opus", "bad_field"),
        (None, "bad_field"),
    ],
)
async def test_audio_that_the_server_does_not_take_is_refused_before_any_is_sent(
    audio: object, reason: str, serve: Serve
) -> None:
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await peer.say("start_speaker_registration", speaker_id=1, audio=audio, details=True)
        error = await peer.receive()
        assert (error["code"], error["reason"]) == ("SPEAKER_REGISTRATION_FAILED", reason)
        assert error["speaker_id"] == 1
        await peer.say("start_transcription", speakers="discover", audio=audio)
        error = await peer.receive()
        assert (error["code"], error["reason"]) == ("TRANSCRIPTION_FAILED", reason)


async def test_the_next_transcription_has_the_audio_of_the_specification_again(
    serve: Serve,
) -> None:
    async with serve() as endpoint, endpoint.welcomed() as peer:
        for config in (AudioConfig(encoding=MULAW, sample_rate=8000), AudioConfig()):
            await begin(peer, config)
            await send(peer, messages(clips.silence(1), config))
            await peer.say("stop_transcription")
            stopped = await peer.receive()
            assert stopped["audio_seconds"] == pytest.approx(1, abs=0.04)


async def test_audio_is_limited_by_its_seconds_and_can_be_continued_at_the_next_sample(
    serve: Serve,
) -> None:
    config = AudioConfig(encoding=MULAW, sample_rate=8000)
    async with serve(max_audio_seconds=2) as endpoint, endpoint.welcomed() as peer:
        await begin(peer, config)
        await send(peer, messages(clips.silence(5), config))
        error = (await peer.receive_until("error"))[-1]
    assert error["reason"] == "audio_limit"
    piece = 4096  # 0.5 s: the limit is checked behind each
    assert 2 * 8000 <= error["received_samples"] <= 2 * 8000 + piece


async def test_a_client_that_resumes_is_told_of_its_own_samples(serve: Serve) -> None:
    config = AudioConfig(encoding=F32, sample_rate=48000)
    async with serve() as endpoint:
        client = ResumingClient(endpoint)
        async with client.connection() as peer:
            await client.connect(peer)
            await begin(peer, config)
            await send(peer, messages(clips.silence(3), config))
            await peer.say("stop_transcription")
            told = await peer.receive_until("transcription_stopped")
    counts = [each["received_samples"] for each in told if each["type"] == "audio_received"]
    assert len(counts) == 2
    assert all(abs(count - 48000 * at) <= 9000 for at, count in enumerate(counts, 1))


async def test_opus_is_taken_only_where_it_can_be_decoded(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hwaja.audio import opus
    from hwaja.server.application import encodings

    assert encodings() == frozenset(AudioEncoding)
    monkeypatch.setattr(opus, "find_spec", lambda _: None)
    assert encodings() == frozenset(AudioEncoding) - {OPUS}

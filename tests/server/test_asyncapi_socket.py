"""docs/asyncapi.yaml compared with a real server in a conversation with every option."""

import clips
import pytest
from documented import strict_faults
from loopback import Endpoint, Message, Peer
from tone_speech import hummed

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


async def enrolled(peer: Peer, speaker_id: int, voice: bytes) -> list[Message]:
    await peer.say("start_speaker_registration", speaker_id=speaker_id, details=True, quality=True)
    await peer.play(voice)
    await peer.say("complete_speaker_registration", speaker_id=speaker_id)
    started = await peer.receive_until("speaker_registration_started")
    return started + await peer.receive_until("speaker_registration_completed")


async def conversation(endpoint: Endpoint, speech: bytes) -> list[Message]:
    """All messages for a client with every option, with errors, and with a resumption."""
    async with endpoint.connect("/?resume") as peer:
        heard = await peer.receive_until("model_loaded")
        await peer.say("stop")
        await peer.say("start_speaker_registration", speaker_id=7, details=True)
        heard += [await peer.receive(), await peer.receive()]
        for speaker_id, voice in enumerate(clips.voices()):
            heard += await enrolled(peer, speaker_id, voice)
        await peer.say("start_transcription", language="xx")
        heard += await peer.receive_until("error")
        options = {"interim_results": True, "speaker_updates": True, "adapt": True}
        await peer.say("start_transcription", details=True, **options)
        heard += await peer.receive_until("transcription_started")
        await peer.play(clips.silence(0.5) + speech)
        heard += await peer.receive_until(
            "interim"
        )  # nothing else ends it: the utterance is not over
        await peer.play(clips.silence(1))
        heard += await peer.receive_until("transcription")
        await peer.say("stop_transcription")
        heard += await peer.receive_until("transcription_stopped")
        await peer.websocket.close(1001)
    async with endpoint.connect(f"/?resume={heard[0]['session_token']}") as peer:
        return heard + await peer.receive_until("model_loaded")


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streaming"])
async def test_every_message_of_a_real_server_is_described(
    endpoint: Endpoint, live_endpoint: Endpoint, streams: bool, unhurried: None
) -> None:
    speech = hummed([0, 3, 1, 4]).pcm if streams else clips.part("two_cities", 1.2, 4.8)
    server = live_endpoint if streams else endpoint
    heard = await conversation(server, speech)
    assert [fault for message in heard for fault in strict_faults(message)] == []
    assert {message["type"] for message in heard} >= {
        "model_loaded",
        "error",
        "speaker_registration_started",
        "speaker_registration_completed",
        "transcription_started",
        "interim",
        "audio_received",
        "transcription",
        "transcription_stopped",
    }
    said = next(message for message in heard if message["type"] == "transcription")
    assert ("tokens" in said) == streams
    assert heard[-1]["resumed"] is True

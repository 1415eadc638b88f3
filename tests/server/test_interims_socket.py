"""Interim texts of a recogniser of whole utterances, over the wire and with its real process."""

import clips
import pytest
from loopback import Endpoint

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

SPEECH = clips.part("two_cities", 1.2, 4.2)
"""Without a pause."""


async def test_an_interim_text_comes_during_speech_and_none_after_the_final_text(
    endpoint: Endpoint, unhurried: None
) -> None:
    async with endpoint.welcomed() as peer:
        await peer.enrol_both()
        await peer.say("start_transcription", interim_results=True, language="en")
        await peer.receive()
        await peer.play(clips.silence(0.5) + SPEECH)
        interim = await peer.receive()  # nothing else can come: the utterance is not over
        assert (interim["type"], interim["segment_id"]) == ("interim", 0)
        rest = await peer.transcribe(clips.silence(1) + SPEECH + clips.silence(1))
    finals = [k for k, message in enumerate(rest) if message["type"] == "transcription"]
    assert [rest[k]["segment_id"] for k in finals] == [0, 1]
    assert "best of times" in rest[finals[0]]["text"].lower()
    later = {message["segment_id"] for message in rest[finals[0] + 1 :]}
    assert later == {1}


async def test_a_client_that_did_not_ask_gets_no_interim_text(
    endpoint: Endpoint,
) -> None:
    async with endpoint.welcomed() as peer:
        await peer.begin()
        messages = await peer.transcribe(clips.silence(0.5) + SPEECH + clips.silence(1))
    assert [message["type"] for message in messages] == ["transcription"]

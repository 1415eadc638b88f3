"""A server that is configured for more than the specification's two speakers."""

import json
from dataclasses import replace
from pathlib import Path

import clips
import pytest
from loopback import serving
from talk import connected, errors, sent

from hwaja.protocol.client_messages import (
    CompleteRegistration,
    InvalidMessageError,
    StartRegistration,
    StartTranscription,
)
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.parse import parse
from hwaja.protocol.serialize import serialize
from hwaja.protocol.server_messages import Error
from hwaja.server.services import Services
from hwaja.session.settings import SessionSettings

START = '{{"type": "start_speaker_registration", "speaker_id": {}}}'
COMPLETE = '{{"type": "complete_speaker_registration", "speaker_id": {}}}'


def test_only_speaker_ids_below_the_configured_number_are_accepted() -> None:
    assert parse(START.format(3), max_speakers=4) == StartRegistration(3)
    assert parse(COMPLETE.format(3), max_speakers=4) == CompleteRegistration(3)
    for text in (START.format(4), COMPLETE.format(4), START.format(-1)):
        with pytest.raises(InvalidMessageError) as caught:
            parse(text, max_speakers=4)
        assert caught.value.reason is Reason.UNKNOWN_SPEAKER


@pytest.mark.parametrize(
    ("max_speakers", "sentence"),
    [
        (2, "speaker_id는 0 또는 1이어야 합니다."),
        (3, "speaker_id는 0부터 2까지의 정수여야 합니다."),
        (8, "speaker_id는 0부터 7까지의 정수여야 합니다."),
    ],
)
def test_the_error_for_an_unknown_speaker_gives_the_range(max_speakers: int, sentence: str) -> None:
    error = Error(ErrorCode.SPEAKER_REGISTRATION_FAILED, Reason.UNKNOWN_SPEAKER, 9)
    fields = json.loads(serialize(error, details=True, max_speakers=max_speakers))
    assert fields["message"] == sentence


def test_any_two_voices_are_enough_to_begin_and_one_is_not() -> None:
    talk = connected(SessionSettings(max_speakers=4))
    talk.enrol(3)
    (error,) = errors(talk.say(StartTranscription()))
    assert error.reason is Reason.NOT_ENROLLED
    talk.enrol(1)
    assert sent(talk.say(StartTranscription()))[-1]["type"] == "transcription_started"


@pytest.mark.models
@pytest.mark.asyncio(loop_scope="session")
async def test_three_people_are_told_apart_over_the_wire(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    first, second = clips.voices()
    third = clips.deepened(clips.deepened(clips.part("two_cities", 22, 27)))
    three = replace(services, settings=replace(services.settings, max_speakers=3))
    async with serving(three, certificate) as endpoint, endpoint.welcomed() as peer:
        answers = [(await peer.enrol(k, voice))[-1] for k, voice in enumerate((first, third))]
        answers += (await peer.enrol(2, second))[-1:]
        assert [answer["message"] for answer in answers] == [
            f"화자 {k}번 등록이 완료되었습니다." for k in (1, 2, 3)
        ]
        await peer.say("start_speaker_registration", speaker_id=3)
        assert (await peer.receive())["code"] == "SPEAKER_REGISTRATION_FAILED"
        await peer.say("start_transcription", details=True)
        await peer.receive()
        heard = await peer.transcribe(clips.conversation())
    assert [message["speaker_id"] for message in heard] == [0, 0, 0, 2]
    assert {len(message["scores"]) for message in heard} == {3}

"""The session: failed enrolments, and the state after them."""

import pytest
from talk import Talk, closes, connected, enrolled, errors, released, sent, transcribing

from hwaja.audio.stream import RING_SECONDS
from hwaja.protocol.client_messages import (
    CompleteRegistration,
    StartRegistration,
    StartTranscription,
)
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.server_messages import Error
from hwaja.protocol.values import Quality
from hwaja.session.effects import Effect, Extend
from hwaja.session.state_machine import State
from hwaja.speakers.enrolment import Enrol, Enrolled

# Enrolment that fails


def failed_enrolment(talk: Talk, effects: list[Effect], reason: Reason) -> None:
    assert errors(effects) == [Error(ErrorCode.SPEAKER_REGISTRATION_FAILED, reason, 0)]
    assert talk.session.state is State.READY
    assert closes(effects) == []


def spans(enrol: Enrol) -> list[tuple[int, int]]:
    return [(segment.start, segment.stop) for segment in enrol.segments]


def test_enrolment_without_audio_fails() -> None:
    talk = connected()
    talk.say(StartRegistration(0))
    failed_enrolment(talk, talk.say(CompleteRegistration(0)), Reason.NO_AUDIO)


def test_a_take_without_any_speech_is_judged_like_every_other() -> None:
    talk = connected()
    talk.say(StartRegistration(0))
    talk.hear(4, speech=False)
    (enrol,) = talk.say(CompleteRegistration(0))
    assert enrol == Enrol(0, start=0, segments=(), adds=False)


def test_a_frame_that_is_less_certain_counts_as_speech_in_an_enrolment_only() -> None:
    """The speaker was asked to speak."""
    talk = connected()
    talk.say(StartRegistration(0))
    talk.take(3, 0.3, -30.0)
    (enrol,) = talk.say(CompleteRegistration(0))
    assert isinstance(enrol, Enrol)
    assert len(enrol.segments) == 1
    talk = transcribing()
    assert not any(isinstance(each, Extend) for each in talk.take(3, 0.3, -30.0))


def test_an_endless_enrolment_fails_while_the_ring_can_still_hold_it() -> None:
    talk = connected()
    talk.say(StartRegistration(0))
    heard: list[Effect] = []
    while not heard:
        heard = talk.hear(0.512, speech=True)
    assert talk.seconds < RING_SECONDS - 1
    failed_enrolment(talk, heard, Reason.TOO_LONG)
    assert released(heard) == [talk.now]


def test_an_enrolment_can_be_tried_again_after_an_engine_failure() -> None:
    talk = connected()
    talk.say(StartRegistration(0))
    talk.hear(3, speech=True)
    talk.say(CompleteRegistration(0))
    failed_enrolment(talk, talk.handle(Enrolled(Reason.ENGINE_FAILED)), Reason.ENGINE_FAILED)
    assert sent(talk.enrol(0))[-1]["type"] == "speaker_registration_completed"


def test_a_failed_enrolment_leaves_the_earlier_voice() -> None:
    talk = enrolled()
    talk.say(StartRegistration(0))
    talk.say(CompleteRegistration(0))
    assert sent(talk.say(StartTranscription()))[-1]["type"] == "transcription_started"


def test_a_failed_enrolment_does_not_count_as_a_voice() -> None:
    talk = connected()
    talk.enrol(0)
    talk.say(StartRegistration(1))
    talk.say(CompleteRegistration(1))
    effects = talk.say(StartTranscription())
    assert errors(effects) == [Error(ErrorCode.TRANSCRIPTION_FAILED, Reason.NOT_ENROLLED)]


def test_completing_another_speaker_is_an_error_and_the_enrolment_continues() -> None:
    talk = connected()
    talk.say(StartRegistration(0))
    talk.hear(3, speech=True)
    wrong = talk.say(CompleteRegistration(1))
    assert errors(wrong) == [Error(ErrorCode.SPEAKER_REGISTRATION_FAILED, Reason.WRONG_STATE, 1)]
    (enrol,) = talk.say(CompleteRegistration(0))
    assert isinstance(enrol, Enrol)


def test_starting_an_enrolment_again_replaces_the_unfinished_take() -> None:
    talk = connected()
    talk.say(StartRegistration(0))
    talk.hear(3, speech=True)
    talk.hear(1, speech=False)
    second = talk.now
    talk.say(StartRegistration(1))
    talk.hear(3, speech=True)
    (enrol,) = talk.say(CompleteRegistration(1))
    assert isinstance(enrol, Enrol)
    assert (enrol.speaker_id, spans(enrol)) == (1, [(second, talk.now)])


def test_the_second_voice_contains_no_audio_of_the_first() -> None:
    talk = connected()
    talk.enrol(0)
    start = talk.now
    talk.say(StartRegistration(1))
    talk.hear(3, speech=True)
    (enrol,) = talk.say(CompleteRegistration(1))
    assert isinstance(enrol, Enrol)
    assert spans(enrol) == [(start, talk.now)]


def test_the_audio_of_an_enrolment_is_released_once_the_voice_is_kept() -> None:
    talk = connected()
    assert released(talk.enrol(0))[-1] == talk.now


def test_one_voice_is_not_enough_to_start() -> None:
    talk = connected()
    talk.enrol(0)
    talk.enrol(0)
    effects = talk.say(StartTranscription())
    assert errors(effects) == [Error(ErrorCode.TRANSCRIPTION_FAILED, Reason.NOT_ENROLLED)]
    assert talk.session.state is State.READY


# The measurements of the voice


QUALITY = Quality(4.0, 1, -30.0, 30.0, 0.0, 0.6)


def verdict(message: StartRegistration, found: Enrolled) -> dict[str, object]:
    """Enrol a take that `message` begins. Return the message with its verdict."""
    talk = connected()
    talk.say(message)
    talk.hear(3, speech=True)
    talk.say(CompleteRegistration(message.speaker_id))
    return sent(talk.handle(found))[-1]


@pytest.mark.parametrize(
    ("message", "is_told"),
    [
        (StartRegistration(0), False),
        (StartRegistration(0, add=True), False),
        (StartRegistration(0, quality=True), True),
        (StartRegistration(0, details=True), True),
    ],
)
def test_the_quality_of_a_voice_is_sent_only_if_requested(
    message: StartRegistration, is_told: bool
) -> None:
    kept = verdict(message, Enrolled(quality=QUALITY))
    refused = verdict(message, Enrolled(Reason.SAME_VOICE, QUALITY))
    assert ("quality" in kept, "quality" in refused) == (is_told, is_told)
    assert ("reason" in refused) == message.details


def test_a_request_for_the_quality_of_one_take_applies_to_that_take_only() -> None:
    talk = connected()
    told = []
    for speaker_id, wish in ((0, True), (1, False)):
        talk.say(StartRegistration(speaker_id, quality=wish))
        talk.hear(3, speech=True)
        talk.say(CompleteRegistration(speaker_id))
        told.append("quality" in sent(talk.handle(Enrolled(quality=QUALITY)))[-1])
    assert told == [True, False]


@pytest.mark.parametrize("adds", [False, True])
def test_the_client_decides_whether_a_take_is_added(adds: bool) -> None:
    talk = connected()
    talk.say(StartRegistration(0, add=adds))
    talk.hear(3, speech=True)
    (enrol,) = talk.say(CompleteRegistration(0))
    assert isinstance(enrol, Enrol)
    assert enrol.adds == adds


def test_after_a_refused_voice_the_earlier_one_counts_and_another_attempt_is_possible() -> None:
    talk = enrolled()
    talk.say(StartRegistration(0))
    talk.hear(3, speech=True)
    talk.say(CompleteRegistration(0))
    failed_enrolment(talk, talk.handle(Enrolled(Reason.TWO_VOICES)), Reason.TWO_VOICES)
    assert sent(talk.say(StartRegistration(0)))[-1]["type"] == "speaker_registration_started"
    talk.say(CompleteRegistration(0))
    assert sent(talk.say(StartTranscription()))[-1]["type"] == "transcription_started"

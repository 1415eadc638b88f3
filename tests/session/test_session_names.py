"""The session: speakers who get names."""

import pytest
from talk import Talk, connected, enrolled, errors, in_state, recognised, sent, voice_of

from hwaja.protocol.client_messages import NameSpeaker, StartTranscription, StopTranscription
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.session.effects import KeepVoice
from hwaja.session.events import Attributed, Reconnected, VoiceKept
from hwaja.session.states import State


def named(talk: Talk, speaker_id: int, name: str) -> list[dict[str, object]]:
    (kept,) = talk.say(NameSpeaker(speaker_id, name))
    assert kept == KeepVoice(speaker_id, name)
    return sent(talk.handle(VoiceKept(speaker_id, name, is_known=True)))


def answered(talk: Talk, speaker_id: int) -> dict[str, object]:
    job = talk.utterance(2)
    talk.handle(recognised(job.segment_id, "네"))
    (message,) = sent(talk.handle(Attributed(job.segment_id, (voice_of(speaker_id),))))
    return message


@pytest.mark.parametrize("state", [*State][1:-1])
def test_a_speaker_is_named_in_every_state_and_the_state_stays(state: State) -> None:
    talk = in_state(state)
    assert named(talk, 3, "김") == [{"type": "speaker_named", "speaker_id": 3, "name": "김"}]
    assert talk.session.state is state


def test_the_name_comes_with_the_details_of_answers_and_with_the_summary() -> None:
    talk = enrolled()
    named(talk, 0, "김")
    talk.say(StartTranscription(details=True))
    assert answered(talk, 0)["speaker_name"] == "김"
    assert "speaker_name" not in answered(talk, 1)
    named(talk, 1, "이")
    assert answered(talk, 1)["speaker_name"] == "이"
    (stopped,) = sent(talk.say(StopTranscription()))
    assert [share["name"] for share in stopped["speakers"]] == ["김", "이"]


def test_a_client_without_details_gets_only_the_answer_to_its_message() -> None:
    talk = enrolled()
    named(talk, 0, "김")
    talk.say(StartTranscription())
    assert list(answered(talk, 0)) == ["type", "speaker_id", "text", "timestamp", "confidence"]


def test_a_client_that_comes_back_is_told_the_names() -> None:
    talk = enrolled()
    named(talk, 1, "이")
    named(talk, 0, "김")
    named(talk, 1, "이나")
    (welcome,) = sent(talk.handle(Reconnected("token", at=0)))
    assert welcome["names"] == [
        {"speaker_id": 0, "name": "김"},
        {"speaker_id": 1, "name": "이나"},
    ]


def test_an_empty_name_takes_the_name_back() -> None:
    talk = enrolled()
    named(talk, 0, "김")
    assert named(talk, 0, "")[0]["name"] == ""
    assert named(talk, 0, "")[0]["name"] == "", "twice is no error"
    (welcome,) = sent(talk.handle(Reconnected("token", at=0)))
    assert "names" not in welcome


def test_the_names_are_gone_with_the_session_whatever_still_refers_to_it() -> None:
    talk = enrolled()
    named(talk, 0, "김")
    talk.session.forget()
    (welcome,) = sent(talk.handle(Reconnected("token", at=0)))
    assert "names" not in welcome


def test_a_speaker_whom_nobody_knows_gets_no_name_and_the_session_goes_on() -> None:
    talk = connected()
    for _ in range(6):  # more than the strikes that end a session
        talk.say(NameSpeaker(4, "김"))
        (error,) = errors(talk.handle(VoiceKept(4, "김", is_known=False)))
    assert (error.code, error.reason) == (ErrorCode.SPEAKER_NAMING_FAILED, Reason.UNKNOWN_SPEAKER)
    assert error.speaker_id == 4
    assert talk.session.state is State.READY
    (welcome,) = sent(talk.handle(Reconnected("token", at=0)))
    assert "names" not in welcome

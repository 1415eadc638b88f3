"""The settings of a session: each takes effect, and the defaults fit into the ring."""

import pytest
from talk import closes, connected, enrolled, errors, transcribing

from hwaja.audio.stream import RING_SECONDS
from hwaja.engines.recognition import Abilities
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import StartRegistration, StartTranscription
from hwaja.protocol.codes import CloseCode, Reason
from hwaja.protocol.values import Options
from hwaja.session.effects import Begin, Finish
from hwaja.session.events import MalformedAudio
from hwaja.session.settings import SessionSettings
from hwaja.session.state_machine import State
from hwaja.vad.gate import GateSettings


def test_the_ring_holds_the_longest_enrolment_and_two_of_the_longest_utterances() -> None:
    """One utterance may be open while another one is decoded."""
    settings = SessionSettings()
    assert settings.max_enrolment_seconds < RING_SECONDS
    assert 2 * settings.gate.max_seconds < RING_SECONDS


def test_the_connection_closes_at_the_configured_number_of_invalid_messages() -> None:
    talk = connected(SessionSettings(max_strikes=2))
    assert closes(talk.handle(MalformedAudio(Reason.ODD_BYTE_COUNT))) == []
    assert closes(talk.handle(MalformedAudio(Reason.ODD_BYTE_COUNT))) == [
        CloseCode.UNSUPPORTED_DATA
    ]


def test_an_enrolment_fails_beyond_the_configured_length() -> None:
    talk = connected(SessionSettings(max_enrolment_seconds=2))
    talk.say(StartRegistration(0))
    assert errors(talk.hear(1.9, speech=True)) == []
    assert [error.reason for error in errors(talk.hear(0.2, speech=True))] == [Reason.TOO_LONG]


def test_a_transcription_ends_at_the_configured_length() -> None:
    talk = transcribing(SessionSettings(max_audio_seconds=2))
    talk.hear(1.9, speech=False)
    assert talk.session.state is State.TRANSCRIBING
    effects = talk.hear(0.2, speech=False)
    assert [error.reason for error in errors(effects)] == [Reason.AUDIO_LIMIT]
    assert talk.session.state is State.READY


@pytest.mark.parametrize(("language", "is_refused"), [("ko", False), ("en", True)])
def test_a_language_is_refused_if_the_recogniser_does_not_support_it(
    language: str, is_refused: bool
) -> None:
    abilities = Abilities(languages=frozenset({"ko"}))
    talk = enrolled(SessionSettings(abilities=lambda: abilities))
    effects = talk.say(StartTranscription(options=Options(language)))
    assert any(isinstance(effect, Begin) for effect in effects) is not is_refused
    assert bool(errors(effects)) is is_refused


def test_a_transcription_can_use_the_configured_number_of_voices() -> None:
    talk = enrolled(SessionSettings(max_speakers=3))
    talk.enrol(2)
    talk.say(StartTranscription())
    assert talk.session.state is State.TRANSCRIBING


def test_an_utterance_is_split_at_the_configured_length() -> None:
    gate = GateSettings(max_seconds=2, split_window_seconds=1)
    talk = transcribing(SessionSettings(gate=gate))
    (job,) = [effect for effect in talk.hear(2.5, speech=True) if isinstance(effect, Finish)]
    assert job.segment.speech_samples <= 2 * SAMPLE_RATE

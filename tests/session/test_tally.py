"""Counts of a transcription's utterances and speech, by speaker."""

from hwaja.protocol.messages import SpeakerShare
from hwaja.session.conversation import Tally


def test_each_speaker_has_the_utterances_and_the_speech_that_are_theirs() -> None:
    tally = Tally()
    tally.take(0, 1, 2.0)
    tally.take(1, 0, 0.5)
    tally.take(2, 1, 1.0)
    assert tally.utterances == 3
    assert tally.shares() == (SpeakerShare(0, 1, 0.5), SpeakerShare(1, 2, 3.0))


def test_what_turns_out_to_be_another_speakers_is_counted_there() -> None:
    tally = Tally()
    tally.take(0, 1, 2.0)
    tally.take(1, 1, 0.5)
    tally.correct(1, 0)
    assert tally.utterances == 2
    assert tally.shares() == (SpeakerShare(0, 1, 0.5), SpeakerShare(1, 1, 2.0))

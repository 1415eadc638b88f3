"""Who speaks, from the voice and from who spoke before and after."""

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.attribution.parts import Label, Part
from hwaja.attribution.pattern import (
    ANSWER_PROBABILITY,
    PATTERN_SECONDS,
    SAME_TURN_PAUSE_SECONDS,
    SAME_TURN_PROBABILITY,
    Revised,
    TurnPattern,
)

LONG, SHORT, TINY = PATTERN_SECONDS, 1.0, 0.3
PAUSE = 0.6


def heard(*evidence: float, speech_seconds: float = LONG, ids: tuple[int, ...] = ()) -> Part:
    """A part of whose voice this is known."""
    scores = tuple(0.5 + one / 100 for one in evidence)
    known = ids or tuple(range(len(evidence)))
    return Part(0, 16_000, known, speech_seconds, scores, scores, evidence)


def tiny(voices: int = 2) -> Part:
    """A part of whose voice nothing is known."""
    return Part(0, 4000, tuple(range(voices)), TINY)


def after(*parts: Part) -> TurnPattern:
    pattern = TurnPattern()
    for segment_id, part in enumerate(parts):
        pattern.take(segment_id, part, PAUSE)
    return pattern


# The voice, and who spoke before


def test_the_first_part_is_decided_by_its_voice_alone() -> None:
    said = TurnPattern().take(0, heard(0, 0.5, speech_seconds=SHORT), PAUSE)
    assert (said.speaker_id, said.label) == (1, Label.DOUBTFUL)
    assert said.probability == pytest.approx(1 / (1 + 2.718281828**-0.5))


def test_a_long_part_is_decided_by_its_voice_whoever_spoke_before() -> None:
    said = after(heard(20, 0)).take(1, heard(0.1, 0), PAUSE)
    assert (said.speaker_id, said.label) == (0, Label.DOUBTFUL)


@pytest.mark.parametrize("speaker_id", [0, 1])
def test_something_tiny_after_a_pause_is_the_answer_of_the_other(speaker_id: int) -> None:
    before = heard(20, 0) if speaker_id == 0 else heard(0, 20)
    said = after(before).take(1, tiny(), PAUSE)
    assert (said.speaker_id, said.label) == (1 - speaker_id, Label.SHORT)
    assert said.probability == pytest.approx(ANSWER_PROBABILITY)


@pytest.mark.parametrize("speaker_id", [0, 1])
def test_something_tiny_without_a_pause_is_the_going_on_of_the_turn(speaker_id: int) -> None:
    """An utterance that is split for its length has a rest, which may be a syllable."""
    before = heard(20, 0) if speaker_id == 0 else heard(0, 20)
    said = after(before).take(1, tiny(), 0.0)
    assert (said.speaker_id, said.label) == (speaker_id, Label.SHORT)


def test_the_pattern_says_less_than_a_voice_that_is_likely() -> None:
    odds = log(ANSWER_PROBABILITY / (1 - ANSWER_PROBABILITY))
    doubtful = after(heard(20, 0)).take(1, heard(odds - 0.1, 0, speech_seconds=SHORT), PAUSE)
    likely = after(heard(20, 0)).take(1, heard(odds + 0.1, 0, speech_seconds=SHORT), PAUSE)
    assert (doubtful.speaker_id, likely.speaker_id) == (1, 0)


def test_a_short_part_without_a_pause_is_decided_by_its_voice() -> None:
    """The change of speaker was found in the voice: the pattern has no say in it."""
    said = after(heard(20, 0)).take(1, heard(0.1, 0, speech_seconds=SHORT), 0.0)
    assert said.speaker_id == 0
    assert said.probability < 0.6


def test_who_is_known_badly_says_little_of_who_is_next() -> None:
    sure = after(heard(20, 0)).take(1, tiny(), PAUSE)
    doubtful = after(heard(0.2, 0)).take(1, tiny(), PAUSE)
    assert 0.5 < doubtful.probability < sure.probability - 0.1


def test_tiny_answers_go_back_and_forth_ever_less_likely() -> None:
    pattern = after(heard(20, 0))
    said = [pattern.take(k, tiny(), PAUSE) for k in range(1, 5)]
    assert [one.speaker_id for one in said] == [1, 0, 1, 0]
    likely = [one.probability for one in said]
    assert likely == sorted(set(likely), reverse=True)


def test_speakers_are_named_by_their_ids() -> None:
    said = TurnPattern().take(0, heard(0, 9, 0, ids=(1, 4, 6)), PAUSE)
    assert said.speaker_id == 4


def test_among_three_an_answer_is_as_likely_of_either_of_the_others() -> None:
    leaning = [heard(0, 0, 0.3, speech_seconds=SHORT), heard(0, 0.3, 0, speech_seconds=SHORT)]
    said = [after(heard(20, 0, 0)).take(1, part, PAUSE) for part in leaning]
    assert [one.speaker_id for one in said] == [2, 1]
    assert said[0].probability == pytest.approx(said[1].probability)
    assert said[0].probability < ANSWER_PROBABILITY


def test_who_is_alone_has_said_everything() -> None:
    pattern = TurnPattern()
    said = [pattern.take(k, part, PAUSE) for k, part in enumerate([tiny(1), heard(1.0), tiny(1)])]
    assert [(one.speaker_id, one.probability) for one in said] == [(0, 1.0)] * 3


# Who spoke after


def test_a_doubtful_part_goes_to_who_goes_on_after_it() -> None:
    pattern = after(heard(0, 20), heard(0, 0.5))
    assert pattern.revise(heard(20, 0), PAUSE) == Revised(segment_id=1, speaker_id=0)


def test_a_tiny_part_was_no_answer_if_the_same_speaker_goes_on() -> None:
    pattern = after(heard(20, 0), tiny())
    assert pattern.revise(heard(20, 0), PAUSE) == Revised(segment_id=1, speaker_id=0)


def test_what_bears_out_an_answer_revises_nothing() -> None:
    pattern = after(heard(0, 20), heard(0, 0.5))
    assert pattern.revise(heard(0, 20), PAUSE) is None


def test_a_voice_that_is_likelier_than_the_pattern_is_not_revised() -> None:
    odds = log(SAME_TURN_PROBABILITY / (1 - SAME_TURN_PROBABILITY))
    assert after(heard(0, odds + 0.1)).revise(heard(20, 0), PAUSE) is None
    assert after(heard(0, odds - 0.1)).revise(heard(20, 0), PAUSE) is not None


@pytest.mark.parametrize("pause_seconds", [-0.1, 0.0, SAME_TURN_PAUSE_SECONDS, 60.0])
def test_only_what_is_said_soon_but_not_at_once_says_anything_of_what_was_before(
    pause_seconds: float,
) -> None:
    assert after(heard(0, 0.5)).revise(heard(20, 0), pause_seconds) is None


def test_the_next_part_must_have_a_voice_to_say_anything() -> None:
    assert after(heard(0, 0.5)).revise(tiny(), PAUSE) is None


def test_there_is_nothing_to_revise_at_first() -> None:
    assert TurnPattern().revise(heard(20, 0), PAUSE) is None


def test_what_was_revised_is_what_the_next_part_comes_after() -> None:
    pattern = after(heard(20, 0), tiny())
    untold = after(heard(20, 0), tiny()).take(2, tiny(), PAUSE)
    assert pattern.revise(heard(20, 0, speech_seconds=SHORT), PAUSE) is not None
    assert (untold.speaker_id, pattern.take(2, tiny(), PAUSE).speaker_id) == (0, 1)


def test_among_three_a_doubtful_part_goes_to_who_goes_on() -> None:
    pattern = after(heard(0, 0.4, 0.2))
    assert pattern.revise(heard(0, 0, 20), PAUSE) == Revised(segment_id=0, speaker_id=2)


@st.composite
def parts(draw: st.DrawFn, voices: int) -> Part:
    if draw(st.booleans()):
        return tiny(voices)
    evidence = draw(st.lists(st.floats(-9, 9), min_size=voices, max_size=voices))
    return heard(*evidence, speech_seconds=draw(st.floats(0.5, 6)))


@given(st.data(), st.integers(1, 4))
def test_any_conversation_keeps_its_promises(data: st.DataObject, voices: int) -> None:
    """A long part is its voice's; only what was doubtful is revised, and to somebody else."""
    pattern = TurnPattern()
    told: dict[int, int] = {}
    labels: dict[int, Label] = {}
    pauses = st.floats(0, 3) | st.just(0.0)
    for segment_id, (part, pause_seconds) in enumerate(
        data.draw(st.lists(st.tuples(parts(voices), pauses), max_size=12))
    ):
        revised = pattern.revise(part, pause_seconds)
        if revised is not None:
            assert revised.segment_id == segment_id - 1
            assert labels[revised.segment_id] is not Label.SURE
            assert revised.speaker_id != told[revised.segment_id]
        said = pattern.take(segment_id, part, pause_seconds)
        told[segment_id], labels[segment_id] = said.speaker_id, said.label
        assert said.label is part.label
        assert said.speaker_id in part.speaker_ids
        assert 1 / voices - 1e-9 <= said.probability <= 1 + 1e-9
        if part.speech_seconds >= PATTERN_SECONDS and part.evidence:
            assert part.evidence[said.speaker_id] == pytest.approx(max(part.evidence))

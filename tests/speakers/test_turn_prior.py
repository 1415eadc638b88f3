"""Decision of a speaker from the voice and from the turns around it."""

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.protocol.values import Label
from hwaja.speakers.parts import SURE_PROBABILITY, Part
from hwaja.speakers.turn_prior import (
    ANSWER_PROBABILITY,
    SAME_TURN_PAUSE_SECONDS,
    SAME_TURN_PROBABILITY,
    TURN_SECONDS,
    Revised,
    TurnPrior,
)

LONG, SHORT, TINY = TURN_SECONDS, 0.45, 0.05
PAUSE = 0.6
CLEAR = log(0.9 / 0.1)
"""Evidence of a voice that is clear, for two voices."""


def heard(*evidence: float, speech_seconds: float = LONG, ids: tuple[int, ...] = ()) -> Part:
    """Return a part with this evidence for each voice."""
    scores = tuple(0.5 + one / 100 for one in evidence)
    known = ids or tuple(range(len(evidence)))
    return Part(0, 16_000, known, speech_seconds, scores, scores, evidence)


def tiny(voices: int = 2) -> Part:
    """Return a part that is too short to embed, without evidence."""
    return Part(0, 4000, tuple(range(voices)), TINY)


def after(*parts: Part) -> TurnPrior:
    pattern = TurnPrior()
    for segment_id, part in enumerate(parts):
        pattern.take(segment_id, part, PAUSE)
    return pattern


# The voice, and who spoke before


def test_the_first_part_is_decided_by_its_voice_alone() -> None:
    said = TurnPrior().take(0, heard(0, 0.5, speech_seconds=SHORT), PAUSE)
    assert (said.speaker_id, said.label) == (1, Label.DOUBTFUL)
    assert said.probability == pytest.approx(1 / (1 + 2.718281828**-0.5))


def test_a_long_part_is_decided_by_its_voice_whoever_spoke_before() -> None:
    said = after(heard(20, 0)).take(1, heard(0.1, 0), PAUSE)
    assert (said.speaker_id, said.label) == (0, Label.DOUBTFUL)


@pytest.mark.parametrize("speaker_id", [0, 1])
def test_a_tiny_part_after_a_pause_is_an_answer_of_the_other_speaker(speaker_id: int) -> None:
    before = heard(20, 0) if speaker_id == 0 else heard(0, 20)
    said = after(before).take(1, tiny(), PAUSE)
    assert (said.speaker_id, said.label) == (1 - speaker_id, Label.SHORT)
    assert said.probability == pytest.approx(ANSWER_PROBABILITY)


@pytest.mark.parametrize("speaker_id", [0, 1])
def test_a_tiny_part_without_a_pause_continues_the_turn(speaker_id: int) -> None:
    """A too long utterance is split, and its rest may be a single syllable."""
    before = heard(20, 0) if speaker_id == 0 else heard(0, 20)
    said = after(before).take(1, tiny(), 0.0)
    assert (said.speaker_id, said.label) == (speaker_id, Label.SHORT)


def test_the_pattern_of_turns_counts_less_than_a_likely_voice() -> None:
    odds = log(ANSWER_PROBABILITY / (1 - ANSWER_PROBABILITY))
    doubtful = after(heard(20, 0)).take(1, heard(odds - 0.1, 0, speech_seconds=SHORT), PAUSE)
    likely = after(heard(20, 0)).take(1, heard(odds + 0.1, 0, speech_seconds=SHORT), PAUSE)
    assert (doubtful.speaker_id, likely.speaker_id) == (1, 0)


def test_a_short_part_without_a_pause_is_decided_by_its_voice() -> None:
    """The voice itself showed the change of speaker, so the pattern does not apply."""
    said = after(heard(20, 0)).take(1, heard(0.1, 0, speech_seconds=SHORT), 0.0)
    assert said.speaker_id == 0
    assert said.probability < 0.6


def test_an_uncertain_speaker_gives_little_information_about_the_next() -> None:
    sure = after(heard(20, 0)).take(1, tiny(), PAUSE)
    doubtful = after(heard(0.2, 0)).take(1, tiny(), PAUSE)
    assert 0.5 < doubtful.probability < sure.probability - 0.1


@pytest.mark.parametrize("pause_seconds", [0.6, 1.2, 3.0])
@pytest.mark.parametrize("answer", [tiny(), heard(0, 0.1, speech_seconds=SHORT)])
def test_short_answers_in_a_row_all_answer_the_last_long_turn(
    answer: Part, pause_seconds: float
) -> None:
    """Speakers do not alternate: A speaks for long, B says yes three times."""
    pattern = after(heard(20, 0))
    said = [pattern.take(k, answer, pause_seconds) for k in range(1, 4)]
    assert [one.speaker_id for one in said] == [1, 1, 1]
    assert len({one.probability for one in said}) == 1


@pytest.mark.parametrize("speaker_id", [0, 1])
def test_a_short_part_with_a_clear_voice_belongs_to_that_voice(
    speaker_id: int,
) -> None:
    clear = heard(CLEAR, 0, speech_seconds=SHORT)
    before = heard(20, 0) if speaker_id == 0 else heard(0, 20)
    pattern = after(before)
    assert [pattern.take(k, clear, PAUSE).speaker_id for k in range(1, 4)] == [0, 0, 0]


def test_a_short_part_does_not_change_whose_turn_it_is() -> None:
    """A part after an answer answers the same turn."""
    alone = after(heard(20, 0)).take(1, tiny(), PAUSE)
    behind = after(heard(20, 0), heard(0, 20, speech_seconds=SHORT)).take(2, tiny(), PAUSE)
    assert (alone.speaker_id, alone.probability) == (behind.speaker_id, behind.probability)


def test_before_any_long_turn_a_tiny_part_continues_the_earlier_one() -> None:
    said = after(heard(0, 20, speech_seconds=SHORT)).take(1, tiny(), PAUSE)
    assert said.speaker_id == 1


def test_speakers_are_named_by_their_ids() -> None:
    said = TurnPrior().take(0, heard(0, 9, 0, ids=(1, 4, 6)), PAUSE)
    assert said.speaker_id == 4


def test_among_three_speakers_either_other_one_is_equally_likely_to_answer() -> None:
    leaning = [heard(0, 0, 0.3, speech_seconds=SHORT), heard(0, 0.3, 0, speech_seconds=SHORT)]
    said = [after(heard(20, 0, 0)).take(1, part, PAUSE) for part in leaning]
    assert [one.speaker_id for one in said] == [2, 1]
    assert said[0].probability == pytest.approx(said[1].probability)
    assert said[0].probability < ANSWER_PROBABILITY


def test_a_single_enrolled_speaker_gets_every_part() -> None:
    pattern = TurnPrior()
    said = [pattern.take(k, part, PAUSE) for k, part in enumerate([tiny(1), heard(1.0), tiny(1)])]
    assert [(one.speaker_id, one.probability) for one in said] == [(0, 1.0)] * 3


# Who spoke after


def test_a_doubtful_part_goes_to_the_speaker_who_goes_on_after_it() -> None:
    pattern = after(heard(0, 20), heard(0, 0.5))
    assert pattern.revise(heard(20, 0), PAUSE) == Revised(segment_id=1, speaker_id=0)


def test_a_tiny_part_was_no_answer_if_the_same_speaker_goes_on() -> None:
    pattern = after(heard(20, 0), tiny())
    assert pattern.revise(heard(20, 0), PAUSE) == Revised(segment_id=1, speaker_id=0)


def test_a_confirmed_answer_is_not_revised() -> None:
    pattern = after(heard(0, 20), heard(0, 0.5))
    assert pattern.revise(heard(0, 20), PAUSE) is None


def test_a_voice_likelier_than_the_pattern_is_not_revised() -> None:
    odds = log(SAME_TURN_PROBABILITY / (1 - SAME_TURN_PROBABILITY))
    assert after(heard(0, odds + 0.1)).revise(heard(20, 0), PAUSE) is None
    assert after(heard(0, odds - 0.1)).revise(heard(20, 0), PAUSE) is not None


@pytest.mark.parametrize("pause_seconds", [-0.1, 0.0, SAME_TURN_PAUSE_SECONDS, 60.0])
def test_a_part_at_once_or_after_a_long_pause_revises_nothing(
    pause_seconds: float,
) -> None:
    assert after(heard(0, 0.5)).revise(heard(20, 0), pause_seconds) is None


def test_a_part_without_a_voice_revises_nothing() -> None:
    assert after(heard(0, 0.5)).revise(tiny(), PAUSE) is None


def test_the_first_part_revises_nothing() -> None:
    assert TurnPrior().revise(heard(20, 0), PAUSE) is None


def test_a_revised_turn_is_answered_by_its_new_speaker() -> None:
    pattern = after(heard(0, 0.5))
    untold = after(heard(0, 0.5)).take(1, tiny(), PAUSE)
    assert pattern.revise(heard(20, 0, speech_seconds=SHORT), PAUSE) is not None
    assert (untold.speaker_id, pattern.take(1, tiny(), PAUSE).speaker_id) == (0, 1)


def test_among_three_speakers_a_doubtful_part_goes_to_the_one_who_goes_on() -> None:
    pattern = after(heard(0, 0.4, 0.2))
    assert pattern.revise(heard(0, 0, 20), PAUSE) == Revised(segment_id=0, speaker_id=2)


@st.composite
def parts(draw: st.DrawFn, voices: int) -> Part:
    if draw(st.booleans()):
        return tiny(voices)
    evidence = draw(st.lists(st.floats(-9, 9), min_size=voices, max_size=voices))
    return heard(*evidence, speech_seconds=draw(st.floats(0.25, 6)))


@st.composite
def talks(draw: st.DrawFn, voices: int) -> list[tuple[Part, float]]:
    """Draw parts, each with the pause before it in seconds."""
    pauses = st.floats(0, 3) | st.just(0.0)
    return draw(st.lists(st.tuples(parts(voices), pauses), max_size=12))


def pattern_of(talk: list[tuple[Part, float]]) -> TurnPrior:
    pattern = TurnPrior()
    for segment_id, (part, pause_seconds) in enumerate(talk):
        pattern.revise(part, pause_seconds)
        pattern.take(segment_id, part, pause_seconds)
    return pattern


@given(st.data(), st.integers(2, 8), st.floats(0.25, 6), st.floats(0, 3))
def test_a_sure_voice_is_never_overruled(
    data: st.DataObject, voices: int, speech_seconds: float, pause_seconds: float
) -> None:
    pattern = pattern_of(data.draw(talks(voices)))
    evidence = data.draw(st.lists(st.floats(-9, 9), min_size=voices, max_size=voices))
    part = heard(*evidence, speech_seconds=speech_seconds)
    said = pattern.take(99, part, pause_seconds)
    assert said.speaker_id == part.nearest or part.probability < SURE_PROBABILITY


@given(st.data(), st.integers(2, 4), st.floats(0.25, 6), st.floats(0, 3), st.floats(0, 5))
def test_growing_evidence_for_a_voice_never_makes_it_lose_the_part(
    data: st.DataObject, voices: int, speech_seconds: float, pause_seconds: float, more: float
) -> None:
    talk = data.draw(talks(voices))
    evidence = data.draw(st.lists(st.floats(-9, 9), min_size=voices, max_size=voices))
    part = heard(*evidence, speech_seconds=speech_seconds)
    said = pattern_of(talk).take(99, part, pause_seconds)
    evidence[said.speaker_id] += more
    surer = heard(*evidence, speech_seconds=speech_seconds)
    assert pattern_of(talk).take(99, surer, pause_seconds).speaker_id == said.speaker_id


@given(st.data(), st.integers(2, 8), st.integers(2, 30), st.floats(0.01, 3))
def test_a_run_of_short_answers_has_one_speaker(
    data: st.DataObject, voices: int, count: int, pause_seconds: float
) -> None:
    pattern = pattern_of(data.draw(talks(voices)))
    pattern.take(50, heard(*range(voices)), PAUSE)  # a long turn
    answer = data.draw(parts(voices).filter(lambda part: part.speech_seconds < TURN_SECONDS))
    run = [pattern.take(51 + k, answer, pause_seconds).speaker_id for k in range(count)]
    assert len(set(run)) == 1


@given(st.data(), st.integers(1, 4))
def test_any_conversation_satisfies_the_invariants(data: st.DataObject, voices: int) -> None:
    """The voice alone decides a long part. Only a doubtful part changes, to another speaker."""
    pattern = TurnPrior()
    told: dict[int, int] = {}
    labels: dict[int, Label] = {}
    for segment_id, (part, pause_seconds) in enumerate(data.draw(talks(voices))):
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
        if part.speech_seconds >= TURN_SECONDS and part.evidence:
            assert part.evidence[said.speaker_id] == pytest.approx(max(part.evidence))

"""The scores of the benchmark, on conversations and answers written by hand."""

import math

import pytest
from dialogues import answered, said
from hypothesis import given, settings
from hypothesis import strategies as st

from hwaja.selection.error_counts import normalise, reading_edits
from hwaja_bench.attribution.decisions import SessionResult, session_result
from hwaja_bench.attribution.diarization import diarization
from hwaja_bench.attribution.figures import FROM_ONE_SECOND, clip_figures, figures
from hwaja_bench.attribution.judging import changes, judge, length_bin
from hwaja_bench.attribution.outcomes import Outcome, outcome
from hwaja_bench.attribution.wording import Wording, wording
from hwaja_bench.speech.texts import aligned, error_rate, reading_error_rate
from hwaja_bench.stats import Spread, bootstrap, slope, spread, wilson

TALK = said((0, 1.0, 3.0, "abcd"), (1, 4.0, 5.0, "efgh"), (0, 5.0, 8.0, "ijkl"))
PERFECT = answered((0, 1.0, 3.0, "abcd"), (1, 4.0, 5.0, "efgh"), (0, 5.0, 8.0, "ijkl"))
SWAPPED = answered((1, 1.0, 3.0, "abcd"), (0, 4.0, 5.0, "efgh"), (1, 5.0, 8.0, "ijkl"))
NOTHING = SessionResult(10.0)

answers = st.lists(
    st.tuples(st.integers(0, 1), st.floats(0, 8), st.floats(0.1, 4), st.text("abcdef", max_size=9)),
    max_size=6,
).map(lambda drawn: answered(*[(who, at, at + long, text) for who, at, long, text in drawn]))


def der(found: SessionResult, collar_seconds: float = 0.0, *, skips_overlap: bool = False) -> float:
    counted = diarization(TALK, found, collar_seconds, skips_overlap=skips_overlap)
    return counted.error_seconds / counted.reference_seconds


def words(found: SessionResult) -> Wording:
    counted = wording(TALK, found)
    assert counted is not None
    return counted


@pytest.mark.parametrize(
    ("seconds", "name"),
    [
        (0.0, "< 0.5 s"),
        (0.5, "0.5-1 s"),
        (0.99, "0.5-1 s"),
        (1.0, "1-2 s"),
        (4.9, "3-5 s"),
        (5.0, ">= 5 s"),
        (60.0, ">= 5 s"),
    ],
)
def test_an_edge_belongs_to_the_bin_above_it(seconds: float, name: str) -> None:
    assert length_bin(seconds) == name


def test_a_clip_is_judged_by_the_answer_that_overlaps_it_most() -> None:
    found = judge(TALK, answered((1, 0.5, 1.9, "x"), (0, 1.9, 3.2, "y"), (1, 4.0, 8.0, "z")))
    assert [(j.segment_id, j.answered_id, j.is_right) for j in found] == [
        (1, 0, True),
        (2, 1, True),
        (2, 1, False),
    ]


def test_a_clip_without_an_answer_is_missing_and_neither_right_nor_wrongly_sure() -> None:
    counted = clip_figures(judge(TALK, answered((1, 0.5, 3.5, "x"), (1, 5.0, 8.0, "y"))))
    assert (counted.missing.count, counted.missing.of) == (1, 3)
    assert (counted.right.count, counted.right.of) == (0, 2)
    assert (counted.false_sure.count, counted.false_sure.of) == (2, 3)


def test_a_wrong_answer_with_a_doubtful_label_is_not_wrongly_sure() -> None:
    counted = clip_figures(judge(TALK, answered((1, 0.5, 3.5, "x"), label="doubtful")))
    assert (counted.false_sure.count, counted.right.count) == (0, 0)
    assert (counted.labels["doubtful"].count, counted.labels["doubtful"].of) == (1, 1)
    assert (counted.right_by_label["doubtful"].count, counted.right_by_label["sure"].of) == (0, 0)


def test_an_answer_without_a_label_counts_as_sure() -> None:
    message = {"type": "transcription", "segment_id": 0, "speaker_id": 1, "text": "x"}
    message |= {"start_seconds": 0.1, "end_seconds": 0.9, "scores": [0.1, 0.5], "margin": 0.4}
    (decision,) = session_result(1.0, [message]).decisions
    assert decision.label == "sure"
    (decision,) = session_result(1.0, [message | {"label": "doubtful"}]).decisions
    assert decision.label == "doubtful"


def test_answers_without_scores_and_failed_utterances_are_counted() -> None:
    message = {"type": "transcription", "segment_id": 0, "speaker_id": 1, "text": "x"}
    message |= {"start_seconds": 0.1, "end_seconds": 0.9, "scores": []}
    found = session_result(1.0, [{"type": "error"}, message])
    assert found.errors == 1
    assert found.decisions[0].margin is None


@pytest.mark.parametrize(
    ("boundary_seconds", "found"), [(4.4, 0), (4.6, 1), (5.0, 1), (5.4, 1), (5.6, 0)]
)
def test_a_change_is_found_within_half_a_second(boundary_seconds: float, found: int) -> None:
    """The pause of 1 s before is no change inside continuous speech."""
    counted = changes(TALK, answered((1, 4, boundary_seconds, ""), (0, boundary_seconds, 8, "")))
    assert (counted.found, counted.count) == (found, 1)


def test_a_change_within_an_overlap_is_found_anywhere_in_it() -> None:
    talk = said((0, 1, 5, None), (1, 4, 8, None))
    for boundary in (3.6, 4.5, 5.4):
        assert changes(talk, answered((0, 1, boundary, ""), (1, boundary, 8, ""))).found == 1
    assert changes(talk, answered((0, 1, 3.4, ""), (1, 3.4, 8, ""))).found == 0


def test_a_boundary_matches_only_one_change() -> None:
    talk = said((0, 1, 3, None), (1, 3, 3.4, None), (0, 3.4, 6, None))
    counted = changes(talk, answered((0, 1, 3.2, ""), (1, 3.2, 6, "")))
    assert (counted.found, counted.count) == (1, 2)


def test_a_boundary_between_answers_of_one_speaker_is_no_change() -> None:
    assert changes(TALK, answered((0, 4, 5, ""), (0, 5, 8, ""))).found == 0


def test_the_diarization_error_rate_of_answers_that_are_right_is_zero() -> None:
    assert der(PERFECT) == pytest.approx(0, abs=1e-9)


def test_exchanged_labels_count_as_confusion_because_each_is_an_enrolled_voice() -> None:
    counted = diarization(TALK, SWAPPED, 0.0, skips_overlap=False)
    assert counted.reference_seconds == pytest.approx(6)
    assert counted.confused_seconds == pytest.approx(6)
    assert counted.missed_seconds == counted.false_alarm_seconds == 0


def test_missed_speech_and_false_alarms_count_as_diarization_errors() -> None:
    assert der(NOTHING) == pytest.approx(1)
    counted = diarization(TALK, answered((0, 1, 3.5, "")), 0.0, skips_overlap=False)
    assert (counted.missed_seconds, counted.false_alarm_seconds) == (
        pytest.approx(4),
        pytest.approx(0.5),
    )


def test_a_collar_ignores_errors_near_a_boundary() -> None:
    late = answered((0, 1.2, 3.2, ""), (1, 4.2, 5.2, ""), (0, 5.2, 8.2, ""))
    assert der(late) > 0.1
    assert der(late, 0.25) == pytest.approx(0, abs=1e-9)


def test_overlaps_can_be_left_out_of_the_diarization_error_rate() -> None:
    talk, one = said((0, 1, 5, None), (1, 4, 8, None)), answered((0, 1, 4.5, ""), (1, 4.5, 8, ""))
    kept = diarization(talk, one, 0.0, skips_overlap=False)
    assert (kept.missed_seconds, kept.reference_seconds) == (pytest.approx(1), pytest.approx(8))
    left_out = diarization(talk, one, 0.0, skips_overlap=True)
    assert (left_out.error_seconds, left_out.reference_seconds) == (
        pytest.approx(0, abs=1e-9),
        pytest.approx(6),
    )


def test_words_with_the_wrong_speaker_are_errors_of_cpcer_and_not_of_cer() -> None:
    counted = words(SWAPPED)
    assert (counted.reference_chars, counted.edits) == (12, 0)
    assert counted.edits_by_speaker > 0
    assert counted.edits_by_best_speaker == 0
    assert (counted.aligned_chars, counted.right_speaker_chars) == (12, 0)


def test_each_character_counts_for_the_speaker_of_its_answer() -> None:
    """The last two turns have one answer, with one wrong and one missing character."""
    counted = words(answered((0, 1, 3, "abxd"), (0, 4, 8, "efgijkl")))
    assert counted.edits == 2
    assert (counted.aligned_chars, counted.right_speaker_chars) == (11, 8)


def test_texts_are_compared_without_spaces_punctuation_case_and_hangul_normalisation_forms() -> (
    None
):
    assert normalise("Ab, c-1!") == "abc1"
    assert normalise("\u1112\u1161\u11ab 글.") == "한글"


def test_words_are_not_judged_if_the_reference_text_is_unknown() -> None:
    assert wording(said((0, 1, 2, "a"), (1, 3, 4, None)), NOTHING) is None


@given(answers)
@settings(max_examples=50, deadline=None)
def test_attribution_can_only_add_errors_and_every_clip_is_counted(found: SessionResult) -> None:
    counted = words(found)
    assert counted.edits_by_best_speaker <= counted.edits_by_speaker
    assert 0 <= counted.right_speaker_chars <= counted.aligned_chars <= counted.reference_chars
    clips = clip_figures(judge(TALK, found))
    assert clips.clips == 3 == clips.missing.count + clips.right.of
    assert clips.right.count + clips.false_sure.count == clips.right.of
    assert sum(share.count for share in clips.labels.values()) == clips.right.of
    seen = changes(TALK, found)
    assert 0 <= seen.found <= seen.count == 1
    for skips_overlap in (True, False):
        counted_seconds = diarization(TALK, found, 0.0, skips_overlap=skips_overlap)
        assert counted_seconds.reference_seconds == pytest.approx(6)
        assert counted_seconds.missed_seconds + counted_seconds.confused_seconds <= 6 + 1e-6


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_of_a_share_contains_it_and_stays_between_0_and_1(
    successes: int, trials: int
) -> None:
    successes = min(successes, trials)
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials + 1e-12
    assert successes / trials - 1e-12 <= high <= 1
    less, more = wilson(4 * successes, 4 * trials)
    assert more - less < high - low


def test_wilsons_interval_equals_the_published_values() -> None:
    """R. G. Newcombe (1998), table I: 81 of 263 and 0 of 20."""
    assert wilson(81, 263) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))
    assert wilson(0, 20) == (pytest.approx(0, abs=1e-4), pytest.approx(0.1611, abs=1e-4))


def test_a_bootstrap_interval_has_the_theoretical_width_and_a_single_value_has_none() -> None:
    parts = [(float(i % 2), 1.0) for i in range(400)]
    interval = bootstrap(parts, 1)
    assert interval is not None
    reach = 1.96 * math.sqrt(0.25 / 400)
    assert interval == (pytest.approx(0.5 - reach, abs=0.01), pytest.approx(0.5 + reach, abs=0.01))
    assert bootstrap(parts, 1) == interval
    assert bootstrap(parts[:1], 1) is None


def judged(found: SessionResult, snr: str) -> Outcome:
    return outcome(TALK, snr, found)


def test_figures_are_separate_for_each_condition_and_snr() -> None:
    found = figures([judged(PERFECT, "clean"), judged(SWAPPED, "10")], 1)
    rows = {(row.condition, row.snr): row for row in found.by_condition}
    assert set(rows) == {("mixed", "clean"), ("mixed", "10")}
    assert rows["mixed", "clean"].clips.right.share == 1
    assert rows["mixed", "10"].clips.right.share == 0
    right_chars = rows["mixed", "10"].talk.right_chars
    assert right_chars is not None
    assert right_chars.ratio == 0
    # Lengths count where every clip is an utterance of its own, and these are mixed.
    assert all(row.clips.clips == 0 for row in found.by_length)
    assert FROM_ONE_SECOND in {row.name for row in found.by_length}


def test_a_refused_enrolment_is_counted_and_its_clips_are_missing() -> None:
    found = figures(
        [judged(SessionResult(10.0, is_refused=True), "clean"), judged(PERFECT, "clean")], 1
    )
    (row,) = found.by_condition
    assert (row.talk.conversations, row.talk.refused) == (2, 1)
    assert (row.clips.missing.count, row.clips.missing.of) == (3, 6)
    assert (row.clips.right.count, row.clips.right.of) == (3, 3)


def test_an_outcome_holds_no_text() -> None:
    assert {answer.text for answer in judged(PERFECT, "clean").answers} == {""}


def test_the_error_rate_does_not_depend_on_where_texts_are_cut() -> None:
    assert error_rate(["네, 그래요.", "좋아요"], ["네 그래요 좋", "아요!"]) == 0
    assert error_rate(["가나다라"], ["가다라"]) == 0.25


def test_matching_characters_are_found_whether_recognised_rightly_or_wrongly() -> None:
    assert aligned("abcd", "abd") == [(0, 0), (1, 1), (3, 2)]
    assert aligned("abc", "xbc") == [(0, 0), (1, 1), (2, 2)]


def test_the_longest_time_is_reported_beside_the_percentiles() -> None:
    found = spread([float(each) for each in range(101)])
    assert found == Spread(101, 50, 95, 99, 100)
    assert str(found) == "p50 50.00 s, p95 95.00 s, max 100.00 s"
    assert spread([]) == Spread(0, None, None, None, None)
    assert str(spread([])) == "none"


def test_the_slope_is_that_of_a_line_through_the_values() -> None:
    assert slope([0, 1, 2, 3], [5, 7, 9, 11]) == pytest.approx(2)


def test_numbers_and_letters_that_are_read_alike_count_as_right() -> None:
    said = ["오후 3시 30분에 봐요.", "AI가 20% 올랐어요.", "네."]
    heard = ["오후 세 시 삼십 분에 봐요. 에이아이가", "이십 퍼센트 올랐어요. 네"]
    assert reading_error_rate(said, heard) == 0
    assert error_rate(said, heard) > 0.3


def test_misheard_words_count_in_either_rate() -> None:
    said, heard = ["세 명이 왔어요.", "누구세요?"], ["네 명이 왔어요.", "누구세요?"]
    assert reading_error_rate(said, heard) == error_rate(said, heard) == 1 / 10


@given(
    st.lists(st.text("가나다 ", min_size=1, max_size=9), min_size=1, max_size=5), st.text("가나 ")
)
def test_no_text_is_lost_where_it_is_divided(said: list[str], heard: str) -> None:
    count, of = reading_edits(said, [heard])
    longest = max(of, len(heard.replace(" ", "")))
    assert abs(of - len(heard.replace(" ", ""))) <= count <= longest + of

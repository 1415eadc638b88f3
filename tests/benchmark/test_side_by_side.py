"""`bench/side_by_side.py`: how peers are judged; the peers themselves are not needed."""

import pytest
from bench.peers.judging import Spread, Told, delays, error_rate, spread, utterances

CLIPS = [(0.0, 2.0), (3.0, 5.0), (6.0, 6.2)]


def told(start: float, end: float, at: float) -> Told:
    return Told("", (start, end), at)


def test_where_texts_are_cut_does_not_change_the_error_rate() -> None:
    assert error_rate(["네, 그래요.", "좋아요"], ["네 그래요 좋", "아요!"]) == 0
    assert error_rate(["가나다라"], ["가다라"]) == 0.25


def test_a_clip_waits_for_its_last_text() -> None:
    texts = [told(-0.2, 1.0, 1.9), told(1.2, 2.2, 2.75), told(2.9, 5.2, 5.5), told(5.9, 6.4, 6.9)]
    assert delays(CLIPS, texts) == pytest.approx([0.75, 0.5, 0.7])


def test_all_clips_of_one_text_wait_for_it() -> None:
    assert delays(CLIPS, [told(0.1, 5.0, 6.0)]) == [4.0, 1.0, None]


def test_a_text_that_only_touches_a_clip_is_not_about_it() -> None:
    assert delays(CLIPS[:2], [told(-0.2, 3.2, 3.5)]) == [1.5, None]


def test_adjoining_texts_are_one_utterance_with_the_audio_before_its_speech() -> None:
    first, second = utterances([(0.1, 2.0), (2.05, 3.2), (3.9, 5.0)])
    assert first == (0.0, 3.2)
    assert second == pytest.approx((3.7, 5.0))


def test_the_longest_of_many_times_is_told_beside_the_usual_ones() -> None:
    assert spread([float(each) for each in range(101)]) == Spread(50, 95, 100)
    assert spread([]) is None

"""The comparison of other servers with hwaja. The other servers are not needed."""

import pytest

from hwaja_bench.peers.judging import TimedText, delays, utterances

CLIPS = [(0.0, 2.0), (3.0, 5.0), (6.0, 6.2)]


def text(start: float, end: float, at: float) -> TimedText:
    return TimedText("", (start, end), at)


def test_the_latency_of_a_clip_ends_with_its_last_text() -> None:
    texts = [text(-0.2, 1.0, 1.9), text(1.2, 2.2, 2.75), text(2.9, 5.2, 5.5), text(5.9, 6.4, 6.9)]
    assert delays(CLIPS, texts) == pytest.approx([0.75, 0.5, 0.7])


def test_all_clips_of_one_text_end_with_that_text() -> None:
    assert delays(CLIPS, [text(0.1, 5.0, 6.0)]) == [4.0, 1.0, None]


def test_a_text_that_only_touches_a_clip_does_not_belong_to_it() -> None:
    assert delays(CLIPS[:2], [text(-0.2, 3.2, 3.5)]) == [1.5, None]


def test_a_word_belongs_to_the_clip_that_has_its_middle() -> None:
    words = [text(middle, middle, middle + 0.9) for middle in (0.4, 1.9, 2.5, 3.1, 4.6)]
    assert delays(CLIPS, words) == [pytest.approx(0.8), pytest.approx(0.5), None]


def test_adjacent_texts_form_one_utterance_with_the_audio_before_its_speech() -> None:
    first, second = utterances([(0.1, 2.0), (2.05, 3.2), (3.9, 5.0)])
    assert first == (0.0, 3.2)
    assert second == pytest.approx((3.7, 5.0))

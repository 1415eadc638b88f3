"""The enrolled voices: likeness, learning, forgetting."""

from typing import cast

import numpy as np
import pytest
from fakes import no_cohort
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hwaja.engines.interface import Embedding
from hwaja.speakers.voices import LEARNABLE_COSINE, LEARNED_SECONDS, NEAREST, Cohort, Voices, pool

Rows = NDArray[np.float32]


def embedding(*values: float) -> Embedding:
    return np.array(values, np.float32)


def two_voices(cohort: Cohort | None = None) -> Voices:
    voices = Voices(cohort or no_cohort(3))
    voices.enrol(0, pool(None, embedding(1, 0, 0), 1.0))
    voices.enrol(1, pool(None, embedding(0, 1, 0), 1.0))
    return voices


def cosines(voices: Voices, *values: float) -> list[float]:
    return cast(list[float], voices.score(embedding(*values)[None]).cosines[0].tolist())


def scores(voices: Voices, *values: float) -> list[float]:
    return cast(list[float], voices.score(embedding(*values)[None]).scores[0].tolist())


def present(voices: Voices, speaker_id: int = 0, dim: int = 3) -> Embedding:
    """Return the current voice, shape (dim,): its cosines to the axes are its coordinates."""
    place = voices.speaker_ids.index(speaker_id)
    return voices.score(np.eye(dim, dtype=np.float32)).cosines[:, place]


# VoiceScores


def test_likeness_is_the_cosine_to_each_voice_in_the_order_of_speakers() -> None:
    voices = Voices(no_cohort(3))
    voices.enrol(1, pool(None, embedding(0, 2, 0), 1.0))
    voices.enrol(0, pool(None, embedding(3, 0, 0), 1.0))
    similarity = voices.score(np.array([[3, 4, 0], [-1, 0, 0], [0, 0, 5]], np.float32))
    assert voices.speaker_ids == (0, 1)
    np.testing.assert_allclose(similarity.cosines, [[0.6, 0.8], [-1, 0], [0, 0]], atol=1e-6)


def test_the_loudness_of_a_voice_does_not_matter() -> None:
    assert cosines(two_voices(), 0.003, 0.004, 0) == pytest.approx(
        cosines(two_voices(), 300, 400, 0)
    )


def test_a_voice_similar_to_the_cohort_needs_a_higher_cosine() -> None:
    """Of two equally near voices, the one with a lower nearness to the cohort is likelier."""
    everybody = Cohort(np.array([[1, 0, 0]] * NEAREST, np.float32))
    first, second = scores(two_voices(everybody), 1, 1, 0)
    assert second - first == pytest.approx(0.5)


def test_a_part_similar_to_the_cohort_is_less_like_each_voice() -> None:
    everybody = Cohort(np.array([[0, 0, 1]] * NEAREST, np.float32))
    plain, common = scores(two_voices(everybody), 3, 0, -4), scores(two_voices(everybody), 3, 0, 4)
    assert plain[0] == pytest.approx(0.6 + 0.4)
    assert common[0] == pytest.approx(0.6 - 0.4)


def test_without_a_similar_cohort_a_score_is_a_cosine() -> None:
    assert scores(two_voices(), 3, 4, 0) == pytest.approx([0.6, 0.8])


def test_leanings_separate_voices_as_scores_do() -> None:
    random = np.random.default_rng(0)
    voices = two_voices(Cohort(random.standard_normal((NEAREST, 3)).astype(np.float32)))
    pieces = random.standard_normal((20, 3)).astype(np.float32)
    scores, rank_scores = voices.score(pieces).scores, voices.rank_scores(pieces)
    apart = scores[:, 0] - scores[:, 1]
    np.testing.assert_allclose(rank_scores[:, 0] - rank_scores[:, 1], apart, atol=1e-6)


def test_scores_follow_a_voice_that_learns_and_go_back_with_it() -> None:
    """The nearness to the cohort is that of the current voice."""
    voices = two_voices(Cohort(np.array([[0, 0, 1]] * NEAREST, np.float32)))
    before = scores(voices, 1, 0, 0)
    voices.learn(0, embedding(0.6, 0, 0.8), LEARNED_SECONDS)
    learned = two_voices(Cohort(np.array([[0, 0, 1]] * NEAREST, np.float32)))
    learned.enrol(0, pool(None, embedding(1.6, 0, 0.8), 1.0))
    assert scores(voices, 1, 0, 0) == pytest.approx(scores(learned, 1, 0, 0), abs=1e-6)
    voices.unlearn()
    assert scores(voices, 1, 0, 0) == before


ROOM = [(1.0, 0.2, 0.9)] * 10 + [(0.5, 0.75, 0.9)] * 10
"""Windows of two voices in a room that moves both in the same direction."""


def lead(scores: Rows) -> Rows:
    """Return by how much the second voice is nearer than the first."""
    return cast(Rows, np.diff(scores)[:, 0])


def test_a_voice_that_the_room_moved_away_is_found_more_surely_when_it_is_fitted() -> None:
    voices, windows = two_voices(), np.array(ROOM, np.float32)
    before = lead(voices.rank_scores(windows))
    after = lead(voices.fitted_rank_scores(windows, np.repeat([0, 1], 10)))
    assert after[-1] > 1.1 * before[-1] > 0 > after[0]


def test_a_voice_is_not_fitted_to_a_few_windows() -> None:
    voices, windows = two_voices(), np.array(ROOM, np.float32)
    owners = np.full(20, 2)  # nobody's
    owners[:5] = 0
    fitted = voices.fitted_rank_scores(windows, owners)
    np.testing.assert_allclose(fitted, voices.rank_scores(windows), atol=1e-6)


def test_fitting_leaves_the_enrolled_voices_as_they_are() -> None:
    voices, windows = two_voices(), np.array(ROOM, np.float32)
    before = voices.rank_scores(windows)
    voices.fitted_rank_scores(windows, np.repeat([0, 1], 10))
    assert np.array_equal(voices.rank_scores(windows), before)


def test_a_judged_embedding_is_left_unchanged() -> None:
    pieces = np.array([[3, 4, 0]], np.float32)
    two_voices().score(pieces)
    two_voices().rank_scores(pieces)
    assert pieces.tolist() == [[3, 4, 0]]


def test_judging_does_not_change_a_voice() -> None:
    """A voice would drift if it followed every part with its label."""
    voices = two_voices()
    before = present(voices)
    for _ in range(100):
        cosines(voices, 3, 2.9, 1)
    np.testing.assert_array_equal(present(voices), before)


vectors = st.lists(st.floats(-20, 20, width=32), min_size=6, max_size=6).filter(
    lambda values: max(map(abs, values)) > 0.01
)


@given(vectors, vectors, vectors)
def test_cosines_are_exact_and_never_exceed_one(
    first: list[float], second: list[float], heard: list[float]
) -> None:
    voices = Voices(no_cohort(6))
    voices.enrol(0, pool(None, embedding(*first), 1.0))
    voices.enrol(1, pool(None, embedding(*second), 1.0))
    found = cosines(voices, *heard)
    assert all(-1 <= cosine <= 1 for cosine in found)
    exact = np.dot(first, heard) / (np.linalg.norm(first) * np.linalg.norm(heard))
    assert found[0] == pytest.approx(exact, abs=1e-5)


# Enrolment


def test_enrolling_again_replaces_the_voice_and_what_it_learned() -> None:
    voices = two_voices()
    voices.learn(0, embedding(1, 1, 0), LEARNED_SECONDS)
    voices.enrol(0, pool(None, embedding(0, 0, 1), 1.0))
    assert present(voices).tolist() == [0, 0, 1]
    assert present(voices, 1).tolist() == [0, 1, 0]


@pytest.mark.parametrize("values", [(0, 0, 0), (float("nan"), 1, 0), (float("inf"), 1, 0)])
def test_an_embedding_without_direction_is_refused_and_changes_nothing(
    values: tuple[float, ...],
) -> None:
    voices = two_voices()
    with pytest.raises(ValueError, match="no direction"):
        voices.enrol(0, pool(None, embedding(*values), 1.0))
    with pytest.raises(ValueError, match="no direction"):
        voices.learn(0, embedding(*values), 5)
    with pytest.raises(ValueError, match="no direction"):
        voices.score(np.stack([embedding(1, 0, 0), embedding(*values)]))
    assert present(voices).tolist() == [1, 0, 0]


def test_without_an_enrolled_voice_nothing_is_judged() -> None:
    with pytest.raises(ValueError, match="no voice"):
        cosines(Voices(no_cohort(2)), 1, 0)


def test_the_embedding_that_was_handed_in_may_be_overwritten() -> None:
    voices = Voices(no_cohort(2))
    mine = embedding(1, 0)
    voices.enrol(0, pool(None, mine, 1.0))
    mine.fill(0)
    assert cosines(voices, 1, 0) == [1.0]


# Learning


def test_a_voice_moves_more_towards_longer_speech() -> None:
    other = embedding(0.8, 0, 0.6)
    towards = []
    for seconds in (0.0, 3.0, 9.0, 20.0):
        voices = two_voices()
        voices.learn(0, other, seconds)
        towards.append(float(present(voices) @ other))
    assert towards[0] == pytest.approx(0.8)
    assert towards == sorted(set(towards))
    assert present(voices, 1).tolist() == [0, 1, 0], "the other voice learned nothing"


def test_learning_in_pieces_is_learning_at_once() -> None:
    at_once, in_pieces = two_voices(), two_voices()
    at_once.learn(0, embedding(0.8, 0, 0.6), 12)
    for seconds in (3, 4, 5):
        in_pieces.learn(0, embedding(8, 0, 6), seconds)
    np.testing.assert_allclose(present(in_pieces), present(at_once), atol=1e-6)


def angle(one: Rows, other: Rows) -> float:
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    return float(np.arccos(np.clip(cosine, -1, 1)))


lessons = st.lists(st.tuples(vectors, st.floats(3, 1000)), min_size=1, max_size=6)


@given(vectors, lessons)
def test_a_voice_never_moves_further_than_half_way(
    enrolled: list[float], taught: list[tuple[list[float], float]]
) -> None:
    voices = Voices(no_cohort(6))
    voices.enrol(0, pool(None, embedding(*enrolled), 1.0))
    before = present(voices, dim=6)
    mean = np.zeros(6, np.float32)
    for values, seconds in taught:
        # Near enough for the voice to learn from it.
        like = before + embedding(*values) / np.linalg.norm(values)
        assume(np.linalg.norm(like) > 0.1)
        if angle(like, before) < np.arccos(LEARNABLE_COSINE) - 1e-3:
            voices.learn(0, like, seconds)
            mean += like / np.linalg.norm(like) * seconds
    assume(mean.any())
    assert angle(before, present(voices, dim=6)) <= angle(before, mean) / 2 + 2e-3


def test_after_enough_speech_a_voice_is_half_way_and_stays_there() -> None:
    voices = two_voices()
    voices.learn(0, embedding(0.8, 0, 0.6), LEARNED_SECONDS)
    half_way = present(voices)
    np.testing.assert_allclose(half_way, np.array([1.8, 0, 0.6]) / np.hypot(1.8, 0.6), atol=1e-6)
    voices.learn(0, embedding(0.8, 0, 0.6), 100 * LEARNED_SECONDS)
    np.testing.assert_allclose(present(voices), half_way, atol=1e-6)


def test_a_voice_does_not_learn_from_dissimilar_speech() -> None:
    """The cosine to the enrolled voice counts, so a voice cannot drift step by step."""
    voices = two_voices()
    voices.learn(0, embedding(0.49, 0.87, 0), 30)
    assert present(voices).tolist() == [1, 0, 0]
    voices.learn(0, embedding(0.6, 0.8, 0), 1000)
    moved = present(voices)
    voices.learn(0, embedding(0.4, 0.9, 0), 1000)  # cosine 0.8 to the current voice
    np.testing.assert_array_equal(present(voices), moved)


def test_learning_can_be_undone_exactly() -> None:
    voices = two_voices()
    voices.learn(0, embedding(0.8, 0, 0.6), 10)
    voices.learn(1, embedding(0, 0.8, 0.6), 10)
    voices.unlearn()
    assert (present(voices).tolist(), present(voices, 1).tolist()) == ([1, 0, 0], [0, 1, 0])
    voices.learn(0, embedding(0.8, 0.6, 0), LEARNED_SECONDS)
    assert present(voices)[2] == 0, "what was taken back has come again"


def test_a_voice_that_is_not_enrolled_learns_nothing() -> None:
    voices = two_voices()
    with pytest.raises(ValueError, match="not enrolled"):
        voices.learn(2, embedding(1, 0, 0), 5)
    assert voices.speaker_ids == (0, 1)


# Forgetting


def test_a_forgotten_voice_is_gone() -> None:
    voices = two_voices()
    voices.forget()
    assert voices.speaker_ids == ()
    with pytest.raises(ValueError, match="no voice"):
        cosines(voices, 1, 0, 0)
    voices.forget()  # a second call changes nothing


def test_a_forgotten_voice_is_overwritten_and_not_only_dropped() -> None:
    voices = two_voices()
    for speaker_id in (0, 1):
        voices.learn(speaker_id, embedding(1, 1, 0), 10)
    enrolled = [pooled.voice for pooled in voices._enrolled.values()]
    kept = [*enrolled, *voices._learned.values()]
    voices.enrol(0, pool(None, embedding(0, 0, 1), 1.0))
    assert [voice.any() for voice in kept] == [False, True, False, True]
    voices.unlearn()
    assert [voice.any() for voice in kept] == [False, True, False, False]
    voices.forget()
    assert not any(voice.any() for voice in kept)


def test_the_enrolled_takes_of_a_speaker_are_known_so_that_a_take_can_be_added() -> None:
    voices = Voices(no_cohort(2))
    assert voices.of(0) is None
    voices.enrol(0, pool(None, embedding(1, 2), 3))
    kept = voices.of(0)
    assert kept is not None
    assert (kept.takes, kept.speech_seconds) == (1, 3)
    voices.forget()
    assert not kept.voice.any()
    assert voices.of(0) is None


def test_the_other_voices_are_those_of_all_other_speakers() -> None:
    voices = Voices(no_cohort(2))
    for speaker_id in range(3):
        voices.enrol(speaker_id, pool(None, embedding(1, speaker_id), 3))
    assert len(voices.others(1)) == 2
    assert len(voices.others(7)) == 3

"""The conversations of the benchmark have the speakers, times and lengths that they state."""

import itertools

import numpy as np
import pytest
from dialogues import clip, murmur, speakers, syllables
from hypothesis import given, settings
from hypothesis import strategies as st

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.attribution.conversation import Conversation, plan
from hwaja_bench.attribution.pieces import pieces
from hwaja_bench.errors import BenchmarkError
from hwaja_bench.speech import levels
from hwaja_bench.speech.conditions import CONDITIONS, Condition
from hwaja_bench.speech.corpus import ENROLMENT_SECONDS

EVERY = list(CONDITIONS.values())
MANY = 1000


def described(conversations: list[Conversation]) -> list[object]:
    return [
        (c.name, [(t.speaker_id, t.clip.file, t.start, t.stop) for t in c.turns])
        for c in conversations
    ]


def pauses_seconds(conversation: Conversation) -> list[float]:
    return [
        (after.start - before.stop) / SAMPLE_RATE
        for before, after in itertools.pairwise(conversation.turns)
    ]


def test_the_same_seed_gives_the_same_conversations_and_another_seed_others() -> None:
    clips = speakers("a", "b")
    assert described(plan(clips, 7, EVERY, MANY)) == described(plan(clips, 7, EVERY, MANY))
    assert described(plan(clips, 7, EVERY, MANY)) != described(plan(clips, 8, EVERY, MANY))


def test_a_conversation_does_not_depend_on_the_number_of_other_conversations() -> None:
    clips = speakers("a", "b") + speakers("c", "d", group="hall")
    everything = described(plan(clips, 1, EVERY, MANY))
    some = described(plan([c for c in clips if c.group == "hall"], 1, [CONDITIONS["mixed"]], MANY))
    assert some
    assert all(one in everything for one in some)


def test_only_speakers_of_one_group_talk_with_each_other_and_all_pairs_occur() -> None:
    clips = speakers("a", "b", "c") + speakers("d", "e", group="hall")
    planned = plan(clips, 1, [CONDITIONS["spaced"]], MANY)
    pairs = {tuple(sorted({t.clip.speaker for t in c.turns})) for c in planned}
    assert pairs == {("a", "b"), ("a", "c"), ("b", "c"), ("d", "e")}


@given(st.integers(0, 2**32), st.integers(5, 20), st.sampled_from([1.5, 3.0]))
@settings(max_examples=15, deadline=None)
def test_the_clips_of_an_enrolment_do_not_occur_in_the_conversation(
    seed: int, count: int, seconds: float
) -> None:
    clips = speakers("a", "b", count=count, seconds=seconds)
    for conversation in plan(clips, seed, [CONDITIONS["spaced"]], MANY):
        for speaker_id, voice in enumerate(conversation.voices):
            assert sum(c.seconds for c in voice) >= ENROLMENT_SECONDS[0]
            own = [t.clip for t in conversation.turns if t.speaker_id == speaker_id]
            assert own
            assert not {id(c) for c in own} & {id(c) for c in voice}
            assert {c.speaker for c in (*own, *voice)} == {"ab"[speaker_id]}


def test_every_clip_occurs_if_there_are_enough_conversations() -> None:
    clips = speakers("a", "b", count=20)
    planned = plan(clips, 3, [CONDITIONS["spaced"]], MANY)
    files = [turn.clip.file for conversation in planned for turn in conversation.turns]
    assert sorted(files) == sorted(clip.file for clip in clips)


@pytest.mark.parametrize("condition", EVERY, ids=lambda condition: condition.name)
def test_pauses_have_the_length_of_the_condition_and_no_speaker_overlaps_with_itself(
    condition: Condition,
) -> None:
    clips = speakers("a", "b", count=30, seconds=1.3)
    planned = plan(clips, 1, [condition], MANY)
    low, high = condition.pause_seconds
    measured = [pause for conversation in planned for pause in pauses_seconds(conversation)]
    assert low - 1e-4 <= min(measured) <= max(measured) <= high + 1e-4
    if low < 0:
        assert min(measured) < -0.2  # overlaps are really there
    for conversation in planned:
        for speaker_id in (0, 1):
            own = [t for t in conversation.turns if t.speaker_id == speaker_id]
            assert all(a.stop <= b.start for a, b in itertools.pairwise(own))


def test_a_limit_applies_to_each_group_and_condition() -> None:
    clips = speakers("a", "b", "c", count=20)
    everything = described(plan(clips, 1, EVERY, MANY))
    limited = described(plan(clips, 1, EVERY, 2))
    assert len(limited) == 2 * len(EVERY) < len(everything)
    assert all(one in everything for one in limited)


def test_clips_are_cut_into_disjoint_pieces_at_quiet_places() -> None:
    whole = clip("a", syllables(20))
    found = pieces(whole, np.random.default_rng(1))
    assert len(found) > 5
    lengths = [piece.speech_seconds for piece in found]
    assert min(lengths) >= 0.5
    assert max(lengths) <= 3.3
    assert sum(len(piece.samples) for piece in found) <= len(whole.samples)
    # Every syllable lasts 12 frames; a piece that was cut within one would hold a part of it.
    for piece in found[1:-1]:
        assert round(piece.speech_seconds / 0.02) % 12 == 0
        assert piece.text is None


def test_a_clip_that_is_too_short_gives_no_piece() -> None:
    assert pieces(clip("a", murmur(0.4)), np.random.default_rng(1)) == []


def test_silence_around_speech_is_cut_off_and_pauses_within_do_not_count_as_speech() -> None:
    silence = np.zeros(SAMPLE_RATE, np.float32)
    samples = np.concatenate([silence, murmur(1), silence, murmur(2), silence])
    cut = levels.trimmed(samples)
    assert len(cut) == 4 * SAMPLE_RATE
    assert levels.speech_seconds(cut) == pytest.approx(3.0)
    assert levels.stretches(cut) == [
        (pytest.approx(0), pytest.approx(1)),
        (pytest.approx(2), pytest.approx(4)),
    ]


def test_a_group_of_one_speaker_is_refused() -> None:
    with pytest.raises(BenchmarkError, match=r"^Group 'room' has one speaker; .*\.$"):
        plan(speakers("a"), 1, EVERY, MANY)


def test_a_speaker_with_too_little_audio_is_named_in_the_error() -> None:
    clips = speakers("a") + speakers("b", count=2, seconds=1)
    with pytest.raises(BenchmarkError, match=r"^Speaker 'b' of group 'room' has too little audio"):
        plan(clips, 1, EVERY, MANY)

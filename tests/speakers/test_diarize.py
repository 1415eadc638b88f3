"""Division of an utterance into parts by its embeddings."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from fakes import no_cohort
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hwaja.engines.interface import HOP_SAMPLES, VoiceTrack
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Label
from hwaja.speakers.diarize import MIN_TURN_PROBABILITY, split_by_voice, unscored_part
from hwaja.speakers.parts import Part
from hwaja.speakers.voices import Voices, pool
from hwaja.vad.gate import FRAME_SAMPLES, Segment, SpeechFrame

Rows = NDArray[np.float32]

A, B, NOBODY = (np.eye(3, dtype=np.float32)[k] for k in range(3))
START = 7000


@pytest.fixture(scope="module")
def voices() -> Voices:
    """The enrolled voices of speakers 0 and 1. A third voice is not enrolled."""
    voices = Voices(no_cohort(3))
    voices.enrol(0, pool(None, A, 1.0))
    voices.enrol(1, pool(None, B, 1.0))
    return voices


def unscored(start: int, stop: int, speech_samples: int) -> Part:
    return Part(start, stop, (0, 1), speech_samples / SAMPLE_RATE)


@dataclass(frozen=True)
class Utterance:
    """The window embeddings of an utterance, its length, and the overlap per window."""

    windows: Rows
    missing_samples: int = 0
    overlap: Rows | None = None

    @property
    def whole(self) -> Part:
        samples = len(self.windows) * HOP_SAMPLES - self.missing_samples
        return unscored(START, START + samples, samples)

    def parts(self, voices: Voices, whole: Rows | None = None) -> tuple[Part, ...]:
        mean = self.windows.mean(axis=0)
        overlap = np.zeros(len(self.windows), np.float32) if self.overlap is None else self.overlap
        track = VoiceTrack(mean if whole is None else whole, self.windows, overlap)
        return split_by_voice(track, self.whole, voices)


def turns(*turns: tuple[Rows, int]) -> Rows:
    """Return windows for each voice. The two windows at a change mix both voices.

    Neighbouring windows overlap by two thirds.
    """
    windows = np.concatenate([np.tile(voice, (count, 1)) for voice, count in turns])
    padded = np.concatenate([windows[:1], windows, windows[-1:]])
    heard: Rows = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    return heard


def hops(part: Part) -> tuple[float, float]:
    return (part.start - START) / HOP_SAMPLES, (part.stop - START) / HOP_SAMPLES


@pytest.mark.parametrize(("voice", "speaker"), [(A, 0), (B, 1)])
def test_one_voice_gives_one_part_of_the_whole_utterance(
    voices: Voices, voice: Rows, speaker: int
) -> None:
    utterance = Utterance(turns((voice, 20)), missing_samples=700)
    (part,) = utterance.parts(voices)
    assert (part.start, part.stop) == (utterance.whole.start, utterance.whole.stop)
    assert (part.nearest, part.label, part.speaker_ids) == (speaker, Label.SURE, (0, 1))
    assert part.speech_seconds == utterance.whole.speech_seconds


def test_a_single_part_is_judged_by_the_embedding_of_the_whole_utterance(voices: Voices) -> None:
    """It is better than the mean of the windows, each of which has little audio."""
    (part,) = Utterance(turns((A, 20))).parts(voices, whole=np.array([3, 4, 0], np.float32))
    assert part.cosines == pytest.approx((0.6, 0.8))


def test_a_voice_that_is_not_enrolled_gives_one_part_without_a_speaker(voices: Voices) -> None:
    (part,) = Utterance(turns((NOBODY, 20))).parts(voices)
    assert part.label is Label.UNKNOWN


@pytest.mark.parametrize(("first", "second"), [(5, 5), (5, 30), (30, 5), (12, 17)])
def test_two_clear_voices_give_two_parts_that_meet_at_the_change(
    voices: Voices, first: int, second: int
) -> None:
    one, other = Utterance(turns((A, first), (B, second))).parts(voices)
    assert abs(hops(one)[1] - first) <= 1
    assert (one.nearest, other.nearest) == (0, 1)
    assert (one.label, other.label) == (Label.SURE, Label.SURE)


def test_an_answer_in_the_middle_gives_three_parts(voices: Voices) -> None:
    utterance = Utterance(turns((A, 12), (B, 6), (A, 12)))
    parts = utterance.parts(voices)
    assert [part.nearest for part in parts] == [0, 1, 0]
    assert [hops(part)[1] for part in parts] == pytest.approx([12, 18, 30], abs=1)


def test_windows_with_both_voices_count_for_neither(voices: Voices) -> None:
    one, other = Utterance(turns((A, 6), (B, 6))).parts(voices)
    assert one.cosines == pytest.approx((1, 0), abs=1e-6)
    assert other.cosines == pytest.approx((0, 1), abs=1e-6)


def test_a_short_doubtful_part_is_no_turn(voices: Voices) -> None:
    """Its windows outweigh the cost of two changes, but its mean is equally near to both voices."""
    before = after = turns((A, 9))
    leaning, neither = 0.4 * A + 0.9 * B, 0.7 * A + 0.71 * B
    clear = np.concatenate([before, [leaning] * 4, after]).astype(np.float32)
    doubtful = np.concatenate([before, [leaning, neither, neither, leaning], after])
    assert len(Utterance(clear).parts(voices)) == 3
    (part,) = Utterance(doubtful.astype(np.float32)).parts(voices)
    assert part.nearest == 0


def test_speech_is_divided_among_the_parts_by_length(voices: Voices) -> None:
    windows = turns((A, 10), (B, 30))
    quarter = len(windows) * HOP_SAMPLES // 4
    track = VoiceTrack(A, windows, np.zeros(40, np.float32))
    one, other = split_by_voice(track, unscored(0, 4 * quarter, 2 * quarter), voices)
    assert one.speech_seconds == pytest.approx(quarter / 2 / SAMPLE_RATE)
    assert other.speech_seconds == pytest.approx(3 * quarter / 2 / SAMPLE_RATE)


def test_overlap_belongs_to_the_part_that_contains_it(voices: Voices) -> None:
    overlap = np.zeros(20, np.float32)
    overlap[[3, 11, 12, 13]] = (0.5, 1, 1, 1)
    one, other = Utterance(turns((A, 10), (B, 10)), overlap=overlap).parts(voices)
    hop_seconds = HOP_SAMPLES / SAMPLE_RATE
    assert one.overlap_seconds == pytest.approx(0.5 * hop_seconds)
    assert other.overlap_seconds == pytest.approx(3 * hop_seconds)


def test_overlap_never_exceeds_the_speech(voices: Voices) -> None:
    """Overlap is measured without the gate, so an overlapping hop may contain little speech."""
    track = VoiceTrack(A, turns((A, 20)), np.ones(20, np.float32))
    (part,) = split_by_voice(track, unscored(0, 20 * HOP_SAMPLES, SAMPLE_RATE), voices)
    assert part.overlap_seconds == part.speech_seconds == 1.0


def test_more_speech_gives_more_evidence(voices: Voices) -> None:
    leaning = np.tile(np.array([0.5, 0.4, 0.1], np.float32), (20, 1))
    track = VoiceTrack(leaning[0], leaning, np.zeros(20, np.float32))
    samples = 20 * HOP_SAMPLES
    probabilities = []
    for speech_samples in (8000, 16_000, 48_000):
        (part,) = split_by_voice(track, unscored(0, samples, speech_samples), voices)
        probabilities.append(part.probability)
    assert probabilities == sorted(set(probabilities))


def test_three_voices_give_three_parts(voices: Voices) -> None:
    three = Voices(no_cohort(3))
    for speaker_id, voice in ((0, A), (3, B), (7, NOBODY)):
        three.enrol(speaker_id, pool(None, voice, 1.0))
    parts = Utterance(turns((B, 8), (NOBODY, 8), (A, 8))).parts(three)
    assert [part.speaker_ids[part.nearest] for part in parts] == [3, 7, 0]


def test_an_embedding_without_direction_is_refused(voices: Voices) -> None:
    with pytest.raises(ValueError, match="no direction"):
        Utterance(np.zeros((4, 3), np.float32)).parts(voices)


def test_an_utterance_too_short_to_embed_is_one_part_without_a_speaker(voices: Voices) -> None:
    segment = Segment(100, 9000, tuple(SpeechFrame(k * FRAME_SAMPLES, -30.0) for k in range(3)))
    part = unscored_part(segment, voices)
    assert part.is_short
    assert (part.start, part.stop, part.speaker_ids) == (100, 9000, (0, 1))
    assert (part.label, part.speech_seconds) == (Label.SHORT, 3 * FRAME_SAMPLES / SAMPLE_RATE)


@pytest.mark.parametrize(("speech_samples", "is_short"), [(1599, True), (1600, False)])
def test_a_tenth_of_a_second_of_speech_is_enough_to_embed(
    speech_samples: int, is_short: bool
) -> None:
    assert unscored(0, 16_000, speech_samples).is_short is is_short


@st.composite
def utterances(draw: st.DrawFn) -> Utterance:
    """Draw an utterance: turns of any length, of one voice, a mix, or an unknown voice; noise."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kinds = st.sampled_from([A, B, NOBODY, A + B, A + 0.9 * B, 0.9 * A + B])
    talk = draw(st.lists(st.tuples(kinds, st.integers(1, 8)), min_size=1, max_size=8))
    windows = turns(*talk)
    windows += draw(st.sampled_from([0.01, 0.1, 0.5])) * random.standard_normal(windows.shape)
    overlap = random.random(len(windows)).astype(np.float32)
    return Utterance(windows.astype(np.float32), draw(st.integers(0, HOP_SAMPLES - 1)), overlap)


@given(utterances())
def test_the_parts_of_any_utterance_cover_it(voices: Voices, utterance: Utterance) -> None:
    parts = utterance.parts(voices)
    whole = utterance.whole
    assert (parts[0].start, parts[-1].stop) == (whole.start, whole.stop)
    for one, other in pairwise(parts):
        assert one.stop == other.start
        assert one.nearest != other.nearest or Label.OVERLAP in {one.label, other.label}
    assert all(part.start < part.stop for part in parts)
    spoken_seconds = sum(part.speech_seconds for part in parts)
    assert spoken_seconds == pytest.approx(whole.speech_seconds)
    assert all(0 <= part.overlap_seconds <= part.speech_seconds for part in parts)
    assert all(part.other is None or part.other != part.nearest for part in parts)


@given(utterances())
def test_without_overlap_every_change_of_speaker_has_evidence(
    voices: Voices, utterance: Utterance
) -> None:
    for one, other in pairwise(replace(utterance, overlap=None).parts(voices)):
        assert one.nearest != other.nearest
        assert min(one.probability, other.probability) >= MIN_TURN_PROBABILITY


# Two people at once


def overlapped(hops: int, first: int, stop: int, share: float = 1.0) -> Rows:
    overlap = np.zeros(hops, np.float32)
    overlap[first:stop] = share
    return overlap


def speakers(part: Part) -> tuple[int, int | None]:
    """The ids of the nearest voice and of the voice that overlaps with it."""
    ids = part.speaker_ids
    return ids[part.nearest], None if part.other is None else ids[part.other]


def test_what_two_people_say_at_once_is_a_part_of_both(voices: Voices) -> None:
    windows = turns((A, 15), (A + B, 8), (B, 15))
    before, both, after = Utterance(windows, overlap=overlapped(38, 15, 23)).parts(voices)
    assert (speakers(before), speakers(after)) == ((0, None), (1, None))
    assert set(speakers(both)) == {0, 1}
    assert (before.label, both.label, after.label) == (Label.SURE, Label.OVERLAP, Label.SURE)
    assert (hops(both)[0], hops(both)[1]) == (15, 23)


def test_a_listener_who_speaks_into_a_turn_is_named_with_the_speaker(voices: Voices) -> None:
    windows = turns((A, 15), (A + 0.3 * B, 3), (A, 15))
    (part,) = Utterance(windows, overlap=overlapped(33, 15, 18)).parts(voices)
    assert speakers(part) == (0, 1)
    assert part.overlap_seconds == pytest.approx(3 * HOP_SAMPLES / SAMPLE_RATE)


def test_a_change_of_speaker_without_a_pause_does_not_name_a_second_speaker(voices: Voices) -> None:
    """The detector of overlap reports up to a tenth of a second there."""
    utterance = Utterance(turns((A, 15), (B, 15)), overlap=overlapped(30, 14, 16, 0.6))
    assert [speakers(part) for part in utterance.parts(voices)] == [(0, None), (1, None)]


def test_the_speakers_before_and_after_an_overlap_are_those_in_it(voices: Voices) -> None:
    """In the middle of a mixture, a third voice may be nearer than the fainter of the two."""
    three = Voices(no_cohort(3))
    for speaker_id, voice in ((0, A), (3, B), (7, NOBODY)):
        three.enrol(speaker_id, pool(None, voice, 1.0))
    windows = turns((A, 15), (A + 0.1 * B + 0.2 * NOBODY, 8), (B, 15))
    parts = Utterance(windows, overlap=overlapped(38, 15, 23)).parts(three)
    assert [speakers(part) for part in parts] == [(0, None), (0, 3), (3, None)]


def test_the_only_enrolled_voice_overlaps_with_nobody_known() -> None:
    alone = Voices(no_cohort(3))
    alone.enrol(0, pool(None, A, 1.0))
    (part,) = Utterance(turns((A, 20)), overlap=overlapped(20, 8, 12)).parts(alone)
    assert speakers(part) == (0, None)
    assert part.overlap_seconds > 0


@given(utterances())
def test_the_order_of_enrolment_changes_only_the_ids(voices: Voices, utterance: Utterance) -> None:
    swapped = Voices(no_cohort(3))
    swapped.enrol(0, pool(None, B, 1.0))
    swapped.enrol(1, pool(None, A, 1.0))
    parts, others = utterance.parts(voices), utterance.parts(swapped)
    assert [(p.start, p.stop, 1 - p.nearest) for p in parts] == [
        (p.start, p.stop, p.nearest) for p in others
    ]

"""The speech gate: where utterances begin and end."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from gating import (
    HANGOVER,
    PAUSE,
    POST_ROLL,
    PRE_ROLL,
    SETTINGS,
    SILENCE,
    SPEECH,
    Frame,
    cut,
    feed,
    samples,
)

from hwaja.protocol.audio import FLOOR_DBFS, SAMPLE_RATE
from hwaja.vad.gate import (
    FRAME_SAMPLES,
    GateSettings,
    SpeechGate,
    frames_in,
    mean_dbfs,
)


def test_an_utterance_keeps_audio_around_its_speech() -> None:
    """The soft first syllable and the soft ending survive: pre-roll and post-roll."""
    frames = [PAUSE] * 20 + [SPEECH] * 10 + [PAUSE] * 20
    (segment,) = cut(frames)
    assert (segment.start, segment.stop) == (samples(20) - PRE_ROLL, samples(30) + POST_ROLL)
    assert (segment.speech_start, segment.speech_stop) == (samples(20), samples(30))
    assert segment.speech_samples == samples(10)
    assert segment.level_dbfs == pytest.approx(-30.0)


def test_a_part_of_an_utterance_has_the_speech_and_the_level_of_that_part() -> None:
    loud = (SPEECH[0], -20.0)
    (segment,) = cut([PAUSE] * 20 + [SPEECH] * 10 + [PAUSE] * 5 + [loud] * 4 + [PAUSE] * 20)
    second = segment.part(samples(32), segment.stop)
    assert (second.start, second.stop) == (samples(32), segment.stop)
    assert (second.speech_start, second.speech_samples) == (samples(35), samples(4))
    assert second.level_dbfs == pytest.approx(-20.0)
    with pytest.raises(ValueError, match="no speech"):
        segment.part(samples(31), samples(34))


def test_the_pre_roll_does_not_reach_before_the_first_sample() -> None:
    (segment,) = cut([PAUSE] + [SPEECH] * 10 + [PAUSE] * 20, origin=1000)
    assert (segment.start, segment.speech_start) == (1000, 1000 + samples(1))


@pytest.mark.parametrize(
    ("pause", "kept"),
    [
        ([SILENCE] * 20, 2),
        ([PAUSE] + [SILENCE] * 20, 3),
        ([SILENCE, PAUSE] + [SILENCE] * 20, 4),
        ([PAUSE] * 4 + [SILENCE] * 20, 6),
        ([SILENCE, PAUSE] * 10, 6),
        ([(0.1, math.nan)] * 20, 6),
    ],
)
def test_the_post_roll_ends_when_the_speech_has_decayed(pause: list[Frame], kept: int) -> None:
    """Two frames in a row 25 dB below the speech: nothing soft follows."""
    (segment,) = cut([SILENCE] * 20 + [SPEECH] * 10 + pause)
    assert segment.stop == samples(30 + kept)


def test_the_post_roll_does_not_reach_past_the_end_of_the_audio() -> None:
    """The tail is not lost when the client stops in the middle of a word."""
    (segment,) = cut([SPEECH] * 10)
    assert (segment.stop, segment.speech_samples) == (samples(10), samples(10))


def test_an_utterance_ends_with_the_frame_that_completes_the_pause() -> None:
    gate = SpeechGate(SETTINGS, 0)
    frames = [SPEECH] * 5 + [PAUSE] * (HANGOVER - 1)
    assert gate.feed(*zip(*frames, strict=True)) == []
    assert len(gate.feed([PAUSE[0]], [PAUSE[1]])) == 1


def test_a_pause_shorter_than_the_hangover_stays_inside_the_utterance() -> None:
    frames = [SPEECH] * 5 + [PAUSE] * (HANGOVER - 1) + [SPEECH] * 5 + [PAUSE] * HANGOVER
    (segment,) = cut(frames)
    assert segment.speech_samples == samples(10)
    assert segment.stop >= samples(5 + HANGOVER - 1 + 5)


@pytest.mark.parametrize("length", range(1, SETTINGS.onset_frames))
def test_a_click_does_not_open_the_gate(length: int) -> None:
    click = [PAUSE] * 5 + [SPEECH] * length
    assert cut(click * 6 + [PAUSE] * 20) == []


def test_the_shortest_answer_opens_the_gate() -> None:
    (segment,) = cut([PAUSE] * 5 + [SPEECH] * SETTINGS.onset_frames + [PAUSE] * 20)
    assert segment.speech_samples == samples(SETTINGS.onset_frames)


def test_audio_quieter_than_any_speech_never_opens_the_gate() -> None:
    quiet = (1.0, SETTINGS.min_level_dbfs - 0.1)
    assert cut([quiet] * 50) == []
    assert len(cut([(1.0, SETTINGS.min_level_dbfs)] * 50)) == 1


def test_between_the_two_thresholds_speech_continues_but_does_not_begin() -> None:
    between = ((SETTINGS.open_probability + SETTINGS.close_probability) / 2, -30.0)
    assert cut([between] * 50) == []
    (segment,) = cut([SPEECH] * 3 + [between] * 30 + [PAUSE] * HANGOVER)
    assert segment.speech_samples == samples(33)


def test_a_short_dip_after_the_onset_does_not_end_a_later_utterance() -> None:
    """The pause that ended the first one is not counted again."""
    word = [SPEECH] * SETTINGS.onset_frames + [PAUSE] + [SPEECH] * 5
    segments = cut(word + [PAUSE] * 20 + word + [PAUSE] * 20)
    assert [s.speech_samples for s in segments] == [samples(SETTINGS.onset_frames + 5)] * 2


def test_two_utterances_share_no_sample() -> None:
    settings = GateSettings(hangover_seconds=0.1, pre_roll_seconds=0.5, post_roll_seconds=0.5)
    frames = ([SPEECH] * 5 + [PAUSE] * 4) * 4
    segments = cut(frames, settings=settings)
    assert len(segments) == 4
    assert all(first.stop <= second.start for first, second in pairwise(segments))


def test_the_level_is_the_mean_of_power_over_the_speech_frames() -> None:
    """A pause inside the utterance does not make the speaker seem quieter."""
    frames = [(0.9, -20.0)] * 5 + [PAUSE] * 5 + [(0.9, -40.0)] * 5 + [PAUSE] * HANGOVER
    (segment,) = cut(frames)
    assert segment.level_dbfs == pytest.approx(-22.967, abs=1e-3)


def test_the_mean_level_of_silence_and_of_nothing_is_the_floor() -> None:
    assert mean_dbfs([]) == FLOOR_DBFS
    assert mean_dbfs([-200.0] * 3) == FLOOR_DBFS
    assert mean_dbfs([-20.0, -20.0]) == pytest.approx(-20.0)


@pytest.mark.parametrize(
    ("spoken_seconds", "pause_seconds"),
    [(2, 0.5), (7.4, 0.5), (10, 0.36), (12, 0.224), (14, 0.224)],
)
def test_a_longer_utterance_is_ended_by_a_shorter_pause(
    spoken_seconds: float, pause_seconds: float
) -> None:
    """Up to 8 s the hang-over, from 12 s on hardly more than the post-roll."""
    spoken, needed = frames_in(spoken_seconds), frames_in(pause_seconds)
    for pause, utterances in ((needed - 1, 1), (needed + 1, 2)):
        assert len(cut([SPEECH] * spoken + [PAUSE] * pause + [SPEECH] * 20)) == utterances


def test_a_short_hangover_is_not_made_longer() -> None:
    settings = replace(SETTINGS, hangover_seconds=0.2)
    for seconds in (2, 14):
        frames = [SPEECH] * frames_in(seconds) + [PAUSE] * frames_in(0.2) + [SPEECH] * 20
        assert len(cut(frames, settings=settings)) == 2


def test_endless_speech_is_split_at_the_quietest_late_frame() -> None:
    cap = frames_in(SETTINGS.max_seconds)
    window = frames_in(SETTINGS.split_window_seconds)
    frames = [SPEECH] * (cap + 50)
    frames[10] = (0.9, -59.0)  # quieter still, but too early
    dip = cap - window + 20
    frames[dip] = (0.9, -50.0)
    first, second = cut(frames)
    assert first.stop == second.start == samples(dip)
    assert second.stop == samples(len(frames))


def test_speech_is_split_at_the_cap_and_not_before() -> None:
    gate = SpeechGate(SETTINGS, 0)
    cap = frames_in(SETTINGS.max_seconds)
    assert gate.feed([0.9] * (cap - 1), [-30.0] * (cap - 1)) == []
    assert len(gate.feed([0.9], [-30.0])) == 1


def test_no_utterance_is_longer_than_the_cap_and_its_margins() -> None:
    segments = cut([SPEECH] * 2000)
    longest = SETTINGS.max_seconds * SAMPLE_RATE + PRE_ROLL + POST_ROLL
    assert len(segments) > 3
    assert max(segment.stop - segment.start for segment in segments) <= longest
    assert sum(segment.speech_samples for segment in segments) == samples(2000)


def test_a_cut_ends_the_utterance_at_the_quietest_frame_nearby_and_the_rest_continues() -> None:
    gate = SpeechGate(SETTINGS, 1000)
    frames = [SPEECH] * 60
    frames[32] = (0.9, -45.0)
    frames[50] = (0.9, -55.0)  # quieter, but not near
    assert feed(gate, frames) == []
    (first,) = gate.cut(1000 + samples(30))
    assert first.stop == 1000 + samples(32)
    (rest,) = gate.flush()
    assert rest.start == first.stop
    assert first.speech + rest.speech == cut(frames, origin=1000)[0].speech


@pytest.mark.parametrize("at", [-1, 0, 1000, 1000 + FRAME_SAMPLES - 1, 1000 + samples(60), 10**9])
def test_a_cut_outside_the_open_utterance_changes_nothing(at: int) -> None:
    gate = SpeechGate(SETTINGS, 1000)
    feed(gate, [SPEECH] * 60)
    assert gate.cut(at) == []
    assert gate.flush() == cut([SPEECH] * 60, origin=1000)


def test_a_closed_gate_cuts_nothing() -> None:
    gate = SpeechGate(SETTINGS, 0)
    assert gate.cut(0) == []
    feed(gate, [SPEECH] * (SETTINGS.onset_frames - 1))
    assert gate.cut(samples(1)) == []


def test_a_gate_that_was_never_open_flushes_nothing() -> None:
    gate = SpeechGate(SETTINGS, 0)
    gate.feed([0.9], [-30.0])
    assert gate.flush() == []


@pytest.mark.parametrize("frame", [(math.nan, -30.0), (0.9, math.nan)])
def test_a_frame_with_an_invalid_probability_or_level_is_no_speech(frame: Frame) -> None:
    assert cut([frame] * 20) == []
    (segment,) = cut([SPEECH] * 10 + [frame] * HANGOVER)
    assert segment.speech_samples == samples(10)


def test_every_frame_has_a_probability_and_a_level() -> None:
    with pytest.raises(ValueError, match="shorter"):
        SpeechGate(SETTINGS, 0).feed([0.9, 0.9], [-30.0])


# What is foreseen

AHEAD = -(-POST_ROLL // FRAME_SAMPLES)
"""Frames of pause until the post-roll is heard."""


def test_an_utterance_is_speculated_after_its_post_roll() -> None:
    gate = SpeechGate(SETTINGS, 0)
    gate.feed(*zip(*([SPEECH] * 10 + [PAUSE] * (AHEAD - 1)), strict=True))
    assert gate.speculated is None
    gate.feed([PAUSE[0]], [PAUSE[1]])
    speculated = gate.speculated
    assert speculated is not None
    rest = HANGOVER - AHEAD
    assert gate.feed([PAUSE[0]] * rest, [PAUSE[1]] * rest) == [speculated]
    assert gate.speculated is None


def test_an_utterance_is_speculated_as_soon_as_its_speech_has_decayed() -> None:
    gate = SpeechGate(SETTINGS, 0)
    feed(gate, [SPEECH] * 10 + [SILENCE])
    assert gate.speculated is None
    feed(gate, [SILENCE])
    speculated = gate.speculated
    assert speculated is not None
    assert feed(gate, [SILENCE] * (HANGOVER - 2)) == [speculated]


def test_continued_speech_invalidates_the_speculated_utterance() -> None:
    gate = SpeechGate(SETTINGS, 0)
    gate.feed(*zip(*([SPEECH] * 10 + [PAUSE] * AHEAD + [SPEECH]), strict=True))
    assert gate.speculated is None


def test_nothing_is_speculated_before_speech() -> None:
    gate = SpeechGate(SETTINGS, 0)
    gate.feed(*zip(*([PAUSE] * 50), strict=True))
    assert gate.speculated is None


# The utterance that goes on --------------------------------------------------------------------


def test_there_is_no_open_span_before_the_gate_opens_and_after_it_closed() -> None:
    gate = SpeechGate(SETTINGS, 0)
    feed(gate, [PAUSE] * 10 + [SPEECH] * 2)
    assert gate.open_span is None
    feed(gate, [SPEECH])
    assert gate.open_span is not None
    feed(gate, [PAUSE] * HANGOVER)
    assert gate.open_span is None


def test_in_a_pause_the_certain_samples_end_with_the_post_roll() -> None:
    gate = SpeechGate(SETTINGS, 0)
    feed(gate, [PAUSE] * 10 + [SPEECH] * 5)
    stops = []
    for _ in range(HANGOVER - 1):
        feed(gate, [PAUSE])
        span = gate.open_span
        assert span is not None
        stops.append(span[1])
    end_of_speech = samples(15)
    assert stops[0] == end_of_speech + FRAME_SAMPLES
    assert stops[-1] == end_of_speech + POST_ROLL


def test_in_silence_the_certain_samples_end_where_the_utterance_will() -> None:
    gate = SpeechGate(SETTINGS, 0)
    feed(gate, [SPEECH] * 5)
    stops = []
    for _ in range(4):
        feed(gate, [SILENCE])
        span = gate.open_span
        assert span is not None
        stops.append(span[1])
    assert stops == [samples(6), samples(7), samples(7), samples(7)]

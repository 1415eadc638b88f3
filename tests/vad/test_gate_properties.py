"""The gate, whatever comes."""

from dataclasses import replace
from itertools import pairwise

from gating import PAUSE, SILENCE, SMALL, SPEECH, Frame, cut, feed, samples
from hypothesis import given
from hypothesis import strategies as st

from hwaja.protocol.audio import FLOOR_DBFS
from hwaja.vad.gate import GateSettings, Segment, SpeechGate, frames_in

runs = st.lists(
    st.tuples(
        st.sampled_from(
            [SPEECH, PAUSE, (0.4, -30.0), (0.9, -50.0), (0.9, -90.0), (0.1, -20.0), SILENCE]
        ),
        st.integers(1, 30),
    ),
    max_size=12,
).map(lambda pieces: [frame for frame, count in pieces for _ in range(count)])
noise = st.lists(st.tuples(st.floats(0, 1), st.floats(-120, 0)), max_size=60)
conversations = runs | noise


def speech_frames(frames: list[Frame], settings: GateSettings) -> set[int]:
    """The frames that must be in a segment, by the plainest reading of the settings."""
    found: set[int] = set()
    is_open, onset, pause = False, 0, 0
    for k, (probability, level) in enumerate(frames):
        loud = level >= settings.min_level_dbfs
        if is_open:
            if loud and probability >= settings.close_probability:
                found.add(k)
                pause = 0
            else:
                pause += 1
                is_open = pause < frames_in(settings.hangover_seconds)
                onset = 0
        else:
            onset = onset + 1 if loud and probability >= settings.open_probability else 0
            if onset == settings.onset_frames:
                is_open, pause = True, 0
                found |= set(range(k - onset + 1, k + 1))
    return found


@given(conversations, st.lists(st.integers(0, 20), max_size=20), st.integers(0, 10**9))
def test_any_split_of_the_frames_gives_the_same_utterances(
    frames: list[Frame], sizes: list[int], origin: int
) -> None:
    whole = cut(frames, settings=SMALL, origin=origin)
    assert cut(frames, settings=SMALL, origin=origin, sizes=sizes) == whole
    assert cut(frames, settings=SMALL, origin=origin, sizes=[1] * len(frames)) == whole


@given(conversations)
def test_every_speech_frame_is_in_exactly_one_utterance(frames: list[Frame]) -> None:
    segments = cut(frames, settings=SMALL)
    expected = speech_frames(frames, SMALL)
    holders = {
        k: [s for s in segments if s.start <= samples(k) and samples(k + 1) <= s.stop]
        for k in expected
    }
    assert all(len(found) == 1 for found in holders.values())
    assert sum(segment.speech_samples for segment in segments) == samples(len(expected))


@given(conversations, st.dictionaries(st.integers(0, 360), st.integers(0, samples(40))))
def test_cuts_lose_and_repeat_no_speech_frame(frames: list[Frame], backs: dict[int, int]) -> None:
    """Wherever it is cut, and however far back: the utterances together are what they were."""
    settings = replace(SMALL, max_seconds=100)  # where it is split depends on where it was cut
    gate = SpeechGate(settings, 0)
    segments: list[Segment] = []
    for number, frame in enumerate(frames):
        segments += feed(gate, [frame])
        if number in backs:
            segments += gate.cut(samples(number + 1) - backs[number])
    segments += gate.flush()
    whole = cut(frames, settings=settings)
    assert [f for s in segments for f in s.speech] == [f for s in whole for f in s.speech]
    assert all(first.stop <= second.start for first, second in pairwise(segments))
    for segment in segments:
        assert segment.start <= segment.speech_start < segment.speech_stop <= segment.stop


@given(conversations, conversations)
def test_after_a_gap_a_gate_cuts_like_a_new_one(before: list[Frame], behind: list[Frame]) -> None:
    gate = SpeechGate(SMALL, 0)
    gap = samples(len(before))
    first = feed(gate, before) + gate.flush()
    assert first == cut(before, settings=SMALL)
    second = feed(gate, behind) + gate.flush()
    assert second == cut(behind, settings=SMALL, origin=gap)


@given(conversations, st.integers(0, 10**9))
def test_utterances_are_in_order_disjoint_and_inside_the_audio(
    frames: list[Frame], origin: int
) -> None:
    segments = cut(frames, settings=SMALL, origin=origin)
    for segment in segments:
        assert origin <= segment.start <= segment.speech_start < segment.stop
        assert segment.stop <= origin + samples(len(frames))
        assert 0 < segment.speech_samples <= segment.stop - segment.start
        assert FLOOR_DBFS <= segment.level_dbfs <= 1e-9
    assert all(first.stop <= second.start for first, second in pairwise(segments))


@given(conversations)
def test_an_utterance_ended_by_a_pause_equals_the_speculated_one(frames: list[Frame]) -> None:
    """Work begun early is work on the very samples that are asked for later."""
    settings = replace(SMALL, post_roll_seconds=0.064, max_seconds=100)  # no cap is reached
    gate = SpeechGate(settings, 0)
    speculated = None
    for probability, level in frames:
        for segment in gate.feed([probability], [level]):
            assert segment == speculated
        speculated = gate.speculated


@given(conversations)
def test_samples_of_later_utterances_are_still_reported_as_needed(frames: list[Frame]) -> None:
    """The caller may forget audio before `needed_from`; it never moves back."""
    gate = SpeechGate(SMALL, 0)
    promised = 0
    for probability, level in frames:
        segments = gate.feed([probability], [level])
        assert all(segment.start >= promised for segment in segments)
        assert gate.needed_from >= promised
        promised = gate.needed_from
    assert all(segment.start >= promised for segment in gate.flush())


@given(
    st.lists(st.sampled_from([SPEECH, PAUSE]), max_size=120),
    st.integers(0, 10_000),
)
def test_an_utterance_contains_all_its_certain_samples_unless_it_was_split(
    frames: list[Frame], origin: int
) -> None:
    """What a streaming recogniser has heard of it stays true."""
    gate = SpeechGate(SMALL, origin)
    certain: list[tuple[int, int]] = []
    for frame in frames:
        ended = feed(gate, [frame])
        for segment in ended:
            told = [span for span in certain if span[0] == segment.start]
            assert told, "it was told of while it was open"
            was_split = gate.open_span is not None
            assert was_split or all(stop <= segment.stop for _, stop in told)
        span = gate.open_span
        if span is not None:
            earlier = [stop for start, stop in certain if start == span[0]]
            assert all(stop <= span[1] for stop in earlier), "it only grows"
            certain.append(span)

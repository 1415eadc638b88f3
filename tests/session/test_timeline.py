"""Times of samples if audio stops, is late, or arrives faster than real time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.session.events import Arrival
from hwaja.session.timeline import LEAST_GAP_SECONDS, Timeline

ORIGIN = 1_000_000
"""A transcription seldom begins with the first sample of its session."""
EPOCH = 1_755_754_200.0
CHUNK = 4096
NETWORK_SPEED = 10.0
"""How much faster than it is spoken audio crosses the network."""


@dataclass(frozen=True)
class Chunk:
    """One message of microphone audio."""

    stop: int
    samples: int
    spoken_at: float
    """When its last sample was spoken, on the clock of the arrivals."""


def spoken(
    turns: Iterable[float], gaps: Iterable[float] = (), chunk: int = CHUNK, at: float = 0.0
) -> list[Chunk]:
    """Return microphone messages for turns of these durations, with gaps between them."""
    chunks: list[Chunk] = []
    stop, pauses = ORIGIN, iter(gaps)
    for seconds in turns:
        for _ in range(round(seconds * SAMPLE_RATE / chunk)):
            stop, at = stop + chunk, at + chunk / SAMPLE_RATE
            chunks.append(Chunk(stop, chunk, at))
        at += next(pauses, 0.0)
    return chunks


def over_network(
    chunks: Iterable[Chunk],
    stuck: Iterable[tuple[float, float]] = (),
    speed: float = NETWORK_SPEED,
    jitter: Iterable[float] = (),
) -> Iterator[Arrival]:
    """Return the arrivals at a fast server. No message passes while the network is stuck."""
    late, last_at = iter(jitter), 0.0
    for chunk in chunks:
        leaves_at = max(chunk.spoken_at + next(late, 0.0), last_at)
        for begin, end in sorted(stuck):
            leaves_at = end if begin <= leaves_at < end else leaves_at
        at = leaves_at + chunk.samples / SAMPLE_RATE / speed
        yield Arrival(chunk.stop, at, EPOCH + at, waited_seconds=at - last_at)
        last_at = at


def told(timeline: Timeline, arrivals: Iterable[Arrival]) -> dict[int, float]:
    """Return the time of the first sample after each message, as known when the next arrives."""
    seconds: dict[int, float] = {}
    last: Arrival | None = None
    for arrival in arrivals:
        if last is not None:
            timeline.settle()
            seconds[last.stop] = timeline.seconds(last.stop)
        timeline.arrived(arrival)
        last = arrival
    return seconds


def sample_seconds(sample: int) -> float:
    return (sample - ORIGIN) / SAMPLE_RATE


lengths = st.lists(st.floats(0.5, 20), min_size=1, max_size=6)
chunk_samples = st.sampled_from([320, 512, 1600, 4096, 8192, 16_000, 40_000])


# No gap


@given(lengths, chunk_samples, st.lists(st.floats(0, LEAST_GAP_SECONDS / 2), max_size=200))
def test_without_a_gap_every_sample_has_its_own_time(
    turns: list[float], chunk: int, jitter: list[float]
) -> None:
    arrivals = over_network(spoken(turns, chunk=chunk), jitter=jitter)
    for sample, seconds in told(Timeline(ORIGIN), arrivals).items():
        assert seconds == sample_seconds(sample)


@given(
    lengths,
    st.sampled_from([320, 1600, 4096, 8192]),
    st.lists(st.tuples(st.floats(0, 60), st.floats(2, 60)), min_size=1, max_size=2),
    st.floats(2, 1000),
)
def test_delayed_audio_that_arrives_in_a_burst_keeps_its_times(
    turns: list[float], chunk: int, stalls: list[tuple[float, float]], speed: float
) -> None:
    stuck = [(begin, begin + length) for begin, length in stalls]
    arrivals = over_network(spoken([*turns, 100], chunk=chunk), stuck, speed)
    for sample, seconds in told(Timeline(ORIGIN), arrivals).items():
        assert seconds == sample_seconds(sample)


@given(lengths, chunk_samples, st.floats(1.5, 1000))
def test_a_file_sent_faster_than_real_time_is_dated_by_its_samples(
    turns: list[float], chunk: int, speed: float
) -> None:
    chunks = [replace(each, spoken_at=0.0) for each in spoken(turns, chunk=chunk)]
    for sample, seconds in told(Timeline(ORIGIN), over_network(chunks, speed=speed)).items():
        assert seconds == sample_seconds(sample)


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_audio_that_the_server_takes_late_is_dated_by_its_samples(speed: float) -> None:
    """The server's ring is full, and each released part fills at once."""
    held = [
        replace(arrival, at=arrival.at + 2 + sample_seconds(arrival.stop) / speed, waited_seconds=0)
        for arrival in over_network(spoken([30]))
    ]
    timeline = Timeline(ORIGIN)
    timeline.arrived(Arrival(ORIGIN + 1, 0.0, EPOCH, 0.0))
    for sample, seconds in told(timeline, held).items():
        assert seconds == sample_seconds(sample)
    timeline.stopped()
    timeline.settle()
    assert timeline.seconds(held[-1].stop) == sample_seconds(held[-1].stop)


def test_a_client_cut_off_while_it_catches_up_is_dated_by_its_samples() -> None:
    timeline = Timeline(ORIGIN)
    arrivals = list(over_network(spoken([60]), stuck=[(10, 40)]))
    first = next(k for k, each in enumerate(arrivals) if each.at > 40.2)
    for arrival in arrivals[:first]:
        timeline.arrived(arrival)
    for cut_off in arrivals[first : first + 10]:
        timeline.arrived(cut_off)
        timeline.stopped()
        timeline.settle()
        assert timeline.seconds(cut_off.stop) == sample_seconds(cut_off.stop)


def test_audio_delayed_again_while_it_catches_up_keeps_its_times() -> None:
    for begin in (15.2, 15.5, 16.1):
        stuck = [(5.0, 15.0), (begin, begin + 0.8)]
        arrivals = over_network(spoken([60]), stuck, speed=2)
        for sample, seconds in told(Timeline(ORIGIN), arrivals).items():
            assert seconds == sample_seconds(sample)


# Gaps


@given(
    st.lists(st.floats(1, 8), min_size=2, max_size=6),
    st.lists(st.floats(1.5, 600), min_size=5, max_size=5),
    st.sampled_from([160, 320, 1600, 4096, 6400]),
    st.lists(st.floats(0, 0.04), max_size=100),
)
def test_speech_after_gaps_has_the_time_at_which_it_was_spoken(
    turns: list[float], gaps: list[float], chunk: int, jitter: list[float]
) -> None:
    """The time is final once the pause after the speech was processed."""
    chunks = spoken(turns, gaps, chunk)
    timeline = Timeline(ORIGIN)
    arrivals = list(over_network(chunks, jitter=jitter))
    for arrival, following in zip(arrivals, [*arrivals[1:], None], strict=True):
        timeline.arrived(arrival)
        if following is None or following.at - arrival.at > 1:
            timeline.stopped()
            timeline.settle()
            chunk_start = arrival.stop - chunk
            spoken_seconds = next(each.spoken_at for each in chunks if each.stop == arrival.stop)
            error = timeline.seconds(chunk_start) - (spoken_seconds - chunk / SAMPLE_RATE)
            assert abs(error) < 0.1


def test_a_word_between_two_gaps_has_the_time_at_which_it_was_spoken() -> None:
    """With push-to-talk, a single word may lie between two gaps."""
    for chunk in (320, 4096, 16_000):
        timeline = Timeline(ORIGIN)
        chunks = spoken([2, 0.5, 0.5], [30, 40], chunk)
        for arrival in over_network(chunks):
            timeline.arrived(arrival)
            timeline.stopped()  # after every message, since any may be the last
        timeline.settle()
        assert timeline.seconds(chunks[-1].stop - 1) == pytest.approx(chunks[-1].spoken_at, abs=0.1)


def test_a_late_answer_is_dated_by_the_gap_before_it_alone() -> None:
    timeline = Timeline(ORIGIN)
    chunks = spoken([2, 2, 2], [30, 40])
    for arrival in over_network(chunks):
        timeline.arrived(arrival)
    timeline.settle()
    for chunk in (chunks[len(chunks) // 2], chunks[-1]):
        assert timeline.seconds(chunk.stop - 1) == pytest.approx(chunk.spoken_at, abs=0.1)


def test_the_gap_is_the_least_delay_of_audio_since_it_resumed() -> None:
    timeline = Timeline(ORIGIN)
    chunks = spoken([2, 2], [30])
    for arrival in over_network(chunks, jitter=[*[0] * (len(chunks) - 1), 0.5]):
        timeline.arrived(arrival)
    timeline.settle()
    assert timeline.seconds(chunks[-1].stop - 1) == pytest.approx(chunks[-1].spoken_at, abs=0.1)


def test_many_short_gaps_add_up() -> None:
    """A telephone that sends no silence causes gaps, each too short to count alone."""
    timeline = Timeline(ORIGIN)
    chunks = spoken([2] * 30, [0.7] * 29, chunk=320)
    seconds = told(timeline, over_network(chunks))
    errors = [seconds[each.stop] - each.spoken_at for each in chunks[:-1]]
    assert max(map(abs, errors)) < LEAST_GAP_SECONDS + 0.8
    assert chunks[-1].spoken_at - sample_seconds(chunks[-1].stop) > 20


def test_a_gap_is_counted_even_if_the_network_was_delayed_when_audio_resumed() -> None:
    timeline = Timeline(ORIGIN)
    chunks = spoken([5, 20], [30])
    for arrival in over_network(chunks, stuck=[(34, 38)]):
        timeline.arrived(arrival)
    timeline.settle()
    assert timeline.seconds(chunks[-1].stop) == pytest.approx(chunks[-1].spoken_at, abs=0.1)


def test_speech_before_a_gap_keeps_its_time_and_a_sentence_across_it_includes_it() -> None:
    timeline = Timeline(ORIGIN)
    chunks = spoken([5, 5], [10])
    for arrival in over_network(chunks):
        timeline.arrived(arrival)
    timeline.settle()
    before, behind = (5 * SAMPLE_RATE // CHUNK + step for step in (-1, 1))
    assert timeline.seconds(chunks[before].stop - CHUNK) == sample_seconds(
        chunks[before].stop - CHUNK
    )
    assert timeline.seconds(chunks[behind].stop - 1) == pytest.approx(
        chunks[behind].spoken_at, abs=0.1
    )


# Arbitrary arrivals


@given(
    st.lists(
        st.tuples(
            st.integers(1, 40_000),
            st.one_of(st.floats(0, 0.5), st.floats(0, 100)),
            st.floats(0, 100),
            st.sampled_from(["", "settle", "stopped"]),
        ),
        max_size=60,
    )
)
def test_times_never_decrease(messages: list[tuple[int, float, float, str]]) -> None:
    """Times ascend from sample to sample, and from answer to answer."""
    timeline, stop, at, answered = Timeline(ORIGIN), ORIGIN, 0.0, 0.0
    for samples, later, waited_seconds, then in messages:
        start, stop, at = stop, stop + samples, at + later
        timeline.arrived(Arrival(stop, at, EPOCH + at, waited_seconds))
        if then == "stopped":
            timeline.stopped()
        if then:
            timeline.settle()
            assert answered <= timeline.seconds(start) <= timeline.seconds(stop - 1)
            answered = timeline.seconds(stop - 1)


def test_a_transcription_begins_at_the_time_of_its_first_sample() -> None:
    """The length of the first message does not change the beginning."""
    for samples in (CHUNK, 10 * SAMPLE_RATE):
        timeline = Timeline(ORIGIN)
        timeline.arrived(Arrival(ORIGIN + samples, 500.0, EPOCH, 0.0))
        assert timeline.began_at == EPOCH - samples / SAMPLE_RATE
        assert timeline.seconds(ORIGIN) == 0

"""What a 4096-sample message costs between the socket and the speech detector.

`make bench` runs it. The crossing alone is the same three calls when there is no audio to work on:
what they cost beyond the work that any implementation would have to do. `message/ring` of
`rust/benches/ring.rs` is the same message without Python.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from hwaja._pcm import RingBuffer

CAPACITY_SAMPLES = 480_000
CHUNK_SAMPLES = 4096
FRAME_SAMPLES = 512
CONTEXT_SAMPLES = 64
CROSSING_LIMIT_S = 3e-6

PCM = np.random.default_rng(0).integers(-32768, 32768, CHUNK_SAMPLES).astype("<i2").tobytes()

# The discrete cosine transform below 80 Hz: 6 rows of norm 1.
WAVES = np.cos(np.pi * np.outer(np.arange(6), np.arange(FRAME_SAMPLES) + 0.5) / FRAME_SAMPLES)
WAVES /= np.linalg.norm(WAVES, axis=1, keepdims=True)

# One call with work to do, and one that does nothing but cross.
one_call = pytest.mark.parametrize(
    "pcm",
    [
        pytest.param(PCM, marks=pytest.mark.benchmark(group="one call"), id="4096"),
        pytest.param(b"", marks=pytest.mark.benchmark(group="one call, nothing to do"), id="0"),
    ],
)

Features = tuple[NDArray[np.float32], NDArray[np.float64]]


def through_rust(ring: RingBuffer, pcm: bytes) -> Features:
    """Take one message, as the server does: three crossings."""
    start = ring.end
    end = ring.push(pcm)
    features = ring.frames(start, FRAME_SAMPLES, CONTEXT_SAMPLES, start)
    ring.release(end)
    return features


def through_numpy(memory: NDArray[np.int16], start: int, pcm: bytes) -> Features:
    """Do the same work in NumPy, unchecked and on memory that does not wrap."""
    place = memory[start : start + len(pcm) // 2]
    place[:] = np.frombuffer(pcm, "<i2")
    floats = np.zeros(CONTEXT_SAMPLES + len(place), np.float32)
    np.divide(place, np.float32(32768), out=floats[CONTEXT_SAMPLES:])
    rows = np.lib.stride_tricks.sliding_window_view(floats, CONTEXT_SAMPLES + FRAME_SAMPLES)
    rows = rows[::FRAME_SAMPLES].copy()
    frames = rows[:, CONTEXT_SAMPLES:]
    power = np.square(frames, dtype=np.float64).mean(axis=1)
    power -= np.square(frames @ WAVES.T).sum(axis=1) / FRAME_SAMPLES
    place[:] = 0
    return rows, power


@pytest.mark.benchmark(group="message of 4096 samples")
def test_message_through_rust(benchmark: BenchmarkFixture) -> None:
    """Push, frames with their powers, and release: the whole way."""
    frames, powers = benchmark(through_rust, RingBuffer(CAPACITY_SAMPLES), PCM)
    assert frames.shape == (8, CONTEXT_SAMPLES + FRAME_SAMPLES)
    assert powers.shape == (8,)


@pytest.mark.benchmark(group="message of 4096 samples")
def test_message_through_numpy(benchmark: BenchmarkFixture) -> None:
    """Give the baseline, having made sure that it computes the same."""
    memory = np.zeros(CAPACITY_SAMPLES, dtype=np.int16)
    frames, powers = benchmark(through_numpy, memory, CAPACITY_SAMPLES // 2, PCM)
    expected_frames, expected_powers = through_rust(RingBuffer(CAPACITY_SAMPLES), PCM)
    np.testing.assert_array_equal(frames, expected_frames)
    np.testing.assert_allclose(powers, expected_powers, rtol=1e-4)


@pytest.mark.benchmark(group="crossing alone")
def test_crossing_alone(benchmark: BenchmarkFixture) -> None:
    """Hold what crossing costs, work apart, within its limit."""
    benchmark(through_rust, RingBuffer(CAPACITY_SAMPLES), b"")
    if benchmark.stats is not None:  # measured, not only run once
        assert benchmark.stats.stats.median <= CROSSING_LIMIT_S


@one_call
def test_push_and_release(benchmark: BenchmarkFixture, pcm: bytes) -> None:
    ring = RingBuffer(CAPACITY_SAMPLES)
    benchmark(lambda: ring.release(ring.push(pcm)))


@one_call
def test_read(benchmark: BenchmarkFixture, pcm: bytes) -> None:
    ring = RingBuffer(CAPACITY_SAMPLES)
    benchmark(ring.read, 0, ring.push(pcm))


@one_call
def test_frames(benchmark: BenchmarkFixture, pcm: bytes) -> None:
    ring = RingBuffer(CAPACITY_SAMPLES)
    ring.push(pcm)
    benchmark(ring.frames, 0, FRAME_SAMPLES, CONTEXT_SAMPLES, 0)


@one_call
def test_powers(benchmark: BenchmarkFixture, pcm: bytes) -> None:
    ring = RingBuffer(CAPACITY_SAMPLES)
    ring.push(pcm)
    benchmark(ring.powers, 0, FRAME_SAMPLES)

"""The boundary between Python and the Rust ring: what crosses it, and every error."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hwaja._pcm import RingBuffer
from hwaja.vad.gate import dbfs, mean_dbfs

CAPACITY_SAMPLES = 64
TOO_LARGE = 2**64  # for a sample index and for a number of samples

samples = st.lists(st.integers(-32768, 32767), max_size=CAPACITY_SAMPLES).map(
    lambda values: np.array(values, dtype="<i2")
)


def ring_with(count: int, *, start: int = 0) -> RingBuffer:
    """Hold the samples [start, start + count), each of which is its own index."""
    ring = RingBuffer(CAPACITY_SAMPLES)
    for _ in range(start):
        ring.push(b"\0\0")
        ring.release(ring.end)
    ring.push(np.arange(start, start + count, dtype="<i2").tobytes())
    return ring


def contents(ring: RingBuffer) -> tuple[int, int, list[int]]:
    """Return everything that can be seen of a ring."""
    return ring.start, ring.end, ring.read(ring.start, ring.end).tolist()


# What goes in


@pytest.mark.parametrize(
    "kind", [bytes, bytearray, memoryview, lambda pcm: np.frombuffer(pcm, "u1")]
)
def test_any_contiguous_buffer_of_bytes_is_accepted_as_audio(kind: Callable[[bytes], Any]) -> None:
    """Audio is read from any buffer without a copy into bytes."""
    pcm = np.array([1, -2, 3], dtype="<i2").tobytes()
    ring = RingBuffer(CAPACITY_SAMPLES)
    assert ring.push(kind(pcm)) == 3
    assert ring.read(0, 3).tolist() == [1, -2, 3]


def test_a_slice_of_a_message_is_accepted_as_audio() -> None:
    """A memoryview can leave out a header without copying what follows."""
    ring = RingBuffer(CAPACITY_SAMPLES)
    ring.push(memoryview(b"header\x00\x80")[6:])
    assert ring.read(0, 1).tolist() == [-32768]


@pytest.mark.parametrize("empty", [b"", bytearray(), memoryview(b""), np.empty(0, "u1")])
def test_an_empty_message_adds_no_audio(empty: Any) -> None:
    """A message without bytes is legal and changes nothing."""
    ring = ring_with(3)
    assert ring.push(empty) == 3


def test_a_pushed_bytearray_is_not_kept_locked() -> None:
    """Bytes are borrowed for the call only: their owner may resize and reuse them at once."""
    pcm = bytearray(b"\x00\x80")
    ring = RingBuffer(CAPACITY_SAMPLES)
    ring.push(pcm)
    pcm.clear()
    assert ring.read(0, 1).tolist() == [-32768]


@pytest.mark.parametrize(
    "wrong",
    [
        "text",
        None,
        [0, 0],
        np.zeros(2, "i2"),
        np.zeros((2, 3), "u1").T,
        memoryview(b"abcd")[::2],
    ],
)
def test_anything_but_bytes_is_a_type_error(wrong: Any) -> None:
    """A mistaken type is never taken for a full ring, nor int16 for bytes."""
    ring = ring_with(3)
    with pytest.raises(TypeError):
        ring.push(wrong)
    assert contents(ring) == contents(ring_with(3))


# What comes out


@given(samples, st.integers(1, CAPACITY_SAMPLES), st.data())
def test_arrays_hold_the_samples(values: NDArray[np.int16], size: int, data: st.DataObject) -> None:
    """Shapes, types and values are those that NumPy would compute, wherever the ring wraps."""
    context = data.draw(st.integers(0, size))
    skipped = data.draw(st.integers(0, 2 * CAPACITY_SAMPLES))
    offset = data.draw(st.integers(0, len(values)))
    ring = ring_with(0, start=skipped)
    ring.push(values.tobytes())
    start = skipped + offset
    floats = values.astype(np.float32) / np.float32(32768)
    count = (len(values) - offset) // size
    origin = data.draw(st.integers(0, offset))
    floats[:origin] = 0
    padded = np.concatenate([np.zeros(context, np.float32), floats])
    expected = np.array(
        [padded[offset + k * size :][: context + size] for k in range(count)], np.float32
    ).reshape(count, context + size)

    read = ring.read(start, ring.end)
    frames, powers = ring.frames(start, size, context, skipped + origin)

    assert (read.dtype, frames.dtype, powers.dtype) == (np.int16, np.float32, np.float64)
    np.testing.assert_array_equal(read, values[offset:])
    np.testing.assert_array_equal(frames, expected)
    own = above_80_hz(frames[:, context:].astype(np.float64))
    np.testing.assert_allclose(powers, np.square(own).mean(axis=1), atol=1e-12)
    np.testing.assert_array_equal(ring.powers(start, size), powers)


def above_80_hz(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what is left of frames, shape (n, size), without their low DCT coefficients."""
    size = frames.shape[1]
    k = np.arange(math.ceil(2 * size * 80 / 16_000))
    waves = np.cos(np.pi * np.outer(k, np.arange(size) + 0.5) / size)
    waves /= np.linalg.norm(waves, axis=1, keepdims=True)
    return np.asarray(frames - frames @ waves.T @ waves)


@given(samples, st.lists(st.integers(0, CAPACITY_SAMPLES)), st.integers(1, CAPACITY_SAMPLES))
def test_any_split_of_the_audio_gives_the_same_results(
    values: NDArray[np.int16], cuts: list[int], size: int
) -> None:
    """The way in which a client splits its audio changes no result."""
    at_once = RingBuffer(CAPACITY_SAMPLES)
    at_once.push(values.tobytes())
    in_chunks = RingBuffer(CAPACITY_SAMPLES)
    for chunk in np.split(values, sorted(cut for cut in cuts if cut < len(values))):
        in_chunks.push(chunk.tobytes())

    assert contents(in_chunks) == contents(at_once)
    both = (ring.frames(0, size, size // 2, 0) for ring in (in_chunks, at_once))
    for one, other in zip(*both, strict=True):
        np.testing.assert_array_equal(one, other)


def test_frames_do_not_depend_on_when_they_are_taken() -> None:
    """Taking frames as audio arrives gives what taking them all at the end gives."""
    ring = RingBuffer(CAPACITY_SAMPLES)
    taken, next_frame = [], 0
    for chunk in np.split(np.arange(60, dtype="<i2"), [1, 7, 8, 8, 30, 59]):
        ring.push(chunk.tobytes())
        frames, _ = ring.frames(next_frame, 7, 3, 0)
        next_frame += 7 * len(frames)
        taken.append(frames)
    np.testing.assert_array_equal(np.concatenate(taken), ring.frames(0, 7, 3, 0)[0])


def test_a_context_that_was_released_is_an_error_and_not_silence() -> None:
    """A detector never takes a hole for a pause: only what is before the origin is silent."""
    ring = ring_with(40)
    ring.release(10)
    with pytest.raises(IndexError):
        ring.frames(12, 8, 4, 0)
    assert ring.frames(12, 8, 4, 10)[0][0, :4].tolist() == [0, 0, 10 / 32768, 11 / 32768]


def test_no_array_is_a_view_of_the_ring() -> None:
    """A change of a returned array does not change the ring, and the reverse."""
    ring = ring_with(CAPACITY_SAMPLES)
    arrays = [ring.read(0, 64), *ring.frames(0, 16, 4, 0), ring.powers(0, 16)]
    before = [array.copy() for array in arrays]
    assert all(array.flags.owndata and array.flags.writeable for array in arrays)

    ring.release(ring.end)
    ring.push(b"\x55" * 2 * CAPACITY_SAMPLES)
    del ring
    gc.collect()
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)

    ring = ring_with(3)
    ring.read(0, 3)[:] = 9
    assert contents(ring) == contents(ring_with(3))


def test_start_end_and_length_count_samples() -> None:
    """start, end and len are absolute sample indices, and only methods change them."""
    ring = ring_with(10)
    ring.release(4)
    assert (ring.capacity, ring.start, ring.end, len(ring)) == (CAPACITY_SAMPLES, 4, 10, 6)
    with pytest.raises(AttributeError):
        ring.start = 0  # type: ignore[misc]


def test_a_ring_may_begin_at_a_later_sample() -> None:
    ring = RingBuffer(16, 1000)
    assert (ring.start, ring.end) == (1000, 1000)
    assert ring.push(bytes(range(8))) == 1004
    assert ring.read(1001, 1003).tolist() == [0x0302, 0x0504]
    with pytest.raises(IndexError):
        ring.read(0, 1)
    with pytest.raises(IndexError):
        RingBuffer(16, -1)


def test_release_frees_room_and_indices_keep_growing() -> None:
    """Audio streams through a small ring for ever: indices grow, samples stay in their place."""
    ring = RingBuffer(4)
    for index in range(0, 30, 3):
        assert ring.push(np.arange(index, index + 3, dtype="<i2").tobytes()) == index + 3
        assert ring.read(index, index + 3).tolist() == [index, index + 1, index + 2]
        ring.release(index + 2)


# Errors


@pytest.mark.parametrize("capacity", [0, -1, TOO_LARGE])
def test_a_capacity_is_at_least_one_sample(capacity: int) -> None:
    """A ring that could never hold anything is refused when it is made."""
    with pytest.raises(ValueError, match=r"capacity|number of samples"):
        RingBuffer(capacity)


def test_a_capacity_beyond_memory_is_a_memory_error() -> None:
    """A mistyped capacity raises; it does not end the process."""
    with pytest.raises(MemoryError):
        RingBuffer(2**62)


BAD_CALLS: list[tuple[type[Exception], Callable[[RingBuffer], object]]] = [
    (ValueError, lambda ring: ring.push(b"\0")),
    (ValueError, lambda ring: ring.push(b"\0" * 1001)),
    (BufferError, lambda ring: ring.push(b"\0\0" * (CAPACITY_SAMPLES - 4))),
    (BufferError, lambda ring: ring.push(b"\0\0" * 1000)),
    (IndexError, lambda ring: ring.read(19, 22)),
    (IndexError, lambda ring: ring.read(20, 26)),
    (IndexError, lambda ring: ring.read(24, 22)),
    (IndexError, lambda ring: ring.read(26, 26)),
    (IndexError, lambda ring: ring.read(-1, 22)),
    (IndexError, lambda ring: ring.read(20, TOO_LARGE)),
    (IndexError, lambda ring: ring.frames(19, 2, 0, 0)),
    (IndexError, lambda ring: ring.frames(26, 2, 0, 0)),
    (IndexError, lambda ring: ring.frames(-1, 2, 0, 0)),
    (ValueError, lambda ring: ring.frames(20, 0, 0, 20)),
    (ValueError, lambda ring: ring.frames(20, -1, 0, 20)),
    (ValueError, lambda ring: ring.frames(20, CAPACITY_SAMPLES + 1, 0, 20)),
    (ValueError, lambda ring: ring.frames(20, TOO_LARGE, 0, 20)),
    (IndexError, lambda ring: ring.frames(20, 2, 1, 19)),
    (IndexError, lambda ring: ring.frames(20, 2, 0, 21)),
    (IndexError, lambda ring: ring.frames(20, 2, 0, TOO_LARGE)),
    (ValueError, lambda ring: ring.frames(20, 2, 3, 20)),
    (ValueError, lambda ring: ring.frames(20, 2, TOO_LARGE, 20)),
    (IndexError, lambda ring: ring.powers(19, 2)),
    (IndexError, lambda ring: ring.powers(26, 2)),
    (ValueError, lambda ring: ring.powers(20, 0)),
    (ValueError, lambda ring: ring.powers(20, CAPACITY_SAMPLES + 1)),
    (IndexError, lambda ring: ring.release(19)),
    (IndexError, lambda ring: ring.release(26)),
    (IndexError, lambda ring: ring.release(-1)),
    (IndexError, lambda ring: ring.release(TOO_LARGE)),
]


@pytest.mark.parametrize(("error", "call"), BAD_CALLS)
def test_a_failed_call_changes_nothing(
    error: type[Exception], call: Callable[[RingBuffer], object]
) -> None:
    """Each mistake has its own kind of error and leaves the ring as it was."""
    ring = ring_with(5, start=20)
    with pytest.raises(error, match=r"\w"):
        call(ring)
    assert contents(ring) == contents(ring_with(5, start=20))
    assert ring.push(b"\0\0" * (CAPACITY_SAMPLES - 5)) == 20 + CAPACITY_SAMPLES


@pytest.mark.parametrize("wrong", [1.0, "1", None])
def test_an_index_is_an_int(wrong: Any) -> None:
    """A float is never rounded into some other sample."""
    ring = ring_with(5)
    for call in (
        ring.release,
        lambda index: ring.read(index, 5),
        lambda size: ring.frames(0, size, 0, 0),
        lambda origin: ring.frames(0, 5, 0, origin),
    ):
        with pytest.raises(TypeError):
            call(wrong)


# Levels


def levels_of(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Levels of the frames of 32 ms of samples in [-1, 1), in dBFS."""
    ring = RingBuffer(len(samples))
    ring.push(np.rint(samples * 32768).astype("<i2").tobytes())
    return 10 * np.log10(ring.powers(0, 512))


SECOND = np.arange(16_000) / 16_000


def test_full_scale_is_a_square_wave() -> None:
    """0 dBFS is the RMS of a full-scale square wave, so that of a full-scale sine is -3.01."""
    square = np.where(np.arange(16_000) % 8 < 4, -1.0, 32767 / 32768)
    sine = 32767 / 32768 * np.sin(2 * np.pi * 440 * SECOND)
    assert levels_of(square) == pytest.approx(0.0, abs=0.05)
    assert levels_of(sine) == pytest.approx(-3.01, abs=0.2)


def test_silence_has_a_finite_level() -> None:
    """Silence has no power, of which the level is -120.0 and not minus infinity: no JSON."""
    (power,) = ring_with(1).powers(0, 1).tolist()
    assert (power, dbfs(power)) == (0.0, -120.0)


@given(st.floats(-0.9, 0.9), st.floats(0, 2 * math.pi), st.sampled_from([50, 60]))
def test_an_offset_and_hum_change_the_level_of_quiet_speech_by_less_than_half_a_decibel(
    offset: float, phase: float, hertz: int
) -> None:
    """Speech of -48 dBFS in noise of -60; hum of the mains of -45 dBFS, on any offset."""
    noise = np.random.default_rng(0).standard_normal((2, 16_000))
    talks = np.sin(2 * np.pi * SECOND) > 0
    sound = noise[0] * 10 ** (-48 / 20) * talks + noise[1] * 10 ** (-60 / 20)
    hum = math.sqrt(2) * 10 ** (-45 / 20) * np.sin(2 * np.pi * hertz * SECOND + phase)
    clean, spoilt = levels_of(sound), levels_of(sound + offset + hum)
    speech = clean > -55
    assert mean_dbfs(spoilt[speech]) == pytest.approx(mean_dbfs(clean[speech]), abs=0.5)
    # Noise that is 15 dB under the hum; without the filter it would be as loud.
    assert mean_dbfs(spoilt[~speech]) == pytest.approx(mean_dbfs(clean[~speech]), abs=3)

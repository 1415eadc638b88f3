"""Any sequence of calls to the Rust ring, compared with a list."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fuzzing.choices import Choices
from hwaja._pcm import RingBuffer

_CAPACITY_SAMPLES = 24
_REFUSALS = (TypeError, ValueError, BufferError, IndexError)
_FAR = (-1, 2**31, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**64), 2**5000)
_NO_INDICES: tuple[Any, ...] = (1.0, "1", None, b"1", [1], float("nan"))


def run(content: bytes) -> None:
    choices = Choices(content)
    ring, samples, start = RingBuffer(_CAPACITY_SAMPLES), [], 0
    while choices.are_left:
        start = _step(ring, samples, start, choices)
        assert (ring.capacity, ring.start, ring.end) == (_CAPACITY_SAMPLES, start, len(samples))
        assert ring.read(start, len(samples)).tolist() == samples[start:]


def _step(ring: RingBuffer, samples: list[int], start: int, choices: Choices) -> int:
    """Do one thing; return where the ring begins after it."""
    end = len(samples)
    action = choices.number(5)
    if action <= 1:
        pcm, buffer = _buffer(choices)
        fits = (
            pcm is not None
            and len(pcm) % 2 == 0
            and len(pcm) // 2 <= _CAPACITY_SAMPLES - (end - start)
        )
        assert _succeeds(lambda: ring.push(buffer)) == fits
        if fits and pcm is not None:
            samples += np.frombuffer(pcm, "<i2").tolist()
        return start
    first, second = _index(start, choices), _index(start, choices)
    if action == 2:
        good = _is_index(first) and _is_index(second) and start <= first <= second <= end
        assert _succeeds(lambda: ring.read(first, second)) == good
    elif action == 3:
        good = _is_index(first) and start <= first <= end
        assert _succeeds(lambda: ring.release(first)) == good
        return int(first) if good else start
    else:
        good = _is_index(first) and start <= first <= end
        good = good and _is_index(second) and 1 <= second <= _CAPACITY_SAMPLES
        assert _succeeds(lambda: ring.powers(first, second)) == good
        third, fourth = _index(start, choices), _index(start, choices)
        good = good and _is_index(third) and 0 <= third <= second
        good = good and _is_index(fourth) and 0 <= fourth <= first
        good = good and max(fourth, first - third) >= start
        assert _succeeds(lambda: ring.frames(first, second, third, fourth)) == good
    return start


def _succeeds(call: Callable[[], object]) -> bool:
    try:
        call()
    except _REFUSALS:
        return False
    return True


def _is_index(value: Any) -> bool:
    return isinstance(value, int | np.integer)


def _index(near: int, choices: Choices) -> Any:
    match choices.number(7):
        case 0:
            return choices.one_of(_FAR)
        case 1:
            return choices.one_of(_NO_INDICES)
        case 2:
            return np.int64(near + choices.number(30))
        case _:
            return near + choices.number(40) - 8


def _buffer(choices: Choices) -> tuple[bytes | None, Any]:
    """Bytes, and an object that holds them; None with what holds no bytes in a row."""
    pcm = choices.take(choices.number(60))
    released = memoryview(pcm)
    released.release()
    forms: tuple[tuple[bytes | None, Any], ...] = (
        (pcm, pcm),
        (pcm, bytearray(pcm)),
        (pcm, memoryview(pcm)),
        (pcm, memoryview(b"x" + pcm)[1:]),
        (pcm, memoryview(pcm).cast("b")),
        (pcm, np.frombuffer(pcm, "u1")),
        (pcm, np.frombuffer(pcm, "u1").reshape(-1, 1)),
        (pcm[::-1], np.frombuffer(pcm[::-1], "i1")),
        (pcm if len(pcm) < 2 else None, memoryview(pcm)[::-1]),
        (None, np.frombuffer(pcm + pcm, "<i2")),
        (None, np.zeros((3, 3), "u1").T[:2]),
        (None, np.float32(1)),
        (None, released),
        (None, "text"),
        (None, None),
        (None, [0, 0]),
        (None, 7),
    )
    return choices.one_of(forms)

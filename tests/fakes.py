"""Engines that hear what a test wants heard."""

import threading
from collections.abc import Sequence

from hwaja.engine import Samples


class FakeState:
    """Counts the frames of one stream."""

    def __init__(self) -> None:
        self.heard = 0

    def reset(self) -> None:
        self.heard = 0


class FakeDetector:
    """Takes the first sample of each frame for its speech probability.

    A frame that begins with a negative sample fails the whole call. While `gate` is clear, a call
    waits; `entered` is set by each call as it begins.
    """

    def __init__(self) -> None:
        self.batches: list[int] = []  # streams in each call
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self._running = threading.Lock()

    def new_state(self) -> FakeState:
        return FakeState()

    def detect(self, streams: Sequence[tuple[FakeState, Samples]]) -> list[tuple[float, ...]]:
        assert self._running.acquire(blocking=False), "two calls at once"
        try:
            self.batches.append(len(streams))
            self.entered.set()
            assert self.gate.wait(timeout=10)
            if any((frames < 0).any() for _, frames in streams):
                raise RuntimeError("the detector failed")
            for state, frames in streams:
                state.heard += len(frames)
            return [tuple(frames[:, 0].tolist()) for _, frames in streams]
        finally:
            self._running.release()

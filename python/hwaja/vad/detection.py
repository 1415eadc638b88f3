"""Speech detection for all live sessions together: one call serves whoever has frames."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic

from hwaja.engines.interface import Samples, SpeechDetector, State


@dataclass(slots=True)
class _Request(Generic[State]):
    state: State
    frames: Samples
    probabilities: asyncio.Future[tuple[float, ...]] = field(default_factory=asyncio.Future)


class Detection(Generic[State]):
    """Hears the frames that came in one turn of the event loop in one call, before the next turn.

    No polling, no waiting time and no thread: handing a call of half a millisecond to a thread and
    its answer back costs as much again. A loop that falls behind hears more streams at once.
    """

    def __init__(
        self,
        detector: SpeechDetector[State],
        on_call: Callable[[int, float], None] | None = None,
    ) -> None:
        """Prepare; `on_call` is told of each call its streams and its seconds of processor time."""
        self._detector = detector
        self._on_call = on_call
        self._requests: list[_Request[State]] = []

    def new_state(self) -> State:
        """Return the state of a stream of which nothing was heard."""
        return self._detector.new_state()

    async def probabilities(self, state: State, frames: Samples) -> tuple[float, ...]:
        """Return the speech probability of each frame, shape (n, 512); advances `state`.

        A state may be in one call at a time.
        """
        request = _Request(state, frames)
        if not self._requests:
            asyncio.get_running_loop().call_soon(self._detect)
        self._requests.append(request)
        return await request.probabilities

    def _detect(self) -> None:
        batch, self._requests = self._requests, []
        streams = [(request.state, request.frames) for request in batch]
        began = time.thread_time()
        try:
            found = self._detector.detect(streams)
            answered = list(zip(batch, found, strict=True))
        except Exception as error:
            for request in batch:
                if not request.probabilities.done():
                    request.probabilities.set_exception(error)
            return
        took_seconds = time.thread_time() - began
        for request, probabilities in answered:
            if not request.probabilities.done():  # its session may be gone
                request.probabilities.set_result(probabilities)
        if self._on_call is not None:
            self._on_call(len(batch), took_seconds)

"""Speech detection for all live sessions together: one call serves whoever has frames."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic

from hwaja.engine import Samples, SpeechDetector, State


@dataclass(slots=True)
class _Request(Generic[State]):
    state: State
    frames: Samples
    probabilities: asyncio.Future[tuple[float, ...]] = field(default_factory=asyncio.Future)


class Detection(Generic[State]):
    """Gathers frames while a detector call runs; the next call takes all that gathered.

    No polling and no waiting time: an idle server answers at once, a busy one in larger batches.
    """

    def __init__(
        self,
        detector: SpeechDetector[State],
        on_call: Callable[[int, float], None] | None = None,
    ) -> None:
        """Prepare; `on_call` is told of each call how many streams it had and its seconds."""
        self._detector = detector
        self._on_call = on_call
        self._requests: list[_Request[State]] = []
        self._runner: asyncio.Task[None] | None = None

    def new_state(self) -> State:
        """Return the state of a stream of which nothing was heard."""
        return self._detector.new_state()

    async def probabilities(self, state: State, frames: Samples) -> tuple[float, ...]:
        """Return the speech probability of each frame, shape (n, 512); advances `state`.

        A state may be in one call at a time.
        """
        request = _Request(state, frames)
        self._requests.append(request)
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        return await request.probabilities

    async def _run(self) -> None:
        try:
            while self._requests:
                batch, self._requests = self._requests, []
                await self._detect(batch)
        finally:
            self._runner = None

    async def _detect(self, batch: list[_Request[State]]) -> None:
        streams = [(request.state, request.frames) for request in batch]
        began = time.perf_counter()
        try:
            found = await asyncio.to_thread(self._detector.detect, streams)
            answered = list(zip(batch, found, strict=True))
        except Exception as error:
            for request in batch:
                if not request.probabilities.done():
                    request.probabilities.set_exception(error)
            return
        if self._on_call is not None:
            self._on_call(len(batch), time.perf_counter() - began)
        for request, probabilities in answered:
            if not request.probabilities.done():  # its session may be gone
                request.probabilities.set_result(probabilities)

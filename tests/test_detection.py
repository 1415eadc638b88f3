"""Speech detection for all sessions together."""

import asyncio

import numpy as np
import pytest

from fakes import FakeDetector, FakeState
from hwaja.detection import Detection
from hwaja.engine import Samples
from hwaja.gate import FRAME_SAMPLES


def frames(*probabilities: float) -> Samples:
    return np.repeat(np.array(probabilities, np.float32)[:, None], FRAME_SAMPLES, axis=1)


async def busy(
    detector: FakeDetector, detection: Detection[FakeState]
) -> asyncio.Task[tuple[float, ...]]:
    """Start a call that stays inside the detector until `detector.gate` is set."""
    detector.gate.clear()
    detector.entered.clear()
    first = asyncio.create_task(detection.probabilities(detection.new_state(), frames(0.5)))
    assert await asyncio.to_thread(detector.entered.wait, 10)
    return first


async def queued(
    detection: Detection[FakeState], *batches: Samples
) -> list[asyncio.Task[tuple[float, ...]]]:
    """Start calls and let each reach the queue."""
    tasks = [
        asyncio.create_task(detection.probabilities(detection.new_state(), batch))
        for batch in batches
    ]
    await asyncio.sleep(0)
    return tasks


async def test_every_frame_gets_its_own_probability_and_the_state_goes_on() -> None:
    detection = Detection(FakeDetector())
    state = detection.new_state()
    assert await detection.probabilities(state, frames(0.25, 0.75)) == (0.25, 0.75)
    assert await detection.probabilities(state, frames(0.5)) == (0.5,)
    assert state.heard == 3


async def test_each_call_is_told_with_its_streams_and_how_long_it_took() -> None:
    calls: list[tuple[int, float]] = []
    detector = FakeDetector()
    detection = Detection(detector, lambda *call: calls.append(call))
    first = await busy(detector, detection)
    more = await queued(detection, frames(0.5), frames(0.5))
    detector.gate.set()
    await asyncio.gather(first, *more)
    assert [streams for streams, _ in calls] == [1, 2]
    assert all(seconds > 0 for _, seconds in calls)


async def test_an_idle_detector_answers_without_waiting_for_company() -> None:
    detector = FakeDetector()
    await Detection(detector).probabilities(FakeState(), frames(0.5))
    assert detector.batches == [1]


async def test_what_gathers_during_a_call_is_answered_by_one_next_call() -> None:
    detector = FakeDetector()
    detection = Detection(detector)
    first = await busy(detector, detection)
    others = await queued(detection, frames(0.125), frames(0.25, 0.5), frames(1.0))
    detector.gate.set()
    assert await first == (0.5,)
    assert await asyncio.gather(*others) == [(0.125,), (0.25, 0.5), (1.0,)]
    assert detector.batches == [1, 3]


async def test_a_failed_call_fails_its_own_sessions_only_and_the_next_is_served() -> None:
    detector = FakeDetector()
    detection = Detection(detector)
    failing = await busy(detector, detection)
    failing_next = await queued(detection, frames(-1.0), frames(0.25))
    detector.gate.set()
    assert await failing == (0.5,)
    results = await asyncio.gather(*failing_next, return_exceptions=True)
    assert [type(result) for result in results] == [RuntimeError, RuntimeError]
    assert await detection.probabilities(detection.new_state(), frames(0.75)) == (0.75,)


async def test_what_gathers_during_a_failing_call_is_still_answered() -> None:
    detector = FakeDetector()
    detection = Detection(detector)
    detector.gate.clear()
    failing = asyncio.create_task(detection.probabilities(FakeState(), frames(-1.0)))
    assert await asyncio.to_thread(detector.entered.wait, 10)
    (waiting,) = await queued(detection, frames(0.25))
    detector.gate.set()
    with pytest.raises(RuntimeError):
        await failing
    assert await asyncio.wait_for(waiting, timeout=10) == (0.25,)


async def test_a_session_that_leaves_during_a_call_does_not_disturb_the_others() -> None:
    detector = FakeDetector()
    detection = Detection(detector)
    leaving = await busy(detector, detection)
    leaving_too, staying = await queued(detection, frames(0.25), frames(0.75))
    leaving.cancel()
    leaving_too.cancel()
    detector.gate.set()
    assert await asyncio.wait_for(staying, timeout=10) == (0.75,)
    assert leaving.cancelled()


class ShortDetector(FakeDetector):
    """Answers for no stream at all."""

    def detect(self, streams: object) -> list[tuple[float, ...]]:
        return []


async def test_a_detector_that_forgets_a_stream_fails_the_call_and_hangs_nobody() -> None:
    detection = Detection(ShortDetector())
    with pytest.raises(ValueError, match="shorter"):
        await asyncio.wait_for(detection.probabilities(FakeState(), frames(0.5)), timeout=2)

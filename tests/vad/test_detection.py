"""Speech detection for all sessions together."""

import asyncio

import numpy as np
import pytest
from fakes import FakeDetector

from hwaja.engines.interface import Samples
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.vad.silero import Detection, SileroState


def frames(*probabilities: float) -> Samples:
    return np.repeat(np.array(probabilities, np.float32)[:, None], FRAME_SAMPLES, axis=1)


def asked(
    detection: Detection[SileroState], *batches: Samples
) -> list[asyncio.Task[tuple[float, ...]]]:
    """Have so many streams ask in one turn of the loop."""
    return [
        asyncio.create_task(detection.probabilities(detection.new_state(), batch))
        for batch in batches
    ]


async def test_every_frame_gets_its_own_probability_and_the_state_is_kept() -> None:
    detector = FakeDetector()
    detection = Detection(detector)
    state = detection.new_state()
    assert await detection.probabilities(state, frames(0.25, 0.75)) == (0.25, 0.75)
    assert await detection.probabilities(state, frames(0.5)) == (0.5,)
    assert [each is state for each in detector.states] == [True, True]


async def test_requests_of_one_loop_iteration_are_answered_by_one_call() -> None:
    detector = FakeDetector()
    detection = Detection(detector)
    tasks = asked(detection, frames(0.125), frames(0.25, 0.5), frames(1.0))
    assert await asyncio.gather(*tasks) == [(0.125,), (0.25, 0.5), (1.0,)]
    assert await asyncio.gather(*asked(detection, frames(0.5))) == [(0.5,)]
    assert detector.batches == [3, 1]


async def test_each_call_is_reported_with_its_number_of_streams_and_its_time() -> None:
    calls: list[tuple[int, float]] = []
    detection = Detection(FakeDetector(), lambda *call: calls.append(call))
    await asyncio.gather(*asked(detection, frames(0.5), frames(0.5)))
    await detection.probabilities(SileroState(), frames(0.5))
    assert [streams for streams, _ in calls] == [2, 1]
    assert all(seconds > 0 for _, seconds in calls)


async def test_a_failing_observer_of_calls_delays_no_answer() -> None:
    def counting(*_: float) -> None:
        raise RuntimeError

    loop, faults = asyncio.get_running_loop(), asyncio.Queue[object]()
    loop.set_exception_handler(lambda _, context: faults.put_nowait(context.get("exception")))
    detection = Detection(FakeDetector(), counting)
    async with asyncio.timeout(30):
        assert await asked(detection, frames(0.5))[0] == (0.5,)
        assert isinstance(await faults.get(), RuntimeError)


async def test_a_failed_call_fails_only_its_own_sessions_and_the_next_call_works() -> None:
    detection = Detection(FakeDetector())
    failing = asked(detection, frames(-1.0), frames(0.25))
    results = await asyncio.gather(*failing, return_exceptions=True)
    assert [type(result) for result in results] == [RuntimeError, RuntimeError]
    assert await detection.probabilities(detection.new_state(), frames(0.75)) == (0.75,)


async def test_a_session_that_leaves_before_its_call_does_not_disturb_the_others() -> None:
    detection = Detection(FakeDetector())
    leaving, staying = asked(detection, frames(0.25), frames(0.75))
    asyncio.get_running_loop().call_soon(leaving.cancel)
    assert await asyncio.wait_for(staying, timeout=10) == (0.75,)
    assert leaving.cancelled()


class ShortDetector(FakeDetector):
    """Answers for no stream at all."""

    def detect(self, streams: object) -> list[tuple[float, ...]]:
        return []


async def test_a_detector_with_too_few_results_fails_the_call_and_blocks_nobody() -> None:
    detection = Detection(ShortDetector())
    with pytest.raises(ValueError, match="shorter"):
        await asyncio.wait_for(detection.probabilities(SileroState(), frames(0.5)), timeout=2)

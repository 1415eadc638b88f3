"""Silero VAD v6 on onnxruntime: the frames of all live sessions in one call."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import EngineError, Samples, SpeechDetector, State
from hwaja.engines.runtime import open_session
from hwaja.vad.gate import FRAME_SAMPLES, frames_in

FORGET_FRAMES = frames_in(3.0)
"""Frames in a row without speech after which the LSTM state is zeroed: minutes of a steady sound
drive it to where speech is not heard. After 1 s already, speech behind pauses is lost; and a state
that is new takes more of music for speech (bench/RESULTS.md, "After steady sounds")."""

_SPEECH_PROBABILITY = 0.35  # what ends a pause of an utterance, `gate.GateSettings`

_CONTEXT_SAMPLES = 64  # the v6 graph wants the end of the frame before in front of each frame
_HEARD_SAMPLES = _CONTEXT_SAMPLES + FRAME_SAMPLES
_STATE_SHAPE = (2, 1, 128)  # LSTM h and c of one stream


class SileroState:
    """LSTM state and audio context of one stream."""

    def __init__(self) -> None:
        self.lstm: NDArray[np.float32] = np.zeros(_STATE_SHAPE, np.float32)
        self.context: NDArray[np.float32] = np.zeros(_CONTEXT_SAMPLES, np.float32)
        self._quiet_frames = 0  # in a row, up to now

    @property
    def frames_to_hear(self) -> int:
        """How many frames may be heard before the state may have to be forgotten."""
        return FORGET_FRAMES - self._quiet_frames

    def heard(self, probabilities: Sequence[float]) -> None:
        """Take note of the last frames, `frames_to_hear` at most; forget speech long past."""
        for probability in probabilities:
            is_speech = probability >= _SPEECH_PROBABILITY
            self._quiet_frames = 0 if is_speech else self._quiet_frames + 1
        if self._quiet_frames == FORGET_FRAMES:
            self.lstm.fill(0)
            self._quiet_frames = 0

    def reset(self) -> None:
        """Forget everything heard; the context is audio, so it is overwritten."""
        self.lstm.fill(0)
        self.context.fill(0)
        self._quiet_frames = 0


class SileroDetector:
    """The batched speech detector. Not thread-safe: one call at a time."""

    def __init__(self, model: Path) -> None:
        """Load the model.

        Raises:
            EngineError: where onnxruntime is not installed, or twice, or the file is not the model.

        """
        self._session = open_session(model)
        names = {value.name for value in self._session.get_inputs()}
        if names != {"frames", "lengths", "state"}:
            raise EngineError(f"{model} is not the Silero VAD model hwaja expects.")

    def new_state(self) -> SileroState:
        """Return the state of a stream of which nothing was heard."""
        return SileroState()

    def detect(self, streams: Sequence[tuple[SileroState, Samples]]) -> list[tuple[float, ...]]:
        """Return the speech probabilities; see `engine.SpeechDetector.detect`.

        It is one call of the model, whatever the streams' numbers of frames, and another where a
        state may have to be forgotten on the way.
        """
        found: list[tuple[float, ...]] = [()] * len(streams)
        left = {k: frames for k, (_, frames) in enumerate(streams) if len(frames)}
        while left:
            batch = [(streams[k][0], left[k][: streams[k][0].frames_to_hear]) for k in left]
            for k, probabilities in zip(tuple(left), self._hear(batch), strict=True):
                found[k] += probabilities
                left[k] = left[k][len(probabilities) :]
            left = {k: frames for k, frames in left.items() if len(frames)}
        return found

    def _hear(self, streams: Sequence[tuple[SileroState, Samples]]) -> list[tuple[float, ...]]:
        """Call the model; each stream has a frame at least."""
        lengths = np.array([len(frames) for _, frames in streams], np.int32)
        heard = np.zeros((len(streams), lengths.max(), _HEARD_SAMPLES), np.float32)
        for row, (state, frames) in zip(heard, streams, strict=True):
            _lay_out(row[: len(frames)], state.context, frames)
        lstm = np.concatenate([state.lstm for state, _ in streams], axis=1)
        rows, lstm = self._session.run(
            ["probabilities", "next_state"], {"frames": heard, "lengths": lengths, "state": lstm}
        )
        heard.fill(0)
        found = []
        for k, (state, frames) in enumerate(streams):
            probabilities = tuple(rows[k, : len(frames)].tolist())
            state.lstm = lstm[:, k : k + 1]
            state.context[:] = frames[-1, -_CONTEXT_SAMPLES:]
            state.heard(probabilities)
            found.append(probabilities)
        return found


def _lay_out(rows: Samples, context: Samples, frames: Samples) -> None:
    """Write each frame into its row, with the end of the one before in front."""
    rows[:, _CONTEXT_SAMPLES:] = frames
    rows[0, :_CONTEXT_SAMPLES] = context
    rows[1:, :_CONTEXT_SAMPLES] = frames[:-1, -_CONTEXT_SAMPLES:]


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

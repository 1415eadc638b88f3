"""Silero VAD v6 on onnxruntime: one session for all streams, their frames in one call."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwaja.engine import EngineError, Samples
from hwaja.engines.runtime import open_session
from hwaja.gate import FRAME_SAMPLES, SAMPLE_RATE

_CONTEXT_SAMPLES = 64  # the v6 graph wants the end of the frame before in front of each frame
_STATE_SHAPE = (2, 1, 128)  # LSTM h and c of one stream


class SileroState:
    """LSTM state and audio context of one stream."""

    def __init__(self) -> None:
        self.lstm: NDArray[np.float32] = np.zeros(_STATE_SHAPE, np.float32)
        self.context: NDArray[np.float32] = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def reset(self) -> None:
        """Forget everything heard; the context is audio, so it is overwritten."""
        self.lstm.fill(0)
        self.context.fill(0)


class SileroDetector:
    """The batched speech detector. Not thread-safe: one call at a time."""

    def __init__(self, model: Path) -> None:
        """Load the model.

        Raises:
            EngineError: where onnxruntime is not installed, or twice, or the file is not the model.

        """
        self._session = open_session(model)
        names = {value.name for value in self._session.get_inputs()}
        if names != {"input", "state", "sr"}:
            raise EngineError(f"{model} is not the Silero VAD model hwaja expects.")
        self._rate = np.array(SAMPLE_RATE, np.int64)

    def new_state(self) -> SileroState:
        """Return the state of a stream of which nothing was heard."""
        return SileroState()

    def detect(self, streams: Sequence[tuple[SileroState, Samples]]) -> list[tuple[float, ...]]:
        """Return the speech probabilities; see `engine.SpeechDetector.detect`.

        Step k runs frame k of every stream that has one, so the number of model calls is the
        longest stream's number of frames.
        """
        found: list[list[float]] = [[] for _ in streams]
        longest = max((len(frames) for _, frames in streams), default=0)
        for step in range(longest):
            active = [k for k, (_, frames) in enumerate(streams) if step < len(frames)]
            probabilities = self._step([(streams[k][0], streams[k][1][step]) for k in active])
            for k, probability in zip(active, probabilities, strict=True):
                found[k].append(probability)
        return [tuple(probabilities) for probabilities in found]

    def _step(self, frames: list[tuple[SileroState, Samples]]) -> list[float]:
        inputs = np.empty((len(frames), _CONTEXT_SAMPLES + FRAME_SAMPLES), np.float32)
        for row, (state, frame) in zip(inputs, frames, strict=True):
            row[:_CONTEXT_SAMPLES] = state.context
            row[_CONTEXT_SAMPLES:] = frame
        lstm = np.concatenate([state.lstm for state, _ in frames], axis=1)
        output, lstm = self._session.run(None, {"input": inputs, "state": lstm, "sr": self._rate})
        for k, (state, frame) in enumerate(frames):
            state.lstm = lstm[:, k : k + 1]
            state.context[:] = frame[-_CONTEXT_SAMPLES:]
        return [float(probability) for probability in output[:, 0]]

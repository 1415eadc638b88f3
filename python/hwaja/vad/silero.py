"""Silero VAD v6 on onnxruntime: one session for all streams, their frames in one call."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import EngineError, Samples
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

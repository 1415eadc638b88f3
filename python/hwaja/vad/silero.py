"""Silero VAD v6 on onnxruntime: one call takes the frames of all live sessions."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from hwaja._pcm import RingBuffer
from hwaja.engines.interface import EngineError, Samples, SpeechDetector, State
from hwaja.engines.runtime import open_session
from hwaja.protocol.audio import FLOOR_DBFS, SAMPLE_RATE
from hwaja.vad.gate import FRAME_SAMPLES, dbfs, frames_in

FORGET_FRAMES = frames_in(3.0)
"""The LSTM state is zeroed after this many frames in a row without speech. Otherwise, the model no
longer detects speech after minutes of a steady sound. If the state is zeroed after only 1 s, speech
after pauses is lost. With a new state, the model takes more music for speech
(bench/RESULTS.md, "After steady sounds")."""

START_FRAMES = frames_in(0.25)
"""The LSTM state of a new stream is that after this much silence. From a state of zeros, the model
misses speech that begins with the stream, most of all in noise (bench/RESULTS.md, "Enrolment in
noise")."""

_SPEECH_PROBABILITY = 0.35  # ends a pause, see `gate.GateSettings.close_probability`

# The model misses faint speech, and a voice 3 m away is faint. Chosen on one half of the voices
# (bench/RESULTS.md, "Faint speech").
_AUDIBLE_DBFS = -25.0
_MAX_GAIN_DB = 18.0
_NOISE_DBFS = -50.0
_NEAR_PEAK_DBFS = -20.0  # of a near voice, for which a new stream is taken
_PEAK_FALL_DB = 10.0 * FRAME_SAMPLES / SAMPLE_RATE  # a frame
_NOISE_RISE_DB = 2.0 * FRAME_SAMPLES / SAMPLE_RATE

CONTEXT_SAMPLES = 64
"""The v6 graph takes each frame after this many samples of the previous one."""

_ROW_SAMPLES = CONTEXT_SAMPLES + FRAME_SAMPLES
_STATE_SHAPE = (2, 1, 128)  # LSTM h and c of one stream


def frames_to_detect(
    ring: RingBuffer, start: int, origin: int
) -> tuple[Samples, tuple[float, ...]]:
    """Return the whole frames from sample `start` to the end of a ring, and their levels in dBFS.

    Args:
        ring: holds the samples from `start` on, and the `CONTEXT_SAMPLES` before `start`, except
            those before `origin`.
        start: index of the first sample of the first frame.
        origin: where the stream began or was reset. The context before it is silence.

    Returns:
        The frames as `SileroDetector.detect` takes them, and one level for each.

    """
    frames, powers = ring.frames(start, FRAME_SAMPLES, CONTEXT_SAMPLES, origin)
    return frames, tuple(map(dbfs, powers.tolist()))


class _Gain:
    """The gain of faint frames of one stream, for the model only.

    It raises the recent peaks to `_AUDIBLE_DBFS`, by `_MAX_GAIN_DB` at most, and the noise between
    them to `_NOISE_DBFS` at most. So it is 0 dB for a near voice, and in much noise.
    """

    def __init__(self) -> None:
        self._peak_dbfs = _NEAR_PEAK_DBFS
        self._noise_dbfs = _NOISE_DBFS - _MAX_GAIN_DB

    def amplify(self, frames: Samples) -> Samples:
        """Return the next frames of the stream, amplified. `frames` stays unchanged."""
        powers = frames[:, CONTEXT_SAMPLES:].var(axis=1)  # without an offset
        levels_dbfs = 10 * np.log10(np.maximum(powers, 10 ** (FLOOR_DBFS / 10)))
        steps = np.arange(len(frames) + 1)
        rise_db, fall_db = _NOISE_RISE_DB * steps, _PEAK_FALL_DB * steps
        peaks = np.append(self._peak_dbfs, levels_dbfs) + fall_db
        peaks_dbfs = np.maximum.accumulate(peaks) - fall_db
        lowest_dbfs = _NOISE_DBFS - _MAX_GAIN_DB
        noises = np.append(self._noise_dbfs, np.maximum(levels_dbfs, lowest_dbfs)) - rise_db
        noises_dbfs = np.minimum.accumulate(noises) + rise_db
        self._peak_dbfs, self._noise_dbfs = float(peaks_dbfs[-1]), float(noises_dbfs[-1])
        gains_db = np.minimum(_AUDIBLE_DBFS - peaks_dbfs, _NOISE_DBFS - noises_dbfs)[1:]
        gains: NDArray[np.float32] = (10 ** (np.clip(gains_db, 0, _MAX_GAIN_DB) / 20)).astype("f4")
        return frames * gains[:, np.newaxis]


class SileroState:
    """LSTM state and gain of one stream. It holds no audio."""

    def __init__(self, start: NDArray[np.float32] | None = None) -> None:
        """Begin a stream in the state `start`, which stays unchanged; None: zeros."""
        self._start = np.zeros(_STATE_SHAPE, np.float32) if start is None else start
        self.lstm = self._start.copy()
        self.gain = _Gain()
        self._quiet_frames = 0  # in a row, up to now

    @property
    def max_next_frames(self) -> int:
        """Most frames for one call, so that the LSTM state is zeroed only after the last one."""
        return FORGET_FRAMES - self._quiet_frames

    def count_pause(self, probabilities: Sequence[float]) -> None:
        """Count the frames of the current pause. Zero the LSTM state after `FORGET_FRAMES`.

        Args:
            probabilities: speech probabilities of the last frames, at most `max_next_frames`.

        """
        for probability in probabilities:
            is_speech = probability >= _SPEECH_PROBABILITY
            self._quiet_frames = 0 if is_speech else self._quiet_frames + 1
        if self._quiet_frames == FORGET_FRAMES:
            self.lstm.fill(0)
            self._quiet_frames = 0

    def reset(self) -> None:
        """Begin a new stream. Overwrite the state of the last one."""
        self.lstm[:] = self._start
        self.gain = _Gain()
        self._quiet_frames = 0


class SileroDetector:
    """The batched speech detector. It is not thread-safe: it takes one call at a time."""

    def __init__(self, model: Path) -> None:
        """Load the model.

        Raises:
            EngineError: onnxruntime is not installed or is installed twice, or the file is not the
                model.

        """
        self._session = open_session(model)
        names = {value.name for value in self._session.get_inputs()}
        if names != {"frames", "lengths", "state"}:
            raise EngineError(f"{model} is not the Silero VAD model hwaja expects.")
        silence = SileroState()
        self._run_model([(silence, np.zeros((START_FRAMES, _ROW_SAMPLES), np.float32))])
        self._start = silence.lstm

    def new_state(self) -> SileroState:
        """Return the state of a new stream."""
        return SileroState(self._start)

    def detect(self, streams: Sequence[tuple[SileroState, Samples]]) -> list[tuple[float, ...]]:
        """Return the speech probabilities of each stream; see `SpeechDetector.detect`.

        One call of the model takes all frames of all streams. The call is divided where a state may
        have to be zeroed between two frames.
        """
        found: list[tuple[float, ...]] = [()] * len(streams)
        left = {k: frames for k, (_, frames) in enumerate(streams) if len(frames)}
        while left:
            batch = [(streams[k][0], left[k][: streams[k][0].max_next_frames]) for k in left]
            for k, probabilities in zip(tuple(left), self._run_model(batch), strict=True):
                found[k] += probabilities
                left[k] = left[k][len(probabilities) :]
            left = {k: frames for k, frames in left.items() if len(frames)}
        return found

    def _run_model(self, streams: Sequence[tuple[SileroState, Samples]]) -> list[tuple[float, ...]]:
        """Call the model once. Each stream has at least one frame."""
        lengths = np.array([len(frames) for _, frames in streams], np.int32)
        batch = np.zeros((len(streams), lengths.max(), _ROW_SAMPLES), np.float32)
        for rows, (state, frames) in zip(batch, streams, strict=True):
            rows[: len(frames)] = state.gain.amplify(frames)
        lstm = np.concatenate([state.lstm for state, _ in streams], axis=1)
        found, lstm = self._session.run(
            ["probabilities", "next_state"], {"frames": batch, "lengths": lengths, "state": lstm}
        )
        batch.fill(0)
        answers = []
        for k, (state, frames) in enumerate(streams):
            probabilities = tuple(found[k, : len(frames)].tolist())
            state.lstm = lstm[:, k : k + 1]
            state.count_pause(probabilities)
            answers.append(probabilities)
        return answers


@dataclass(slots=True)
class _Request(Generic[State]):
    state: State
    frames: Samples
    probabilities: asyncio.Future[tuple[float, ...]] = field(default_factory=asyncio.Future)


class Detection(Generic[State]):
    """Runs VAD once per iteration of the event loop for all sessions.

    It does not poll, wait or use a thread: a call takes half a millisecond, and its transfer to a
    thread and back would take as long. If the loop falls behind, a call takes more streams.
    """

    def __init__(
        self,
        detector: SpeechDetector[State],
        on_call: Callable[[int, float], None] | None = None,
    ) -> None:
        """Create an idle detection.

        Args:
            detector: computes the probabilities.
            on_call: called after each successful call of the detector with the number of streams
                and the processor time in seconds.

        """
        self._detector = detector
        self._on_call = on_call
        self._requests: list[_Request[State]] = []

    def new_state(self) -> State:
        """Return the state of a new stream."""
        return self._detector.new_state()

    async def probabilities(self, state: State, frames: Samples) -> tuple[float, ...]:
        """Return the speech probability of each frame; advance `state`.

        Args:
            state: state of the stream. It may be in only one call at a time.
            frames: its next frames, see `SpeechDetector.detect`.

        Raises:
            Exception: the detector failed. Every stream of the call gets the same exception.

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
            if not request.probabilities.done():  # the session may have ended
                request.probabilities.set_result(probabilities)
        if self._on_call is not None:
            self._on_call(len(batch), took_seconds)

"""VoxLock on onnxruntime: keeps one voice of several that speak at once.

Two graphs. `enroll` turns 3 s of a voice into what the other one is told of it. `chunk` maps frames
of a short-time Fourier transform, with the state of its recurrent layers, to frames of the voice.
The form and the constants are those of the package voxlock 1.1.2 (Apache-2.0).
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.checks import check_samples
from hwaja.engines.interface import VOICE_SAMPLES, EngineError, Samples
from hwaja.engines.runtime import open_session

FRAME_SAMPLES, HOP_SAMPLES = 512, 128

MIN_SAMPLES = FRAME_SAMPLES // 2 + 1
"""The audio is reflected at both ends by half a frame."""

_WINDOW_POWER = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES)) ** 2
"""Square of the periodic Hann window, which the frames are multiplied with twice."""

_GAIN = -0.5
"""The graph returns the voice at about minus twice its level."""

_MOST_FRAMES = 100
"""Frames of one call, 0.8 s: more take more memory and no less time."""

_INPUTS = {"wav", "enroll_mag", "context", "h", "c"}


class VoxLock:
    """Extracts voices; see `interface.VoiceExtractor`. Not thread-safe: one call at a time."""

    def __init__(self, folder: Path) -> None:
        """Load the graphs `enroll*.onnx` and `chunk*.onnx` of a folder.

        Raises:
            EngineError: where a file is missing, there are several, or one has another form.

        """
        # Calls are few, and what they compute of a voice is nearly its audio.
        self._enroll = open_session(_file(folder, "enroll"), keeps_memory=False)
        self._chunk = open_session(_file(folder, "chunk"), keeps_memory=False)
        told = [value.name for value in self._enroll.get_inputs()]
        inputs = {value.name: value.shape for value in self._chunk.get_inputs()}
        outputs = len(self._enroll.get_outputs()), len(self._chunk.get_outputs())
        if told != ["enroll"] or inputs.keys() != _INPUTS or outputs != (2, 3):
            raise EngineError(f"{folder} is not a model of the form of VoxLock.")
        self._state_shape = inputs["h"]

    def extract(self, samples: Samples, voice: Samples) -> Samples:
        """Return the audio with one voice only; see `interface.VoiceExtractor.extract`."""
        check_samples(samples)
        check_samples(voice)
        if len(samples) < MIN_SAMPLES or len(voice) != VOICE_SAMPLES:
            raise EngineError("there is too little audio to extract a voice")
        half = FRAME_SAMPLES // 2
        padded = np.pad(samples, (half, half + -len(samples) % HOP_SAMPLES), mode="reflect")
        try:
            frames = self._frames(padded, voice)
        except Exception as error:
            raise EngineError(f"the extraction failed: {type(error).__name__}") from None
        finally:
            padded.fill(0)
        joined = _joined(frames)
        frames.fill(0)
        extracted = np.asarray(_GAIN * joined[half : half + len(samples)], np.float32)
        joined.fill(0)
        return extracted

    def _frames(self, padded: Samples, voice: Samples) -> NDArray[np.float32]:
        """Return the frames of the voice, shape (frames, FRAME_SAMPLES)."""
        magnitude, context = self._enroll.run(None, {"enroll": voice[None]})
        state: Any = np.zeros(self._state_shape, np.float32)
        cell = state.copy()
        count = 1 + (len(padded) - FRAME_SAMPLES) // HOP_SAMPLES
        found = np.empty((count, FRAME_SAMPLES), np.float32)
        for first in range(0, count, _MOST_FRAMES):
            stop = min(first + _MOST_FRAMES, count)
            wav = padded[first * HOP_SAMPLES : (stop - 1) * HOP_SAMPLES + FRAME_SAMPLES]
            told = {"enroll_mag": magnitude, "context": context, "h": state, "c": cell}
            frames, state, cell = self._chunk.run(None, {"wav": wav[None], **told})
            found[first:stop] = frames[0]
        return found


def _joined(frames: NDArray[np.float32]) -> NDArray[np.float64]:
    """Overlap and add the frames."""
    total = np.zeros((len(frames) - 1) * HOP_SAMPLES + FRAME_SAMPLES)
    power = np.zeros_like(total)
    for number, frame in enumerate(frames):
        place = slice(number * HOP_SAMPLES, number * HOP_SAMPLES + FRAME_SAMPLES)
        total[place] += frame
        power[place] += _WINDOW_POWER
    total /= np.where(power > 1e-11, power, 1.0)
    return total


def _file(folder: Path, kind: str) -> Path:
    found = sorted(folder.glob(f"{kind}*.onnx"))
    if len(found) != 1:
        raise EngineError(f"{folder} must have one file {kind}*.onnx; it has {len(found)}.")
    return found[0]

"""pyannote segmentation-3.0 on onnxruntime: who of up to three speaks in each frame."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.checks import check_samples
from hwaja.engines.interface import HOP_SAMPLES, EngineError, Samples
from hwaja.engines.runtime import open_session

FRAME_STEP_SAMPLES = 270
"""From one frame to the next, 16.875 ms: the strides of SincNet, 10, 3, 3 and 3."""

RECEPTIVE_FIELD_SAMPLES = 991
"""What the first layers hear of a frame; frame k hears the samples from k steps on."""

FRAME_CENTRE_SAMPLES = RECEPTIVE_FIELD_SAMPLES // 2
"""Where the middle of the first frame is."""

MIN_SAMPLES = RECEPTIVE_FIELD_SAMPLES + FRAME_STEP_SAMPLES
"""Two frames: the features are normalised over time, and of a single one nothing would be left."""

SPEAKERS = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
"""Who speaks in each of the classes."""

_SHARED = [index for index, speakers in enumerate(SPEAKERS) if len(speakers) > 1]

Segmentation = NDArray[np.float32]
"""Probabilities of the classes in each frame, shape (frames, 7), float32; a row adds up to 1."""


class Segmenter:
    """Tells up to three voices in a piece of audio from each other; their numbers hold there only.

    Not thread-safe: one call at a time.
    """

    def __init__(self, model: Path) -> None:
        """Load the model.

        Raises:
            EngineError: where onnxruntime is not installed, or twice, or the file is not the model.

        """
        self._session = open_session(model)
        forms = [value.shape[1:] for value in self._session.get_outputs()]
        if forms != [["frames", len(SPEAKERS)]]:
            raise EngineError(f"{model} is not the segmentation model hwaja expects.")

    def segment(self, samples: Samples) -> Segmentation:
        """Return the probabilities of `SPEAKERS` in each frame.

        Args:
            samples: `MIN_SAMPLES` at least, 0.08 s. Memory grows with them, 2 MB a second.

        Raises:
            EngineError: where there is too little audio; the segmenter stays usable.

        """
        check_samples(samples)
        if len(samples) < MIN_SAMPLES:
            raise EngineError("there is too little audio to tell speakers apart")
        (probabilities,) = self._session.run(None, {"samples": samples[np.newaxis]})
        return np.asarray(probabilities[0], np.float32)

    def overlap(self, samples: Samples) -> NDArray[np.float32]:
        """Return how much of each hop two voices share; see `engine.OverlapDetector.overlap`."""
        hops = -(-len(samples) // HOP_SAMPLES)
        shared = self.segment(samples)[:, _SHARED].sum(axis=1) >= 0.5
        hop_of = (FRAME_CENTRE_SAMPLES + FRAME_STEP_SAMPLES * np.arange(len(shared))) // HOP_SAMPLES
        frames = np.bincount(hop_of, minlength=hops)
        shares = np.bincount(hop_of, shared, hops) / np.maximum(frames, 1)
        return shares.astype(np.float32)

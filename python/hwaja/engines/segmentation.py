"""pyannote segmentation-3.0 on onnxruntime: which of up to three speakers speak in each frame."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.checks import check_samples
from hwaja.engines.interface import HOP_SAMPLES, EngineError, Samples
from hwaja.engines.runtime import open_session

FRAME_STEP_SAMPLES = 270
"""Distance of two frames, 16.875 ms: the product of SincNet's strides, 10, 3, 3 and 3."""

RECEPTIVE_FIELD_SAMPLES = 991
"""Receptive field of the first layers. The field of frame k begins k steps after sample 0."""

FRAME_CENTRE_SAMPLES = RECEPTIVE_FIELD_SAMPLES // 2
"""The middle of the first frame."""

MIN_SAMPLES = RECEPTIVE_FIELD_SAMPLES + FRAME_STEP_SAMPLES
"""Two frames. The features are normalised over time, which would turn a single frame into zeros."""

SPEAKERS = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
"""The speakers of each class."""

OVERLAP_PROBABILITY = 0.55
"""Least probability of two speakers in a frame. At 0.5, 1 % of single voices in rooms get a second
speaker; at 0.6, a tenth more overlaps of 0.3 s are missed (bench/RESULTS.md)."""

_SHARED = [index for index, speakers in enumerate(SPEAKERS) if len(speakers) > 1]

Segmentation = NDArray[np.float32]
"""Probabilities of the classes in each frame, shape (frames, 7), float32; each row sums to 1."""


class Segmenter:
    """Separates up to three speakers in a piece of audio.

    The speaker numbers are valid within that piece only. Not thread-safe: one call at a time.
    """

    def __init__(self, model: Path) -> None:
        """Load the model.

        Raises:
            EngineError: where onnxruntime is not installed, is installed twice, or the file is not
                this model.

        """
        self._session = open_session(model)
        forms = [value.shape[1:] for value in self._session.get_outputs()]
        if forms != [["frames", len(SPEAKERS)]]:
            raise EngineError(f"{model} is not the segmentation model hwaja expects.")

    def segment(self, samples: Samples) -> Segmentation:
        """Return the probabilities of the classes in `SPEAKERS` for each frame.

        Args:
            samples: at least `MIN_SAMPLES`, 0.08 s. Each second takes 2 MB of memory.

        Raises:
            EngineError: where the audio is too short; the segmenter stays usable.

        """
        check_samples(samples)
        if len(samples) < MIN_SAMPLES:
            raise EngineError("there is too little audio to tell speakers apart")
        (probabilities,) = self._session.run(None, {"samples": samples[np.newaxis]})
        return np.asarray(probabilities[0], np.float32)

    def overlap(self, samples: Samples) -> NDArray[np.float32]:
        """Return the overlap of speakers in each hop; see `interface.OverlapDetector.overlap`."""
        hops = -(-len(samples) // HOP_SAMPLES)
        shared = self.segment(samples)[:, _SHARED].sum(axis=1) >= OVERLAP_PROBABILITY
        hop_of = (FRAME_CENTRE_SAMPLES + FRAME_STEP_SAMPLES * np.arange(len(shared))) // HOP_SAMPLES
        frames = np.bincount(hop_of, minlength=hops)
        shares = np.bincount(hop_of, shared, hops) / np.maximum(frames, 1)
        return shares.astype(np.float32)

"""Computes when each token was spoken, from the attention with which Whisper chose it.

The method is that of openai/whisper's word timestamps (`whisper/timing.py`): dynamic time warping
over the attention of the heads that follow the speech.
"""

import numpy as np
from numpy.typing import NDArray

MEDIAN_FRAMES = 7
"""Width of the median filter over time, in frames, as in `whisper/timing.py`."""


def first_frames(scores: NDArray[np.float32]) -> list[int]:
    """Return for each token the frame in which it begins; the frames never decrease.

    Args:
        scores: attention of each head for each token, before the softmax, shape (heads, tokens,
            frames), float32. Each axis has at least length 1.

    """
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    deviation = np.maximum(shares.std(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    likeness = _smooth((shares - shares.mean(axis=1, keepdims=True)) / deviation).mean(axis=0)
    return _warp(likeness)


def _smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the running median over time; the ends are mirrored."""
    half = MEDIAN_FRAMES // 2
    if values.shape[-1] <= half:
        return values
    padded = np.pad(values, ((0, 0), (0, 0), (half, half)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, MEDIAN_FRAMES, axis=-1)
    return np.partition(windows, half, axis=-1)[..., half]


def _warp(likeness: NDArray[np.float32]) -> list[int]:
    """Return the first frame of each row of the likeliest path through (tokens, frames).

    The path leads from the first token and frame to the last ones. Each step advances by a token,
    a frame, or both. A row is solved at once: the value of a path in frame t is its value at its
    entry into the row, plus the row's sum since then.
    """
    frames = np.arange(likeness.shape[1])
    worth = np.full(len(frames), -np.inf)
    begin = 0.0  # value of the path before its first token and frame
    ways = []
    for row in likeness.astype(np.float64):
        behind = np.concatenate([[begin], worth[:-1]])
        begin = -np.inf
        sums = np.cumsum(row)
        gains = np.maximum(worth, behind) - sums + row
        best = np.maximum.accumulate(gains)
        entered_at = np.maximum.accumulate(np.where(gains >= best, frames, 0))
        ways.append((entered_at, np.where(worth >= behind, frames, frames - 1)))
        worth = best + sums
    starts = []
    frame = int(frames[-1])
    for entered_at, came_from in reversed(ways):
        starts.append(int(entered_at[frame]))
        frame = int(came_from[starts[-1]])
    return starts[::-1]

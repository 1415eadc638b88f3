"""Cuts short utterances out of clips at quiet places."""

import numpy as np

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.speech.corpus import Clip
from hwaja_bench.speech.levels import FRAME_SAMPLES, frame_levels_db

PIECE_SECONDS = ((0.5, 1.0), (1.0, 2.0), (2.0, 3.0))
"""Ranges of speech in a piece, in seconds. Each range is drawn with equal probability."""


def pieces(clip: Clip, random: np.random.Generator) -> list[Clip]:
    """Return disjoint pieces of a clip, from its beginning, until no further piece fits.

    Each piece is trimmed to its speech. Pieces with less than 0.5 s of speech are dropped.
    """
    quietness = -frame_levels_db(clip.samples)
    frames_per_second = SAMPLE_RATE // FRAME_SAMPLES
    found: list[Clip] = []
    at = 0
    while True:
        shortest, longest = PIECE_SECONDS[random.integers(len(PIECE_SECONDS))]
        # Up to a quarter may be pauses, or the beginning of a word that the trim removes.
        first, last = (at + round(s * frames_per_second) for s in (1.1 * shortest, 1.1 * longest))
        if first >= len(quietness):
            return found
        window = quietness[first:last]
        cut = first + int(np.argmax(window))
        piece = clip.part(at * FRAME_SAMPLES, cut * FRAME_SAMPLES)
        if piece.speech_seconds >= PIECE_SECONDS[0][0]:
            found.append(piece)
        at = cut

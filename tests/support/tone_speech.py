"""Speech that the tone model understands: English in the background, so that the detector hears
somebody speak, and a tone for each syllable."""

from collections.abc import Sequence
from dataclasses import dataclass

import clips
import numpy as np

from hwaja.client.sound_files import to_pcm16
from hwaja.engines.interface import Samples
from hwaja.models.conversion.tones import spoken

BACKGROUND = 0.3
"""Level of the English clip: well below the tones, well above the gate's floor."""


@dataclass(frozen=True)
class Hummed:
    """An utterance, and what the tone model writes for it."""

    samples: Samples
    text: str
    start_seconds: tuple[float, ...]
    """When each tone begins."""

    @property
    def pcm(self) -> bytes:
        return to_pcm16(self.samples)


_PIECES = {"best": (1.2, 4.8), "season": (17.2, 20.8)}
"""Where in the clip somebody speaks without a pause."""


def hummed(tones: Sequence[int], piece: str = "best") -> Hummed:
    """Tones over a piece of English, which is repeated as long as they last."""
    said = spoken(tones)
    english = clips.samples(clips.part("two_cities", *_PIECES[piece]))
    background = BACKGROUND * np.resize(english, len(said.samples))
    return Hummed(said.samples + background, said.text, said.start_seconds)

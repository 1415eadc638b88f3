"""Speech that the tone model understands: English in the background, so that the detector hears
somebody speak, and a tone for each syllable."""

from collections.abc import Sequence
from dataclasses import dataclass

import clips
from hwaja.audio import to_pcm16
from hwaja.engine import Samples
from hwaja.gate import SAMPLE_RATE
from hwaja.models.tones import spoken, text_of

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


def hummed(tones: Sequence[int], skip_seconds: float = 0.0) -> Hummed:
    """Tones over English; another `skip_seconds` is another piece of English."""
    said = spoken(tones)
    begin = round((1.2 + skip_seconds) * SAMPLE_RATE)  # the clip begins with a pause
    english = clips.samples(clips.clip("two_cities"))[begin:][: len(said.samples)]
    return Hummed(said.samples + BACKGROUND * english, text_of(tones), said.start_seconds)

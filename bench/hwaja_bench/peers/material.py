"""What is streamed, and what is heard one after the other instead."""

from collections.abc import Sequence
from dataclasses import dataclass

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.peers.judging import Span
from hwaja_bench.speech.dialogue import Dialogue


@dataclass(frozen=True)
class Room:
    """A dialogue of the speech folder."""

    name: str
    dialogue: Dialogue

    @property
    def seconds(self) -> float:
        """How long its stream is."""
        return len(self.dialogue.pcm) / 2 / SAMPLE_RATE

    @property
    def texts(self) -> list[str]:
        """What is said."""
        return [placed.clip.text for placed in self.dialogue.placed]

    @property
    def spans_seconds(self) -> list[Span]:
        """Where each clip begins and where its speech ends."""
        return [(p.start_seconds, p.speech_end_seconds) for p in self.dialogue.placed]

    @property
    def clips(self) -> list[bytes]:
        """The clips alone, as they were recorded."""
        return [placed.clip.pcm for placed in self.dialogue.placed]

    def cut(self, spans_seconds: Sequence[Span]) -> list[bytes]:
        """Return pieces of the stream."""
        samples = [[round(at * SAMPLE_RATE) for at in span] for span in spans_seconds]
        return [self.dialogue.pcm[2 * start : 2 * stop] for start, stop in samples]

"""Counts what became of the sentences of conversations."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hwaja_bench.tones.visitor import rejoined


@dataclass
class Tally:
    """Counts of the run."""

    sessions: int = 0
    spoken: int = 0
    lost: int = 0
    doubled: int = 0
    other: int = 0
    """Wrong texts and errors."""

    def compare(self, said: Sequence[str], answered: Sequence[str]) -> None:
        """Count the results of a session's sentences."""
        answered = rejoined(said, answered)
        if list(said) != list(answered):
            print(f"said {said}, answered {answered}", flush=True)  # tones, so no personal data
        wanted, got = Counter(said), Counter(answered)
        self.sessions += 1
        self.spoken += len(said)
        self.lost += (wanted - got).total()
        more = got - wanted
        self.doubled += sum(count for text, count in more.items() if text in wanted)
        self.other += sum(count for text, count in more.items() if text not in wanted)
        if wanted == got and list(said) != list(answered):
            self.other += 1  # wrong order

    def __str__(self) -> str:
        return (
            f"{self.sessions} sessions, {self.spoken} utterances: "
            f"{self.lost} lost, {self.doubled} doubled, {self.other} others"
        )

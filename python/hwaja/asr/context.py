"""What the recognition of one transcription needs."""

from collections.abc import Callable
from dataclasses import dataclass

from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.values import Options
from hwaja.workers.overload import DegradationLevel
from hwaja.workers.session_work import SessionWork


@dataclass(frozen=True, slots=True)
class RecognitionContext:
    """The workers, options and callbacks of one transcription's recognition."""

    work: SessionWork
    report_text: Callable[[int, Hypothesis | None], object]
    """Takes a segment id and its final text. None: the engine failed."""
    report_interim: Callable[[int, str], object]
    """Takes a segment id and its interim text."""
    options: Options = Options()
    wants_interims: bool = False

    @property
    def makes_interims(self) -> bool:
        """Whether the client wants interim texts and the server is not overloaded."""
        return self.wants_interims and not self.work.overload.skips(DegradationLevel.INTERIMS)

    def interim(self, segment_id: int, text: str) -> None:
        """Report an interim text, unless the server is overloaded by now."""
        if self.makes_interims:
            self.report_interim(segment_id, text)

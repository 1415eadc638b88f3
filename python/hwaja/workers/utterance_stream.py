"""An utterance that is heard while it is spoken, and the requests that carry it to a worker."""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from hwaja.engines.interface import EngineError, Samples
from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.workers import wire

PIECE_SAMPLES = SAMPLE_RATE // 2
"""Samples in one frame to a worker; while a longer one is read, other sessions would wait."""


@dataclass(slots=True, eq=False)
class UtteranceStream:
    """What is to be sent is kept as sample indices; the audio is read when it is sent."""

    owner: Hashable
    """The session."""
    options: Options
    read: Callable[[int, int], Samples]
    """Reads samples `[start, stop)` of the session."""
    start: int
    """Its first sample."""
    on_interim: Callable[[str], None] | None
    """Told the text so far; None: only the final text is wanted."""
    final: asyncio.Future[Hypothesis] = field(default_factory=asyncio.Future)
    """What was said; an EngineError where the engine failed on it."""
    stop: int = field(init=False)
    """Samples before may be sent."""
    sent: int = field(init=False)
    """Samples before were sent to the worker that has it now."""
    speech_seconds: float | None = None
    """Known once the utterance is over."""
    suspect: bool = False
    """Whether a worker died that had it: it may be why."""
    is_ahead: bool = False
    """Whether its session was ahead of real time when it began."""
    stream_id: int | None = None
    """What the worker that has it now knows it by."""
    _finish_sent: bool = False

    def __post_init__(self) -> None:
        self.stop = self.sent = self.start

    def begin_again(self) -> None:
        """Forget the worker that had it: everything is to be sent once more."""
        self.stream_id = None
        self.sent = self.start
        self._finish_sent = False

    def next_request(self, new_id: Callable[[], int]) -> wire.StreamRequest | None:
        """Return what is to be sent next, as if it were sent now; None: nothing for now.

        Raises:
            Exception: where the audio cannot be read, because its session is gone.

        """
        if self.stream_id is None:
            self.stream_id = new_id()
            wants_interims = self.on_interim is not None
            return wire.Open(
                self.stream_id, self.options, wants_interims, self.suspect, self.is_ahead
            )
        if self.sent < self.stop:
            begin, self.sent = self.sent, min(self.stop, self.sent + PIECE_SAMPLES)
            return wire.Feed(self.stream_id, self.read(begin, self.sent).data.cast("B"))
        if self.speech_seconds is not None and not self._finish_sent:
            self._finish_sent = True
            return wire.Finish(self.stream_id, self.speech_seconds)
        return None

    def take(self, hypothesis: Hypothesis | None, *, is_final: bool) -> None:
        """Take what a worker has heard; None: the engine failed."""
        if self.final.done():
            return
        if hypothesis is None:
            self.fail("the engine failed on this audio")
        elif is_final:
            self.final.set_result(hypothesis)
        elif self.on_interim is not None:
            self.on_interim(hypothesis.text)

    def fail(self, sentence: str) -> None:
        """Give up; who waits for the text is told why."""
        if not self.final.done():
            self.final.set_exception(EngineError(sentence))
            self.final.exception()  # looked at: nobody may be waiting yet

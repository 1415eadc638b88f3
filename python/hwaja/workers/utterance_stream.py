"""An utterance recognised while it is spoken, and the requests that send it to a worker."""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from hwaja.engines.interface import EngineError, Pcm16
from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.workers.transport import wire

PIECE_SAMPLES = SAMPLE_RATE // 2
"""Most samples in one frame to a worker. Other sessions wait while a frame's audio is read."""


@dataclass(slots=True, eq=False)
class UtteranceStream:
    """An utterance as sample indices. Its audio is read from the session when it is sent."""

    owner: Hashable
    """The session."""
    options: Options
    read: Callable[[int, int], Pcm16]
    """Reads samples `[start, stop)` of the session."""
    start: int
    """Index of its first sample."""
    on_interim: Callable[[str], None] | None
    """Called with each interim text. None: only the final text is wanted."""
    final: asyncio.Future[Hypothesis] = field(default_factory=asyncio.Future)
    """The final text, or an EngineError if the engine failed on the utterance."""
    stop: int = field(init=False)
    """Samples before this index may be sent."""
    sent: int = field(init=False)
    """Samples before this index were sent to the current worker."""
    speech_seconds: float | None = None
    """How much of it is speech according to the gate. Set when the utterance ends."""
    suspect: bool = False
    """Whether a worker died while it had the utterance: the utterance may be the cause."""
    is_ahead: bool = False
    """Whether its session was ahead of real time when the utterance began."""
    stream_id: int | None = None
    """Id of the stream at the current worker. None: no worker has it."""
    _finish_sent: bool = False

    def __post_init__(self) -> None:
        self.stop = self.sent = self.start

    def begin_again(self) -> None:
        """Forget the current worker: everything is sent again to the next one."""
        self.stream_id = None
        self.sent = self.start
        self._finish_sent = False

    def next_request(self, new_id: Callable[[], int]) -> wire.StreamRequest | None:
        """Return the next request, which the caller sends. None: nothing to send now.

        Args:
            new_id: returns a unique id for the stream.

        Raises:
            Exception: the audio cannot be read, because its session has ended.

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
        """Take a result of the worker. None: the engine failed. Ignored once `final` is done."""
        if self.final.done():
            return
        if hypothesis is None:
            self.fail("the engine failed on this audio")
        elif is_final:
            self.final.set_result(hypothesis)
        elif self.on_interim is not None:
            self.on_interim(hypothesis.text)

    def fail(self, sentence: str) -> None:
        """Set an EngineError with this sentence as `final`, unless `final` is done."""
        if not self.final.done():
            self.final.set_exception(EngineError(sentence))
            self.final.exception()  # retrieved, so that asyncio logs nothing if no caller awaits it

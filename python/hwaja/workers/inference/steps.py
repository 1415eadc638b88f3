"""The utterance streams of a worker. One step decodes a chunk of several streams in a batch.

This module uses neither pipes nor threads: it takes requests and sends replies. A step is one call
of the engine. It decodes one chunk of each stream that has one, for at most `MAX_BATCH` streams. A
step never waits for more chunks: a chunk that arrives during a step is decoded in a later step.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic

from hwaja.engines.interface import AnyStream, EngineError, StreamingRecognizer
from hwaja.engines.recognition import Hypothesis
from hwaja.engines.texts.hallucination_filter import plausible_hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.workers.inference.child import Send, announced, audio_of, finished
from hwaja.workers.transport import wire

MAX_BATCH = 16
"""Most streams in one step. A larger batch costs as much per stream on one core, and all its
streams wait until it ends."""


@dataclass(slots=True)
class _Stream(Generic[AnyStream]):
    """A stream of the engine, and the settings and progress of its utterance."""

    stream: AnyStream
    interims: bool
    suspect: bool
    is_ahead: bool
    fed_samples: int = 0
    speech_seconds: float | None = None
    """Set when the utterance ends."""
    last_interim: str = ""
    """The last interim text that was sent."""

    @property
    def is_over(self) -> bool:
        """Whether the utterance has ended and is decoded completely."""
        return self.speech_seconds is not None and not self.stream.ready


class Streams(Generic[AnyStream]):
    """The open streams, ordered by how long they have waited for a step, longest first."""

    def __init__(
        self, recogniser: StreamingRecognizer[AnyStream], send: Send, writing: wire.Writing
    ) -> None:
        self._recogniser = recogniser
        self._writing = writing
        self._send = send
        self._utterances: OrderedDict[int, _Stream[AnyStream]] = OrderedDict()

    @property
    def has_work(self) -> bool:
        """Whether a chunk waits to be decoded, or a final text to be sent."""
        return any(u.stream.ready or u.is_over for u in self._utterances.values())

    def take(self, request: wire.StreamRequest) -> None:
        """Carry out a request. A request for a closed stream is ignored."""
        stream_id = request.stream_id
        if isinstance(request, wire.Drop):
            self._utterances.pop(stream_id, None)
            return
        utterance = self._utterances.get(stream_id)
        suspect = request.suspect if isinstance(request, wire.Open) else False
        with announced(
            self._send, stream_id, suspect=suspect or (utterance is not None and utterance.suspect)
        ):
            try:
                if isinstance(request, wire.Open):
                    self._open(request)
                elif utterance is not None:
                    _continue(utterance, request)
            except EngineError:
                self._utterances.pop(stream_id, None)
                self._send(wire.Stepped([wire.StreamResult(stream_id, None, is_final=True)]))

    def step(self) -> None:
        """Decode one chunk of at most `MAX_BATCH` ready streams; send new texts in one frame.

        The streams that have waited longest come first. Streams that are ahead of real time take a
        step only while no other stream is ready.
        """
        ready = [k for k, u in self._utterances.items() if u.stream.ready]
        suspects = [k for k in ready if self._utterances[k].suspect]
        live = [k for k in ready if not self._utterances[k].is_ahead]
        batch = suspects[:1] or (live or ready)[:MAX_BATCH]  # a suspect gets a step of its own
        if batch:
            with announced(self._send, batch[0], suspect=bool(suspects)):
                self._recogniser.decode([self._utterances[k].stream for k in batch])
            for stream_id in batch:
                self._utterances.move_to_end(stream_id)
        results = [*self._interims(batch), *self._finals()]
        if results:
            self._send(wire.Stepped(results))

    def _open(self, request: wire.Open) -> None:
        stream = self._recogniser.open(request.options)
        self._utterances[request.stream_id] = _Stream(
            stream, request.interims, request.suspect, request.is_ahead
        )

    def _interims(self, batch: list[int]) -> Iterator[wire.StreamResult]:
        for stream_id in batch:
            utterance = self._utterances[stream_id]
            if utterance.interims and not utterance.is_over:
                seconds = utterance.fed_samples / SAMPLE_RATE
                text = self._finished(utterance, seconds).text
                if text != utterance.last_interim:
                    utterance.last_interim = text
                    yield wire.StreamResult(stream_id, Hypothesis(text), is_final=False)

    def _finished(self, utterance: _Stream[AnyStream], speech_seconds: float) -> Hypothesis:
        plausible = plausible_hypothesis(utterance.stream.hypothesis, speech_seconds)
        return finished(plausible, self._writing)

    def _finals(self) -> Iterator[wire.StreamResult]:
        for stream_id in [k for k, u in self._utterances.items() if u.is_over]:
            utterance = self._utterances.pop(stream_id)
            seconds = utterance.speech_seconds or 0
            hypothesis = self._finished(utterance, seconds)
            yield wire.StreamResult(stream_id, hypothesis, is_final=True)


def _continue(utterance: _Stream[AnyStream], request: wire.Feed | wire.Finish) -> None:
    if isinstance(request, wire.Finish):
        utterance.stream.finish()
        utterance.speech_seconds = request.speech_seconds
        return
    with audio_of(request.samples) as samples:
        utterance.stream.feed(samples)
        utterance.fed_samples += len(samples)

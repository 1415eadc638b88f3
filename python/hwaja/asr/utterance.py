"""One handle for each utterance of a session, from its first certain samples to its text.

A recogniser of whole utterances decodes one when it is finished, or before on speculation, and
again and again for interim texts. A streaming recogniser decodes whatever an utterance is extended
by. Which of the two it is, is decided once for a session. Texts are reported by segment id.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from hwaja.engines.interface import Samples
from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.vad.gate import Segment
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.overload import DegradationLevel
from hwaja.workers.session_work import SessionWork, Work, attempt, failure_logged
from hwaja.workers.utterance_stream import UtteranceStream

FIRST_INTERIM_SECONDS = 0.8
"""Audio of an utterance before its first interim: of less, Whisper makes up more than it hears."""

INTERIM_STEP_SECONDS = 0.4
"""New audio before the next interim, about a word."""


class Utterance(Protocol):
    """An utterance that is being recognised."""

    @property
    def start(self) -> int:
        """Its first sample."""

    def extend(self, stop: int) -> None:
        """Take the samples up to `stop`: they are certain to belong to it."""

    def finish(self, segment: Segment) -> None:
        """Report its text, as it is over; None where the engine fails."""

    def cancel(self) -> None:
        """Give it up: nobody waits for its text any more."""


@dataclass(frozen=True, slots=True)
class Means:
    """What the utterances of one transcription are recognised with."""

    work: SessionWork
    interim_worker: InterimWorker
    report_text: Callable[[int, Hypothesis | None], object]
    """Takes the final text of a segment; None: the engine failed on it."""
    report_interim: Callable[[int, str], object]
    """Takes the text so far of a segment."""
    options: Options = Options()
    wants_interims: bool = False

    @property
    def makes_interims(self) -> bool:
        """Whether interim texts are wanted, and there is time for them."""
        return self.wants_interims and not self.work.overload.leaves_out(DegradationLevel.INTERIMS)

    def interim(self, segment_id: int, text: str) -> None:
        """Report an interim text, unless there is no time for them any more."""
        if self.makes_interims:
            self.report_interim(segment_id, text)

    def report(self, segment_id: int, text: asyncio.Task[Hypothesis | None]) -> None:
        """Report a text once it is found."""

        def found(task: asyncio.Task[Hypothesis | None]) -> None:
            if not task.cancelled():
                self.report_text(segment_id, task.result())

        text.add_done_callback(found)


class Recognition:
    """The utterances of one session that are being recognised, by segment id."""

    def __init__(self, means: Means) -> None:
        """Prepare; the recogniser of the pool decides which kind of handle there is."""
        self._means = replace(means, report_text=self._found)
        self._report_text = means.report_text
        self._kind = StreamedUtterance if means.work.pool.abilities.streaming else WholeUtterance
        self._utterances: dict[int, Utterance] = {}

    def begin(self, options: Options, *, interims: bool) -> None:
        """Recognise with these options from now on; nothing is left of what was open."""
        self._cancel_all()
        self._means = replace(self._means, options=options, wants_interims=interims)

    def extend(self, segment_id: int, start: int, stop: int) -> None:
        """Take samples `[start, stop)`, which are certain to belong to a segment that is open."""
        self._utterance(segment_id, start).extend(stop)

    def speculate(self, segment_id: int, segment: Segment) -> None:
        """Begin to recognise a segment that may be over, where that is done as a whole."""
        self._kind.speculate(self._means, segment_id, segment)

    def finish(self, segment_id: int, segment: Segment) -> None:
        """Have the text of a segment reported that is over, or that is a part of one."""
        self._utterance(segment_id, segment.start, interims=False).finish(segment)

    def close(self) -> None:
        """Give up everything."""
        self._cancel_all()

    def _utterance(self, segment_id: int, start: int, *, interims: bool = True) -> Utterance:
        """Return the handle of a segment; another where what a split left over was no speech."""
        utterance = self._utterances.get(segment_id)
        if utterance is not None and utterance.start == start:
            return utterance
        if utterance is not None:
            utterance.cancel()
        means = self._means if interims else replace(self._means, wants_interims=False)
        utterance = self._utterances[segment_id] = self._kind(means, segment_id, start)
        return utterance

    def _found(self, segment_id: int, heard: Hypothesis | None) -> None:
        self._utterances.pop(segment_id, None)
        self._report_text(segment_id, heard)

    def _cancel_all(self) -> None:
        while self._utterances:
            self._utterances.popitem()[1].cancel()


class WholeUtterance:
    """Recognised once it is over, or may be; for interim texts, as it grows."""

    def __init__(self, means: Means, segment_id: int, start: int) -> None:
        self._means = means
        self._segment_id = segment_id
        self._start = self._stop = start
        self._interim_stop: int | None = None  # where the last interim ended
        self._interims: asyncio.Task[None] | None = None
        self._text: asyncio.Task[Hypothesis | None] | None = None

    @property
    def start(self) -> int:
        """See `Utterance.start`."""
        return self._start

    def extend(self, stop: int) -> None:
        """See `Utterance.extend`; make an interim text where enough is new."""
        self._stop = stop
        is_busy = self._interims is not None and not self._interims.done()
        if self._means.makes_interims and not is_busy and self._is_worth_an_interim:
            self._interims = asyncio.create_task(self._make_interims())

    @classmethod
    def speculate(cls, means: Means, segment_id: int, segment: Segment) -> None:
        """Begin to recognise what may be over."""
        work = cls._recognition(means, segment)
        means.work.begin("recognition", segment_id, segment, work)

    def finish(self, segment: Segment) -> None:
        """See `Utterance.finish`."""
        self._stop_interims()
        means = self._means
        self._text = means.work.take(
            "recognition", self._segment_id, segment, self._recognition(means, segment)
        )
        means.report(self._segment_id, self._text)

    def cancel(self) -> None:
        """See `Utterance.cancel`."""
        self._stop_interims()
        if self._text is not None:
            self._text.cancel()

    @staticmethod
    def _recognition(means: Means, segment: Segment) -> Work[Hypothesis]:
        work = means.work

        def read() -> Samples:
            return work.ring.read(segment.start, segment.stop)

        samples, speech_seconds = segment.stop - segment.start, segment.speech_samples / SAMPLE_RATE
        return lambda: work.pool.recognise(work.owner, read, samples, means.options, speech_seconds)

    def _stop_interims(self) -> None:
        if self._interims is not None:
            self._interims.cancel()

    @property
    def _is_worth_an_interim(self) -> bool:
        """Whether enough of it is new."""
        if self._interim_stop is None:
            return self._stop - self._start >= FIRST_INTERIM_SECONDS * SAMPLE_RATE
        return self._stop - self._interim_stop >= INTERIM_STEP_SECONDS * SAMPLE_RATE

    async def _make_interims(self) -> None:
        """Recognise what there is again and again, as long as it grows."""
        means, work = self._means, self._means.work
        with failure_logged("interim"):
            while self._is_worth_an_interim:
                self._interim_stop = self._stop
                with work.pool.sparing(work.owner):
                    hypothesis = await means.interim_worker.recognise(
                        work.owner, self._read_so_far, self._stop - self._start, means.options
                    )
                means.interim(self._segment_id, hypothesis.text)

    def _read_so_far(self) -> Samples:
        """Read what there is now that a worker is free for it."""
        self._interim_stop = self._stop
        return self._means.work.ring.read(self._start, self._stop)


class StreamedUtterance:
    """Decoded while it is spoken."""

    def __init__(self, means: Means, segment_id: int, start: int) -> None:
        self._means = means
        self._segment_id = segment_id
        self._stream = self._stream_from(start, interims=means.wants_interims)
        self._text: asyncio.Task[Hypothesis | None] | None = None

    @property
    def start(self) -> int:
        """See `Utterance.start`."""
        return self._stream.start

    def extend(self, stop: int) -> None:
        """See `Utterance.extend`."""
        self._means.work.pool.extend(self._stream, stop)

    @classmethod
    def speculate(cls, means: Means, segment_id: int, segment: Segment) -> None:
        """Do nothing: whatever may be over is decoded already."""

    def finish(self, segment: Segment) -> None:
        """See `Utterance.finish`."""
        pool, stream = self._means.work.pool, self._stream
        if stream.sent > segment.stop:  # split within what was decoded: decode it again, so far
            pool.drop(stream)
            stream = self._stream = self._stream_from(stream.start, interims=False)
        speech_seconds = segment.speech_samples / SAMPLE_RATE
        self._text = attempt(
            "recognition", lambda: pool.finish(stream, segment.stop, speech_seconds)
        )
        self._means.report(self._segment_id, self._text)

    def cancel(self) -> None:
        """See `Utterance.cancel`."""
        if self._text is None:
            self._means.work.pool.drop(self._stream)
        else:
            self._text.cancel()

    def _stream_from(self, start: int, *, interims: bool) -> UtteranceStream:
        means, work = self._means, self._means.work

        def report(text: str) -> None:
            means.interim(self._segment_id, text)

        return UtteranceStream(
            work.owner, means.options, work.ring.read, start, report if interims else None
        )

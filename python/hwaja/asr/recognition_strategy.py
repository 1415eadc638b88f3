"""How the text of one session's utterances is found: of each as a whole, or while it is spoken.

Which of the two is the recogniser's nature; whoever asks for a text need not know.
"""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from hwaja._pcm import RingBuffer
from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.live import LiveUtterance
from hwaja.workers.overload import DegradationLevel, Overload
from hwaja.workers.pool import Pool, Utterance
from hwaja.workers.speculation import Speculative, Work, attempt, failure_logged

FIRST_INTERIM_SECONDS = 0.8
"""Audio of an utterance before its first draft: of less, Whisper makes up more than it hears."""

INTERIM_STEP_SECONDS = 0.4
"""New audio before the next draft, about a word."""

OnInterim = Callable[[int, str], None]
"""Told a segment and its text so far."""

Text = asyncio.Task[Hypothesis | None]
"""Ends with None where the engine failed."""


class RecognitionStrategy(Protocol):
    """Recognises the utterances of one session."""

    def begin(self, options: Options, on_interim: OnInterim | None) -> None:
        """Recognise with these options from now on; None: interim texts are not wanted."""

    def follow(self, segment_id: int, start: int, stop: int) -> None:
        """Learn that samples `[start, stop)` belong to a segment that goes on."""

    def speculate(self, start: int, stop: int, speech_samples: int) -> None:
        """Learn that an utterance may soon be asked for."""

    def text(self, start: int, stop: int, speech_samples: int) -> Text:
        """Return the work on the text of an utterance that is over."""

    def part(self, start: int, stop: int, speech_samples: int) -> Text:
        """Return the work on the text of a part of an utterance that was heard already."""

    def close(self) -> None:
        """Give up what nobody asked for."""


@dataclass(slots=True)
class _Open:
    """A segment that goes on."""

    segment_id: int
    start: int
    stop: int
    interim_stop: int | None = None
    """Where the last draft ended."""

    @property
    def samples(self) -> int:
        """How many there are of it so far."""
        return self.stop - self.start

    @property
    def is_worth_an_interim(self) -> bool:
        """Whether enough of it is new."""
        if self.interim_stop is None:
            return self.samples >= FIRST_INTERIM_SECONDS * SAMPLE_RATE
        return self.stop - self.interim_stop >= INTERIM_STEP_SECONDS * SAMPLE_RATE


class WholeUtterances:
    """Has utterances recognised once they are over, or foreseen to be; drafts are interim texts."""

    def __init__(
        self,
        owner: Hashable,
        pool: Pool,
        interim_worker: InterimWorker,
        ring: RingBuffer,
        overload: Overload,
    ) -> None:
        self._overload = overload
        self._owner = owner
        self._pool = pool
        self._interim_worker = interim_worker
        self._ring = ring
        self._options = Options()
        self._on_interim: OnInterim | None = None
        self._early: Speculative[Hypothesis] = Speculative("recognition")
        self._open: _Open | None = None
        self._making_interims: asyncio.Task[None] | None = None

    def begin(self, options: Options, on_interim: OnInterim | None) -> None:
        """See `RecognitionStrategy.begin`."""
        self._stop_interims()
        self._options = options
        self._on_interim = on_interim

    def follow(self, segment_id: int, start: int, stop: int) -> None:
        """See `RecognitionStrategy.follow`."""
        if self._on_interim is None or self._overload.leaves_out(DegradationLevel.INTERIMS):
            return
        if self._open is None or self._open.start != start:
            self._open = _Open(segment_id, start, stop)
        self._open.stop = stop
        if self._making_interims is None or self._making_interims.done():
            self._making_interims = asyncio.create_task(self._make_interims(self._on_interim))

    def speculate(self, start: int, stop: int, speech_samples: int) -> None:
        """Begin to recognise it, if no one else waits for a worker."""
        self._early.forget()
        if self._pool.idle_workers:
            self._early.begin(start, stop, self._work(start, stop, speech_samples))

    def text(self, start: int, stop: int, speech_samples: int) -> Text:
        """See `RecognitionStrategy.text`."""
        self._stop_interims()
        return self._early.take(start, stop, self._work(start, stop, speech_samples))

    def part(self, start: int, stop: int, speech_samples: int) -> Text:
        """See `RecognitionStrategy.part`."""
        return attempt("recognition", self._work(start, stop, speech_samples))

    def close(self) -> None:
        """See `RecognitionStrategy.close`."""
        self._stop_interims()
        self._early.forget()

    def _work(self, start: int, stop: int, speech_samples: int) -> Work[Hypothesis]:
        options = self._options

        def read() -> Utterance:
            return Utterance(self._ring.read(start, stop), speech_samples / SAMPLE_RATE)

        return lambda: self._pool.recognise(self._owner, read, stop - start, options)

    def _stop_interims(self) -> None:
        self._open = None
        if self._making_interims is not None:
            self._making_interims.cancel()

    async def _make_interims(self, on_interim: OnInterim) -> None:
        """Recognise the open segment again and again, as long as it grows."""
        with failure_logged("interim"):
            while self._open is not None and self._open.is_worth_an_interim:
                interim_of = self._open
                interim_of.interim_stop = interim_of.stop
                read = partial(self._so_far, interim_of)
                with self._pool.sparing(self._owner):
                    hypothesis = await self._interim_worker.recognise(
                        self._owner, read, interim_of.samples, self._options
                    )
                on_interim(interim_of.segment_id, hypothesis.text)

    def _so_far(self, interim_of: _Open) -> Utterance:
        """Read what there is of a segment now that a worker is free for it."""
        interim_of.interim_stop = interim_of.stop
        samples = self._ring.read(interim_of.start, interim_of.stop)
        return Utterance(samples, interim_of.samples / SAMPLE_RATE)


class StreamedUtterances:
    """Has utterances heard while they are spoken."""

    def __init__(self, owner: Hashable, pool: Pool, ring: RingBuffer) -> None:
        self._owner = owner
        self._pool = pool
        self._ring = ring
        self._options = Options()
        self._on_interim: OnInterim | None = None
        self._open: LiveUtterance | None = None

    def begin(self, options: Options, on_interim: OnInterim | None) -> None:
        """See `RecognitionStrategy.begin`."""
        self._drop()
        self._options = options
        self._on_interim = on_interim

    def follow(self, segment_id: int, start: int, stop: int) -> None:
        """See `RecognitionStrategy.follow`."""
        if self._open is None or self._open.start != start:
            self._drop()
            self._open = self._utterance(start, segment_id)
        self._pool.extend(self._open, stop)

    def speculate(self, start: int, stop: int, speech_samples: int) -> None:
        """Do nothing: whatever may be over has been heard already."""

    def text(self, start: int, stop: int, speech_samples: int) -> Text:
        """See `RecognitionStrategy.text`."""
        # One that was split before the end of what was heard of it is heard once more, so far.
        if self._open is None or self._open.start != start or self._open.sent > stop:
            self._drop()
        utterance = self._open or self._utterance(start, None)
        self._open = None
        return self._finished(utterance, stop, speech_samples)

    def part(self, start: int, stop: int, speech_samples: int) -> Text:
        """See `RecognitionStrategy.part`."""
        return self._finished(self._utterance(start, None), stop, speech_samples)

    def close(self) -> None:
        """See `RecognitionStrategy.close`."""
        self._drop()

    def _drop(self) -> None:
        if self._open is not None:
            self._pool.drop(self._open)
            self._open = None

    def _utterance(self, start: int, segment_id: int | None) -> LiveUtterance:
        on_interim = self._on_interim
        if on_interim is None or segment_id is None:
            tell = None
        else:
            tell = lambda text: on_interim(segment_id, text)  # noqa: E731
        return LiveUtterance(self._owner, self._options, self._ring.read, start, tell)

    def _finished(self, utterance: LiveUtterance, stop: int, speech_samples: int) -> Text:
        speech_seconds = speech_samples / SAMPLE_RATE
        return attempt("recognition", lambda: self._pool.finish(utterance, stop, speech_seconds))


def hearing_of(
    owner: Hashable, pool: Pool, interim_worker: InterimWorker, ring: RingBuffer, overload: Overload
) -> RecognitionStrategy:
    """Return what recognises a session's utterances by the nature of the pool's recogniser."""
    if pool.abilities.streaming:
        return StreamedUtterances(owner, pool, ring)
    return WholeUtterances(owner, pool, interim_worker, ring, overload)

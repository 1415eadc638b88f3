"""How the text of one session's utterances is found: of each as a whole, or while it is spoken.

Which of the two is the recogniser's nature; whoever asks for a text need not know.
"""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from hwaja._pcm import RingBuffer
from hwaja.early import Early, Work, attempt, failure_logged
from hwaja.gate import SAMPLE_RATE
from hwaja.overload import Overload, Relief
from hwaja.recognition import Hypothesis, Options
from hwaja.workers.drafts import Drafts
from hwaja.workers.live import LiveUtterance
from hwaja.workers.pool import Pool, Utterance

FIRST_DRAFT_SECONDS = 0.8
"""Audio of an utterance before its first draft: of less, Whisper makes up more than it hears."""

DRAFT_STEP_SECONDS = 0.4
"""New audio before the next draft, about a word."""

OnInterim = Callable[[int, str], None]
"""Told a segment and its text so far."""

Text = asyncio.Task[Hypothesis | None]
"""Ends with None where the engine failed."""


class Hearing(Protocol):
    """Recognises the utterances of one session."""

    def begin(self, options: Options, on_interim: OnInterim | None) -> None:
        """Recognise with these options from now on; None: interim texts are not wanted."""

    def follow(self, segment_id: int, start: int, stop: int) -> None:
        """Learn that samples `[start, stop)` belong to a segment that goes on."""

    def foresee(self, start: int, stop: int, speech_samples: int) -> None:
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
    drafted_stop: int | None = None
    """Where the last draft ended."""

    @property
    def samples(self) -> int:
        """How many there are of it so far."""
        return self.stop - self.start

    @property
    def is_worth_a_draft(self) -> bool:
        """Whether enough of it is new."""
        if self.drafted_stop is None:
            return self.samples >= FIRST_DRAFT_SECONDS * SAMPLE_RATE
        return self.stop - self.drafted_stop >= DRAFT_STEP_SECONDS * SAMPLE_RATE


class WholeHearing:
    """Has utterances recognised once they are over, or foreseen to be; drafts are interim texts."""

    def __init__(
        self, owner: Hashable, pool: Pool, drafts: Drafts, ring: RingBuffer, overload: Overload
    ) -> None:
        self._overload = overload
        self._owner = owner
        self._pool = pool
        self._drafts = drafts
        self._ring = ring
        self._options = Options()
        self._on_interim: OnInterim | None = None
        self._early: Early[Hypothesis] = Early("recognition")
        self._open: _Open | None = None
        self._drafting: asyncio.Task[None] | None = None

    def begin(self, options: Options, on_interim: OnInterim | None) -> None:
        """See `Hearing.begin`."""
        self._stop_drafting()
        self._options = options
        self._on_interim = on_interim

    def follow(self, segment_id: int, start: int, stop: int) -> None:
        """See `Hearing.follow`."""
        if self._on_interim is None or self._overload.leaves_out(Relief.INTERIMS):
            return
        if self._open is None or self._open.start != start:
            self._open = _Open(segment_id, start, stop)
        self._open.stop = stop
        if self._drafting is None or self._drafting.done():
            self._drafting = asyncio.create_task(self._draft(self._on_interim))

    def foresee(self, start: int, stop: int, speech_samples: int) -> None:
        """Begin to recognise it, if no one else waits for a worker."""
        self._early.forget()
        if self._pool.idle_workers:
            self._early.begin(start, stop, self._work(start, stop, speech_samples))

    def text(self, start: int, stop: int, speech_samples: int) -> Text:
        """See `Hearing.text`."""
        self._stop_drafting()
        return self._early.take(start, stop, self._work(start, stop, speech_samples))

    def part(self, start: int, stop: int, speech_samples: int) -> Text:
        """See `Hearing.part`."""
        return attempt("recognition", self._work(start, stop, speech_samples))

    def close(self) -> None:
        """See `Hearing.close`."""
        self._stop_drafting()
        self._early.forget()

    def _work(self, start: int, stop: int, speech_samples: int) -> Work[Hypothesis]:
        options = self._options

        def read() -> Utterance:
            return Utterance(self._ring.read(start, stop), speech_samples / SAMPLE_RATE)

        return lambda: self._pool.recognise(self._owner, read, stop - start, options)

    def _stop_drafting(self) -> None:
        self._open = None
        if self._drafting is not None:
            self._drafting.cancel()

    async def _draft(self, on_interim: OnInterim) -> None:
        """Recognise the open segment again and again, as long as it grows."""
        with failure_logged("interim"):
            while self._open is not None and self._open.is_worth_a_draft:
                drafted = self._open
                drafted.drafted_stop = drafted.stop
                read = partial(self._so_far, drafted)
                with self._pool.sparing(self._owner):
                    hypothesis = await self._drafts.recognise(
                        self._owner, read, drafted.samples, self._options
                    )
                on_interim(drafted.segment_id, hypothesis.text)

    def _so_far(self, drafted: _Open) -> Utterance:
        """Read what there is of a segment now that a worker is free for it."""
        drafted.drafted_stop = drafted.stop
        samples = self._ring.read(drafted.start, drafted.stop)
        return Utterance(samples, drafted.samples / SAMPLE_RATE)


class LiveHearing:
    """Has utterances heard while they are spoken."""

    def __init__(self, owner: Hashable, pool: Pool, ring: RingBuffer) -> None:
        self._owner = owner
        self._pool = pool
        self._ring = ring
        self._options = Options()
        self._on_interim: OnInterim | None = None
        self._open: LiveUtterance | None = None

    def begin(self, options: Options, on_interim: OnInterim | None) -> None:
        """See `Hearing.begin`."""
        self._drop()
        self._options = options
        self._on_interim = on_interim

    def follow(self, segment_id: int, start: int, stop: int) -> None:
        """See `Hearing.follow`."""
        if self._open is None or self._open.start != start:
            self._drop()
            self._open = self._utterance(start, segment_id)
        self._pool.extend(self._open, stop)

    def foresee(self, start: int, stop: int, speech_samples: int) -> None:
        """Do nothing: whatever may be over has been heard already."""

    def text(self, start: int, stop: int, speech_samples: int) -> Text:
        """See `Hearing.text`."""
        # One that was split before the end of what was heard of it is heard once more, so far.
        if self._open is None or self._open.start != start or self._open.sent > stop:
            self._drop()
        utterance = self._open or self._utterance(start, None)
        self._open = None
        return self._finished(utterance, stop, speech_samples)

    def part(self, start: int, stop: int, speech_samples: int) -> Text:
        """See `Hearing.part`."""
        return self._finished(self._utterance(start, None), stop, speech_samples)

    def close(self) -> None:
        """See `Hearing.close`."""
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
    owner: Hashable, pool: Pool, drafts: Drafts, ring: RingBuffer, overload: Overload
) -> Hearing:
    """Return what recognises a session's utterances by the nature of the pool's recogniser."""
    if pool.abilities.streaming:
        return LiveHearing(owner, pool, ring)
    return WholeHearing(owner, pool, drafts, ring, overload)

"""Interim texts of an open utterance whose final text comes from an offline recogniser.

Either a streaming recogniser decodes the utterance while it is spoken, in a worker of its own. Or,
without such a recogniser, another worker recognises the utterance repeatedly.
"""

import asyncio
from contextlib import ExitStack
from typing import Protocol

from hwaja.asr.context import RecognitionContext
from hwaja.engines.interface import Pcm16
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.workers.generations import Generation
from hwaja.workers.session_work import failure_logged
from hwaja.workers.shared_workers import SessionInterimStreams
from hwaja.workers.utterance_stream import UtteranceStream

FIRST_INTERIM_SECONDS = 0.8
"""Audio of an utterance before its first interim text. In less, Whisper mostly invents words."""

INTERIM_STEP_SECONDS = 0.4
"""New audio before the next interim text, about one word."""


class Interims(Protocol):
    """The interim texts of one open utterance."""

    def extend(self, stop: int) -> None:
        """Take the samples before `stop`: they are certain to belong to the utterance."""

    def stop(self) -> None:
        """Make no further interim text."""


def interims_of(
    context: RecognitionContext, generation: Generation, segment_id: int, start: int
) -> Interims | None:
    """Return what makes the interim texts of an utterance; None if it gets none."""
    if not context.wants_interims:
        return None
    streams = generation.interim_streams
    if streams is None:
        return RepeatedInterims(context, generation, segment_id, start)
    # The hotwords are for the final text: few streaming recognisers take any.
    options = Options(context.options.language)
    if streams.abilities.refusal(options) is not None:
        return None
    return StreamedInterims(context, generation, streams, options, segment_id, start)


class RepeatedInterims:
    """Recognises the whole utterance so far, again and again."""

    def __init__(
        self, context: RecognitionContext, generation: Generation, segment_id: int, start: int
    ) -> None:
        self._context = context
        self._generation = generation
        self._segment_id = segment_id
        self._start = self._stop = start
        self._interim_stop: int | None = None  # end of the last interim's audio
        self._making: asyncio.Task[None] | None = None

    def extend(self, stop: int) -> None:
        """See `Interims.extend`. Begin an interim text if there is enough new audio."""
        self._stop = stop
        is_busy = self._making is not None and not self._making.done()
        if self._context.makes_interims and not is_busy and self._is_worth_an_interim:
            self._making = asyncio.create_task(self._make())

    def stop(self) -> None:
        """See `Interims.stop`."""
        if self._making is not None:
            self._making.cancel()

    @property
    def _is_worth_an_interim(self) -> bool:
        """Whether there is enough new audio for an interim text."""
        if self._interim_stop is None:
            return self._stop - self._start >= FIRST_INTERIM_SECONDS * SAMPLE_RATE
        return self._stop - self._interim_stop >= INTERIM_STEP_SECONDS * SAMPLE_RATE

    async def _make(self) -> None:
        """Recognise the utterance so far, and repeat while enough new audio arrives."""
        context, owner = self._context, self._context.work.owner
        interim_worker = self._generation.interim_worker
        with failure_logged("interim"):
            while self._is_worth_an_interim:
                self._interim_stop = self._stop
                with self._generation.pool.sparing(owner):
                    hypothesis = await interim_worker.recognise(
                        owner, self._read_so_far, self._stop - self._start, context.options
                    )
                context.interim(self._segment_id, hypothesis.text)

    def _read_so_far(self) -> Pcm16:
        """Read the whole utterance so far. The worker calls this when it is free."""
        self._interim_stop = self._stop
        return self._context.work.ring.read(self._start, self._stop)


class StreamedInterims:
    """Decodes the utterance once, while it is spoken."""

    def __init__(
        self,
        context: RecognitionContext,
        generation: Generation,
        streams: SessionInterimStreams,
        options: Options,
        segment_id: int,
        start: int,
    ) -> None:
        work = context.work

        def report(text: str) -> None:
            context.interim(segment_id, text)

        self._context = context
        self._streams = streams
        self._stream: UtteranceStream | None = UtteranceStream(
            work.owner, options, work.ring.read, start, report
        )
        self._sparing = ExitStack()
        self._sparing.enter_context(generation.pool.sparing(work.owner))

    def extend(self, stop: int) -> None:
        """See `Interims.extend`. Under overload, the rest of the utterance gets no interim text."""
        if not self._context.makes_interims:
            self.stop()
        elif self._stream is not None:
            self._streams.extend(self._stream, stop)

    def stop(self) -> None:
        """See `Interims.stop`."""
        if self._stream is not None:
            self._streams.drop(self._stream)
            self._stream = None
            self._sparing.close()

"""The handles of a session's utterances, from their first certain samples to their text.

An offline recogniser decodes a whole utterance at its end, or earlier on speculation; `interims`
has its interim texts. A streaming recogniser decodes each extension of an
utterance once. Each utterance stays with the generation of workers that it began with, and the
recogniser of that generation decides the kind of its handle. Texts are reported by segment id.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from hwaja.asr.context import RecognitionContext
from hwaja.asr.interims import interims_of
from hwaja.engines.interface import Pcm16
from hwaja.engines.recognition import Effort, Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.vad.gate import Segment
from hwaja.workers.efforts import effort_of, patient_effort_of
from hwaja.workers.generations import Generation, Placement
from hwaja.workers.session_work import SessionWork, Work, attempt, report_when_done
from hwaja.workers.utterance_stream import UtteranceStream


class Utterance(Protocol):
    """An utterance that is being recognised."""

    @property
    def start(self) -> int:
        """Index of the first sample of the utterance."""

    @property
    def generation(self) -> Generation:
        """The workers that recognise the utterance."""

    def extend(self, stop: int) -> None:
        """Take the samples before `stop`: they are certain to belong to the utterance."""

    def speculate(self, segment: Segment) -> None:
        """Begin to recognise the utterance as a segment that may be over."""

    def finish(
        self, segment: Segment, *, is_urgent: bool = False, voice: Pcm16 | None = None
    ) -> None:
        """End the utterance and report its text later; None if the engine fails.

        With `is_urgent`, the client waits for the text. With `voice`, `VOICE_SAMPLES` of it, report
        only what this voice says.
        """

    def cancel(self) -> None:
        """Stop all work on the utterance. No text is reported."""


class Recognition:
    """The unfinished recognitions of one session, by segment id."""

    def __init__(
        self, context: RecognitionContext, works: Sequence[SessionWork] | None = None
    ) -> None:
        """Prepare. The transcription begins with `begin`.

        Args:
            context: of the first channel.
            works: the work of each channel now. Without it, there is one channel.

        """
        self._works = works or [context.work]
        self._context = replace(context, report_text=self._report_and_forget)
        self._report_text = context.report_text
        self._placement: Placement | None = None  # of the running transcription
        self._utterances: dict[int, Utterance] = {}

    def begin(self, options: Options, *, interims: bool) -> None:
        """Begin a transcription with these options. Cancel the utterances of the last one."""
        self.end()
        self._placement = self._context.work.generations.place(options)
        self._context = replace(self._context, options=options, wants_interims=interims)

    def change(self, options: Options, *, interims: bool) -> None:
        """Go on with other options. The utterances that have begun keep theirs."""
        if options != self._context.options and self._placement is not None:
            placement, self._placement = self._placement, None
            self._placement = self._context.work.generations.place(options)
            self._context.work.generations.end(placement)
        self._context = replace(self._context, options=options, wants_interims=interims)

    def extend(self, segment_id: int, start: int, stop: int, channel: int = 0) -> None:
        """Take samples `[start, stop)`, which are certain to belong to an open segment."""
        self._utterance(segment_id, start, channel).extend(stop)

    def speculate(self, segment_id: int, segment: Segment) -> None:
        """Begin to recognise a segment that may be over; no effect if the recogniser streams."""
        self._utterance(segment_id, segment.start, segment.channel).speculate(segment)

    def finish(self, segment_id: int, segment: Segment, *, is_urgent: bool = False) -> None:
        """Request the text of a finished segment. With `is_urgent`, the client waits for it."""
        context = replace(self._context, wants_interims=False)
        utterance = self._utterance(segment_id, segment.start, segment.channel, context)
        utterance.finish(segment, is_urgent=is_urgent)

    def recognise_part(
        self, segment_id: int, segment: Segment, options: Options, voice: Pcm16 | None = None
    ) -> None:
        """Request the text of a part of a divided utterance, with the options of the utterance.

        With `voice`, of what this voice says in it; see `Utterance.finish`.
        """
        context = replace(self._context, options=options, wants_interims=False)
        utterance = self._utterance(segment_id, segment.start, segment.channel, context)
        utterance.finish(segment, voice=voice)

    def end(self) -> None:
        """End the transcription, if one runs: cancel all work, and hold no workers any more."""
        for segment_id in tuple(self._utterances):
            self._forget(segment_id).cancel()
        if self._placement is not None:
            for work in self._works:
                work.forget()
            self._context.work.generations.end(self._placement)
            self._placement = None

    def _utterance(
        self,
        segment_id: int,
        start: int,
        channel: int,
        context: RecognitionContext | None = None,
    ) -> Utterance:
        """Return the handle of a segment in a channel.

        Replace a handle with another start: the rest after a split was no speech.
        """
        utterance = self._utterances.get(segment_id)
        if utterance is not None and utterance.start == start:
            return utterance
        if utterance is not None:
            self._forget(segment_id).cancel()
        context = replace(context or self._context, work=self._works[channel])
        generation = self._generation
        kind = StreamedUtterance if generation.pool.abilities.streaming else WholeUtterance
        utterance = self._utterances[segment_id] = kind(context, generation, segment_id, start)
        generation.hold(utterance)
        return utterance

    @property
    def _generation(self) -> Generation:
        """The generation for the next utterance."""
        placement = self._placement
        return self._context.work.generations.current if placement is None else placement.generation

    def _report_and_forget(self, segment_id: int, hypothesis: Hypothesis | None) -> None:
        if segment_id in self._utterances:
            self._forget(segment_id)
        self._report_text(segment_id, hypothesis)

    def _forget(self, segment_id: int) -> Utterance:
        """Remove a handle, and release its workers. Return it."""
        utterance = self._utterances.pop(segment_id)
        utterance.generation.release(utterance)
        return utterance


class WholeUtterance:
    """An utterance for an offline recogniser: decoded at its end."""

    def __init__(
        self, context: RecognitionContext, generation: Generation, segment_id: int, start: int
    ) -> None:
        self._context = context
        self.generation = generation
        """See `Utterance.generation`."""
        self._segment_id = segment_id
        self._start = start
        self._interims = interims_of(context, generation, segment_id, start)
        self._text: asyncio.Task[Hypothesis | None] | None = None

    @property
    def start(self) -> int:
        """See `Utterance.start`."""
        return self._start

    def extend(self, stop: int) -> None:
        """See `Utterance.extend`. The samples are for interim texts."""
        if self._interims is not None:
            self._interims.extend(stop)

    def speculate(self, segment: Segment) -> None:
        """See `Utterance.speculate`."""
        work = self._recognition(segment)
        self._context.work.begin("recognition", self._segment_id, segment, work)

    def finish(
        self, segment: Segment, *, is_urgent: bool = False, voice: Pcm16 | None = None
    ) -> None:
        """See `Utterance.finish`."""
        if self._interims is not None:
            self._interims.stop()
        context = self._context
        work = self._recognition(segment, is_urgent=is_urgent, voice=voice)
        self._text = context.work.take("recognition", self._segment_id, segment, work)
        report_when_done(self._text, self._segment_id, context.report_text)

    def cancel(self) -> None:
        """See `Utterance.cancel`."""
        if self._interims is not None:
            self._interims.stop()
        if self._text is not None:
            self._text.cancel()

    def _recognition(
        self, segment: Segment, *, is_urgent: bool = False, voice: Pcm16 | None = None
    ) -> Work[Hypothesis]:
        work, pool, options = self._context.work, self.generation.pool, self._context.options

        def read() -> Pcm16:
            return work.ring.read(segment.start, segment.stop)

        samples = segment.stop - segment.start
        seconds, speech_seconds = samples / SAMPLE_RATE, segment.speech_samples / SAMPLE_RATE

        def effort() -> Effort:
            if work.is_patient:
                return patient_effort_of(seconds)
            return effort_of(work.overload, pool.use, seconds, is_urgent=is_urgent)

        return lambda: pool.recognise(
            work.owner, read, samples, options, speech_seconds, effort, voice
        )


class StreamedUtterance:
    """An utterance for a streaming recogniser: decoded while it is spoken."""

    def __init__(
        self, context: RecognitionContext, generation: Generation, segment_id: int, start: int
    ) -> None:
        self._context = context
        self.generation = generation
        """See `Utterance.generation`."""
        self._segment_id = segment_id
        self._stream = self._stream_from(start, interims=context.wants_interims)
        self._text: asyncio.Task[Hypothesis | None] | None = None

    @property
    def start(self) -> int:
        """See `Utterance.start`."""
        return self._stream.start

    def extend(self, stop: int) -> None:
        """See `Utterance.extend`."""
        self.generation.pool.extend(self._stream, stop)

    def speculate(self, segment: Segment) -> None:
        """Do nothing: the stream has decoded this audio already."""

    def finish(
        self, segment: Segment, *, is_urgent: bool = False, voice: Pcm16 | None = None
    ) -> None:
        """See `Utterance.finish`. The stream has decoded all but the last chunk already.

        A voice is not extracted: no such recogniser starts with a model for that.
        """
        pool, stream = self.generation.pool, self._stream
        if stream.sent > segment.stop:  # a split inside decoded audio: decode the kept part again
            pool.drop(stream)
            stream = self._stream = self._stream_from(stream.start, interims=False)
        speech_seconds = segment.speech_samples / SAMPLE_RATE
        self._text = attempt(
            "recognition", lambda: pool.finish(stream, segment.stop, speech_seconds)
        )
        report_when_done(self._text, self._segment_id, self._context.report_text)

    def cancel(self) -> None:
        """See `Utterance.cancel`."""
        if self._text is None:
            self.generation.pool.drop(self._stream)
        else:
            self._text.cancel()

    def _stream_from(self, start: int, *, interims: bool) -> UtteranceStream:
        context, work = self._context, self._context.work

        def report(text: str) -> None:
            context.interim(self._segment_id, text)

        return UtteranceStream(
            work.owner, context.options, work.ring.read, start, report if interims else None
        )

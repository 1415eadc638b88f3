"""Speaker attribution of one session's utterances, and the search for a change of voice.

If people answer each other without a pause, the gate delays all their turns until the next pause.
So the end of an open utterance is embedded at intervals. The utterance ends where another voice is
certain to have begun. The search continues under overload: short utterances of one voice are
recognised soonest, and only once.
"""

import asyncio
from collections.abc import Callable

from hwaja.engines.interface import VoiceTrack
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.speakers.diarize import split_by_voice, unscored_part, whole_part
from hwaja.speakers.parts import Part, next_turn
from hwaja.speakers.voices import Voices
from hwaja.vad.gate import Segment
from hwaja.workers.overload import DegradationLevel
from hwaja.workers.session_work import SessionWork, Work, attempt, report_when_done

EMBEDDED_SECONDS = 3.0
"""Under overload, only this much of an utterance is embedded. Longer audio hardly improves it."""

Parts = tuple[Part, ...]


class Attribution:
    """Embeds utterances and compares them with the enrolled voices."""

    def __init__(
        self,
        work: SessionWork,
        voices: Voices,
        report_voices: Callable[[int, Parts | None], object],
        report_turn: Callable[[int, int | None], object],
    ) -> None:
        """Prepare.

        Args:
            work: the session's access to the workers and the audio ring.
            voices: the enrolled voices, read when an embedding arrives.
            report_voices: takes a segment id and the parts of the segment. None: the engine failed.
            report_turn: takes a segment id and the sample at which another voice begins. None: no
                change of voice is certain, or the engine failed.

        """
        self._work = work
        self._voices = voices
        self._report_voices = report_voices
        self._report_turn = report_turn
        self._probe: asyncio.Task[int | None] | None = None
        self._utterances: set[asyncio.Task[Parts | None]] = set()
        self._lessons: set[asyncio.Task[None]] = set()

    def begin(self, *, adapt: bool) -> None:
        """Begin a transcription. Without `adapt`, reset the voices to their enrolments."""
        self._end_probe()
        if not adapt:
            self._end_lessons()
            self._voices.unlearn()

    def probe(self, segment_id: int, start: int, stop: int) -> None:
        """Search samples `[start, stop)` of an open segment for another voice; report the result.

        One search runs at a time. `finish` cancels it.
        """
        self._probe = attempt("turns", lambda: self._next_turn(start, stop))
        report_when_done(self._probe, segment_id, self._report_turn)

    def speculate(self, segment_id: int, segment: Segment) -> None:
        """Begin to attribute a segment that may be over."""
        self._work.begin("attribution", segment_id, segment, self._attribution(segment))

    def finish(self, segment_id: int, segment: Segment) -> None:
        """Attribute a finished segment, and report its parts."""
        self._end_probe()
        work = self._attribution(segment)
        task = self._work.take("attribution", segment_id, segment, work)
        self._utterances.add(task)
        task.add_done_callback(self._utterances.discard)
        report_when_done(task, segment_id, self._report_voices)

    def learn(self, speaker_id: int, segment: Segment) -> asyncio.Task[None] | None:
        """Let a voice learn from a segment that is certain to be the speaker's.

        Returns:
            The task; None under overload, when voices do not learn.

        """
        if self._work.overload.skips(DegradationLevel.SPEAKER_DETAILS):
            return None
        samples = self._work.ring.read(segment.start, segment.stop)  # the ring may soon drop them

        async def learn() -> None:
            try:
                track = await self._work.embed(samples.copy, len(samples), overlaps=False)
            finally:
                samples.fill(0)
            try:
                self._voices.learn(speaker_id, track.whole, len(samples) / SAMPLE_RATE)
            finally:
                track.erase()

        lesson = attempt("learning", learn)
        self._lessons.add(lesson)
        lesson.add_done_callback(self._lessons.discard)
        return lesson

    def close(self) -> None:
        """Cancel all work."""
        self._end_probe()
        self._end_lessons()
        for task in self._utterances:
            task.cancel()

    def _end_probe(self) -> None:
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None

    def _end_lessons(self) -> None:
        for lesson in self._lessons:
            lesson.cancel()

    async def _next_turn(self, start: int, stop: int) -> int | None:
        track = await self._embed(start, stop, overlaps=False)
        try:
            # An open utterance has no long pause: all of its audio counts as speech.
            speech_seconds = (stop - start) / SAMPLE_RATE
            whole = Part(start, stop, self._voices.speaker_ids, speech_seconds)
            return next_turn(split_by_voice(track, whole, self._voices))
        finally:
            track.erase()

    def _attribution(self, segment: Segment) -> Work[Parts]:
        async def attribute() -> Parts:
            whole = unscored_part(segment, self._voices)
            if whole.is_short:
                return (whole,)
            hurried = self._work.overload.skips(DegradationLevel.SPEAKER_DETAILS)
            start, stop = _middle(segment) if hurried else (segment.start, segment.stop)
            track = await self._embed(start, stop, overlaps=not hurried)
            try:
                if hurried:
                    return (whole_part(track, whole, self._voices),)
                return split_by_voice(track, whole, self._voices)
            finally:
                track.erase()

        return attribute

    async def _embed(self, start: int, stop: int, *, overlaps: bool) -> VoiceTrack:
        work = self._work
        return await work.embed(
            lambda: work.ring.read(start, stop), stop - start, overlaps=overlaps
        )


def _middle(segment: Segment) -> tuple[int, int]:
    """Return the range of the middle `EMBEDDED_SECONDS` of an utterance, in samples."""
    spare = max(0, segment.stop - segment.start - round(EMBEDDED_SECONDS * SAMPLE_RATE)) // 2
    return segment.start + spare, segment.stop - spare

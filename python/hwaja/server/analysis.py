"""What the engine makes of one session's utterances, begun early where a worker is idle.

A pause of the post-roll's length foretells an utterance; the hang-over confirms it later. The
samples are the same, so the answer is too, and most of the work is done when it is due.
"""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass

from hwaja._pcm import RingBuffer
from hwaja.asr.recognition_strategy import RecognitionStrategy, Text
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.speakers.change_probe import Probe, SpeakerChangeProbe
from hwaja.speakers.diarize import Stretch, read_parts, short_part, whole_part
from hwaja.speakers.parts import Part
from hwaja.speakers.voices import Voices
from hwaja.workers.overload import DegradationLevel, Overload
from hwaja.workers.pool import Pool
from hwaja.workers.speculation import Speculative, Work, attempt

HURRIED_SECONDS = 3.0
"""What is embedded of an utterance under overload; longer audio hardly says more of its voice."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The work on an utterance; a task ends with None where the engine failed."""

    text: Text
    parts: asyncio.Task[tuple[Part, ...] | None]


class Analyst:
    """Has utterances of one session recognised and attributed."""

    def __init__(
        self,
        owner: Hashable,
        pool: Pool,
        ring: RingBuffer,
        voices: Voices,
        hearing: RecognitionStrategy,
        overload: Overload,
    ) -> None:
        """Prepare to work.

        Args:
            owner: whose turn it is when sessions share the workers.
            pool: the workers.
            ring: holds the samples until their analysis is done or cancelled.
            voices: the enrolled voices, read when an embedding is there.
            hearing: finds the text.
            overload: says when there is no time for who speaks in the midst of an utterance.

        """
        self._overload = overload
        self._owner = owner
        self._pool = pool
        self._ring = ring
        self._voices = voices
        self._hearing = hearing
        self._early: Speculative[tuple[Part, ...]] = Speculative("attribution")
        self._watch = SpeakerChangeProbe(owner, pool, ring, voices)
        self._lessons: set[asyncio.Task[None]] = set()

    def speculate(self, start: int, stop: int, speech_samples: int) -> None:
        """Begin work on an utterance that may be asked for, if no one else waits for a worker."""
        self._hearing.speculate(start, stop, speech_samples)
        self._early.forget()
        if self._pool.idle_workers:
            self._early.begin(start, stop, self._attribution(Stretch(start, stop, speech_samples)))

    def watch(self, start: int, stop: int) -> Probe:
        """Probe the open utterance for another voice; see `SpeakerChangeProbe.look`."""
        return self._watch.look(start, stop)

    def analyse(self, start: int, stop: int, speech_samples: int) -> Analysis:
        """Return the work on an utterance, which may have begun, or be done, already."""
        self._watch.close()
        return Analysis(
            self._hearing.text(start, stop, speech_samples),
            self._early.take(start, stop, self._attribution(Stretch(start, stop, speech_samples))),
        )

    def learn(self, speaker_id: int, start: int, stop: int) -> asyncio.Task[None]:
        """Let a voice learn from samples that are the speaker's for sure."""
        samples = self._ring.read(start, stop)  # now: the ring may forget them next

        async def learn() -> None:
            try:
                track = await self._pool.embed(
                    self._owner, samples.copy, len(samples), overlaps=False
                )
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

    def unlearn(self) -> None:
        """Take back what voices learned, and give up what they are learning."""
        self._end_lessons()
        self._voices.unlearn()

    def close(self) -> None:
        """Give up what nobody asked for."""
        self._watch.close()
        self._hearing.close()
        self._early.forget()
        self._end_lessons()

    def _end_lessons(self) -> None:
        for lesson in self._lessons:
            lesson.cancel()

    def _attribution(self, stretch: Stretch) -> Work[tuple[Part, ...]]:
        async def attribute() -> tuple[Part, ...]:
            if stretch.is_short:
                return (short_part(stretch, self._voices),)
            hurried = self._overload.leaves_out(DegradationLevel.SPEAKER_DETAILS)
            start, stop = _middle(stretch) if hurried else (stretch.start, stretch.stop)
            track = await self._pool.embed(
                self._owner,
                lambda: self._ring.read(start, stop),
                stop - start,
                overlaps=not hurried,
            )
            try:
                if hurried:
                    return (whole_part(track, stretch, self._voices),)
                return read_parts(track, stretch, self._voices)
            finally:
                track.erase()

        return attribute


def _middle(stretch: Stretch) -> tuple[int, int]:
    """Return the samples in the middle of an utterance."""
    spare = max(0, stretch.stop - stretch.start - round(HURRIED_SECONDS * SAMPLE_RATE)) // 2
    return stretch.start + spare, stretch.stop - spare

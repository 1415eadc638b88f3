"""Speaker attribution of one session's utterances, and the search for a change of voice.

If people answer each other without a pause, the gate delays all their turns until the next pause.
So the end of an open utterance is embedded at intervals. The utterance ends where another voice is
certain to have begun. The search continues under overload: short utterances of one voice are
recognised soonest, and only once.
"""

import asyncio
from collections.abc import Callable

from hwaja.engines.interface import VoiceTrack
from hwaja.protocol.audio import MAX_CHANNELS, SAMPLE_RATE
from hwaja.speakers.diarize import split_by_voice, unscored_part, whole_part
from hwaja.speakers.discovery import Discovery
from hwaja.speakers.parts import Correction, Part, given, next_turn
from hwaja.speakers.voice_changes import next_voice
from hwaja.speakers.voices import PooledVoice, Voices
from hwaja.vad.gate import Segment
from hwaja.workers.overload import DegradationLevel
from hwaja.workers.session_work import SessionWork, Work, attempt, report_when_done

EMBEDDED_SECONDS = 3.0
"""Under overload, only this much of an utterance is embedded. Longer audio hardly improves it."""

Parts = tuple[Part, ...]
Corrections = tuple[Correction, ...]

Found = tuple[Parts, Corrections]
"""The parts of an utterance, and the corrections of earlier ones."""

Embedded = tuple[VoiceTrack, bool]
"""The embeddings of an utterance, and whether they cover all of it."""

_NONE: Corrections = ()


class Attribution:
    """Embeds utterances and compares them with the enrolled voices, or discovers the voices."""

    def __init__(
        self,
        work: SessionWork,
        voices: Voices,
        report_voices: Callable[[int, Parts | None, Corrections], object],
        report_turn: Callable[[int, int | None], object],
    ) -> None:
        """Prepare.

        Args:
            work: the session's access to the workers and the audio ring.
            voices: the enrolled voices, read when an embedding arrives.
            report_voices: takes a segment id, the parts of the segment (None: the engine failed),
                and the corrections of earlier ones.
            report_turn: takes a segment id and the sample at which another voice begins. None: no
                change of voice is certain, or the engine failed.

        """
        self._work = work
        self._voices = voices
        self._discovery = Discovery(voices)
        self._most_speakers: int | None = None
        self._by_channel = False
        self._discovered: asyncio.Task[Found | None] | None = None  # of the last utterance
        self._report_voices = report_voices
        self._report_turn = report_turn
        self._probe: asyncio.Task[int | None] | None = None
        self._utterances: set[asyncio.Task[Found | None]] = set()
        self._lessons: set[asyncio.Task[None]] = set()

    def begin(
        self, *, adapt: bool, most_speakers: int | None = None, by_channel: bool = False
    ) -> None:
        """Begin a transcription. Without `adapt`, reset the voices to their enrolments.

        With `most_speakers`, discover that many voices at most, the enrolled ones included. With
        `by_channel`, each channel is a speaker, and no voice is embedded.
        """
        self._end_probe()
        self._most_speakers = most_speakers
        self._by_channel = by_channel
        self._discovery.begin()
        if not adapt:
            self._end_lessons()
            self._voices.unlearn()

    def probe(self, segment_id: int, start: int, stop: int) -> None:
        """Search samples `[start, stop)` of an open segment for another voice; report the result.

        One search runs at a time. `finish` cancels it.
        """
        self._probe = attempt("turns", lambda: self._next_turn(start, stop))
        report_when_done(self._probe, segment_id, self._report_turn)

    async def searched(self) -> None:
        """Wait until the last `probe` has reported its result, or was cancelled."""
        if self._probe is not None:
            await asyncio.wait({self._probe})

    def speculate(self, segment_id: int, segment: Segment) -> None:
        """Begin to attribute a segment that may be over."""
        if self._by_channel:
            return
        if self._most_speakers is None:
            self._work.begin("attribution", segment_id, segment, self._attribution(segment))
        else:
            self._work.begin("embedding", segment_id, segment, self._embedding(segment))

    def finish(self, segment_id: int, segment: Segment) -> None:
        """Attribute a finished segment, and report its parts."""
        self._end_probe()
        if self._by_channel:
            self._report_voices(segment_id, (_of_channel(segment),), _NONE)
            return
        if self._most_speakers is None:
            work = self._attribution(segment)
            task = self._work.take("attribution", segment_id, segment, work)
        else:
            embedding = self._embedding(segment)
            embedded = self._work.take("embedding", segment_id, segment, embedding)
            discovery = self._discovery_of(segment, embedded, self._most_speakers)
            task = self._discovered = attempt("discovery", discovery)
        self._utterances.add(task)
        task.add_done_callback(self._utterances.discard)
        report_when_done(task, segment_id, self._report)

    def _report(self, segment_id: int, found: Found | None) -> None:
        self._report_voices(segment_id, *(found or (None, _NONE)))

    def learn(self, speaker_id: int, segment: Segment) -> asyncio.Task[None] | None:
        """Let a voice learn from a segment that is certain to be the speaker's.

        Returns:
            The task; None under overload, when voices do not learn, and for a discovered voice or
            a channel.

        """
        if self._by_channel or speaker_id not in self._voices.speaker_ids:
            return None
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

    def keep(self, speaker_id: int) -> bool:
        """Keep a voice like an enrolled one, also if it was discovered. A channel has no voice.

        Returns:
            Whether there is such a speaker.

        """
        is_channel = self._by_channel and speaker_id < MAX_CHANNELS
        return self._discovery.keep(speaker_id) or is_channel

    def unsealed(self, *, anew: bool) -> dict[int, PooledVoice | None]:
        """See `Discovery.unsealed`."""
        return self._discovery.unsealed(anew=anew)

    def close(self) -> None:
        """Cancel all work, and overwrite the discovered voices."""
        self._end_probe()
        self._end_lessons()
        for task in self._utterances:
            task.cancel()
        self._discovery.forget()

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
            if self._most_speakers is not None:
                return next_voice(track, start)
            # An open utterance has no long pause: all of its audio counts as speech.
            speech_seconds = (stop - start) / SAMPLE_RATE
            whole = Part(start, stop, self._voices.speaker_ids, speech_seconds)
            return next_turn(split_by_voice(track, whole, self._voices))
        finally:
            track.erase()

    def _attribution(self, segment: Segment) -> Work[Found]:
        async def attribute() -> Found:
            whole = unscored_part(segment, self._voices)
            embedded = await self._embedding(segment)()
            if embedded is None:
                return (whole,), _NONE
            track, is_whole = embedded
            try:
                if is_whole:
                    return split_by_voice(track, whole, self._voices), _NONE
                return (whole_part(track, whole, self._voices),), _NONE
            finally:
                track.erase()

        return attribute

    def _discovery_of(
        self,
        segment: Segment,
        embedded: asyncio.Task[Embedded | None],
        most_speakers: int,
    ) -> Work[Found | None]:
        """Return the work that discovers the speakers of a segment, after those of the last one."""
        earlier = self._discovered

        async def discover() -> Found | None:
            found = await embedded
            if earlier is not None and not earlier.done():
                await asyncio.wait([earlier])  # ids are given in the order of speech
            whole = unscored_part(segment, self._voices)
            if whole.is_short:
                return (self._discovery.unembedded(whole),), _NONE
            if found is None:
                return None  # the failure is logged
            track, is_whole = found
            try:
                return self._discovery.take(track, whole, most_speakers, divides=is_whole)
            finally:
                track.erase()

        return discover

    def _embedding(self, segment: Segment) -> Work[Embedded | None]:
        """Return the work that embeds a segment. Its result is None if the segment is too short."""

        async def embed() -> Embedded | None:
            if unscored_part(segment, self._voices).is_short:
                return None
            hurried = self._work.overload.skips(DegradationLevel.SPEAKER_DETAILS)
            start, stop = _middle(segment) if hurried else (segment.start, segment.stop)
            return await self._embed(start, stop, overlaps=not hurried), not hurried

        return embed

    async def _embed(self, start: int, stop: int, *, overlaps: bool) -> VoiceTrack:
        work = self._work
        return await work.embed(
            lambda: work.ring.read(start, stop), stop - start, overlaps=overlaps
        )


def _of_channel(segment: Segment) -> Part:
    """Return a segment as a part of the speaker whose channel it is from."""
    speech_seconds = segment.speech_samples / SAMPLE_RATE
    return given(Part(segment.start, segment.stop, (segment.channel,), speech_seconds))


def _middle(segment: Segment) -> tuple[int, int]:
    """Return the range of the middle `EMBEDDED_SECONDS` of an utterance, in samples."""
    spare = max(0, segment.stop - segment.start - round(EMBEDDED_SECONDS * SAMPLE_RATE)) // 2
    return segment.start + spare, segment.stop - spare

"""Enrols voices: measures a take, compares it, and keeps its voice unless it is refused."""

import asyncio
import concurrent.futures.thread  # noqa: F401  # otherwise asyncio imports it during a take
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from hwaja.engines.interface import VOICE_SAMPLES, Pcm16, VoiceTrack
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import AudioFormat, Reason
from hwaja.protocol.values import Quality
from hwaja.speakers.enrolment import Enrol, Enrolled, Restore
from hwaja.speakers.measures import agreement, clipped_share, loudest, snr_db
from hwaja.speakers.verdict import MIN_SPEECH_SECONDS, is_same_voice, refusal, with_warnings
from hwaja.speakers.voice_tickets import Subjects, TicketError, VoiceTickets
from hwaja.speakers.voices import PooledVoice, Voices, pool, similarity
from hwaja.vad.audio_format import format_of_take
from hwaja.vad.gate import FRAME_SAMPLES, dbfs, mean_dbfs
from hwaja.workers.session_work import failure_logged

ReadSamples = Callable[[], Pcm16]
"""Returns a copy of the samples. It may be called repeatedly. The caller may overwrite the copy."""

Embed = Callable[[ReadSamples, int], Awaitable[VoiceTrack]]
"""Embeds samples. Takes a function that reads them, and their number."""


class TakeAudio(Protocol):
    """The part of `RingBuffer` that a take is read from."""

    @property
    def end(self) -> int:
        """See `RingBuffer.end`."""

    def read(self, start: int, stop: int, /) -> Pcm16:
        """See `RingBuffer.read`."""

    def powers(self, start: int, frame_samples: int, /) -> NDArray[np.float64]:
        """See `RingBuffer.powers`."""


class Enroller:
    """Measures the takes of one session and enrols the accepted voices."""

    def __init__(
        self,
        embed: Embed,
        ring: TakeAudio,
        voices: Voices,
        tickets: VoiceTickets | None = None,
        subjects: Callable[[], Subjects] = tuple,
        *,
        keeps_samples: bool = False,
    ) -> None:
        """Prepare to enrol takes from `ring` into `voices`.

        Args:
            embed: embeds samples.
            ring: the audio of the takes.
            voices: the voices of the session.
            tickets: seals voices; by default nobody else can open them.
            subjects: returns the digests of the client's access tokens.
            keeps_samples: whether to keep `VOICE_SAMPLES` of each take beside its voice.

        """
        self._embed = embed
        self._ring = ring
        self._voices = voices
        self._tickets = tickets or VoiceTickets()
        self._subjects = subjects
        self._keeps_samples = keeps_samples

    def restore(self, wanted: Restore) -> Enrolled:
        """Keep the voice of a ticket, or return why not. After a failure, an earlier voice stays.

        The voice was accepted when it was sealed. Here it is only compared with the other speakers.
        """
        try:
            pooled, quality = self._tickets.open(wanted.ticket, self._subjects())
        except TicketError as error:
            return Enrolled(error.reason)
        others = self._similarity_to_others(wanted.speaker_id, pooled)
        if quality is not None:
            quality = with_warnings(structs.replace(quality, other_similarity=others))
            return self._decide(wanted.speaker_id, pooled, quality)
        if is_same_voice(others):
            pooled.erase()
            return Enrolled(Reason.SAME_VOICE)
        self._voices.enrol(wanted.speaker_id, pooled)
        return Enrolled()

    async def enrol(self, take: Enrol) -> Enrolled:
        """Keep the voice of a take, or return why not. After a failure, an earlier voice stays."""
        looks_like = await self._looks_like(take) if take.checks_format else None
        if looks_like is not None:  # first: the detector finds little speech in a wrong format
            return Enrolled(Reason.WRONG_FORMAT, looks_like=looks_like)
        if _speech_samples(take) < MIN_SPEECH_SECONDS * SAMPLE_RATE:
            return Enrolled(Reason.TOO_LITTLE_SPEECH)
        speech = self._read(take)
        with failure_logged("enrolment"):
            try:
                return await self._judge(take, speech)
            finally:
                speech.fill(0)
        return Enrolled(Reason.ENGINE_FAILED)

    async def _looks_like(self, take: Enrol) -> AudioFormat | None:
        whole = self._ring.read(take.start, self._ring.end)
        with failure_logged("format"):  # no thread, for example: most takes have the right format
            try:
                return await asyncio.to_thread(format_of_take, whole)  # up to 8 ms of NumPy
            finally:
                whole.fill(0)
        return None

    def _read(self, take: Enrol) -> Pcm16:
        pieces = [self._ring.read(segment.start, segment.stop) for segment in take.segments]
        joined = np.concatenate(pieces)
        for piece in pieces:
            piece.fill(0)
        return joined

    async def _judge(self, take: Enrol, speech: Pcm16) -> Enrolled:
        track = await self._embed(speech.copy, len(speech))
        try:
            earlier = self._voices.of(take.speaker_id) if take.adds else None
            heard = PooledVoice(track.whole, _speech_samples(take) / SAMPLE_RATE, takes=1)
            pooled = pool(earlier, heard.voice, heard.speech_seconds)
            quality = Quality(
                speech_seconds=pooled.speech_seconds,
                takes=pooled.takes,
                level_dbfs=_level_dbfs(take),
                snr_db=snr_db(self._levels(take), _level_dbfs(take)),
                clipped_share=clipped_share(speech),
                agreement=agreement(track.windows),
                other_similarity=self._similarity_to_others(take.speaker_id, pooled),
                takes_similarity=None if earlier is None else similarity(heard, earlier),
            )
            if self._keeps_samples:
                pooled = replace(pooled, sample=loudest(speech, VOICE_SAMPLES))
            return self._decide(take.speaker_id, pooled, with_warnings(quality), seals=take.seals)
        finally:
            track.erase()

    def _similarity_to_others(self, speaker_id: int, pooled: PooledVoice) -> float | None:
        others = self._voices.others(speaker_id)
        return max((similarity(pooled, other) for other in others), default=None)

    def _decide(
        self, speaker_id: int, pooled: PooledVoice, quality: Quality, *, seals: bool = False
    ) -> Enrolled:
        reason = refusal(quality)
        if reason is not None:
            pooled.erase()
            return Enrolled(reason, quality=quality)
        self._voices.enrol(speaker_id, pooled)
        ticket = self._tickets.seal(pooled, quality, self._subjects()) if seals else None
        return Enrolled(quality=quality, ticket=ticket)

    def _levels(self, take: Enrol) -> list[float]:
        return [dbfs(power) for power in self._ring.powers(take.start, FRAME_SAMPLES).tolist()]


def _speech_samples(take: Enrol) -> int:
    return sum(segment.speech_samples for segment in take.segments)


def _level_dbfs(take: Enrol) -> float:
    return mean_dbfs(
        segment.level_dbfs
        for segment in take.segments
        for _ in range(segment.speech_samples // FRAME_SAMPLES)
    )

"""The text and the speakers of the utterances of one session.

Carries out the effects of the session that concern them. What is found becomes events.
"""

from collections.abc import Callable, Sequence

from hwaja._pcm import RingBuffer
from hwaja.asr.context import RecognitionContext
from hwaja.asr.utterance import Recognition
from hwaja.engines.interface import VoiceTrack
from hwaja.protocol.server_messages import VoiceSealed
from hwaja.server.services import Services
from hwaja.session import effects, events
from hwaja.session.answers import iso_timestamp
from hwaja.speakers.attribution import Attribution
from hwaja.speakers.voice_tickets import Subjects
from hwaja.speakers.voices import PooledVoice, Voices
from hwaja.workers.overload import SessionOverload
from hwaja.workers.pool import ReadSamples
from hwaja.workers.session_work import SessionWork

Found = (
    events.Recognised
    | events.PartialText
    | events.Attributed
    | events.SpeakerProbed
    | events.VoiceKept
)


class Analysis:
    """Recognises the utterances of a session, and attributes them to speakers."""

    def __init__(
        self,
        owner: object,
        services: Services,
        overload: SessionOverload,
        voices: Voices,
        ring: RingBuffer,
        post: Callable[[Found], object],
        *,
        send: Callable[[VoiceSealed], object],
        subjects: Callable[[], Subjects],
    ) -> None:
        """Prepare.

        Args:
            owner: the session, as an owner of jobs of the workers.
            services: has the workers.
            overload: decides which work is skipped.
            voices: the enrolled voices of the session.
            ring: the audio of the first channel.
            post: passes an event to the session.
            send: sends a discovered voice to the client.
            subjects: returns the digests of the client's access tokens.

        """
        self._owner = owner
        self._generations = services.generations
        self._is_patient = services.are_patient
        self._overload = overload
        self._voices = voices
        self._tickets = services.tickets
        self._subjects = subjects
        self._post, self._send = post, send
        self._works = [self._work_on(ring)]  # of each channel
        self._recognition = Recognition(
            RecognitionContext(
                self._works[0],
                report_text=lambda *found: post(events.Recognised(*found)),
                report_interim=lambda *found: post(events.PartialText(*found)),
            ),
            self._works,
        )
        self._attribution = Attribution(
            self._works[0],
            voices,
            report_voices=lambda *found: post(events.Attributed(*found)),
            report_turn=lambda *found: post(events.SpeakerProbed(*found)),
        )

    def hear(self, rings: Sequence[RingBuffer]) -> None:
        """Take the audio of more channels from their rings. The first ring stays the same."""
        self._works[1:] = [self._work_on(ring) for ring in rings[1:]]

    async def embed(self, read: ReadSamples, samples: int, *, overlaps: bool) -> VoiceTrack:
        """See `SessionWork.embed`."""
        return await self._works[0].embed(read, samples, overlaps=overlaps)

    def carry_out(self, effect: effects.Analysing) -> None:
        """Carry out an effect of the session."""
        match effect:
            case effects.Begin(options, interims, adapt, most_speakers, by_channel):
                self._recognition.begin(options, interims=interims)
                self._attribution.begin(
                    adapt=adapt, most_speakers=most_speakers, by_channel=by_channel
                )
            case effects.Change(options, interims):
                self._recognition.change(options, interims=interims)
            case effects.Extend(segment_id, start, stop, channel):
                self._recognition.extend(segment_id, start, stop, channel)
            case effects.ProbeSpeaker(segment_id, start, stop):
                self._attribution.probe(segment_id, start, stop)
            case effects.Speculate(segment_id, segment):
                self._recognition.speculate(segment_id, segment)
                self._attribution.speculate(segment_id, segment)
            case effects.Finish(segment_id, segment, is_urgent):
                self._recognition.finish(segment_id, segment, is_urgent=is_urgent)
                self._attribution.finish(segment_id, segment)
            case effects.Recognise(segment_id, segment, options, speaker_id):
                sample = self._voices.sample_of(speaker_id)
                self._recognition.recognise_part(segment_id, segment, options, sample)
            case effects.Learn(speaker_id, segment):
                self._attribution.learn(speaker_id, segment)
            case effects.KeepVoice() | effects.SealVoices():
                self._keep(effect)

    def _keep(self, effect: effects.KeepVoice | effects.SealVoices) -> None:
        """Keep a discovered voice here, or have the client keep them all."""
        match effect:
            case effects.KeepVoice(speaker_id, name, request_id):
                is_known = self._attribution.keep(speaker_id)
                self._post(events.VoiceKept(speaker_id, name, is_known, request_id))
            case effects.SealVoices(anew):
                for speaker_id, voice in self._attribution.unsealed(anew=anew).items():
                    self._send(self._sealed(speaker_id, voice))

    def _sealed(self, speaker_id: int, voice: PooledVoice | None) -> VoiceSealed:
        """Seal a voice, and overwrite it."""
        if voice is None:
            return VoiceSealed(speaker_id)
        try:
            ticket = self._tickets.seal(voice, None, self._subjects())
        finally:
            voice.erase()
        return VoiceSealed(speaker_id, ticket.text, iso_timestamp(ticket.expires_at))

    async def searched(self) -> None:
        """Wait until no search for a change of speaker runs."""
        await self._attribution.searched()

    def end(self) -> None:
        """End the transcription, if one runs. Its last answers are given, or not wanted."""
        self._recognition.end()

    def close(self) -> None:
        """Cancel all work, and overwrite the discovered voices."""
        self._recognition.end()
        self._attribution.close()
        for work in self._works:
            work.forget()

    def _work_on(self, ring: RingBuffer) -> SessionWork:
        work = SessionWork(self._owner, self._generations, ring, self._overload)
        work.is_patient = self._is_patient
        return work

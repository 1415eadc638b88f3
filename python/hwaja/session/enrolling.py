"""The actions of a session on an enrolment."""

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import (
    CompleteRegistration,
    RestoreSpeaker,
    StartRegistration,
)
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.server_messages import Error, RegistrationCompleted, RegistrationStarted
from hwaja.protocol.values import Quality, RequestId
from hwaja.session import effects, events
from hwaja.session.actions import Actions, EnrolledVoices, SentAudio
from hwaja.session.answers import iso_timestamp
from hwaja.session.settings import SessionSettings
from hwaja.session.states import Branch
from hwaja.speakers.enrolment import Enrol, Enrolled, Restore, Ticket
from hwaja.vad.gate import Segment, enrolment_gate


class EnrolmentActions(Actions):
    """The data of the current enrolment, and the actions on it."""

    def __init__(
        self, settings: SessionSettings, voices: EnrolledVoices, sent: SentAudio | None = None
    ) -> None:
        super().__init__(settings, voices, sent)
        self._take: StartRegistration | RestoreSpeaker = StartRegistration(0)
        self._adds = self._seals = False
        self._checks_format = True
        self._speech: list[Segment] = []
        self._completion_id: RequestId | None = None

    def begin_enrolment(self, event: events.Received[StartRegistration]) -> Branch:
        """Begin a take, or send why it cannot begin. It replaces a take that is not complete."""
        audio = event.message.audio
        refusal = self._refusal_of(audio)
        if refusal is not None:
            speaker_id = event.message.speaker_id
            self._fail(ErrorCode.SPEAKER_REGISTRATION_FAILED, refusal, speaker_id)
            return Branch.REFUSED
        self._take = event.message
        self._adds, self._seals = event.message.add, event.message.ticket
        self._checks_format = audio.is_specified
        self._speech = []
        self._completion_id = None
        self._listen(event.at, enrolment_gate(self._settings.gate), audio)
        self._send(RegistrationStarted(self._take.speaker_id), event.request_id)
        return Branch.AS_ASKED

    def take_enrolment_audio(self, event: events.Audio) -> Branch:
        """Collect the speech of a take."""
        self._speech += self._gates[event.channel].feed(event.probabilities, event.levels_dbfs)
        self._acknowledge()
        if self._heard_samples <= self._settings.max_enrolment_seconds * SAMPLE_RATE:
            return Branch.AS_ASKED
        return self._give_up_enrolment(Reason.TOO_LONG)

    def complete_enrolment(self, event: events.Received[CompleteRegistration]) -> Branch:
        """End the take, and request its verdict."""
        if event.message.speaker_id != self._take.speaker_id:
            self.misplaced_registration(event)
            return Branch.REFUSED
        self._speech += self._flushed()
        self._completion_id = event.request_id
        if event.at == self._origin:
            return self._give_up_enrolment(Reason.NO_AUDIO)
        speaker_id, speech = self._take.speaker_id, tuple(self._speech)
        self._effects.append(
            Enrol(
                speaker_id,
                self._origin,
                speech,
                adds=self._adds,
                seals=self._seals,
                checks_format=self._checks_format,
            )
        )
        return Branch.AS_ASKED

    def restore_speaker(self, event: events.Received[RestoreSpeaker]) -> None:
        """Request that the voice of a ticket is enrolled."""
        self._take, self._completion_id = event.message, event.request_id
        self._effects.append(Restore(self._take.speaker_id, event.message.ticket))

    def _give_up_enrolment(self, reason: Reason) -> Branch:
        self.finish_enrolment(Enrolled(reason))
        return Branch.FAILED

    def finish_enrolment(self, verdict: Enrolled) -> None:
        """Send the verdict. After a failure, the speaker's earlier voice stays enrolled."""
        self._effects.append(effects.Release(self.processed_stop))
        speaker_id = self._take.speaker_id
        quality = verdict.quality if self._take.quality or self._details else None
        if verdict.failure is None:
            self._send(_completed(speaker_id, quality, verdict.ticket), self._completion_id)
        else:
            code = ErrorCode.SPEAKER_REGISTRATION_FAILED
            error = Error(code, verdict.failure, speaker_id, verdict.looks_like, quality=quality)
            self._send(error, self._completion_id)


def _completed(
    speaker_id: int, quality: Quality | None, ticket: Ticket | None
) -> RegistrationCompleted:
    if ticket is None:
        return RegistrationCompleted(speaker_id, quality)
    expires_at = iso_timestamp(ticket.expires_at)
    return RegistrationCompleted(speaker_id, quality, ticket.text, expires_at)

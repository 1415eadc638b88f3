"""The actions of a session: how it handles each event. `state_machine` maps states to actions.

An action appends the effects to carry out, in order. It does not set the state. It returns a
`Branch` if the next state depends on its result. It never raises for a client's misuse.
"""

from typing import Protocol

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import CloseCode, ErrorCode, Reason
from hwaja.protocol.messages import (
    SPEAKERS,
    AudioReceived,
    CompleteRegistration,
    Error,
    LimitWarning,
    ModelLoaded,
    Place,
    RegistrationCompleted,
    RegistrationStarted,
    ServerMessage,
    StartRegistration,
    StartTranscription,
    StopTranscription,
    TooFarAhead,
    TranscriptionStarted,
    TranscriptionStopped,
)
from hwaja.protocol.values import Speakers
from hwaja.session import events
from hwaja.session.conversation import Conversation
from hwaja.session.settings import SessionSettings
from hwaja.session.states import Branch, CloseOutcome, State, outcome_of
from hwaja.session.timeline import Timeline
from hwaja.session.utterances import OpenSpeech
from hwaja.speakers.enrolment import Enrol, Enrolled
from hwaja.vad.gate import GateSettings, Segment, SpeechGate, enrolment_gate

ACKNOWLEDGED_SAMPLES = SAMPLE_RATE
"""A client that may resume gets an acknowledgement after each such amount of audio."""

WARNING_SECONDS = 60
"""A client is warned this long before a limit."""


class EnrolledVoices(Protocol):
    """The enrolled voices of a session. The caller keeps them."""

    @property
    def speaker_ids(self) -> tuple[int, ...]:
        """Ids of the speakers with an enrolled voice, ascending."""


class Actions:
    """The data of one client's session besides its state, and the actions on it."""

    state: State
    """The state of the session. Only the state machine sets it."""

    def __init__(self, settings: SessionSettings, voices: EnrolledVoices) -> None:
        self._settings = settings
        self._voices = voices
        self._effects: list[events.Effect] = []
        self._details = False
        self._strikes = 0
        self._take = StartRegistration(0)  # the current enrolment
        self._origin = self._acknowledged = 0  # of the current enrolment or transcription
        self._gate = SpeechGate(settings.gate, 0)
        self._speech: list[Segment] = []  # in the current enrolment
        self._conversation = self._new_conversation(StartTranscription())
        self._stop_asked = False  # the client awaits `transcription_stopped`
        self._outcome = CloseOutcome()
        self._resumable = False
        self._holds = False  # the client was asked to pause its audio
        self._warned = False  # of the limit on the transcription's audio
        self._has_discovered = False

    @property
    def listening(self) -> bool:
        """Whether the session takes audio now. Other audio is ignored: a microphone keeps on."""
        return self.state in (State.ENROLLING, State.TRANSCRIBING)

    @property
    def has_voice(self) -> bool:
        """Whether a voice is enrolled or discovered. It is lost when the session ends."""
        return self._has_discovered or bool(self._voices.speaker_ids)

    @property
    def processed_stop(self) -> int:
        """Index of the first sample after the last processed frame."""
        return self._gate.processed_stop

    @property
    def _heard_samples(self) -> int:
        return self.processed_stop - self._origin

    @property
    def oldest_unanswered(self) -> Segment | None:
        """The first utterance, or part of one, that is not answered. None: all are answered."""
        return None if self.state is State.CLOSED else self._conversation.oldest

    def _send(self, message: ServerMessage) -> None:
        self._effects.append(events.Send(message, self._details))

    def _fail(self, code: ErrorCode, reason: Reason, speaker_id: int | None = None) -> None:
        self._send(Error(code, reason, speaker_id))

    def _listen(self, origin: int, gate: GateSettings) -> None:
        self._origin = self._acknowledged = origin
        self._gate = SpeechGate(gate, origin)
        self._warned = False
        self._effects += [events.Listen(), events.Release(origin)]

    def _new_conversation(self, wants: StartTranscription) -> Conversation:
        timeline, open_speech = Timeline(self._origin), OpenSpeech(self._gate)
        return Conversation(wants, self._details, timeline, open_speech)

    # connection

    def connect(self, event: events.Connected) -> None:
        """Send `model_loaded`, with a session token if the client may resume."""
        self._resumable = event.session_token is not None
        self._send(ModelLoaded(event.session_token))

    def reconnect(self, event: events.Reconnected) -> None:
        """Send the state of the session to a client that resumed it."""
        received_samples = event.at - self._origin if self.listening else 0
        place = Place(self.state.name.lower(), self._voices.speaker_ids, received_samples)
        self._send(ModelLoaded(event.session_token, place))

    def _acknowledge(self) -> None:
        if self._resumable and self.processed_stop - self._acknowledged >= ACKNOWLEDGED_SAMPLES:
            self._acknowledged = self.processed_stop
            self._send(AudioReceived(self._heard_samples))

    def warn(self, event: events.LimitNear) -> None:
        """Send the time left, if the client asked for details."""
        if self._details:
            self._send(LimitWarning(event.reason, event.seconds_left))

    def hold(self, event: events.Waiting) -> None:
        """Ask a client that is too far ahead to pause its audio, and later to continue."""
        holds = event.seconds > 0
        if self._details if holds else self._holds:
            self._holds = holds
            self._send(TooFarAhead(event.seconds, holds))

    def release_hold(self, event: events.Waiting) -> None:
        """Ask a paused client to continue."""
        if event.seconds <= 0:
            self.hold(event)

    def disconnect(self, _: object) -> None:
        """Do nothing: the connection is gone."""

    def end(
        self, event: events.Shutdown | events.CutOff | events.LimitReached | events.ServerFailed
    ) -> None:
        """End the session at once: no utterance is unanswered."""
        self._outcome = outcome_of(event)
        self._finish()

    def refuse(self, event: events.Refused) -> Branch:
        """Send an error for a refused message. An invalid message counts as a strike."""
        error = event.error
        self._fail(error.code, error.reason, error.speaker_id)
        is_strike = error.code is ErrorCode.INVALID_MESSAGE
        return self._strike(CloseCode.PROTOCOL_ERROR) if is_strike else Branch.REFUSED

    def refuse_audio(self, event: events.MalformedAudio) -> Branch:
        """Send an error for audio that is not PCM16, and count a strike."""
        self._fail(ErrorCode.INVALID_AUDIO, event.reason)
        return self._strike(CloseCode.UNSUPPORTED_DATA)

    def report_wrong_format(self, event: events.SuspectAudio) -> None:
        """Send the format that the audio seems to have."""
        code, reason = ErrorCode.INVALID_AUDIO, Reason.WRONG_FORMAT
        self._send(Error(code, reason, looks_like=event.looks_like))

    def _strike(self, code: CloseCode) -> Branch:
        self._strikes += 1
        if self._strikes < self._settings.max_strikes:
            return Branch.REFUSED
        self._effects.append(events.Close(code))
        return Branch.ENDED

    # misuse

    def misplaced_registration(
        self, event: events.Received[StartRegistration] | events.Received[CompleteRegistration]
    ) -> None:
        """Send an error for an enrolment message that the current state does not allow."""
        speaker_id = event.message.speaker_id
        self._fail(ErrorCode.SPEAKER_REGISTRATION_FAILED, Reason.WRONG_STATE, speaker_id)

    def misplaced_transcription(self, _: object) -> None:
        """Send an error for a transcription message that the current state does not allow."""
        self._fail(ErrorCode.TRANSCRIPTION_FAILED, Reason.WRONG_STATE)

    # enrolment

    def begin_enrolment(self, event: events.Received[StartRegistration]) -> None:
        """Begin a take. It replaces a take that is not complete."""
        self._take = event.message
        self._speech = []
        self._listen(event.at, enrolment_gate(self._settings.gate))
        self._send(RegistrationStarted(self._take.speaker_id))

    def take_enrolment_audio(self, event: events.Audio) -> Branch:
        """Collect the speech of a take."""
        self._speech += self._gate.feed(event.probabilities, event.levels_dbfs)
        self._acknowledge()
        if self._heard_samples <= self._settings.max_enrolment_seconds * SAMPLE_RATE:
            return Branch.AS_ASKED
        return self._give_up_enrolment(Reason.TOO_LONG)

    def complete_enrolment(self, event: events.Received[CompleteRegistration]) -> Branch:
        """End the take, and request its verdict."""
        if event.message.speaker_id != self._take.speaker_id:
            self.misplaced_registration(event)
            return Branch.REFUSED
        self._speech += self._gate.flush()
        if event.at == self._origin:
            return self._give_up_enrolment(Reason.NO_AUDIO)
        take = Enrol(self._take.speaker_id, self._origin, tuple(self._speech), self._take.add)
        self._effects.append(take)
        return Branch.AS_ASKED

    def _give_up_enrolment(self, reason: Reason) -> Branch:
        self.finish_enrolment(Enrolled(reason))
        return Branch.FAILED

    def finish_enrolment(self, verdict: Enrolled) -> None:
        """Send the verdict. After a failure, the speaker's earlier voice stays enrolled."""
        self._effects.append(events.Release(self.processed_stop))
        speaker_id = self._take.speaker_id
        quality = verdict.quality if self._take.quality or self._details else None
        if verdict.failure is None:
            self._send(RegistrationCompleted(speaker_id, quality))
        else:
            code = ErrorCode.SPEAKER_REGISTRATION_FAILED
            error = Error(code, verdict.failure, speaker_id, verdict.looks_like, quality=quality)
            self._send(error)

    # transcription

    def begin_transcription(self, event: events.Received[StartTranscription]) -> Branch:
        """Begin a transcription with the client's options, or send why it cannot begin."""
        wants = event.message
        refusal = self._settings.abilities().refusal(wants.options)
        needs = 0 if wants.speakers is Speakers.DISCOVER else SPEAKERS
        if len(self._voices.speaker_ids) < needs:
            refusal = Reason.NOT_ENROLLED
        if refusal is not None:
            self._fail(ErrorCode.TRANSCRIPTION_FAILED, refusal)
            return Branch.REFUSED
        self._effects.append(
            events.Begin(wants.options, wants.interim_results, wants.adapt, wants.most_speakers)
        )
        self._listen(event.at, self._settings.gate)
        self._conversation = self._new_conversation(wants)
        self._send(TranscriptionStarted())
        return Branch.AS_ASKED

    def take_conversation_audio(self, event: events.Audio) -> Branch:
        """Take audio of the transcription."""
        self._conversation.timeline.arrived(event.arrival)
        self._finish_utterances(self._gate.feed(event.probabilities, event.levels_dbfs))
        self._effects += self._conversation.early_work()
        self._release()
        self._acknowledge()
        return self._check_audio_limit()

    def end_utterance(self, _: events.AudioStopped) -> Branch:
        """End the open utterance, as after a pause. Later audio belongs to the next utterance."""
        self._conversation.timeline.stopped()
        self._finish_utterances(self._gate.flush())
        self._effects.append(events.Listen())
        self._release()
        return self._check_audio_limit()

    def _check_audio_limit(self) -> Branch:
        """End a transcription at its audio limit. Let an open utterance end first."""
        left = self._settings.max_audio_seconds - self._heard_samples / SAMPLE_RATE
        if not self._warned and left <= WARNING_SECONDS:
            self._warned = True
            self.warn(events.LimitNear(Reason.AUDIO_LIMIT, max(0, round(left))))
        is_open = self._gate.open_span is not None
        if left > 0 or (is_open and left > -self._settings.gate.max_seconds):
            return Branch.AS_ASKED
        return self._drain(CloseOutcome(error=self._cut_short(Reason.AUDIO_LIMIT)))

    def _cut_short(self, reason: Reason) -> Error:
        """Return the error that says why the server ends it, and how much audio it processed."""
        processed_samples = self._heard_samples
        return Error(ErrorCode.TRANSCRIPTION_FAILED, reason, received_samples=processed_samples)

    def _finish_utterances(self, segments: list[Segment]) -> None:
        self._effects += [self._conversation.add(segment) for segment in segments]

    def take_turn(self, event: events.SpeakerProbed) -> None:
        """End the open utterance where another voice began, without waiting for a pause."""
        if event.segment_id != self._conversation.open_id:
            return
        if event.turn_at is not None:
            self._finish_utterances(self._gate.cut(event.turn_at))
        self._conversation.open_speech.probe_answered()
        self._effects += self._conversation.early_work()

    def take_partial_text(self, event: events.PartialText) -> None:
        """Send an interim text, if it differs from the last one."""
        is_open = self.state is State.TRANSCRIBING
        interim = self._conversation.take_partial_text(event, is_open=is_open)
        if interim is not None:
            self._send(interim)

    def take_text(self, event: events.Recognised) -> None:
        """Store the text of an utterance. Send the answers that are now complete."""
        self._effects += self._conversation.learn_text(event)
        self._release()

    def take_voices(self, event: events.Attributed) -> None:
        """Store the speakers of an utterance. Send the answers that are now complete."""
        self._has_discovered |= self._conversation.wants.most_speakers is not None
        self._effects += self._conversation.learn_voices(event)
        self._release()

    def _release(self) -> None:
        oldest = self._conversation.oldest
        needed_from = self._gate.needed_from if oldest is None else oldest.start
        self._effects.append(events.Release(needed_from))

    # draining

    def stop_transcription(self, _: events.Received[StopTranscription]) -> Branch:
        """Begin to end the transcription because the client asked."""
        self._stop_asked = True
        return self._drain(CloseOutcome())

    def stop_draining(self, event: events.Received[StopTranscription]) -> None:
        """Take a client's stop that arrived after the server began to end the transcription."""
        if self._stop_asked:
            self.misplaced_transcription(event)
        self._stop_asked = True

    def drain_and_end(
        self, event: events.Shutdown | events.LimitReached | events.ServerFailed
    ) -> Branch:
        """End the session once all utterances are answered."""
        return self._drain(outcome_of(event))

    def end_after_drain(
        self, event: events.Shutdown | events.LimitReached | events.ServerFailed
    ) -> None:
        """End the session as well, once the transcription has ended."""
        self._outcome = outcome_of(event)

    def take_last_text(self, event: events.Recognised) -> Branch:
        """Do as `take_text`. End the transcription after the last answer."""
        self._effects += self._conversation.learn_text(event)
        return self._check_drained()

    def take_last_voices(self, event: events.Attributed) -> Branch:
        """Do as `take_voices`. End the transcription after the last answer."""
        self._effects += self._conversation.learn_voices(event)
        return self._check_drained()

    def cut_off(self, _: events.CutOff) -> None:
        """End the session within a transcription. Send how much audio was processed."""
        error = self._cut_short(Reason.SERVER_STOPPED)
        self._stop_asked, self._outcome = False, CloseOutcome(CloseCode.GOING_AWAY, error)
        self._finish()

    def _drain(self, outcome: CloseOutcome) -> Branch:
        self._finish_utterances(self._gate.flush())
        self._outcome = outcome
        return self._check_drained()

    def _check_drained(self) -> Branch:
        if self._conversation.oldest is not None:
            return Branch.UNANSWERED
        self._effects.append(events.Release(self.processed_stop))
        return self._finish()

    def _finish(self) -> Branch:
        stop_asked, self._stop_asked = self._stop_asked, False
        outcome, self._outcome = self._outcome, CloseOutcome()
        if outcome.error is not None:
            self._send(outcome.error)
        if stop_asked:
            self._send(TranscriptionStopped(self._conversation.summary(self.processed_stop)))
        if outcome.code is None:
            return Branch.FINISHED
        self._effects.append(events.Close(outcome.code))
        return Branch.ENDED

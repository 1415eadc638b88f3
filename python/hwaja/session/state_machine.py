"""The session of one client, without input or output.

Rules of this file: `_TRANSITIONS` and `_ELSEWHERE` say what an event does in a state; nothing here
knows asyncio, a clock, a socket, an array or an engine. Time is a sample index; wall-clock time
comes in with the audio. `Session.handle` answers an event with the effects to carry out, in order;
it never raises for a peer's misuse. Effects name samples by index: the caller owns the audio.
"""

from collections.abc import Callable

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import CloseCode, ErrorCode, Reason
from hwaja.protocol.messages import (
    SPEAKERS,
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
from hwaja.session.close_outcome import CloseOutcome, at_audio_limit, cut_off, outcome_of
from hwaja.session.conversation import Conversation
from hwaja.session.events import (
    Attributed,
    Audio,
    AudioStopped,
    BadAudio,
    Begin,
    Broke,
    Close,
    Connected,
    CutOff,
    Disconnected,
    Effect,
    Event,
    Listen,
    OddAudio,
    PartialText,
    Received,
    Recognised,
    Reconnected,
    Refused,
    Release,
    Send,
    Shutdown,
    SpeakerProbed,
    TimeIsShort,
    TimeIsUp,
    Waiting,
)
from hwaja.session.phase import Phase
from hwaja.session.settings import SessionSettings
from hwaja.session.states import State
from hwaja.session.timeline import Timeline
from hwaja.speakers.enrolment import Enrol, Enrolled
from hwaja.vad.gate import Segment

WARNING_SECONDS = 60
"""How long ahead a client is told of a limit."""


class Session:
    """One client's session: feed events, carry out the effects."""

    def __init__(self, settings: SessionSettings) -> None:
        self._settings = settings
        self.state = State.CONNECTING
        self._effects: list[Effect] = []
        self._details = False
        self._strikes = 0
        self._enrolled: set[int] = set()
        self._take = StartRegistration(0)  # what is being enrolled
        self._phase = Phase(settings, origin=0)
        self._speech: list[Segment] = []  # of the enrolment
        self._conversation = Conversation(StartTranscription(), False, Timeline(0))
        self._stop_asked = False  # the client awaits `transcription_stopped`
        self._ending = CloseOutcome()
        self._resumable = False
        self._holds = False  # the client was told to hold on
        self._warned = False  # that the transcription will soon have lasted long enough

    @property
    def listening(self) -> bool:
        """Whether audio is wanted now; audio at other times is ignored (a microphone runs on)."""
        return self.state in (State.ENROLLING, State.TRANSCRIBING)

    @property
    def has_voice(self) -> bool:
        """Whether a voice is enrolled, which would be lost with the session."""
        return bool(self._enrolled)

    def handle(self, event: Event) -> list[Effect]:
        """Take one event; return what is to be done, in order."""
        if isinstance(event, Received | Refused):  # one that is refused is told why, if it asks
            self._details |= event.wants_details
        kind = type(event.message) if isinstance(event, Received) else type(event)
        transition = _TRANSITIONS.get((self.state, kind)) or _ELSEWHERE.get(kind)
        if transition is not None and self.state is not State.CLOSED:
            transition(self, event)
        effects, self._effects = self._effects, []
        return effects

    def _send(self, message: ServerMessage) -> None:
        self._effects.append(Send(message, self._details))

    def _fail(self, code: ErrorCode, reason: Reason, speaker_id: int | None = None) -> None:
        self._send(Error(code, reason, speaker_id))

    def _listen(self, state: State, origin: int) -> None:
        self.state = state
        self._phase = Phase(self._settings, origin)
        self._warned = False
        self._effects += [Release(origin), Listen(origin)]

    # connection

    def _connect(self, event: Connected) -> None:
        self.state = State.READY
        self._resumable = event.session_token is not None
        self._send(ModelLoaded(event.session_token))

    def _reconnect(self, event: Reconnected) -> None:
        received_samples = event.at - self._phase.origin if self.listening else 0
        place = Place(self.state.name.lower(), tuple(sorted(self._enrolled)), received_samples)
        self._send(ModelLoaded(event.session_token, place))

    def _acknowledge(self) -> None:
        if self._resumable and (message := self._phase.acknowledgement()) is not None:
            self._send(message)

    def _warn(self, event: TimeIsShort) -> None:
        if self._details:
            self._send(LimitWarning(event.reason, event.seconds_left))

    def _hold(self, event: Waiting) -> None:
        """Tell who is too far ahead in a transcription, and then, wherever it is, to go on."""
        holds = event.seconds > 0
        if self._details and self.state is State.TRANSCRIBING if holds else self._holds:
            self._holds = holds
            self._send(TooFarAhead(event.seconds, holds))

    def _disconnect(self, _: Disconnected) -> None:
        self.state = State.CLOSED

    def _end(self, event: Shutdown | CutOff | TimeIsUp | Broke) -> None:
        """End at once: there is nothing to be answered."""
        self._ending = outcome_of(event)
        self._finish()

    def _close(self, code: CloseCode) -> None:
        self._effects.append(Close(code))
        self.state = State.CLOSED

    def _refuse(self, event: Refused) -> None:
        error = event.error
        self._fail(error.code, error.reason, error.speaker_id)
        if error.code is ErrorCode.INVALID_MESSAGE:
            self._strike(CloseCode.PROTOCOL_ERROR)

    def _refuse_audio(self, event: BadAudio) -> None:
        self._fail(ErrorCode.INVALID_AUDIO, event.reason)
        self._strike(CloseCode.UNSUPPORTED_DATA)

    def _doubt_audio(self, event: OddAudio) -> None:
        code, reason = ErrorCode.INVALID_AUDIO, Reason.WRONG_FORMAT
        self._send(Error(code, reason, looks_like=event.looks_like))

    def _strike(self, code: CloseCode) -> None:
        self._strikes += 1
        if self._strikes >= self._settings.max_strikes:
            self._close(code)

    # misuse

    def _misplaced_registration(
        self, event: Received[StartRegistration] | Received[CompleteRegistration]
    ) -> None:
        speaker_id = event.message.speaker_id
        self._fail(ErrorCode.SPEAKER_REGISTRATION_FAILED, Reason.WRONG_STATE, speaker_id)

    def _misplaced_transcription(self, _: object) -> None:
        self._fail(ErrorCode.TRANSCRIPTION_FAILED, Reason.WRONG_STATE)

    # enrolment

    def _begin_enrolment(self, event: Received[StartRegistration]) -> None:
        self._take = event.message
        self._speech = []
        self._listen(State.ENROLLING, event.at)
        self._send(RegistrationStarted(self._take.speaker_id))

    def _hear_enrolment(self, event: Audio) -> None:
        self._speech += self._phase.hear(event)
        self._acknowledge()
        if self._phase.heard_samples > self._settings.max_enrolment_seconds * SAMPLE_RATE:
            self._finish_enrolment(Enrolled(Reason.TOO_LONG))

    def _complete_enrolment(self, event: Received[CompleteRegistration]) -> None:
        if event.message.speaker_id != self._take.speaker_id:
            self._misplaced_registration(event)
            return
        self._speech += self._phase.flush()
        if event.at == self._phase.origin:
            self._finish_enrolment(Enrolled(Reason.NO_AUDIO))
            return
        self.state = State.VERIFYING
        take = Enrol(self._take.speaker_id, self._phase.origin, tuple(self._speech), self._take.add)
        self._effects.append(take)

    def _finish_enrolment(self, verdict: Enrolled) -> None:
        """Go back to READY; after a failure an earlier voice of this speaker stays."""
        self.state = State.READY
        self._effects.append(Release(self._phase.heard))
        speaker_id = self._take.speaker_id
        quality = verdict.quality if self._take.quality or self._details else None
        if verdict.failure is None:
            self._enrolled.add(speaker_id)
            self._send(RegistrationCompleted(speaker_id, quality))
        else:
            code = ErrorCode.SPEAKER_REGISTRATION_FAILED
            error = Error(code, verdict.failure, speaker_id, verdict.looks_like, quality=quality)
            self._send(error)

    # transcription

    def _begin_transcription(self, event: Received[StartTranscription]) -> None:
        if len(self._enrolled) < SPEAKERS:
            self._fail(ErrorCode.TRANSCRIPTION_FAILED, Reason.NOT_ENROLLED)
            return
        refusal = self._settings.abilities.refusal(event.message.options)
        if refusal is not None:
            self._fail(ErrorCode.TRANSCRIPTION_FAILED, refusal)
            return
        wants = event.message
        self._conversation = Conversation(wants, self._details, Timeline(event.at))
        self._effects.append(Begin(wants.options, wants.interim_results, wants.adapt))
        self._listen(State.TRANSCRIBING, event.at)
        self._send(TranscriptionStarted())

    def _hear_conversation(self, event: Audio) -> None:
        self._conversation.timeline.arrived(event.arrival)
        self._transcribe(self._phase.hear(event))
        self._effects += self._phase.ahead.tell(self._conversation.open_id)
        self._release()
        self._acknowledge()
        self._heed_audio_limit()

    def _end_sentence(self, _: AudioStopped) -> None:
        """Answer what was being said as after a pause; what comes next is no part of it."""
        self._conversation.timeline.stopped()
        self._transcribe(self._phase.flush())
        self._effects.append(Listen(self._phase.heard))
        self._release()
        self._heed_audio_limit()

    def _heed_audio_limit(self) -> None:
        """End a transcription that has lasted long enough, but in no sentence."""
        left = self._settings.max_audio_seconds - self._phase.heard_samples / SAMPLE_RATE
        if not self._warned and left <= WARNING_SECONDS:
            self._warned = True
            self._warn(TimeIsShort(Reason.AUDIO_LIMIT, max(0, round(left))))
        goes_on = self._phase.gate.open_span is not None and left > -self._settings.gate.max_seconds
        if left <= 0 and not goes_on:
            self._drain(at_audio_limit(self._phase.heard_samples))

    def _transcribe(self, segments: list[Segment]) -> None:
        self._effects += [self._conversation.add(segment) for segment in segments]

    def _take_turn(self, event: SpeakerProbed) -> None:
        """Answer what was said before another voice began, without waiting for a pause."""
        if event.segment_id != self._conversation.open_id:
            return
        if event.turn_at is not None:
            self._transcribe(self._phase.gate.cut(event.turn_at))
        self._phase.ahead.watched()
        self._effects += self._phase.ahead.tell(self._conversation.open_id)

    def _take_partial_text(self, event: PartialText) -> None:
        is_open = self.state is State.TRANSCRIBING
        interim = self._conversation.take_partial_text(event, is_open=is_open)
        if interim is not None:
            self._send(interim)

    def _take_text(self, event: Recognised) -> None:
        self._deliver(self._conversation.learn_text(event))

    def _take_voices(self, event: Attributed) -> None:
        self._deliver(self._conversation.learn_voices(event))

    def _deliver(self, effects: list[Effect]) -> None:
        self._effects += effects
        if self.state is State.DRAINING:
            self._end_drain()
        else:
            self._release()

    def _release(self) -> None:
        oldest = self._conversation.oldest
        needed_from = self._phase.gate.needed_from if oldest is None else oldest.start
        self._effects.append(Release(needed_from))

    # draining

    def _stop_transcription(self, _: Received[StopTranscription]) -> None:
        self._stop_asked = True
        self._drain(CloseOutcome())

    def _stop_draining(self, event: Received[StopTranscription]) -> None:
        """Take a stop that crossed the server's own end of the transcription."""
        if self._stop_asked:
            self._misplaced_transcription(event)
        self._stop_asked = True

    def _drain_and_end(self, event: Shutdown | TimeIsUp | Broke) -> None:
        self._drain(outcome_of(event))

    def _drain(self, ending: CloseOutcome) -> None:
        self._transcribe(self._phase.flush())
        self.state = State.DRAINING
        self._ending = ending
        self._end_drain()

    def _end_after_drain(self, event: Shutdown | TimeIsUp | Broke) -> None:
        self._ending = outcome_of(event)

    def _cut_off(self, _: CutOff) -> None:
        """End in the midst of a transcription, and say how far it had come."""
        self._stop_asked, self._ending = False, cut_off(self._phase.heard_samples)
        self._finish()

    def _end_drain(self) -> None:
        if self._conversation.oldest is not None:
            return
        self._effects.append(Release(self._phase.heard))
        self._finish()

    def _finish(self) -> None:
        self.state = State.READY
        stop_asked, self._stop_asked = self._stop_asked, False
        ending, self._ending = self._ending, CloseOutcome()
        if ending.error is not None:
            self._send(ending.error)
        if stop_asked:
            self._send(TranscriptionStopped(self._conversation.summary(self._phase.heard)))
        if ending.code is not None:
            self._close(ending.code)


_TRANSITIONS: dict[tuple[State, type], Callable[..., None]] = {
    (State.CONNECTING, Connected): Session._connect,
    (State.READY, StartRegistration): Session._begin_enrolment,
    (State.READY, StartTranscription): Session._begin_transcription,
    # A client that starts again has lost its place: its new take replaces the unfinished one.
    (State.ENROLLING, StartRegistration): Session._begin_enrolment,
    (State.ENROLLING, Audio): Session._hear_enrolment,
    (State.ENROLLING, CompleteRegistration): Session._complete_enrolment,
    (State.VERIFYING, Enrolled): Session._finish_enrolment,
    (State.TRANSCRIBING, Audio): Session._hear_conversation,
    (State.TRANSCRIBING, AudioStopped): Session._end_sentence,
    (State.TRANSCRIBING, OddAudio): Session._doubt_audio,
    (State.TRANSCRIBING, Recognised): Session._take_text,
    (State.TRANSCRIBING, PartialText): Session._take_partial_text,
    (State.TRANSCRIBING, Attributed): Session._take_voices,
    (State.TRANSCRIBING, SpeakerProbed): Session._take_turn,
    (State.TRANSCRIBING, StopTranscription): Session._stop_transcription,
    (State.TRANSCRIBING, Shutdown): Session._drain_and_end,
    (State.TRANSCRIBING, TimeIsUp): Session._drain_and_end,
    (State.TRANSCRIBING, Broke): Session._drain_and_end,
    (State.TRANSCRIBING, CutOff): Session._cut_off,
    (State.DRAINING, Recognised): Session._take_text,
    (State.DRAINING, PartialText): Session._take_partial_text,
    (State.DRAINING, Attributed): Session._take_voices,
    (State.DRAINING, StopTranscription): Session._stop_draining,
    (State.DRAINING, Shutdown): Session._end_after_drain,
    (State.DRAINING, TimeIsUp): Session._end_after_drain,
    (State.DRAINING, Broke): Session._end_after_drain,
    (State.DRAINING, CutOff): Session._cut_off,
}
"""What happens to an event in a state."""

_ELSEWHERE: dict[type, Callable[..., None]] = {
    Refused: Session._refuse,
    BadAudio: Session._refuse_audio,
    StartRegistration: Session._misplaced_registration,
    CompleteRegistration: Session._misplaced_registration,
    StartTranscription: Session._misplaced_transcription,
    StopTranscription: Session._misplaced_transcription,
    Reconnected: Session._reconnect,
    TimeIsShort: Session._warn,
    Waiting: Session._hold,
    TimeIsUp: Session._end,
    Shutdown: Session._end,
    CutOff: Session._end,
    Broke: Session._end,
    Disconnected: Session._disconnect,
}
"""What happens to an event in every other state; an event in neither table is ignored: audio
outside a phase, and results that come after their session ended."""

"""The actions of a session on a transcription."""

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import (
    Finalize,
    PauseTranscription,
    ResumeTranscription,
    StartTranscription,
    StopTranscription,
    UpdateTranscription,
)
from hwaja.protocol.codes import CloseCode, ErrorCode, Reason
from hwaja.protocol.server_messages import (
    Error,
    Finalized,
    TranscriptionPaused,
    TranscriptionResumed,
    TranscriptionStarted,
    TranscriptionStopped,
    TranscriptionUpdated,
)
from hwaja.protocol.values import SPEAKERS, RequestId, Speakers
from hwaja.session import effects, events
from hwaja.session.actions import Actions, EnrolledVoices, SentAudio
from hwaja.session.channel import Channel
from hwaja.session.conversation import Conversation
from hwaja.session.settings import SessionSettings
from hwaja.session.states import Branch, CloseOutcome, State, outcome_of
from hwaja.session.timeline import Timeline
from hwaja.session.utterances import Utterances
from hwaja.vad.gate import Segment

WARNING_SECONDS = 60
"""A client is warned this long before a limit."""


class TranscriptionActions(Actions):
    """The data of the current transcription, and the actions on it."""

    def __init__(
        self, settings: SessionSettings, voices: EnrolledVoices, sent: SentAudio | None = None
    ) -> None:
        super().__init__(settings, voices, sent)
        self._conversation = self._new_conversation(StartTranscription())
        self._stop_asked = False  # the client awaits `transcription_stopped`
        self._stop_id: RequestId | None = None
        self._paused_samples = 0  # of the transcription, that were ignored
        self._finalized: tuple[int, RequestId | None] | None = None  # by the last `finalize`
        self._outcome = CloseOutcome()
        self._warned = False  # of the limit on the transcription's audio
        self._knows_speakers = False  # who are not enrolled

    @property
    def has_voice(self) -> bool:
        """Whether a voice is enrolled, or somebody else was heard. That ends with the session."""
        return self._knows_speakers or bool(self._voices.speaker_ids)

    @property
    def oldest_unanswered(self) -> Segment | None:
        """The first utterance, or part of one, that is not answered. None: all are answered."""
        return None if self.state is State.CLOSED else self._conversation.oldest

    def _new_conversation(self, wants: StartTranscription) -> Conversation:
        channels = tuple(Channel(gate, wants) for gate in self._gates)
        utterances = Utterances(self._voices.sampled_ids, len(channels))
        return Conversation(
            wants,
            self._details,
            Timeline(self._origin),
            channels,
            self._names,
            self._received_samples,
            utterances,
        )

    def reconnect(self, event: events.Reconnected) -> None:
        """Send the state of the session, and again the voices that the client is to keep."""
        super().reconnect(event)
        if self._conversation.wants.seals:
            self._effects.append(effects.SealVoices(anew=True))

    def begin_transcription(self, event: events.Received[StartTranscription]) -> Branch:
        """Begin a transcription with the client's options, or send why it cannot begin."""
        wants = event.message
        refusal = self._settings.abilities().refusal(wants.options)
        refusal = refusal or self._refusal_of(wants.audio, by_channel=wants.by_channel)
        needs = SPEAKERS if wants.speakers is Speakers.ENROLLED else 0
        if len(self._voices.speaker_ids) < needs:
            refusal = Reason.NOT_ENROLLED
        if refusal is not None:
            self._fail(ErrorCode.TRANSCRIPTION_FAILED, refusal)
            return Branch.REFUSED
        self._effects.append(
            effects.Begin(
                wants.options,
                wants.interim_results,
                wants.adapt,
                wants.most_speakers,
                wants.by_channel,
            )
        )
        self._listen(event.at, self._settings.gate, wants.audio)
        self._warned = False
        self._finalized = None
        self._paused_samples = 0
        self._conversation = self._new_conversation(wants)
        self._send(TranscriptionStarted(), event.request_id)
        return Branch.AS_ASKED

    def take_conversation_audio(self, event: events.Audio) -> Branch:
        """Take audio of the transcription."""
        self._conversation.timeline.arrived(event.arrival)
        gate = self._gates[event.channel]
        self._finish_utterances(gate.feed(event.probabilities, event.levels_dbfs))
        self._effects += self._conversation.early_work()
        self._release()
        self._acknowledge(self._answered_until)
        return self._check_audio_limit()

    def end_utterance(self, event: events.AudioStopped) -> Branch:
        """End the open utterance, as after a pause. Later audio belongs to the next utterance."""
        self._conversation.timeline.stopped()
        is_open = any(gate.is_open for gate in self._gates)
        self._finish_utterances(self._flushed(event.at if is_open else None))
        self._effects.append(effects.Listen())
        self._release()
        return self._check_audio_limit()

    def finalize(self, event: events.Received[Finalize]) -> Branch:
        """End the open utterance with the last sample. Answer once all before it is answered."""
        if not self._is_repeated(event) and self._may_finalize(event):
            self._finish_utterances(self._flushed(event.at), is_urgent=True)
            self._effects.append(effects.Listen())
            self._confirm(event)
            self._release()
        return self._check_audio_limit()

    def finalize_draining(self, event: events.Received[Finalize]) -> None:
        """Take a client's `finalize` that arrived after the transcription began to end."""
        if not self._is_repeated(event) and self._may_finalize(event):
            self._confirm(event)

    def _may_finalize(self, event: events.Received[Finalize]) -> bool:
        """Return whether its answer may wait. If too many do, refuse it."""
        if not self._conversation.has_room_to_finalize:
            self.misplaced_transcription(event)
        return self._conversation.has_room_to_finalize

    def update_transcription(self, event: events.Received[UpdateTranscription]) -> None:
        """Take other options for the next utterances, or send why one of them cannot be had."""
        options = self._conversation.changed(event.message).options
        is_new = options != self._conversation.wants.options
        refusal = self._settings.abilities().refusal(options) if is_new else None
        if refusal is not None:
            self._fail(ErrorCode.TRANSCRIPTION_FAILED, refusal)
            return
        self._conversation.details = self._details
        self._effects += self._conversation.change(event.message)
        self._send(TranscriptionUpdated(), event.request_id)

    def pause_transcription(self, event: events.Received[PauseTranscription]) -> Branch:
        """End the open utterance with the last sample, and ignore the audio that comes."""
        self._finish_utterances(self._flushed(event.at), is_urgent=True)
        self._release()
        self.confirm_pause(event)
        return self._check_audio_limit()

    def confirm_pause(self, event: events.Received[PauseTranscription]) -> None:
        """Tell that the transcription is paused."""
        self._send(
            TranscriptionPaused(self._received_samples(self.processed_stop)), event.request_id
        )

    def ignore_audio(self, event: events.Ignored) -> None:
        """Count audio, so that time goes on with it, and forget it."""
        self._conversation.timeline.arrived(event.arrival)
        self._paused_samples += event.stop - self.processed_stop
        self._flushed(event.stop)
        self._release()
        self._acknowledge(self._answered_until)

    def note_gap(self, _: events.AudioStopped) -> None:
        """Take the end of the audio while the transcription is paused."""
        self._conversation.timeline.stopped()

    def resume_transcription(self, event: events.Received[ResumeTranscription]) -> None:
        """Hear the audio that comes, and tell so."""
        self._effects.append(effects.Listen())
        self.confirm_resumption(event)

    def confirm_resumption(self, event: events.Received[ResumeTranscription]) -> None:
        """Tell that the transcription is not paused."""
        self._send(TranscriptionResumed(self._received_samples(event.at)), event.request_id)

    def report_lag(self, event: events.Lagging) -> None:
        """Tell the client how late its answers are, if it asked."""
        self._effects += self._conversation.lag(event.seconds)

    def _is_repeated(self, event: events.Received[Finalize]) -> bool:
        """Return whether a client that came back repeats its last `finalize`, which arrived."""
        place = event.at, event.request_id
        is_repeated = self._has_come_back and place == self._finalized
        self._has_come_back, self._finalized = False, place
        return is_repeated

    def _confirm(self, event: events.Received[Finalize]) -> None:
        at = self.processed_stop
        answer = Finalized(self._received_samples(at))
        self._effects += self._conversation.finalize(at, answer, event.request_id)

    def _check_audio_limit(self) -> Branch:
        """End a transcription at its audio limit. Let an open utterance end first."""
        left = self._settings.max_audio_seconds - self._audio_seconds
        if not self._warned and left <= WARNING_SECONDS:
            self._warned = True
            self.warn(events.LimitNear(Reason.AUDIO_LIMIT, max(0, round(left))))
        is_open = any(gate.open_span is not None for gate in self._gates)
        if left > 0 or (is_open and left > -self._settings.gate.max_seconds):
            return Branch.AS_ASKED
        return self._drain(CloseOutcome(error=self._cut_short(Reason.AUDIO_LIMIT)))

    @property
    def _audio_seconds(self) -> float:
        """How much audio of the transcription was heard, without what was ignored."""
        return (self._heard_samples - self._paused_samples) / SAMPLE_RATE

    def _cut_short(self, reason: Reason) -> Error:
        """Return the error that says why the server ends it, and how much audio it processed."""
        processed_samples = self._received_samples(self.processed_stop)
        return Error(ErrorCode.TRANSCRIPTION_FAILED, reason, received_samples=processed_samples)

    def _finish_utterances(self, segments: list[Segment], *, is_urgent: bool = False) -> None:
        for segment in segments:
            self._effects += self._conversation.add(segment, is_urgent=is_urgent)
        self._effects += self._conversation.settle_change()

    def take_turn(self, event: events.SpeakerProbed) -> None:
        """End the open utterance where another voice began, without waiting for a pause."""
        channel = self._conversation.channel_of(event.segment_id)
        if channel is None:
            return
        if event.turn_at is not None:
            self._finish_utterances(channel.gate.cut(event.turn_at))
        channel.open_speech.probe_answered()
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
        wants = self._conversation.wants
        self._knows_speakers |= wants.by_channel or wants.most_speakers is not None
        self._effects += self._conversation.learn_voices(event)
        self._release()

    @property
    def _needed_from(self) -> int:
        """Index of the first sample that is not answered, nor certain to be without words."""
        return self._conversation.unanswered_from()

    @property
    def _answered_until(self) -> int | None:
        """Index of the first sample that is not answered; None: the client did not ask."""
        return self._needed_from if self._conversation.wants.answered_samples else None

    def _release(self) -> None:
        self._effects.append(effects.Release(self._needed_from))

    def stop_transcription(self, event: events.Received[StopTranscription]) -> Branch:
        """Begin to end the transcription because the client asked."""
        self._stop_asked, self._stop_id = True, event.request_id
        return self._drain(CloseOutcome())

    def stop_draining(self, event: events.Received[StopTranscription]) -> None:
        """Take a client's stop that arrived after the server began to end the transcription."""
        if self._stop_asked:
            self.misplaced_transcription(event)
        else:
            self._stop_asked, self._stop_id = True, event.request_id

    def drain_and_end(
        self, event: events.Shutdown | events.LimitReached | events.ServerFailed
    ) -> Branch:
        """End the session once all utterances are answered."""
        if isinstance(event, events.Shutdown) and event.is_handover:
            self._outcome = outcome_of(event)
            return self._check_drained()
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
        self._finish_utterances(self._flushed())
        self._outcome = outcome
        return self._check_drained()

    def _check_drained(self) -> Branch:
        if self._conversation.oldest is not None:
            return Branch.UNANSWERED
        self._effects.append(effects.Release(self.processed_stop))
        return self._finish()

    def _finish(self) -> Branch:
        stop_asked, self._stop_asked = self._stop_asked, False
        outcome, self._outcome = self._outcome, CloseOutcome()
        if outcome.error is not None:
            self._send(outcome.error)
        if stop_asked:
            summary = self._conversation.summary(self._audio_seconds)
            self._send(TranscriptionStopped(summary), self._stop_id)
        if outcome.code is None:
            return Branch.FINISHED
        self._effects.append(effects.Close(outcome.code))
        return Branch.ENDED

    def end(
        self, event: events.Shutdown | events.CutOff | events.LimitReached | events.ServerFailed
    ) -> None:
        """End the session at once: no utterance is unanswered."""
        self._outcome = outcome_of(event)
        self._finish()

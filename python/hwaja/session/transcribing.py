"""The actions of a session on a transcription."""

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import StartTranscription, StopTranscription
from hwaja.protocol.codes import CloseCode, ErrorCode, Reason
from hwaja.protocol.server_messages import Error, TranscriptionStarted, TranscriptionStopped
from hwaja.protocol.values import SPEAKERS, Speakers
from hwaja.session import events
from hwaja.session.actions import Actions, EnrolledVoices
from hwaja.session.conversation import Conversation
from hwaja.session.settings import SessionSettings
from hwaja.session.states import Branch, CloseOutcome, State, outcome_of
from hwaja.session.timeline import Timeline
from hwaja.session.utterances import OpenSpeech
from hwaja.vad.gate import Segment

WARNING_SECONDS = 60
"""A client is warned this long before a limit."""


class TranscriptionActions(Actions):
    """The data of the current transcription, and the actions on it."""

    def __init__(self, settings: SessionSettings, voices: EnrolledVoices) -> None:
        super().__init__(settings, voices)
        self._conversation = self._new_conversation(StartTranscription())
        self._stop_asked = False  # the client awaits `transcription_stopped`
        self._outcome = CloseOutcome()
        self._warned = False  # of the limit on the transcription's audio
        self._has_discovered = False

    @property
    def has_voice(self) -> bool:
        """Whether a voice is enrolled or discovered. It is lost when the session ends."""
        return self._has_discovered or bool(self._voices.speaker_ids)

    @property
    def oldest_unanswered(self) -> Segment | None:
        """The first utterance, or part of one, that is not answered. None: all are answered."""
        return None if self.state is State.CLOSED else self._conversation.oldest

    def _new_conversation(self, wants: StartTranscription) -> Conversation:
        timeline, open_speech = Timeline(self._origin), OpenSpeech(self._gate)
        return Conversation(wants, self._details, timeline, open_speech, self._names)

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
        self._warned = False
        self._conversation = self._new_conversation(wants)
        self._send(TranscriptionStarted())
        return Branch.AS_ASKED

    def take_conversation_audio(self, event: events.Audio) -> Branch:
        """Take audio of the transcription."""
        self._conversation.timeline.arrived(event.arrival)
        self._finish_utterances(self._gate.feed(event.probabilities, event.levels_dbfs))
        self._effects += self._conversation.early_work()
        self._release()
        wants_answered = self._conversation.wants.answered_samples
        self._acknowledge(self._needed_from - self._origin if wants_answered else None)
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

    @property
    def _needed_from(self) -> int:
        """Index of the first sample that is not answered, nor certain to be without words."""
        oldest = self._conversation.oldest
        return self._gate.needed_from if oldest is None else oldest.start

    def _release(self) -> None:
        self._effects.append(events.Release(self._needed_from))

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

    def end(
        self, event: events.Shutdown | events.CutOff | events.LimitReached | events.ServerFailed
    ) -> None:
        """End the session at once: no utterance is unanswered."""
        self._outcome = outcome_of(event)
        self._finish()

"""The session of one client as a state machine, without input or output.

`ROWS` is the whole machine: for a state and an event, the action and the next state. This module
uses no asyncio, clock, socket, array or engine. Positions are sample indices. The caller owns the
audio. `Session.handle` takes an event and returns the effects to carry out, in order.
The diagram in docs/architecture.md is generated from `ROWS` (`python -m tools.state_diagram`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from hwaja.protocol.client_messages import (
    CompleteRegistration,
    Finalize,
    KeepAlive,
    NameSpeaker,
    PauseTranscription,
    RestoreSpeaker,
    ResumeTranscription,
    ShareSession,
    StartRegistration,
    StartTranscription,
    StopTranscription,
    UpdateTranscription,
)
from hwaja.session.actions import Actions, EnrolledVoices, SentAudio
from hwaja.session.effects import Effect
from hwaja.session.enrolling import EnrolmentActions
from hwaja.session.events import (
    Attributed,
    Audio,
    AudioStopped,
    Connected,
    CutOff,
    Disconnected,
    Event,
    Ignored,
    Lagging,
    LimitNear,
    LimitReached,
    MalformedAudio,
    PartialText,
    Received,
    Recognised,
    Reconnected,
    Refused,
    ServerFailed,
    Shutdown,
    SpeakerProbed,
    SuspectAudio,
    VoiceKept,
    Waiting,
)
from hwaja.session.settings import SessionSettings
from hwaja.session.states import Branch, State
from hwaja.session.transcribing import TranscriptionActions
from hwaja.speakers.enrolment import Enrolled

CONNECTING, READY, ENROLLING, VERIFYING, TRANSCRIBING, PAUSED, DRAINING, CLOSED = State

ANYWHERE = tuple(state for state in State if state is not CLOSED)
"""All states but CLOSED: a closed session ignores every event."""

STAYS = None

Branches = Mapping[Branch | None, State | None]
"""The next state for each result of an action."""


@dataclass(frozen=True, slots=True)
class Row:
    """The action and the next state for some events in some states."""

    states: State | tuple[State, ...]
    events: type | tuple[type, ...]
    """Types of event. For a client message, the type of the message."""
    action: Callable[[Any, Any], Branch | None]
    to: State | Branches | None = STAYS
    """The next state, or one for each branch that the action may return."""

    @property
    def cells(self) -> tuple[tuple[State, type], ...]:
        """Every pair of a state and an event of this row."""
        states = self.states if isinstance(self.states, tuple) else (self.states,)
        events = self.events if isinstance(self.events, tuple) else (self.events,)
        return tuple(product(states, events))

    @property
    def next_states(self) -> Branches:
        """The next state for each result of the action, None included."""
        return self.to if isinstance(self.to, Mapping) else {None: self.to}


_DRAINS: Branches = {Branch.UNANSWERED: DRAINING, Branch.FINISHED: READY}
_DRAINS_AND_ENDS: Branches = {Branch.UNANSWERED: DRAINING, Branch.ENDED: CLOSED}
_MAY_DRAIN: Branches = {Branch.AS_ASKED: STAYS, **_DRAINS}
_MAY_BE_DRAINED: Branches = {Branch.UNANSWERED: STAYS, Branch.FINISHED: READY, Branch.ENDED: CLOSED}
_MAY_STRIKE_OUT: Branches = {Branch.REFUSED: STAYS, Branch.ENDED: CLOSED}
_REGISTRATIONS = (StartRegistration, CompleteRegistration, RestoreSpeaker)
_ENDS = (Shutdown, LimitReached, ServerFailed)
_OPEN = (TRANSCRIBING, PAUSED)
"""A transcription that the client has not stopped."""

ROWS = (
    Row(CONNECTING, Connected, Actions.connect, READY),
    # A client that starts again has lost count of its audio: the new take replaces the old one.
    Row(
        (READY, ENROLLING),
        StartRegistration,
        EnrolmentActions.begin_enrolment,
        {Branch.AS_ASKED: ENROLLING, Branch.REFUSED: STAYS},
    ),
    Row(
        ENROLLING,
        Audio,
        EnrolmentActions.take_enrolment_audio,
        {Branch.AS_ASKED: STAYS, Branch.FAILED: READY},
    ),
    Row(
        ENROLLING,
        CompleteRegistration,
        EnrolmentActions.complete_enrolment,
        {Branch.AS_ASKED: VERIFYING, Branch.REFUSED: STAYS, Branch.FAILED: READY},
    ),
    Row(READY, RestoreSpeaker, EnrolmentActions.restore_speaker, VERIFYING),
    Row(VERIFYING, Enrolled, EnrolmentActions.finish_enrolment, READY),
    Row(
        READY,
        StartTranscription,
        TranscriptionActions.begin_transcription,
        {Branch.AS_ASKED: TRANSCRIBING, Branch.REFUSED: STAYS},
    ),
    Row(TRANSCRIBING, Audio, TranscriptionActions.take_conversation_audio, _MAY_DRAIN),
    Row(TRANSCRIBING, AudioStopped, TranscriptionActions.end_utterance, _MAY_DRAIN),
    Row(TRANSCRIBING, SuspectAudio, Actions.report_wrong_format),
    Row(TRANSCRIBING, SpeakerProbed, TranscriptionActions.take_turn),
    Row(
        TRANSCRIBING,
        PauseTranscription,
        TranscriptionActions.pause_transcription,
        {**_DRAINS, Branch.AS_ASKED: PAUSED},
    ),
    Row(PAUSED, PauseTranscription, TranscriptionActions.confirm_pause),
    Row(PAUSED, Ignored, TranscriptionActions.ignore_audio),
    Row(PAUSED, AudioStopped, TranscriptionActions.note_gap),
    Row(PAUSED, ResumeTranscription, TranscriptionActions.resume_transcription, TRANSCRIBING),
    Row(TRANSCRIBING, ResumeTranscription, TranscriptionActions.confirm_resumption),
    Row(_OPEN, Finalize, TranscriptionActions.finalize, _MAY_DRAIN),
    Row(_OPEN, UpdateTranscription, TranscriptionActions.update_transcription),
    Row(_OPEN, Recognised, TranscriptionActions.take_text),
    Row(_OPEN, Attributed, TranscriptionActions.take_voices),
    Row(_OPEN, Waiting, Actions.hold),
    Row(_OPEN, StopTranscription, TranscriptionActions.stop_transcription, _DRAINS),
    Row(_OPEN, _ENDS, TranscriptionActions.drain_and_end, _DRAINS_AND_ENDS),
    Row(DRAINING, Recognised, TranscriptionActions.take_last_text, _MAY_BE_DRAINED),
    Row(DRAINING, Attributed, TranscriptionActions.take_last_voices, _MAY_BE_DRAINED),
    Row(DRAINING, Finalize, TranscriptionActions.finalize_draining),
    Row(DRAINING, StopTranscription, TranscriptionActions.stop_draining),
    Row(DRAINING, _ENDS, TranscriptionActions.end_after_drain),
    Row((*_OPEN, DRAINING), PartialText, TranscriptionActions.take_partial_text),
    Row((*_OPEN, DRAINING), Lagging, TranscriptionActions.report_lag),
    Row((*_OPEN, DRAINING), CutOff, TranscriptionActions.cut_off, CLOSED),
    Row(ANYWHERE, Refused, Actions.refuse, _MAY_STRIKE_OUT),
    Row(ANYWHERE, MalformedAudio, Actions.refuse_audio, _MAY_STRIKE_OUT),
    Row(ANYWHERE, _REGISTRATIONS, Actions.misplaced_registration),
    Row(
        ANYWHERE,
        (
            StartTranscription,
            StopTranscription,
            Finalize,
            UpdateTranscription,
            PauseTranscription,
            ResumeTranscription,
        ),
        Actions.misplaced_transcription,
    ),
    Row(ANYWHERE, KeepAlive, Actions.keep_alive),
    Row(ANYWHERE, NameSpeaker, Actions.name_speaker),
    Row(ANYWHERE, ShareSession, Actions.share),
    Row(ANYWHERE, VoiceKept, Actions.finish_naming),
    Row(ANYWHERE, Reconnected, TranscriptionActions.reconnect),
    Row(ANYWHERE, LimitNear, Actions.warn),
    Row(ANYWHERE, Waiting, Actions.release_hold),
    Row(ANYWHERE, (*_ENDS, CutOff), TranscriptionActions.end, CLOSED),
    Row(ANYWHERE, Disconnected, Actions.disconnect, CLOSED),
)
"""The first row with the state and the event counts. A session ignores an event without a row:
audio outside of an enrolment or transcription, and results after the end of a transcription."""

_ROW_OF = {cell: row for row in reversed(ROWS) for cell in row.cells}


class Session(EnrolmentActions, TranscriptionActions):
    """One client's session: takes events, returns effects for the caller to carry out."""

    def __init__(
        self, settings: SessionSettings, voices: EnrolledVoices, sent: SentAudio | None = None
    ) -> None:
        super().__init__(settings, voices, sent)
        self._enter(CONNECTING)

    def handle(self, event: Event) -> list[Effect]:
        """Handle one event. Return the effects to carry out, in order."""
        if isinstance(event, Received | Refused):  # a refused message may ask for details, too
            self._details |= event.wants_details
            self._request_id = event.request_id
        else:
            self._request_id = None
        kind = type(event.message) if isinstance(event, Received) else type(event)
        row = _ROW_OF.get((self.state, kind))
        if row is not None:
            branch = row.action(self, event)
            next_state = row.next_states[branch]
            if next_state is not None:
                self._enter(next_state)
        effects, self._effects = self._effects, []
        return effects

    def _enter(self, state: State) -> None:
        self.state = state

"""The actions of a session: how it handles each event. `state_machine` maps states to actions.

An action appends the effects to carry out, in order. It does not set the state. It returns a
`Branch` if the next state depends on its result. It never raises for a client's misuse.

Here are the actions on the connection, on names, on links and on misuse. `enrolling.py` has those
on an enrolment, `transcribing.py` those on a transcription.
"""

from typing import Protocol

from hwaja.protocol.audio import SAMPLE_RATE, AudioConfig
from hwaja.protocol.client_messages import (
    CompleteRegistration,
    NameSpeaker,
    RestoreSpeaker,
    ShareSession,
    StartRegistration,
)
from hwaja.protocol.codes import CloseCode, ErrorCode, Reason
from hwaja.protocol.server_messages import (
    AudioReceived,
    Error,
    LimitWarning,
    ModelLoaded,
    ServerMessage,
    SpeakerNamed,
    TooFarAhead,
)
from hwaja.protocol.values import NamedSpeaker, Place, RequestId
from hwaja.session import effects, events
from hwaja.session.settings import SessionSettings
from hwaja.session.states import Branch, State
from hwaja.vad.gate import GateSettings, Segment, SpeechGate

ACKNOWLEDGED_SAMPLES = SAMPLE_RATE
"""A client that may resume gets an acknowledgement after each such amount of audio."""


class EnrolledVoices(Protocol):
    """The enrolled voices of a session. The caller keeps them."""

    @property
    def speaker_ids(self) -> tuple[int, ...]:
        """Ids of the speakers with an enrolled voice, ascending."""

    @property
    def sampled_ids(self) -> frozenset[int]:
        """Ids of the speakers whose voice can be extracted where two speak at once."""


class SentAudio(Protocol):
    """The audio that the client sent. The caller keeps it."""

    def between(self, start: int, stop: int) -> int:
        """Return how many samples the client sent for samples `[start, stop)` of the session."""


class SpecifiedAudio:
    """Audio of the specification, which is heard as it is sent."""

    def between(self, start: int, stop: int) -> int:
        """See `SentAudio.between`."""
        return stop - start


class Actions:
    """The data that all actions share, and the actions on the connection and on misuse."""

    state: State
    """The state of the session. Only the state machine sets it."""

    def __init__(
        self, settings: SessionSettings, voices: EnrolledVoices, sent: SentAudio | None = None
    ) -> None:
        """Begin a session; without `sent`, all audio is that of the specification."""
        self._settings = settings
        self._voices = voices
        self._sent = sent or SpecifiedAudio()
        self._effects: list[effects.Effect] = []
        self._details = False
        self._names: dict[int, str] = {}  # what the client calls its speakers
        self._strikes = 0
        self._origin = self._acknowledged = 0  # of the current enrolment or transcription
        self._gates: tuple[SpeechGate, ...] = (SpeechGate(settings.gate, 0),)  # of each channel
        self._resumable = False
        self._request_id: RequestId | None = None  # of the client's message that is handled now
        self._has_come_back = False  # since the last `finalize`
        self._holds = False  # the client was asked to pause its audio

    @property
    def listening(self) -> bool:
        """Whether the session takes audio now. Other audio is ignored: a microphone keeps on."""
        return self.state in (State.ENROLLING, State.TRANSCRIBING, State.PAUSED)

    @property
    def is_paused(self) -> bool:
        """Whether the session only counts the audio that it takes."""
        return self.state is State.PAUSED

    @property
    def transcribes(self) -> bool:
        """Whether a transcription runs, or its last answers are due."""
        return self.state in (State.TRANSCRIBING, State.PAUSED, State.DRAINING)

    @property
    def channels(self) -> int:
        """How many channels of audio the session takes."""
        return len(self._gates)

    @property
    def processed_stop(self) -> int:
        """Index of the first sample after the last frame that is processed in all channels."""
        return min(gate.processed_stop for gate in self._gates)

    @property
    def _heard_samples(self) -> int:
        """How many samples of the enrolment or transcription were processed, at 16 kHz."""
        return self.processed_stop - self._origin

    def _received_samples(self, stop: int) -> int:
        """Return how many samples the client sent before sample `stop`, since the same beginning.

        A client is told of its audio in its own samples.
        """
        return self._sent.between(self._origin, stop)

    def _send(self, message: ServerMessage, answers: RequestId | None = None) -> None:
        """Send a message, which may answer the client's message of that `request_id`."""
        self._effects.append(effects.Send(message, self._details, answers))

    def _fail(self, code: ErrorCode, reason: Reason, speaker_id: int | None = None) -> None:
        self._send(Error(code, reason, speaker_id), self._request_id)

    def _refusal_of(self, audio: AudioConfig, *, by_channel: bool = False) -> Reason | None:
        """Return why audio cannot be encoded in this way; None if it can be.

        Several channels can only be told apart where each is a speaker.
        """
        if audio.encoding not in self._settings.encodings:
            return Reason.ENCODING_UNSUPPORTED
        return None if by_channel or audio.channels == 1 else Reason.CHANNELS_UNSUPPORTED

    def _listen(self, origin: int, gate: GateSettings, audio: AudioConfig) -> None:
        self._origin = self._acknowledged = origin
        channels = range(audio.channels)
        self._gates = tuple(SpeechGate(gate, origin, channel) for channel in channels)
        self._effects += [effects.Decode(audio), effects.Listen(), effects.Release(origin)]

    def _flushed(self, at: int | None = None) -> list[Segment]:
        """End the open utterance of each channel, see `SpeechGate.flush`; return them in order."""
        segments = [segment for gate in self._gates for segment in gate.flush(at)]
        return sorted(segments, key=lambda segment: segment.start)

    def connect(self, event: events.Connected) -> None:
        """Send `model_loaded`, with a session token if the client may resume."""
        self._resumable = event.session_token is not None
        self._send(ModelLoaded(event.session_token, None, event.not_resumed, event.hello))

    def reconnect(self, event: events.Reconnected) -> None:
        """Send the state of the session to a client that resumed it."""
        self._has_come_back = True
        received_samples = self._received_samples(event.at) if self.listening else 0
        names = tuple(NamedSpeaker(*named) for named in sorted(self._names.items()))
        place = Place(self.state.name.lower(), self._voices.speaker_ids, received_samples, names)
        self._send(ModelLoaded(event.session_token, place, hello=event.hello))

    def name_speaker(self, event: events.Received[NameSpeaker]) -> None:
        """Ask for the voice of a speaker who gets a name. `finish_naming` answers."""
        message = event.message
        keep = effects.KeepVoice(message.speaker_id, message.name, event.request_id)
        self._effects.append(keep)

    def finish_naming(self, event: events.VoiceKept) -> None:
        """Give a speaker the name, or send that there is no such speaker."""
        speaker_id, name = event.speaker_id, event.name
        if not event.is_known:
            code = ErrorCode.SPEAKER_NAMING_FAILED
            self._send(Error(code, Reason.UNKNOWN_SPEAKER, speaker_id), event.request_id)
            return
        self._names[speaker_id] = name
        if not name:
            del self._names[speaker_id]
        self._send(SpeakerNamed(speaker_id, name), event.request_id)

    def share(self, event: events.Received[ShareSession]) -> None:
        """Have the session shown by a link, or no more."""
        message = event.message
        self._effects.append(effects.Share(message.key, message.end, event.request_id))

    def _acknowledge(self, answered_until: int | None = None) -> None:
        """Tell now and then how much was processed and, with `answered_until`, answered."""
        stop = self.processed_stop
        if self._resumable and stop - self._acknowledged >= ACKNOWLEDGED_SAMPLES:
            self._acknowledged = stop
            answered = None if answered_until is None else self._received_samples(answered_until)
            self._send(AudioReceived(self._received_samples(stop), answered))

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

    def forget(self) -> None:
        """Drop the names of speakers, also if something still refers to the session."""
        self._names.clear()

    def disconnect(self, _: object) -> None:
        """Do nothing: the connection is gone."""

    def keep_alive(self, _: object) -> None:
        """Do nothing: the message has come, so the client is not idle."""

    def refuse(self, event: events.Refused) -> Branch:
        """Send an error for a refused message. An invalid message counts as a strike."""
        error = event.error
        self._fail(error.code, error.reason, error.speaker_id)
        is_strike = error.code is ErrorCode.INVALID_MESSAGE
        return self._strike(CloseCode.PROTOCOL_ERROR) if is_strike else Branch.REFUSED

    def refuse_audio(self, event: events.MalformedAudio) -> Branch:
        """Send an error for audio that is not encoded as agreed, and count a strike."""
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
        self._effects.append(effects.Close(code))
        return Branch.ENDED

    def misplaced_registration(
        self, event: events.Received[StartRegistration | CompleteRegistration | RestoreSpeaker]
    ) -> None:
        """Send an error for an enrolment message that the current state does not allow."""
        speaker_id = event.message.speaker_id
        self._fail(ErrorCode.SPEAKER_REGISTRATION_FAILED, Reason.WRONG_STATE, speaker_id)

    def misplaced_transcription(self, _: object) -> None:
        """Send an error for a transcription message that the current state does not allow."""
        self._fail(ErrorCode.TRANSCRIPTION_FAILED, Reason.WRONG_STATE)

"""One enrolment, restoration or transcription: what to send, what answers mean; no socket.

The client sends audio only after the answer to the start message, and the end message only after
all audio. So, after a lost connection, the server's `state` shows which messages it received.
Commands, such as `finalize`, stand between two samples. One without an answer is sent again if the
server may not have it.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count

import msgspec

from hwaja.client.audio_store import AudioStore
from hwaja.client.errors import Message
from hwaja.protocol import client_messages
from hwaja.protocol.audio import PLAIN, AudioConfig
from hwaja.protocol.codes import ErrorCode, Reason

MOST_UNCONFIRMED_SECONDS = 4
"""Most sent audio without confirmation. The answers to the server's pings queue behind it."""

KEEP_ALIVE = client_messages.KeepAlive.__struct_config__.tag

PAUSE = client_messages.PauseTranscription.__struct_config__.tag

SWITCHES = (PAUSE, client_messages.ResumeTranscription.__struct_config__.tag)
"""Commands that another transcription must get again, although they were answered."""

PAUSED = "paused"
"""The server's state of a transcription that ignores audio."""

UPDATED = frozenset(client_messages.UpdateTranscription.__struct_fields__) - {"request_id"}
"""Options that may change while a transcription runs."""

MOST_KEPT_SECONDS = 60
"""Most audio to store without a connection: as long as the server keeps the session."""

MOST_UNANSWERED_SECONDS = 32
"""Most audio that a server has taken and not answered: what its ring of audio holds."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The message types, error code and reasons of an enrolment, a restoration, a transcription."""

    start: str
    started: str
    end: str | None
    """None: the answer to the start message is the end."""
    ended: str
    failed: ErrorCode
    listening: str
    """The server's state while it takes audio."""
    refusals: frozenset[str]
    """Reasons with which the server may refuse the start message."""


ENROLMENT = Kind(
    start="start_speaker_registration",
    started="speaker_registration_started",
    end="complete_speaker_registration",
    ended="speaker_registration_completed",
    failed=ErrorCode.SPEAKER_REGISTRATION_FAILED,
    listening="enrolling",
    refusals=frozenset(
        {
            Reason.WRONG_STATE,
            Reason.UNKNOWN_SPEAKER,
            Reason.BAD_FIELD,
            Reason.ENCODING_UNSUPPORTED,
            Reason.CHANNELS_UNSUPPORTED,
        }
    ),
)
RESTORATION = Kind(
    start="restore_speaker",
    started="speaker_registration_completed",
    end=None,
    ended="speaker_registration_completed",
    failed=ErrorCode.SPEAKER_REGISTRATION_FAILED,
    listening="verifying",
    refusals=ENROLMENT.refusals
    | {
        Reason.TICKET_EXPIRED,
        Reason.TICKET_FOREIGN,
        Reason.TICKET_TAMPERED,
        Reason.TICKET_OTHER_MODEL,
        Reason.TICKET_OTHER_SUBJECT,
        Reason.SAME_VOICE,
        Reason.ENGINE_FAILED,
    },
)
TRANSCRIPTION = Kind(
    start="start_transcription",
    started="transcription_started",
    end="stop_transcription",
    ended="transcription_stopped",
    failed=ErrorCode.TRANSCRIPTION_FAILED,
    listening="transcribing",
    refusals=frozenset(
        {
            Reason.WRONG_STATE,
            Reason.BAD_FIELD,
            Reason.NOT_ENROLLED,
            Reason.LANGUAGE_UNSUPPORTED,
            Reason.HOTWORDS_UNSUPPORTED,
            Reason.HOTWORD_UNKNOWN,
            Reason.ENCODING_UNSUPPORTED,
            Reason.CHANNELS_UNSUPPORTED,
        }
    ),
)


class Meaning(Enum):
    """The meaning of a server's message for a phase."""

    PASSING = auto()
    """The phase continues unchanged."""
    STARTED = auto()
    ENDED = auto()
    FAILED = auto()
    """The phase is over, with an error."""
    LIMITED = auto()
    """The server ended a transcription at its limit. Another may continue it; see `renew`."""
    REPEATED = auto()
    """An answer to a command that is known already, or will be given again."""


@dataclass(slots=True)
class _Command:
    """A message of the caller that belongs between two samples."""

    fields: Message
    request_id: int
    at: int
    """How many samples come before it."""
    is_sent: bool = False
    is_answered: bool = False
    """Whether the caller has its answer. It is sent again for another transcription."""


class Phase:
    """The messages and audio of one enrolment or transcription."""

    def __init__(
        self,
        kind: Kind,
        options: Message,
        *,
        is_confirmed: bool,
        roams: bool = False,
        config: AudioConfig = PLAIN,
    ) -> None:
        """Prepare.

        Args:
            kind: ENROLMENT, RESTORATION or TRANSCRIPTION.
            options: fields of the start message, without `audio`.
            is_confirmed: whether the server confirms the audio that it has processed. If not, sent
                audio is not stored.
            roams: whether another server may have to take over. Audio is then stored until it is
                answered.
            config: how the audio is encoded.

        """
        self.kind = kind
        self._options = dict(options)
        if not config.is_specified:
            self._options["audio"] = msgspec.to_builtins(config)
        self._is_confirmed = is_confirmed
        self._audio = AudioStore(config, keeps_unanswered=roams)
        self._most_unconfirmed = MOST_UNCONFIRMED_SECONDS * config.rate
        kept_seconds = MOST_KEPT_SECONDS + (MOST_UNANSWERED_SECONDS if roams else 0)
        self._most_kept = kept_seconds * config.rate
        self._answered = 0
        """How many samples of the transcription are answered. Only a client that roams knows."""
        self._is_start_sent = self._is_started = self._is_end_sent = False
        self._is_whole = False  # no more audio will be appended
        self._is_held = False  # the server ended it: send nothing
        self._is_too_far_ahead = False  # the server asked for a pause
        self._commands: deque[_Command] = deque()  # in the order of samples, to be answered
        self._switches: list[_Command] = []  # the answered ones, in the order of samples
        self._request_ids = count(1)

    @property
    def has_room(self) -> bool:
        """Whether more audio can be stored."""
        return self._audio.end - self._audio.start < self._most_kept

    def append(self, chunk: bytes) -> None:
        """Store a chunk of audio for sending."""
        self._audio.append(chunk)

    def command(self, fields: Message) -> None:
        """Send a message of the caller behind the audio so far. Its `request_id` is replaced."""
        self._commands.append(_Command(fields, next(self._request_ids), self._audio.end))

    def finish(self) -> None:
        """Mark the audio as complete. The end message follows the last chunk."""
        self._is_whole = True

    def next(self) -> Message | bytes | None:
        """Return the next message or chunk to send; None if there is nothing to send now."""
        if self._is_held:
            return None
        if not self._is_start_sent:
            self._is_start_sent = True
            return {"type": self.kind.start, **self._options}
        if not self._is_started:
            return None
        for command in self._commands:
            if not command.is_sent and command.at <= self._audio.sent:
                command.is_sent = True
                if command.fields["type"] == KEEP_ALIVE:  # it has no answer
                    self._commands.remove(command)
                return {**command.fields, "request_id": command.request_id}
        if self._audio.sent < self._audio.end:
            return self._next_audio()
        if not self._is_whole or self._is_end_sent or self.kind.end is None:
            return None
        self._is_end_sent = True
        return {"type": self.kind.end} | self._speaker

    def take(self, message: Message) -> Meaning:
        """Take a message of the server. Return its meaning for the phase."""
        if self._is_started and "answered_samples" in message:
            self._answered = max(self._answered, message["answered_samples"])
            self._audio.answer(self._answered)
        if "request_id" in message:
            return self._take_answer(message)
        match message["type"]:
            case "audio_received":
                if self._is_started:
                    self._audio.confirm(message["received_samples"])
            case "too_far_ahead":
                self._is_too_far_ahead = message["hold"]
            case "error":
                return self._judge(message.get("code"), message.get("reason"))
            case self.kind.started if not self._is_started and self._is_mine(message):
                self._is_started = True
                return Meaning.ENDED if self.kind.end is None else Meaning.STARTED
            case self.kind.ended if self._is_end_sent and self._is_mine(message):
                return Meaning.ENDED
        return Meaning.PASSING

    def resume(self, state: str, received_samples: int) -> None:
        """Continue on another connection.

        Args:
            state: the server's state of the session, from `model_loaded`.
            received_samples: how many samples of the phase the server has.

        """
        self._is_too_far_ahead = False  # a new connection has no waiting audio
        if not self._is_started:
            # An enrolment may start again without loss, since no audio was sent. A voice may be
            # restored twice.
            self._is_start_sent = self.kind is TRANSCRIPTION and state != "ready"
        elif state in (self.kind.listening, PAUSED):
            self._audio.rewind(received_samples)
            self._is_end_sent = False
            for command in self._commands:  # the server has those that it got audio behind
                command.is_sent = command.at < received_samples
        else:
            self._is_held = True

    def renew(self, received_samples: int) -> int:
        """Begin another transcription at the first sample that the server did not process.

        Args:
            received_samples: how many samples of this transcription the server processed.

        Returns:
            By how many samples it begins later, since earlier ones are no longer stored. It begins
            earlier only for Opus: with the packet of that sample.

        """
        self._is_start_sent = self._is_started = self._is_end_sent = self._is_held = False
        self._answered = 0
        moved = self._audio.rebase(received_samples)
        self._switch_again(received_samples + moved)
        for command in self._commands:
            command.at = max(0, command.at - received_samples - moved)
            # Another id: the server may still refuse the first one, which came after its end.
            command.is_sent, command.request_id = False, next(self._request_ids)
        return moved

    def _switch_again(self, start: int) -> None:
        """Have another transcription, which begins at a sample, pause where this one did."""
        later = [each for each in self._switches if each.at > start]
        *_, last = [None, *(each for each in self._switches if each.at <= start)]
        if last is not None and last.fields["type"] == PAUSE:
            later.insert(0, last)
        self._switches = []
        again = sorted([*later, *self._commands], key=lambda each: each.request_id)
        self._commands = deque(again)

    def begin_anew(self) -> int:
        """Begin again in another session, whose server has nothing of this phase.

        Returns:
            How many samples of a transcription its answers cover, or are no longer stored. The new
            transcription counts from there.

        """
        answered, self._answered = self._answered, 0
        self._is_too_far_ahead = False
        return answered + self.renew(answered)

    def has_crossed(self, reason: str | None) -> bool:
        """Return whether the end message was sent before the server's own end for `reason` came."""
        return self._is_end_sent and reason in {Reason.TOO_LONG, Reason.AUDIO_LIMIT}

    @property
    def _speaker(self) -> Message:
        return {k: v for k, v in self._options.items() if k == "speaker_id"}

    def _is_mine(self, message: Message) -> bool:
        return bool(message.get("speaker_id") == self._options.get("speaker_id"))

    def _take_answer(self, message: Message) -> Meaning:
        """Take the answer to a command."""
        asked = (each for each in self._commands if each.request_id == message["request_id"])
        command = next(asked, None)
        # The server had ended the transcription by itself. Another one answers the command.
        is_late = message.get("reason") == Reason.WRONG_STATE
        is_early = command is not None and message.get("received_samples", command.at) < command.at
        if command is None or is_late or is_early:
            return Meaning.REPEATED
        self._commands.remove(command)
        if command.is_answered:
            meaning = Meaning.REPEATED
        else:
            meaning, command.is_answered = Meaning.PASSING, True
        if command.fields["type"] in SWITCHES and message["type"] != "error":
            self._switches.append(command)
        if message["type"] == "transcription_updated":  # another transcription begins with these
            self._options |= {k: v for k, v in command.fields.items() if k in UPDATED}
        return meaning

    def _next_audio(self) -> bytes | None:
        is_far_ahead = self._audio.sent - self._audio.confirmed >= self._most_unconfirmed
        if is_far_ahead or self._is_too_far_ahead:
            return None
        chunk = self._audio.next()
        if not self._is_confirmed:
            self._audio.confirm(self._audio.sent)
        return chunk

    def _judge(self, code: str | None, reason: str | None) -> Meaning:
        if code == ErrorCode.INVALID_MESSAGE and not self._is_started:
            return Meaning.FAILED
        if code != self.kind.failed:
            return Meaning.PASSING
        if not self._is_started:
            # An error with another reason is about the previous phase: it crossed our start.
            is_refusal = reason is None or reason in self.kind.refusals
            return Meaning.FAILED if is_refusal else Meaning.PASSING
        if self.kind is ENROLMENT or reason == Reason.WRONG_STATE:
            return Meaning.FAILED
        return Meaning.LIMITED if reason == Reason.AUDIO_LIMIT else Meaning.PASSING

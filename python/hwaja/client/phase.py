"""One enrolment or transcription: what is to be sent next, and what an answer means; no socket.

Nothing is sent before the start is answered, and no end before all audio. So, when a connection is
lost, the server's `state` tells what it has had.
"""

from dataclasses import dataclass
from enum import Enum, auto

from hwaja.client.audio_store import AudioStore
from hwaja.client.errors import Message
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import ErrorCode, Reason

MOST_UNCONFIRMED_SAMPLES = 4 * SAMPLE_RATE
"""Audio on its way to the server: the answers to its pings wait behind all of it."""

MOST_KEPT_SAMPLES = 60 * SAMPLE_RATE
"""Audio that is kept while there is no connection: as long as the server keeps the session."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The words of a phase."""

    start: str
    started: str
    end: str
    ended: str
    failed: ErrorCode
    listening: str
    """The server's state while it hears."""
    refusals: frozenset[str]
    """Why a start may be refused."""


ENROLMENT = Kind(
    start="start_speaker_registration",
    started="speaker_registration_started",
    end="complete_speaker_registration",
    ended="speaker_registration_completed",
    failed=ErrorCode.SPEAKER_REGISTRATION_FAILED,
    listening="enrolling",
    refusals=frozenset({Reason.WRONG_STATE, Reason.UNKNOWN_SPEAKER, Reason.BAD_FIELD}),
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
        }
    ),
)


class Meaning(Enum):
    """What a message of the server means for a phase."""

    PASSING = auto()
    """Nothing changes."""
    STARTED = auto()
    ENDED = auto()
    FAILED = auto()
    """It is over."""
    LIMITED = auto()
    """The server has ended a transcription; it may go on in another, see `renew`."""


class Phase:
    """What is sent and heard of one enrolment or transcription."""

    def __init__(self, kind: Kind, options: Message, *, is_confirmed: bool) -> None:
        """Prepare.

        Args:
            kind: ENROLMENT or TRANSCRIPTION.
            options: fields of the start message.
            is_confirmed: whether the server tells what audio it has taken. Where it does not, what
                was sent is not kept.

        """
        self.kind = kind
        self._wishes = options
        self._is_confirmed = is_confirmed
        self._audio = AudioStore()
        self._is_start_sent = self._is_started = self._is_end_sent = False
        self._is_whole = False  # all audio is there
        self._is_held = False  # the server has ended it: there is nothing to be sent
        self._is_too_far_ahead = False  # the server asks to hold on

    @property
    def has_room(self) -> bool:
        """Whether more audio can be kept."""
        return self._audio.end - self._audio.start < MOST_KEPT_SAMPLES

    def append(self, pcm: bytes) -> None:
        """Take audio."""
        self._audio.append(pcm)

    def finish(self) -> None:
        """Learn that all audio is there."""
        self._is_whole = True

    def next(self) -> Message | bytes | None:
        """Return what is to be sent now; None: nothing."""
        if self._is_held:
            return None
        if not self._is_start_sent:
            self._is_start_sent = True
            return {"type": self.kind.start, **self._wishes}
        if not self._is_started:
            return None
        if self._audio.sent < self._audio.end:
            return self._next_audio()
        if not self._is_whole or self._is_end_sent:
            return None
        self._is_end_sent = True
        return {"type": self.kind.end} | self._speaker

    def take(self, message: Message) -> Meaning:
        """Learn what the server says; return what it means."""
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
                return Meaning.STARTED
            case self.kind.ended if self._is_end_sent and self._is_mine(message):
                return Meaning.ENDED
        return Meaning.PASSING

    def resume(self, state: str, received_samples: int) -> None:
        """Go on, on another connection, from where the server says that it is."""
        self._is_too_far_ahead = False  # nothing of this connection waits
        if not self._is_started:
            # An enrolment that is begun again loses nothing, since no audio was sent.
            self._is_start_sent = self.kind is TRANSCRIPTION and state != "ready"
        elif state == self.kind.listening:
            self._audio.rewind(received_samples)
            self._is_end_sent = False
        else:
            self._is_held = True

    def renew(self, received_samples: int) -> int:
        """Begin another transcription with the first sample that this one has not taken.

        Returns how many samples from there on are not kept any more.
        """
        self._is_start_sent = self._is_started = self._is_end_sent = self._is_held = False
        return self._audio.rebase(received_samples)

    def has_crossed(self, reason: str | None) -> bool:
        """Return whether an end was sent to a server that had ended by itself already."""
        return self._is_end_sent and reason in {Reason.TOO_LONG, Reason.AUDIO_LIMIT}

    @property
    def _speaker(self) -> Message:
        return {k: v for k, v in self._wishes.items() if k == "speaker_id"}

    def _is_mine(self, message: Message) -> bool:
        return bool(message.get("speaker_id") == self._wishes.get("speaker_id"))

    def _next_audio(self) -> bytes | None:
        is_far_ahead = self._audio.sent - self._audio.start >= MOST_UNCONFIRMED_SAMPLES
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
            # Another reason is of the one before, and crossed the start of this one.
            is_refusal = reason is None or reason in self.kind.refusals
            return Meaning.FAILED if is_refusal else Meaning.PASSING
        if self.kind is ENROLMENT or reason == Reason.WRONG_STATE:
            return Meaning.FAILED
        return Meaning.LIMITED if reason == Reason.AUDIO_LIMIT else Meaning.PASSING

"""What is going on between client and server: a phase, renewed as often as need be; no socket."""

from collections.abc import Iterator

from hwaja.client.errors import Message, RefusedError
from hwaja.client.phase import TRANSCRIPTION, Kind, Meaning, Phase
from hwaja.client.timeline import MonotonicTimestamps, Timeline
from hwaja.protocol.codes import Reason


class Dialogue:
    """One enrolment, or one conversation in as many transcriptions as it takes."""

    def __init__(
        self,
        kind: Kind,
        options: Message,
        timestamps: MonotonicTimestamps,
        *,
        is_confirmed: bool,
    ) -> None:
        """Prepare; the arguments are those of `Phase`, and the timestamps of the session so far."""
        self.phase = Phase(kind, options, is_confirmed=is_confirmed)
        self.is_over = False
        self._timeline = Timeline(timestamps)
        self._is_renewed = False
        self._awaits_crossed_end = False

    def take(self, message: Message) -> Iterator[Message]:
        """Yield what there is to be told of a message of the server.

        Raises:
            RefusedError: where it is over, and not as it should be.

        """
        if message["type"] == "model_loaded":
            self.phase.resume(message["state"], message["received_samples"])
            return
        if self._awaits_crossed_end and self._is_crossed_end(message):
            self._awaits_crossed_end = False
            return
        dated = self._timeline.dated(message)
        match self.phase.take(message):
            case Meaning.LIMITED if "received_samples" in message:
                self._renew(message)
            case Meaning.FAILED | Meaning.LIMITED:
                self.is_over = True
                raise RefusedError(message)
            case Meaning.STARTED if self._is_renewed:
                pass
            case meaning:
                self.is_over = meaning is Meaning.ENDED
                if not _is_ours(message):
                    yield dated

    def _renew(self, message: Message) -> None:
        received_samples = message["received_samples"]
        self._awaits_crossed_end = self.phase.has_crossed(message["reason"])
        lost = self.phase.renew(received_samples)
        self._timeline.renew(received_samples + lost)
        self._is_renewed = True

    def _is_crossed_end(self, message: Message) -> bool:
        """Return whether it answers an end that the server got after it had ended by itself."""
        refusal = TRANSCRIPTION.failed, Reason.WRONG_STATE
        is_refusal = (message.get("code"), message.get("reason")) == refusal
        return is_refusal or message["type"] == TRANSCRIPTION.ended


def _is_ours(message: Message) -> bool:
    """Return whether a message is about what is dealt with here."""
    is_of_limit = message.get("reason") == Reason.AUDIO_LIMIT  # it will be renewed
    return message["type"] in {"audio_received", "too_far_ahead"} or (
        message["type"] == "limit_warning" and is_of_limit
    )

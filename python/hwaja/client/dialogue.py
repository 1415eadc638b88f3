"""One enrolment or conversation. It renews its phase at the server's audio limit; no socket."""

from collections.abc import Iterator

from hwaja.client.errors import Message, RefusedError
from hwaja.client.phase import TRANSCRIPTION, Kind, Meaning, Phase
from hwaja.client.timeline import MonotonicTimestamps, Timeline
from hwaja.protocol.audio import PLAIN, AudioConfig
from hwaja.protocol.codes import Reason


class Dialogue:
    """One enrolment, or one conversation over as many transcriptions as it needs."""

    def __init__(
        self,
        kind: Kind,
        options: Message,
        timestamps: MonotonicTimestamps,
        *,
        is_confirmed: bool,
        roams: bool = False,
        config: AudioConfig = PLAIN,
    ) -> None:
        """Prepare.

        Args:
            kind: as `Phase`.
            options: as `Phase`.
            timestamps: the timestamps of the session so far.
            is_confirmed: as `Phase`.
            roams: as `Phase`.
            config: as `Phase`.

        """
        self.phase = Phase(kind, options, is_confirmed=is_confirmed, roams=roams, config=config)
        self.is_over = False
        self._timeline = Timeline(timestamps, config.rate)
        self._is_renewed = False
        self._awaits_crossed_end = False

    def take(self, message: Message) -> Iterator[Message]:
        """Take a message of the server. Yield it, with times of the conversation, if it is news.

        Raises:
            RefusedError: if the server refused or ended the enrolment or transcription.

        """
        if message["type"] == "model_loaded":
            if message["resumed"]:
                self.phase.resume(message["state"], message["received_samples"])
            else:
                yield from self._begin_anew()
            return
        is_of_command = "request_id" in message
        if self._awaits_crossed_end and not is_of_command and self._is_crossed_end(message):
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
            case Meaning.REPEATED:
                pass
            case meaning:
                self.is_over = meaning is Meaning.ENDED
                if not _is_ours(message):
                    yield dated

    def _begin_anew(self) -> Iterator[Message]:
        """Go on in another session. Yield what takes back the interim texts of the last one."""
        withdrawn = list(self._timeline.withdrawals())
        self._awaits_crossed_end = False
        self._timeline.renew(self.phase.begin_anew(), is_late=True)
        self._is_renewed = True
        yield from withdrawn

    def _renew(self, message: Message) -> None:
        received_samples = message["received_samples"]
        self._awaits_crossed_end = self.phase.has_crossed(message["reason"])
        moved = self.phase.renew(received_samples)
        self._timeline.renew(received_samples + moved)
        self._is_renewed = True

    def _is_crossed_end(self, message: Message) -> bool:
        """Return whether it answers an end message that the server got after its own end."""
        refusal = TRANSCRIPTION.failed, Reason.WRONG_STATE
        is_refusal = (message.get("code"), message.get("reason")) == refusal
        return is_refusal or message["type"] == TRANSCRIPTION.ended


def _is_ours(message: Message) -> bool:
    """Return whether the dialogue itself handles the message, so that the caller needs no event."""
    is_of_limit = message.get("reason") == Reason.AUDIO_LIMIT  # the dialogue renews the phase
    own = {"audio_received", "too_far_ahead", "session_shared", "voice_sealed"}
    return message["type"] in own or (message["type"] == "limit_warning" and is_of_limit)

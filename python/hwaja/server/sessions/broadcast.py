"""What others see of a session: its texts, for those who have its link. No socket, no clock.

Nobody sees anything before the client shares its session. Nothing is kept for those who come later,
except what the speakers are called.
"""

from collections.abc import Iterable

from hwaja.protocol.codes import CloseCode
from hwaja.protocol.links import new_link_key, token_of
from hwaja.protocol.serialize import serialize
from hwaja.protocol.server_messages import (
    Interim,
    ServerMessage,
    SessionShared,
    SpeakerNamed,
    SpeakerUpdate,
    Transcription,
    TranscriptionStarted,
)
from hwaja.server.sessions.links import Link, Links

WATCHED = (TranscriptionStarted, Interim, Transcription, SpeakerUpdate, SpeakerNamed)
"""The messages that watchers get."""


class Broadcast:
    """Shows one session by a link, if its client wants that."""

    def __init__(self, links: Links, max_speakers: int) -> None:
        """Begin without a link. `max_speakers` is the server's number."""
        self._links = links
        self._max_speakers = max_speakers
        self._key: str | None = None
        self._link: Link | None = None
        self._names: dict[int, SpeakerNamed] = {}

    @property
    def names(self) -> Iterable[str]:
        """The messages that say what the speakers are called."""
        return map(self._written, self._names.values())

    def share(self, key: str | None = None, *, ends: bool = False) -> SessionShared:
        """Show the session by a link; return its secrets.

        Args:
            key: that of an earlier link, which goes on with this session. None: the link is the one
                that the session has already, or a new one.
            ends: whether nobody may watch any more instead.

        """
        if ends:
            self._end(CloseCode.NORMAL)
            return SessionShared()
        key = key or self._key or new_link_key()
        if key != self._key:
            self._end(CloseCode.NORMAL)
            self._key, self._link = key, self._links.show(key, self)
        return SessionShared(token_of(key), key)

    def lose_link(self) -> None:
        """Show nothing any more; the link is another session's."""
        self._key = self._link = None

    def forget(self) -> None:
        """Let nobody watch any more, and drop the names. The session has ended.

        Its link may go on with another session, so its watchers are told to come again.
        """
        self._names.clear()
        self._end(CloseCode.GOING_AWAY)

    def tell(self, message: ServerMessage) -> None:
        """Show a message of the session to its watchers, if it is one for them."""
        if isinstance(message, SpeakerNamed):
            self._names[message.speaker_id] = message
        if self._link is None or not self._link.is_watched or not isinstance(message, WATCHED):
            return
        replaces = message.segment_id if isinstance(message, Interim) else None
        self._link.tell(self._written(message), replaces)

    def _end(self, code: CloseCode) -> None:
        if self._key is not None:
            self._links.close(self._key, code)
            self.lose_link()

    def _written(self, message: ServerMessage) -> str:
        return serialize(message, details=True, max_speakers=self._max_speakers)

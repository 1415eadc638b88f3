"""The links of a server, by which others watch sessions on a second screen. No socket, no clock.

A link has two secrets. Whoever has its token watches. Whoever has its key shows a session by it,
so that a link outlives the session that it was made for. The token is computed from the key, and
the key cannot be computed from the token: who watches can show nothing.
"""

from collections.abc import Iterable
from typing import Protocol

from hwaja.protocol.codes import CloseCode
from hwaja.protocol.links import token_of
from hwaja.server.access.bearer import digest_of
from hwaja.server.sessions.outbox import Outbox

MOST_WATCHERS = 8
"""Watchers of one link."""


class Shown(Protocol):
    """The session that a link shows."""

    @property
    def names(self) -> Iterable[str]:
        """The messages that say what the speakers are called."""

    def lose_link(self) -> None:
        """Another session is shown by the link from now on."""


class Link:
    """The watchers of one link. They stay if another session takes the place of the shown one."""

    def __init__(self) -> None:
        """Begin without a session."""
        self.shown: Shown | None = None
        self._watchers: set[Outbox[str | CloseCode]] = set()

    def join(self) -> Outbox[str | CloseCode] | None:
        """Return the messages for a new watcher; None: there are as many as may be."""
        if self.shown is None or len(self._watchers) >= MOST_WATCHERS:
            return None
        watcher: Outbox[str | CloseCode] = Outbox()
        for text in self.shown.names:
            watcher.put(text)
        self._watchers.add(watcher)
        return watcher

    def leave(self, watcher: Outbox[str | CloseCode]) -> None:
        """Forget a watcher, who may have left already."""
        self._watchers.discard(watcher)

    @property
    def is_watched(self) -> bool:
        """Whether anybody watches now."""
        return bool(self._watchers)

    def tell(self, text: str, replaces: int | None = None) -> None:
        """Send a message to all watchers. One who does not read for long is left out from then on.

        Args:
            text: the message.
            replaces: the segment whose unsent interim text it replaces. None: it is no interim.

        """
        for watcher in tuple(self._watchers):
            if not watcher.has_room:
                watcher.forget()
                watcher.put(CloseCode.TRY_AGAIN_LATER)
                self.leave(watcher)
            elif replaces is not None:
                watcher.put_latest(replaces, text)
            else:
                watcher.put(text)

    def close(self, code: CloseCode) -> None:
        """Have all watchers leave, without the texts that they have not read."""
        self.shown = None
        for watcher in self._watchers:
            watcher.forget()
            watcher.put(code)
        self._watchers.clear()


class Links:
    """All links of a server. Of their tokens, it holds the digests only."""

    def __init__(self) -> None:
        self._links: dict[bytes, Link] = {}

    def find(self, token: str) -> Link | None:
        """Return the link of a token; None: no session is shown by it."""
        return self._links.get(digest_of(token))

    def show(self, key: str, session: Shown) -> Link:
        """Show a session by the link of a key, in place of the one that it shows until now."""
        link = self._links.setdefault(digest_of(token_of(key)), Link())
        if link.shown is not None:
            link.shown.lose_link()
        link.shown = session
        return link

    def close(self, key: str, code: CloseCode) -> None:
        """End the link of a key, and have its watchers leave."""
        self._links.pop(digest_of(token_of(key))).close(code)

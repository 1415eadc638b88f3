"""Who is being served: a limited number of sessions, each with a seat that its client may keep."""

import asyncio
import secrets
from collections.abc import Iterator

from hwaja.bearer import digest_of
from hwaja.connection import Connection
from hwaja.session_runner import SessionRunner

TOKEN_BYTES = 32
"""Of randomness: more than can be guessed."""


class Seat:
    """One session, and the connection it has now."""

    def __init__(self, runner: SessionRunner) -> None:
        self.runner = runner
        self.connection: Connection | None = None
        self.bearers: tuple[bytes, ...] = ()
        """Digests of the tokens that let its client in, the last time that it came."""
        self._changed = asyncio.Event()

    async def hand_over(self, connection: Connection) -> None:
        """Give the seat to a connection; returns once the one before has ended."""
        before, self.connection = self.connection, connection
        self._changed.set()
        self._changed = asyncio.Event()
        if before is not None:
            await before.abandon()

    def shut_down(self) -> None:
        """Have what was received answered and the session ended, because the server stops."""
        (self.connection or self.runner).shut_down()

    async def wait_for_change(self, timeout_seconds: float) -> None:
        """Wait until another connection has the seat, or the session comes to its own end."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._changed, self.runner.over)]
        try:
            await asyncio.wait(waits, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


class Seats:
    """The seats of a server, and the tokens that lead to them.

    Tokens are kept as digests: what is compared and found in memory is no token.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._taken: set[Seat] = set()
        self._by_digest: dict[bytes, Seat] = {}
        self.emptied = asyncio.Event()
        """Set while nobody is served."""
        self.emptied.set()

    def __len__(self) -> int:
        return len(self._taken)

    def __iter__(self) -> Iterator[Seat]:
        return iter(tuple(self._taken))

    @property
    def runners(self) -> list[SessionRunner]:
        """The sessions, also those whose clients are away."""
        return [seat.runner for seat in self._taken]

    @property
    def are_full(self) -> bool:
        """Whether no seat is left."""
        return len(self._taken) >= self._places

    def take(self, runner: SessionRunner) -> Seat:
        """Return a seat for a new session; the caller has seen that there is one."""
        seat = Seat(runner)
        self._taken.add(seat)
        self.emptied.clear()
        return seat

    def issue(self, seat: Seat, used: str | None = None) -> str:
        """Return a new token that leads to a seat.

        Args:
            seat: where it leads.
            used: the token that the client came with. It stays good until a newer one is used,
                since the answer with the new one may be lost on its way; earlier ones do not.

        """
        self._forget_tokens(seat, keep=used)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._by_digest[digest_of(token)] = seat
        return token

    def find(self, token: str | None) -> Seat | None:
        """Return where a token leads; None where its session has ended, or it is none."""
        seat = None if token is None else self._by_digest.get(digest_of(token))
        return None if seat is None or seat.runner.over.is_set() else seat

    async def leave(self, seat: Seat) -> None:
        """End a session and free its seat."""
        self._forget_tokens(seat)
        try:
            await seat.runner.end()
        finally:
            self._taken.discard(seat)
            if not self._taken:
                self.emptied.set()

    def _forget_tokens(self, seat: Seat, keep: str | None = None) -> None:
        kept = None if keep is None else digest_of(keep)
        for digest in [key for key, held in self._by_digest.items() if held is seat]:
            if digest != kept:
                del self._by_digest[digest]

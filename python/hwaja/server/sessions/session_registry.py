"""Registers the sessions of a server: a limited number of seats, one for each session.

A client without an enrolled voice keeps its seat only while no other client needs it.
"""

import asyncio
import math
import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from hwaja.protocol.codes import Rejection
from hwaja.server.access.bearer import digest_of
from hwaja.server.config import Config
from hwaja.session.states import State

TOKEN_BYTES = 32
"""Random bytes in a session token: too many to guess."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The identity that a client's seats are counted by."""

    network: str
    tokens: frozenset[bytes] = frozenset()
    """Digests of the client's valid tokens."""

    @property
    def keys(self) -> frozenset[str | bytes]:
        """The keys that its seats are counted under: its tokens, or its network without tokens."""
        return self.tokens or frozenset((self.network,))


class SeatedSession(Protocol):
    """The part of `SessionRunner` that decides who keeps a seat."""

    over: asyncio.Event

    @property
    def state(self) -> State:
        """See `SessionRunner.state`."""

    @property
    def has_voice(self) -> bool:
        """See `SessionRunner.has_voice`."""

    def end_for_new_client(self) -> None:
        """See `SessionRunner.end_for_new_client`."""

    def shut_down(self, *, is_handover: bool = False) -> None:
        """See `SessionRunner.shut_down`."""

    async def end(self) -> None:
        """See `SessionRunner.end`."""


class SeatedConnection(Protocol):
    """The part of `Connection` that the registry uses."""

    @property
    def has_ended(self) -> bool:
        """See `Connection.has_ended`."""

    async def abandon(self) -> None:
        """See `Connection.abandon`."""

    def shut_down(self) -> None:
        """See `Connection.shut_down`."""


Runner = TypeVar("Runner", bound=SeatedSession)


class SessionEntry(Generic[Runner]):
    """One session with its current connection and its holder."""

    def __init__(self, runner: Runner, holder: Holder, now: float) -> None:
        self.runner = runner
        self.holder = holder
        """The identity that the client had when it connected last."""
        self.taken_at = now
        self.connection: SeatedConnection | None = None
        self.roams = False
        """Whether the client goes on at another server if this one sends it away."""
        self.is_given_up = False
        """Another client has the seat; this session is about to end."""
        self._changed = asyncio.Event()

    @property
    def is_kept(self) -> bool:
        """Whether the client is disconnected and may resume the session."""
        return self.connection is not None and self.connection.has_ended

    async def hand_over(self, connection: SeatedConnection) -> None:
        """Give the seat to a connection; return when the previous connection has ended."""
        before, self.connection = self.connection, connection
        self._changed.set()
        self._changed = asyncio.Event()
        if before is not None:
            await before.abandon()

    def shut_down(self) -> None:
        """Answer the received messages, then end the session: the server stops."""
        (self.connection or self.runner).shut_down()

    def send_away(self) -> None:
        """Answer the finished utterances, then have the client go on at another server."""
        self.runner.shut_down(is_handover=True)

    async def wait_for_change(self, timeout_seconds: float) -> None:
        """Wait until another connection takes the seat, the session ends, or the timeout."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._changed, self.runner.over)]
        try:
            await asyncio.wait(waits, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


class SessionRegistry(Generic[Runner]):
    """The seats of a server, and the session tokens that identify them.

    It stores and compares digests of tokens only, so no token can be found in memory.
    """

    def __init__(self, config: Config, places: int | None = None) -> None:
        """Begin without sessions. By default, `config` has the number of seats."""
        self._places = config.max_connections if places is None else places
        self._per_address = config.max_sessions_per_address or math.inf
        self._per_token = config.max_sessions_per_token or math.inf
        self._unenrolled_seconds = config.unenrolled_seconds
        self._node = config.node
        self._taken: set[SessionEntry[Runner]] = set()
        self._by_digest: dict[bytes, SessionEntry[Runner]] = {}
        self.emptied = asyncio.Event()
        """Set while there is no session."""
        self.emptied.set()

    def __len__(self) -> int:
        return len(self._taken)

    def __iter__(self) -> Iterator[SessionEntry[Runner]]:
        return iter(tuple(self._taken))

    @property
    def runners(self) -> list[Runner]:
        """The runners of all sessions, including sessions whose clients are disconnected."""
        return [entry.runner for entry in self._taken]

    @property
    def _held(self) -> list[SessionEntry[Runner]]:
        return [entry for entry in self._taken if not entry.is_given_up]

    def is_full(self, now: float) -> bool:
        """Return whether a client without a seat could get none at `now`, in seconds."""
        return not self._has_place and self._entry_to_replace(None, now) is None

    def refusal(self, holder: Holder, now: float) -> Rejection | None:
        """Return why a new client gets no seat at `now`, in seconds; None: it gets one."""
        held = [entry.holder for entry in self._held]
        if sum(each.network == holder.network for each in held) >= self._per_address:
            return Rejection.ADDRESS_FULL
        for token in holder.tokens:
            if sum(token in each.tokens for each in held) >= self._per_token:
                return Rejection.TOKEN_FULL
        has_seat = self._has_place or self._entry_to_replace(holder, now) is not None
        return None if has_seat else Rejection.SERVER_FULL

    def take(self, runner: Runner, holder: Holder, now: float) -> SessionEntry[Runner]:
        """Return a seat for a new session; the caller has checked that `refusal` is None."""
        replaced = None if self._has_place else self._entry_to_replace(holder, now)
        if replaced is not None:
            replaced.is_given_up = True
            replaced.runner.end_for_new_client()
        entry = SessionEntry(runner, holder, now)
        self._taken.add(entry)
        self.emptied.clear()
        return entry

    @property
    def _has_place(self) -> bool:
        return len(self._held) < self._places

    def _entry_to_replace(self, newcomer: Holder | None, now: float) -> SessionEntry[Runner] | None:
        """Return the seat that a new client takes over; None: there is none.

        A session with an enrolled voice never loses its seat. A session without one loses it if its
        client is disconnected, if it was unused for long, or if its holder still has as many seats
        as the new client without it. Sessions of disconnected clients go first. Then, of the holder
        with the most seats, the session goes that has been without a voice for longest, unless an
        enrolment is running. A `newcomer` of None stands for any client.
        """
        if len(self._taken) >= 2 * self._places:  # up to `_places` sessions may still be ending
            return None
        counts = Counter(key for entry in self._held for key in entry.holder.keys)

        def count(holder: Holder) -> int:
            return max(counts[key] for key in holder.keys)

        least = math.inf if newcomer is None else count(newcomer) + 2

        def yields(entry: SessionEntry[Runner]) -> bool:
            is_unused = entry.is_kept or now - entry.taken_at >= self._unenrolled_seconds
            return not entry.runner.has_voice and (is_unused or count(entry.holder) >= least)

        def order(entry: SessionEntry[Runner]) -> tuple[bool, int, bool, float]:
            is_enrolling = entry.runner.state in (State.ENROLLING, State.VERIFYING)
            return not entry.is_kept, -count(entry.holder), is_enrolling, entry.taken_at

        return min(filter(yields, self._held), key=order, default=None)

    def issue(self, entry: SessionEntry[Runner], used: str | None = None) -> str:
        """Return a new session token for a seat.

        Args:
            entry: the session of the seat.
            used: the session token that the client presented. It stays valid until the client uses
                a newer one, since the message with the new token may be lost. Earlier tokens become
                invalid.

        """
        self._forget_tokens(entry, keep=used)
        secret = secrets.token_urlsafe(TOKEN_BYTES)
        token = f"{self._node}.{secret}" if self._node else secret
        self._by_digest[digest_of(token)] = entry
        return token

    def is_foreign(self, token: str) -> bool:
        """Return whether a token names another node, which has the session if it still exists."""
        return bool(self._node) and not token.startswith(f"{self._node}.")

    def find(self, token: str | None) -> SessionEntry[Runner] | None:
        """Return the session of a token; None where it has ended or the token is invalid."""
        entry = None if token is None else self._by_digest.get(digest_of(token))
        return None if entry is None or entry.runner.over.is_set() else entry

    async def leave(self, entry: SessionEntry[Runner]) -> None:
        """End a session and free its seat."""
        self._forget_tokens(entry)
        try:
            await entry.runner.end()
        finally:
            self._taken.discard(entry)
            if not self._taken:
                self.emptied.set()

    def _forget_tokens(self, entry: SessionEntry[Runner], keep: str | None = None) -> None:
        kept = None if keep is None else digest_of(keep)
        for digest in [key for key, held in self._by_digest.items() if held is entry]:
            if digest != kept:
                del self._by_digest[digest]

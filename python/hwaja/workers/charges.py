"""Measures the recent use of the workers by each session, and compares it to the session's share.

A session is charged the seconds for which it occupies a worker: other sessions wait for that long.
The caller passes the time. Instants are seconds of one monotonic clock.
"""

import math
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass

HALF_LIFE_SECONDS = 30.0
"""Half of a charge is forgotten after this long. Utterances last up to 15 s. With a shorter
half-life, a session would be expensive just after one long utterance."""

USE_HALF_LIFE_SECONDS = 5.0
"""The same for the use of the workers by all sessions together. The effort for an utterance follows
it. With 30 s, ten clients that begin at once get thorough searches for half a minute, and wait."""

RECENT_SECONDS = 10.0
"""The sessions that wanted or had a worker within this period share the workers. While a client
speaks, each utterance ends, or is checked for another voice, within a shorter period."""


STEP_SHARES = 1.25
"""Sessions are compared in steps of this many shares: a session one step higher waits for those
below. Under overload with equal demand, each session uses one share, plus or minus a fifth, so that
all are in one step and take turns."""


@dataclass(slots=True)
class Account:
    """The recent use of the workers by one session, or by all."""

    charged_seconds: float = 0.0
    charged_at: float = -math.inf
    wanted_at: float = -math.inf
    half_life_seconds: float = HALF_LIFE_SECONDS

    def charge(self, seconds: float, now: float) -> None:
        """Add the seconds for which a worker was occupied until `now`."""
        self.charged_seconds = self._left_seconds(now) + seconds
        self.charged_at = now

    def rate(self, now: float) -> float:
        """Return the recent use of workers, in seconds of a worker per second."""
        return self._left_seconds(now) * math.log(2) / self.half_life_seconds

    @property
    def last_at(self) -> float:
        """When the session last wanted or had a worker."""
        return max(self.wanted_at, self.charged_at)

    def _left_seconds(self, now: float) -> float:
        # Never negative: 2 to the power of a large number is an error, which would end the worker.
        half_lives = max(0.0, now - self.charged_at) / self.half_life_seconds
        return self.charged_seconds * math.exp2(-half_lives)


class Charges:
    """The accounts of all sessions that share the workers."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        """Number of workers that are shared."""
        self._accounts: dict[Hashable, Account] = {}
        self._all = Account(half_life_seconds=USE_HALF_LIFE_SECONDS)

    def account(self, owner: Hashable) -> Account:
        """Return the account of a session. It is kept until the session leaves."""
        return self._accounts.setdefault(owner, Account())

    def charge(self, accounts: Sequence[Account], seconds: float, now: float) -> None:
        """Charge accounts, in equal parts, the seconds for which a worker had their jobs."""
        self._all.charge(seconds, now)
        for account in accounts:
            account.charge(seconds / len(accounts), now)

    def want(self, owner: Hashable, now: float) -> None:
        """Record that a session wants a worker."""
        self.account(owner).wanted_at = now

    def leave(self, owner: Hashable) -> None:
        """Delete the account of a session. Later charges to that account have no effect."""
        self._accounts.pop(owner, None)

    def are_recent(self, now: float, without: Collection[Hashable]) -> bool:
        """Return whether any session but those of `without` wanted or had a worker recently."""
        return any(
            now - account.last_at <= RECENT_SECONDS
            for owner, account in self._accounts.items()
            if owner not in without
        )

    def shares(self, owner: Hashable, now: float) -> float:
        """Return the recent use of the workers by a session, in shares; 0 without an account."""
        return self._rate(owner, now) / self._share(now)

    def use(self, now: float) -> float:
        """Return the recent use of the workers by all sessions, as a share of all workers."""
        return self._all.rate(now) / self.workers

    def cheapest(self, owners: Iterable[Hashable], now: float) -> Hashable:
        """Return the first session with the least recent use, in whole steps of `STEP_SHARES`.

        Raises:
            ValueError: `owners` is empty.

        """
        share = self._share(now)  # once: it looks at every account
        return min(owners, key=lambda owner: int(self._rate(owner, now) / share / STEP_SHARES))

    def _rate(self, owner: Hashable, now: float) -> float:
        account = self._accounts.get(owner)
        return 0.0 if account is None else account.rate(now)

    def _share(self, now: float) -> float:
        """Return the number of workers per session that recently wanted or had a worker."""
        accounts = self._accounts.values()
        sharing = sum(now - account.last_at <= RECENT_SECONDS for account in accounts)
        return self.workers / max(1, sharing)

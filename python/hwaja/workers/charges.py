"""What each session has taken of the workers of late, and whether that is more than its share.

What is charged is how long a worker was taken, in seconds: it is what others wait for. Knows no
clock: instants are seconds of one monotonic clock.
"""

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

HALF_LIFE_SECONDS = 30.0
"""After so long half of a charge is forgotten. Utterances last up to 15 s, so that a shorter one
would take who has just ended a long one for dear."""

RECENT_SECONDS = 10.0
"""Those who wanted or had a worker within so long share the workers. Of who speaks, each utterance
is over, or looked at for another voice, within less."""


STEP_SHARES = 1.25
"""Who takes so many shares more waits for who takes less. Where there is too much to do and all
want as much, each takes one, give or take a fifth, and they take turns."""


@dataclass(slots=True)
class Account:
    """What one session has taken."""

    charged_seconds: float = 0.0
    charged_at: float = -math.inf
    wanted_at: float = -math.inf

    def charge(self, seconds: float, now: float) -> None:
        """Add how long a worker was taken until now."""
        self.charged_seconds = self._left_seconds(now) + seconds
        self.charged_at = now

    def rate(self, now: float) -> float:
        """Return how many workers it took of late: seconds of one in a second."""
        return self._left_seconds(now) * math.log(2) / HALF_LIFE_SECONDS

    @property
    def last_at(self) -> float:
        """When it last wanted or had a worker."""
        return max(self.wanted_at, self.charged_at)

    def _left_seconds(self, now: float) -> float:
        half_lives = (now - self.charged_at) / HALF_LIFE_SECONDS
        return self.charged_seconds * math.exp2(-half_lives)


class Charges:
    """The accounts of all sessions that share some workers."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._accounts: dict[Hashable, Account] = {}

    def account(self, owner: Hashable) -> Account:
        """Return a session's account, which is kept until the session leaves."""
        return self._accounts.setdefault(owner, Account())

    def want(self, owner: Hashable, now: float) -> None:
        """Learn that a session wants a worker."""
        self.account(owner).wanted_at = now

    def leave(self, owner: Hashable) -> None:
        """Forget a session; what is charged to its account from now on, nobody sees."""
        self._accounts.pop(owner, None)

    def shares(self, owner: Hashable, now: float) -> float:
        """Return how many shares a session took of late."""
        account = self._accounts.get(owner)
        return 0.0 if account is None else account.rate(now) / self._share(now)

    def cheapest(self, owners: Iterable[Hashable], now: float) -> Hashable:
        """Return the first of those that took the least, in whole steps."""
        return min(owners, key=lambda owner: int(self.shares(owner, now) / STEP_SHARES))

    def _share(self, now: float) -> float:
        """Return how many workers there are for each session that wanted or had one of late."""
        accounts = self._accounts.values()
        sharing = sum(now - account.last_at <= RECENT_SECONDS for account in accounts)
        return self._workers / max(1, sharing)

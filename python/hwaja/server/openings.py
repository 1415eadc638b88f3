"""How many connections may be there without a session, and which of them has to go; no socket.

They cost memory and handshakes before anybody has shown a token. So there are only so many of them.
One address may have half; where no room is left, an address with fewer takes it from the one with
most. So whoever holds all of it, from however many addresses, keeps no other address out, as long
as one of his has two.
"""

from hwaja.server.networks import network_of


class Openings:
    """The connections without a session, each by the number of its file."""

    def __init__(self, most: int) -> None:
        """Allow so many in all, and half of them to one address."""
        self._most = most
        self._networks: dict[int, str] = {}
        self._files: dict[str, dict[int, None]] = {}  # of each, the oldest first

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._networks)

    def begin(self, file: int, address: str) -> int | None:
        """Count a connection; return the one that has to go, which may be itself, or None."""
        self.end(file)
        network = network_of(address)
        mine = self._files.setdefault(network, {})
        mine[file] = None
        self._networks[file] = network
        surplus = self._surplus(file, mine)
        if surplus is not None:
            self.end(surplus)
        return surplus

    def end(self, file: int) -> None:
        """Count a connection no more: it has a session, or is closed."""
        network = self._networks.pop(file, None)
        if network is not None:
            del self._files[network][file]
            if not self._files[network]:
                del self._files[network]

    def _surplus(self, newest: int, mine: dict[int, None]) -> int | None:
        if len(mine) > self._most // 2:
            return newest
        if len(self) <= self._most:
            return None
        others = max(self._files.values(), key=len)
        return newest if len(mine) >= len(others) else next(iter(others))

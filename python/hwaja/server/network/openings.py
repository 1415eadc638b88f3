"""Limits connections without a session and selects the one to cut. It uses no sockets.

Such connections cost memory and handshakes before the client has presented a token, so their number
is limited. One address may hold half of them. When the limit is reached, a new connection from an
address with fewer connections replaces one from the address with the most. So an attacker who holds
all of them, from any number of addresses, cannot exclude another address as long as one of the
attacker's addresses has two connections.
"""

from hwaja.server.network.networks import network_of


class Openings:
    """The connections without a session, by file descriptor."""

    def __init__(self, most: int) -> None:
        """Allow `most` connections in all, and half of them to one address."""
        self._most = most
        self._networks: dict[int, str] = {}
        self._files: dict[str, dict[int, None]] = {}  # of each network, the oldest first

    def __len__(self) -> int:
        """Return the number of connections."""
        return len(self._networks)

    def begin(self, file: int, address: str) -> int | None:
        """Count a connection.

        Args:
            file: its file descriptor.
            address: the client's IP address.

        Returns:
            The connection to cut, which may be this one; None: none.

        """
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
        """Stop counting a connection, which has a session or is closed."""
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

"""The count of accepted connections that have no session, and which of them are closed."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hwaja.server.network.listening import OpeningLimiter
from hwaja.server.network.networks import networks_of
from hwaja.server.network.proxy_protocol import SIGNATURE

ONE, OTHER, THIRD = "192.0.2.1", "192.0.2.2", "192.0.2.3"

HEADER = SIGNATURE + bytes([0x21, 0x11, 0, 12, 203, 0, 113, 9, 192, 0, 2, 5, 4, 1, 0x1F, 0x98])
"""A proxy connects from 203.0.113.9 to 192.0.2.5."""


class Arrivals:
    """An entrance for at most four connections, and the clients in front of it."""

    def __init__(self, stack: ExitStack) -> None:
        self.cuts = 0
        self.entrance = OpeningLimiter(4, self._cut)
        self._stack = stack

    def _cut(self) -> None:
        self.cuts += 1

    def connect(self, address: str) -> tuple[socket.socket, socket.socket]:
        """Accept a connection from an address. Return its two ends, the client's first."""
        client, accepted = map(self._stack.enter_context, socket.socketpair())
        return client, self._stack.enter_context(self.entrance.take(accepted, address))


@pytest.fixture
def arrivals() -> Iterator[Arrivals]:
    with ExitStack() as stack:
        yield Arrivals(stack)


def is_closed(client: socket.socket) -> bool:
    """Return whether the other end is closed."""
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False


def test_a_connection_counts_until_it_is_closed(arrivals: Arrivals) -> None:
    (_, first), (_, second) = arrivals.connect(ONE), arrivals.connect(OTHER)
    assert arrivals.entrance.openings == 2
    first.close()
    first.close()
    assert arrivals.entrance.openings == 1
    second.close()
    assert (arrivals.entrance.openings, arrivals.cuts) == (0, 0)


def test_a_connection_that_gets_a_session_counts_no_longer(arrivals: Arrivals) -> None:
    client, accepted = arrivals.connect(ONE)
    arrivals.entrance.stop_counting(asyncio.BaseTransport({"socket": accepted}))
    assert arrivals.entrance.openings == 0
    assert not is_closed(client)
    arrivals.entrance.stop_counting(asyncio.BaseTransport())  # it was lost meanwhile
    assert arrivals.entrance.openings == 0


def test_a_connection_beyond_the_share_of_its_address_is_refused(arrivals: Arrivals) -> None:
    clients = [arrivals.connect(ONE)[0] for _ in range(2)]
    with pytest.raises(ConnectionAbortedError):
        arrivals.connect(ONE)
    assert (arrivals.entrance.openings, arrivals.cuts) == (2, 1)
    assert not any(map(is_closed, clients))


def test_a_full_entrance_closes_the_oldest_connection_of_the_address_with_the_most(
    arrivals: Arrivals,
) -> None:
    oldest, *others = [arrivals.connect(address)[0] for address in (ONE, ONE, OTHER, OTHER)]
    newest, _ = arrivals.connect(THIRD)
    assert is_closed(oldest)
    assert not any(map(is_closed, [*others, newest]))
    assert (arrivals.entrance.openings, arrivals.cuts) == (4, 1)


async def test_connections_to_a_listening_socket_are_counted_by_their_address() -> None:
    refused: list[bool] = []
    entrance = OpeningLimiter(2, lambda: refused.append(True))
    (listening,) = await entrance.listen("127.0.0.1", 0)
    with listening, ExitStack() as stack:
        listening.listen()
        listening.setblocking(True)
        for _ in range(2):
            stack.enter_context(socket.create_connection(listening.getsockname()))
        accepted, (address, _) = listening.accept()
        with accepted:
            assert (address, entrance.openings) == ("127.0.0.1", 1)
            with pytest.raises(ConnectionAbortedError):
                listening.accept()
            assert refused == [True]
        assert entrance.openings == 0


@pytest.fixture
def proxied() -> Iterator[tuple[OpeningLimiter, socket.socket, socket.socket]]:
    """An entrance behind the proxy ONE, and the two ends of a connection of that proxy."""
    entrance = OpeningLimiter(4, lambda: None, networks_of(ONE))
    proxy, accepted = socket.socketpair()
    with proxy, entrance.take(accepted, ONE) as taken:
        taken.setblocking(False)
        yield entrance, proxy, taken


def test_a_connection_of_a_proxy_counts_for_the_client_that_its_header_names(
    proxied: tuple[OpeningLimiter, socket.socket, socket.socket],
) -> None:
    """The header may arrive in pieces. What follows it is the client's."""
    entrance, proxy, taken = proxied
    transport = asyncio.BaseTransport({"socket": taken})
    for piece in (HEADER[:5], HEADER[5:20]):
        proxy.send(piece)
        with pytest.raises(BlockingIOError):
            taken.recv(100)
    assert entrance.address_of(transport) == ONE
    proxy.send(HEADER[20:] + b"client")
    buffer = bytearray(10)
    assert taken.recv_into(buffer) == 6
    assert bytes(buffer[:6]) == b"client"
    assert (entrance.address_of(transport), entrance.openings) == ("203.0.113.9", 1)


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1", b""])
def test_a_connection_of_a_proxy_without_a_header_is_refused(
    proxied: tuple[OpeningLimiter, socket.socket, socket.socket], sent: bytes
) -> None:
    _, proxy, taken = proxied
    proxy.send(sent)
    proxy.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionAbortedError):
        taken.recv(100)


async def test_an_address_that_is_not_of_this_machine_cannot_be_listened_on() -> None:
    with pytest.raises(OSError, match=r"192\.0\.2\.1"):
        await OpeningLimiter(2, lambda: None).listen("192.0.2.1", 0)

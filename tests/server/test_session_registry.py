"""The seats of a server: which client gets one, and which one loses it."""

from fakes import FakeConnection, FakeRunner

from hwaja.protocol.codes import Rejection
from hwaja.server.config import Config
from hwaja.server.network.networks import network_of
from hwaja.server.sessions.session_registry import Holder, SessionEntry, SessionRegistry
from hwaja.session.states import State

PATIENCE = 120.0

Seat = SessionEntry[FakeRunner]


class Seats:
    """A registry, and the clients that ask it for a seat."""

    def __init__(self, places: int, **limits: int) -> None:
        self.registry = SessionRegistry[FakeRunner](
            Config(max_connections=places, unenrolled_seconds=PATIENCE, **limits)
        )

    def request(self, address: str, now: float = 0, *tokens: str) -> Seat | Rejection:
        """Return the seat of a new client, or why it gets none."""
        holder = Holder(network_of(address), frozenset(token.encode() for token in tokens))
        refusal = self.registry.refusal(holder, now)
        if refusal is not None:
            return refusal
        entry = self.registry.take(FakeRunner(), holder, now)
        entry.connection = FakeConnection()
        return entry

    def seated(self, address: str, now: float = 0, *tokens: str) -> Seat:
        entry = self.request(address, now, *tokens)
        assert isinstance(entry, SessionEntry)
        return entry


def enrolled(entry: Seat) -> Seat:
    entry.runner.has_voice = True
    return entry


def gave_way(*registry: Seat) -> list[bool]:
    return [entry.runner.gave_way for entry in registry]


def left(entry: Seat) -> None:
    connection = entry.connection
    assert isinstance(connection, FakeConnection)
    connection.has_ended = True


def test_one_address_may_use_all_slots_of_an_empty_server() -> None:
    seats = Seats(10)
    for _ in range(10):
        seats.seated("192.0.2.1")
    assert seats.request("192.0.2.1") is Rejection.SERVER_FULL


def test_a_new_client_of_a_full_server_replaces_one_without_a_voice_from_a_larger_address() -> None:
    seats = Seats(4)
    registry = [seats.seated("192.0.2.1", now) for now in range(4)]
    enrolled(registry[0])
    seats.seated("192.0.2.2", now=5)
    assert gave_way(*registry) == [False, True, False, False]  # the longest without a voice


def test_no_client_loses_its_slot_to_an_address_that_would_then_have_more() -> None:
    seats = Seats(3)
    addresses = ("192.0.2.1", "192.0.2.1", "192.0.2.2")
    registry = [seats.seated(address, now) for now, address in enumerate(addresses)]
    seats.seated("192.0.2.3", now=3)
    assert gave_way(*registry) == [True, False, False]
    assert seats.request("192.0.2.3") is Rejection.SERVER_FULL
    assert seats.request("192.0.2.4") is Rejection.SERVER_FULL  # one seat each


def test_a_client_with_an_enrolled_voice_never_loses_its_slot() -> None:
    seats = Seats(3)
    registry = [enrolled(seats.seated("192.0.2.1")) for _ in range(3)]
    left(registry[0])
    assert seats.request("192.0.2.2", now=10 * PATIENCE) is Rejection.SERVER_FULL


def test_a_client_without_a_voice_for_long_loses_its_slot_to_any_new_client() -> None:
    """This also holds for one address, as behind a proxy. Without new clients it keeps it."""
    seats = Seats(2)
    first = seats.seated("127.0.0.1", now=0)
    seats.seated("127.0.0.1", now=1)
    assert seats.request("127.0.0.1", now=PATIENCE - 1) is Rejection.SERVER_FULL
    assert not seats.registry.is_full(now=PATIENCE)
    seats.seated("127.0.0.1", now=PATIENCE)
    assert gave_way(first) == [True]
    assert seats.registry.is_full(now=PATIENCE)


def test_a_slot_kept_for_a_disconnected_client_without_a_voice_is_free() -> None:
    seats = Seats(2)
    away, there = seats.seated("192.0.2.1", now=1), seats.seated("192.0.2.1", now=0)
    left(away)
    seats.seated("192.0.2.1", now=2)
    assert gave_way(away, there) == [True, False]


def test_a_client_that_is_enrolling_gives_way_after_the_others() -> None:
    seats = Seats(3)
    registry = [seats.seated("192.0.2.1", now) for now in range(3)]
    registry[0].runner.state = State.ENROLLING
    seats.seated("192.0.2.2", now=4)
    assert gave_way(*registry) == [False, True, False]


async def test_sessions_that_give_way_and_have_not_ended_are_limited() -> None:
    """A session that gives way but has not ended still uses memory."""
    seats = Seats(2)
    registry = [seats.seated("192.0.2.1") for _ in range(2)]
    for number in range(2):
        registry.append(seats.seated("192.0.2.2", now=(number + 1) * PATIENCE))
    assert gave_way(*registry) == [True, True, False, False]
    assert seats.request("192.0.2.3", now=9 * PATIENCE) is Rejection.SERVER_FULL
    await seats.registry.leave(registry[0])
    seats.seated("192.0.2.3", now=9 * PATIENCE)


def test_an_address_and_a_token_have_at_most_their_configured_slots() -> None:
    seats = Seats(10, max_sessions_per_address=2, max_sessions_per_token=3)
    for _ in range(2):
        seats.seated("192.0.2.1", 0, "a")
    assert seats.request("192.0.2.1", 0, "b") is Rejection.ADDRESS_FULL
    seats.seated("192.0.2.2", 0, "a", "b")
    assert seats.request("192.0.2.3", 0, "a") is Rejection.TOKEN_FULL
    assert seats.request("192.0.2.3", 0, "b", "a") is Rejection.TOKEN_FULL
    seats.seated("192.0.2.3", 0, "b")


def test_with_tokens_the_slots_are_counted_by_token_and_not_by_address() -> None:
    """Behind a proxy all have one address."""
    seats = Seats(3)
    registry = [seats.seated("127.0.0.1", now, "a") for now in range(3)]
    seats.seated("127.0.0.1", 0, "b")
    assert gave_way(*registry) == [True, False, False]

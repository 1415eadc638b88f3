"""Who gets a seat where there are few, and who gives one up."""

from fakes import FakeConnection, FakeRunner

from hwaja.protocol.codes import Rejection
from hwaja.server.config import Config
from hwaja.server.networks import network_of
from hwaja.server.session_registry import Holder, SessionEntry, SessionRegistry
from hwaja.session.states import State

PATIENCE = 120.0

Seat = SessionEntry[FakeRunner]


class Office:
    """Seats, and people who come to them."""

    def __init__(self, places: int, **limits: int) -> None:
        self.registry = SessionRegistry[FakeRunner](
            Config(max_connections=places, unenrolled_seconds=PATIENCE, **limits)
        )

    def ask(self, address: str, now: float = 0, *tokens: str) -> Seat | Rejection:
        """Have a client come; returns its seat, or why it has none."""
        holder = Holder(network_of(address), frozenset(token.encode() for token in tokens))
        refusal = self.registry.refusal(holder, now)
        if refusal is not None:
            return refusal
        entry = self.registry.take(FakeRunner(), holder, now)
        entry.connection = FakeConnection()
        return entry

    def seated(self, address: str, now: float = 0, *tokens: str) -> Seat:
        entry = self.ask(address, now, *tokens)
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
    office = Office(10)
    for _ in range(10):
        office.seated("192.0.2.1")
    assert office.ask("192.0.2.1") is Rejection.SERVER_FULL


def test_a_new_client_of_a_full_server_replaces_one_without_a_voice_from_a_larger_address() -> None:
    office = Office(4)
    registry = [office.seated("192.0.2.1", now) for now in range(4)]
    enrolled(registry[0])
    office.seated("192.0.2.2", now=5)
    assert gave_way(*registry) == [False, True, False, False]  # the longest without a voice


def test_no_client_loses_its_slot_to_an_address_that_would_then_have_more() -> None:
    office = Office(3)
    addresses = ("192.0.2.1", "192.0.2.1", "192.0.2.2")
    registry = [office.seated(address, now) for now, address in enumerate(addresses)]
    office.seated("192.0.2.3", now=3)
    assert gave_way(*registry) == [True, False, False]
    assert office.ask("192.0.2.3") is Rejection.SERVER_FULL
    assert office.ask("192.0.2.4") is Rejection.SERVER_FULL  # one seat each


def test_a_client_with_an_enrolled_voice_never_loses_its_slot() -> None:
    office = Office(3)
    registry = [enrolled(office.seated("192.0.2.1")) for _ in range(3)]
    left(registry[0])
    assert office.ask("192.0.2.2", now=10 * PATIENCE) is Rejection.SERVER_FULL


def test_a_client_without_a_voice_for_long_loses_its_slot_to_any_new_client() -> None:
    """Also where all clients have one address, as behind a proxy; while nobody comes it stays."""
    office = Office(2)
    first = office.seated("127.0.0.1", now=0)
    office.seated("127.0.0.1", now=1)
    assert office.ask("127.0.0.1", now=PATIENCE - 1) is Rejection.SERVER_FULL
    assert not office.registry.is_full(now=PATIENCE)
    office.seated("127.0.0.1", now=PATIENCE)
    assert gave_way(first) == [True]
    assert office.registry.is_full(now=PATIENCE)


def test_a_slot_kept_for_a_disconnected_client_without_a_voice_is_free() -> None:
    office = Office(2)
    away, there = office.seated("192.0.2.1", now=1), office.seated("192.0.2.1", now=0)
    left(away)
    office.seated("192.0.2.1", now=2)
    assert gave_way(away, there) == [True, False]


def test_a_client_that_is_enrolling_gives_way_after_the_others() -> None:
    office = Office(3)
    registry = [office.seated("192.0.2.1", now) for now in range(3)]
    registry[0].runner.state = State.ENROLLING
    office.seated("192.0.2.2", now=4)
    assert gave_way(*registry) == [False, True, False]


async def test_sessions_that_give_way_and_have_not_ended_are_limited() -> None:
    """Who gives way and does not go costs memory until it is cut off."""
    office = Office(2)
    registry = [office.seated("192.0.2.1") for _ in range(2)]
    for number in range(2):
        registry.append(office.seated("192.0.2.2", now=(number + 1) * PATIENCE))
    assert gave_way(*registry) == [True, True, False, False]
    assert office.ask("192.0.2.3", now=9 * PATIENCE) is Rejection.SERVER_FULL
    await office.registry.leave(registry[0])
    office.seated("192.0.2.3", now=9 * PATIENCE)


def test_an_address_and_a_token_have_at_most_their_configured_slots() -> None:
    office = Office(10, max_sessions_per_address=2, max_sessions_per_token=3)
    for _ in range(2):
        office.seated("192.0.2.1", 0, "a")
    assert office.ask("192.0.2.1", 0, "b") is Rejection.ADDRESS_FULL
    office.seated("192.0.2.2", 0, "a", "b")
    assert office.ask("192.0.2.3", 0, "a") is Rejection.TOKEN_FULL
    assert office.ask("192.0.2.3", 0, "b", "a") is Rejection.TOKEN_FULL
    office.seated("192.0.2.3", 0, "b")


def test_with_tokens_the_slots_are_counted_by_token_and_not_by_address() -> None:
    """Behind a proxy all have one address."""
    office = Office(3)
    registry = [office.seated("127.0.0.1", now, "a") for now in range(3)]
    office.seated("127.0.0.1", 0, "b")
    assert gave_way(*registry) == [True, False, False]

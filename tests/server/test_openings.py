"""Limits on connections without a session, and which connection is cut."""

from hypothesis import given
from hypothesis import strategies as st

from hwaja.server.network.openings import Openings

ADDRESSES = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1", "2001:db8:0:1::1"]


def test_one_address_gets_at_most_half_of_the_places() -> None:
    openings = Openings(10)
    assert [openings.begin(file, "192.0.2.1") for file in range(5)] == [None] * 5
    assert openings.begin(5, "192.0.2.1") == 5
    assert openings.begin(5, "192.0.2.2") is None
    assert len(openings) == 6


def test_a_connection_that_ends_or_gets_a_session_frees_its_place() -> None:
    openings = Openings(2)
    openings.begin(1, "192.0.2.1")
    openings.end(1)
    openings.end(1)
    assert openings.begin(2, "192.0.2.1") is None


def test_a_new_connection_replaces_the_oldest_of_the_address_with_the_most() -> None:
    openings = Openings(6)
    for file, address in enumerate(["192.0.2.1"] * 3 + ["192.0.2.2"] * 2 + ["192.0.2.3"]):
        openings.begin(file, address)
    assert openings.begin(6, "192.0.2.4") == 0
    assert openings.begin(7, "192.0.2.4") == 7  # nobody has more than it would


def test_an_attack_from_any_number_of_addresses_keeps_no_other_address_out() -> None:
    openings = Openings(256)
    for file in range(10_000):
        openings.begin(file, f"192.0.2.{file % 100}")
    assert openings.begin(10_000, "198.51.100.7") not in (None, 10_000)


def test_an_address_with_all_places_gains_nothing_by_new_connections() -> None:
    """Each accepted connection costs a handshake."""
    openings = Openings(256)
    surplus = [openings.begin(file, f"192.0.2.{file % 20}") for file in range(10_000)]
    assert surplus[256:] == list(range(256, 10_000))


def test_addresses_of_one_ipv6_network_share_a_limit_and_those_of_two_do_not() -> None:
    openings = Openings(4)
    assert openings.begin(1, "2001:db8::1") is None
    assert openings.begin(2, "2001:db8::ffff:1%eth0") is None
    assert openings.begin(3, "2001:db8::2") == 3
    assert openings.begin(4, "2001:db8:0:1::2") is None


def test_an_ipv4_address_counts_the_same_in_any_notation() -> None:
    openings = Openings(4)
    assert openings.begin(1, "192.0.2.1") is None
    assert openings.begin(2, "::ffff:192.0.2.1") is None
    assert openings.begin(3, "::ffff:192.0.2.1") == 3
    assert openings.begin(4, "::ffff:192.0.2.2") is None


@given(
    st.integers(2, 8),
    st.lists(st.tuples(st.integers(0, 20), st.none() | st.sampled_from(ADDRESSES))),
)
def test_the_limits_hold_for_any_sequence_of_connections(
    most: int, steps: list[tuple[int, str | None]]
) -> None:
    openings, there = Openings(most), dict[int, str]()
    for file, address in steps:
        if address is None:
            openings.end(file)
            there.pop(file, None)
        else:
            there[file] = address
            surplus = openings.begin(file, address)
            if surplus is not None:
                del there[surplus]
        assert len(openings) == len(there) <= most
        assert all(list(there.values()).count(each) <= most // 2 for each in ADDRESSES)

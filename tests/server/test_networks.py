"""The network that an address is counted by."""

import pytest

from hwaja.server.network.networks import is_within, network_of, networks_of


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
    ],
)
def test_addresses_of_one_ipv6_site_count_as_one_network(
    one: str, other: str, is_same: bool
) -> None:
    assert (network_of(one) == network_of(other)) is is_same


def test_an_address_that_cannot_be_read_belongs_to_a_network_of_its_own() -> None:
    """The socket of a client that disconnected at once has no address."""
    assert network_of("") == network_of("unknown") != network_of("192.0.2.1")


def test_proxies_are_addresses_or_networks_of_either_family() -> None:
    proxies = networks_of("192.0.2.7, 10.0.0.0/8 2001:db8::/32")
    inside = ("192.0.2.7", "::ffff:10.9.9.9", "2001:db8::1")
    assert [is_within(address, proxies) for address in inside] == [True] * 3
    assert not is_within("192.0.2.8", proxies)
    assert not is_within("192.0.2.7", networks_of(""))
    with pytest.raises(ValueError, match="is not an address"):
        networks_of("proxy.example")

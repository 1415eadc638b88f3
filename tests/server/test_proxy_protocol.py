"""The header with which a proxy names its client."""

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.server.network.proxy_protocol import (
    MAX_REST_BYTES,
    SIGNATURE,
    InvalidHeaderError,
    ProxyHeader,
)

PROXY, LOCAL = 0x21, 0x20
TCP4, TCP6, UNIX = 0x11, 0x21, 0x31


def header(rest: bytes, command: int = PROXY, family: int = TCP4) -> bytes:
    return SIGNATURE + struct.pack(">BBH", command, family, len(rest)) + rest


def read(content: bytes, piece_bytes: int = 1000) -> str | None:
    found, at = ProxyHeader(), 0
    while found.missing_bytes:
        piece = content[at : at + min(piece_bytes, found.missing_bytes)]
        assert piece
        found.take(piece)
        at += len(piece)
    assert at == len(content)
    return found.client_address


@given(st.ip_addresses(), st.binary(max_size=100), st.integers(1, 60))
def test_the_address_of_the_client_is_read_from_a_header_in_any_pieces(
    client: ipaddress.IPv4Address | ipaddress.IPv6Address, extensions: bytes, piece_bytes: int
) -> None:
    family = TCP4 if client.version == 4 else TCP6
    rest = client.packed + client.packed + bytes(4) + extensions
    assert read(header(rest, family=family), piece_bytes) == str(client)


def test_a_proxy_that_speaks_for_itself_names_nobody() -> None:
    """As HAProxy does in its health checks."""
    assert read(header(b"", LOCAL, 0)) is None
    assert read(header(bytes(12), LOCAL)) is None
    assert read(header(bytes(216), family=UNIX)) is None


@pytest.mark.parametrize(
    "content",
    [
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",  # version 1
        b"\x16\x03\x01",
        SIGNATURE[:11] + b"?",
        header(bytes(12), command=0x31),
        header(bytes(MAX_REST_BYTES + 1)),
        header(bytes(3)),
    ],
)
def test_what_is_no_header_of_version_2_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidHeaderError):
        read(content)

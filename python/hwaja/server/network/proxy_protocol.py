"""Reads the PROXY protocol header, version 2, with which a proxy names the client; no socket.

The format is section 2.2 of "The PROXY protocol" by Willy Tarreau (proxy-protocol.txt of HAProxy).
"""

import ipaddress
import struct

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"

_FIXED = struct.Struct(">12sBBH")
"""Signature, version and command, family and transport, length of the rest."""

_LOCAL, _PROXY = 0x20, 0x21
_ADDRESS_BYTES = {0x11: 4, 0x21: 16}
"""Length of an address by family and transport: TCP over IPv4, TCP over IPv6."""

MAX_REST_BYTES = 512
"""Longest rest of a header. Addresses take 36 bytes; extensions that name a TLS client take 200."""


class InvalidHeaderError(Exception):
    """The bytes are no PROXY protocol header of version 2."""


class ProxyHeader:
    """The header of one connection, as its bytes arrive."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._rest_bytes = 0

    @property
    def missing_bytes(self) -> int:
        """How many more bytes belong to the header for certain; 0: it is complete."""
        return _FIXED.size + self._rest_bytes - len(self._bytes)

    def take(self, piece: bytes) -> None:
        """Take bytes of the connection, at most `missing_bytes`.

        Raises:
            InvalidHeaderError: where they are no header.

        """
        self._bytes += piece
        if not self._bytes.startswith(SIGNATURE[: len(self._bytes)]):
            raise InvalidHeaderError("another signature")
        if len(self._bytes) == _FIXED.size:
            _, command, _, self._rest_bytes = _FIXED.unpack(self._bytes)
            if command not in (_LOCAL, _PROXY) or self._rest_bytes > MAX_REST_BYTES:
                raise InvalidHeaderError("another version, or too long")

    @property
    def client_address(self) -> str | None:
        """The client's IP address, once complete. None: the proxy speaks for itself.

        Raises:
            InvalidHeaderError: where the header is shorter than its addresses.

        """
        _, command, family, _ = _FIXED.unpack_from(self._bytes)
        length = _ADDRESS_BYTES.get(family)
        if command == _LOCAL or length is None:
            return None
        address = self._bytes[_FIXED.size : _FIXED.size + length]
        if len(address) < length:
            raise InvalidHeaderError("no address")
        return str(ipaddress.ip_address(bytes(address)))

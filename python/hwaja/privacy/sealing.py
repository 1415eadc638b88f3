"""Seals data that a client keeps for the server: AES-256-GCM under the keys of a key ring.

A sealed text is base64 for URLs (RFC 4648, section 5) of: a version, the id of the key, a nonce,
the encrypted data and its tag. The version and the key id are authenticated, too. Each purpose has
a key of its own, so that nothing sealed for one purpose opens for another.
"""

import hashlib
import hmac
import os
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

SECRET_BYTES = 32
"""Length of a secret: that of a key of AES-256."""

_VERSION = b"\x01"
_ID_BYTES = 8
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEADER_BYTES = len(_VERSION) + _ID_BYTES


class UnknownKeyError(Exception):
    """The text was sealed with a key that the ring does not hold."""


class TamperedError(Exception):
    """The text is no sealed one, or was changed after it was sealed."""


class SealingKey:
    """One secret of a key ring, and the keys that are derived from it."""

    def __init__(self, secret: bytes) -> None:
        """Derive from `secret`, `SECRET_BYTES` random bytes.

        Raises:
            ValueError: for a secret of another length.

        """
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"a secret has {SECRET_BYTES} bytes")
        self._secret = secret
        self.key_id = self._derived("id")[:_ID_BYTES]
        """Names the key in a sealed text. The secret cannot be computed from it."""

    def seal(self, purpose: str, plain: bytes) -> str:
        """Return `plain`, encrypted and authenticated."""
        header, nonce = _VERSION + self.key_id, os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self._derived(purpose)).encrypt(nonce, plain, header)
        return _encoded(header + nonce + sealed)

    def opened(self, purpose: str, sealed: bytes) -> bytes:
        """Return the plain data of decoded `sealed`.

        Raises:
            TamperedError: if it was changed, or sealed for another purpose.

        """
        header, nonce = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:][:_NONCE_BYTES]
        try:
            return AESGCM(self._derived(purpose)).decrypt(
                nonce, sealed[_HEADER_BYTES + _NONCE_BYTES :], header
            )
        except InvalidTag:
            raise TamperedError from None

    def digest(self, content: bytes) -> bytes:
        """Return a digest of `content` that only a holder of the secret can compute."""
        return hmac.digest(self._derived("digest"), content, hashlib.sha256)[:16]

    def _derived(self, purpose: str) -> bytes:
        return HKDFExpand(SHA256(), SECRET_BYTES, b"hwaja " + purpose.encode()).derive(self._secret)


class KeyRing:
    """Several keys, so that keys can be rotated: the first one seals, and all of them open."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        """Hold the keys of `secrets`, at least one.

        Raises:
            ValueError: for no secret, or one of a wrong length.

        """
        self._keys = [SealingKey(secret) for secret in secrets]
        if not self._keys:
            raise ValueError("a key ring holds at least one key")

    @classmethod
    def random(cls) -> "KeyRing":
        """Return a ring with one new key."""
        return cls([os.urandom(SECRET_BYTES)])

    @property
    def first(self) -> SealingKey:
        """The key that seals."""
        return self._keys[0]

    def open(self, purpose: str, text: str) -> tuple[SealingKey, bytes]:
        """Return the key of a sealed text, and the plain data.

        Raises:
            UnknownKeyError, TamperedError: see there.

        """
        sealed = _decoded(text)
        key_id = sealed[len(_VERSION) : _HEADER_BYTES]
        for key in self._keys:
            if key.key_id == key_id:
                return key, key.opened(purpose, sealed)
        raise UnknownKeyError


def _encoded(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    """Return the bytes of a sealed text.

    Raises:
        TamperedError: if it is not what `_encoded` writes: several texts may stand for one value.

    """
    try:
        sealed = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise TamperedError from None
    is_long_enough = len(sealed) >= _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES
    if not is_long_enough or not sealed.startswith(_VERSION) or _encoded(sealed) != text:
        raise TamperedError
    return sealed

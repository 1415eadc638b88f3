"""Sealing: what is opened is what was sealed, by the same key, for the same purpose."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.privacy.sealing import (
    SECRET_BYTES,
    KeyRing,
    SealingKey,
    TamperedError,
    UnknownKeyError,
)

SECRET, OTHER = os.urandom(SECRET_BYTES), os.urandom(SECRET_BYTES)
RING = KeyRing([SECRET])
SEALED = RING.first.seal("voice", b"a voice of 192 numbers")


def raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


@given(st.binary(max_size=300))
def test_what_was_sealed_is_opened_again_and_is_not_readable_in_between(plain: bytes) -> None:
    sealed = RING.first.seal("voice", plain)
    assert RING.open("voice", sealed) == (RING.first, plain)
    assert len(plain) < 4 or plain not in raw(sealed)


def test_the_same_content_is_never_sealed_twice_alike() -> None:
    assert RING.first.seal("voice", b"x") != RING.first.seal("voice", b"x")


def test_the_first_key_seals_and_every_key_opens() -> None:
    rotated = KeyRing([OTHER, SECRET])
    assert rotated.open("voice", SEALED)[1] == b"a voice of 192 numbers"
    renewed = rotated.first.seal("voice", b"new")
    assert KeyRing([OTHER]).open("voice", renewed)[1] == b"new"
    with pytest.raises(UnknownKeyError):
        RING.open("voice", renewed)


def test_a_changed_bit_anywhere_is_noticed() -> None:
    whole = raw(SEALED)
    for place in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises((TamperedError, UnknownKeyError)):
            RING.open("voice", text(bytes(changed)))


def test_a_changed_character_anywhere_is_noticed() -> None:
    """Of the last character, base64 uses some bits only."""
    for place, character in enumerate(SEALED):
        for other in "AQg_":
            if other != character:
                with pytest.raises((TamperedError, UnknownKeyError)):
                    RING.open("voice", SEALED[:place] + other + SEALED[place + 1 :])


def test_a_text_that_was_cut_is_noticed() -> None:
    for length in range(len(SEALED)):
        with pytest.raises(TamperedError):
            RING.open("voice", SEALED[:length])


@pytest.mark.parametrize(
    "added", ["=", "==", "\n", " ", "A", "AAAA", "%", "é", "\x00", "\ud800", "A" * 100_000]
)
def test_a_text_with_an_addition_is_noticed(added: str) -> None:
    with pytest.raises(TamperedError):
        RING.open("voice", SEALED + added)


@given(st.text(max_size=80) | st.binary(max_size=80).map(text))
def test_any_other_text_is_refused(other: str) -> None:
    with pytest.raises((TamperedError, UnknownKeyError)):
        RING.open("voice", other)


def test_a_text_of_another_purpose_is_refused() -> None:
    with pytest.raises(TamperedError):
        RING.open("client", SEALED)


def test_a_digest_depends_on_key_and_content() -> None:
    digests = {
        SealingKey(secret).digest(each) for secret in (SECRET, OTHER) for each in (b"a", b"b")
    }
    assert len(digests) == 4


@pytest.mark.parametrize("secrets", [[], [b"short"], [SECRET, b""]])
def test_a_ring_without_a_key_or_with_a_short_one_is_refused(secrets: list[bytes]) -> None:
    with pytest.raises(ValueError, match=r"a key ring|a secret"):
        KeyRing(secrets)
